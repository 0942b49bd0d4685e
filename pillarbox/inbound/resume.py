"""Having a message's hook called again although it was blocked or has failed. Source: spec messages 7."""

from pillarbox.errors import Problem, Refused
from pillarbox.inbound.model import InboundStatus
from pillarbox.inbound.store import messages
from pillarbox.storage.tx import Tx


def bypass(tx: Tx, server_id: int, message_id: str) -> None:
    """Let a blocked message through. Refuses INBOUND_NOT_BYPASSABLE, also for one that does not exist."""
    if not _resume(tx, server_id, message_id, InboundStatus.BLOCKED):
        raise Refused(Problem.INBOUND_NOT_BYPASSABLE)


def retry(tx: Tx, server_id: int, message_id: str) -> None:
    """Start over with a message whose hook failed.

    Refuses INBOUND_NOT_RETRIABLE, also for one that does not exist.
    """
    if not _resume(tx, server_id, message_id, InboundStatus.FAILED, InboundStatus.SCHEDULED):
        raise Refused(Problem.INBOUND_NOT_RETRIABLE)


def _resume(tx: Tx, server_id: int, message_id: str, *before: InboundStatus) -> bool:
    message = messages.find(tx, server_id, message_id)
    return message is not None and messages.reschedule(tx, message.key, before)
