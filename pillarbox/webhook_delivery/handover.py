"""The end of the handover where hooks are called: whether a message is taken past the queue, and what has arrived.

Source: decision 0018.
"""

import secrets
from collections.abc import Sequence

from pillarbox.app import App
from pillarbox.inbound.handover import Handed
from pillarbox.inbound.store.messages import TOPIC
from pillarbox.webhook_delivery.deliver import Deliverer
from pillarbox.webhook_delivery.inbound_desk import InboundDesk, lane_of


class Handover:
    """Takes what keeping inbound messages hands over, for the deliverer of the inbound desk."""

    def __init__(self, app: App, desk: InboundDesk, deliverer: Deliverer) -> None:
        self._desk = desk
        self._deliverer = deliverer
        app.wake.takers[TOPIC] = self

    def lease(self, server_id: int, promised: int, /) -> int | None:
        """A lease when the Server's lane has room and nothing waiting, so that nobody is overtaken. Any thread."""
        has_room = self._deliverer.has_room(lane_of(server_id), promised)
        return secrets.randbits(62) if has_room else None

    def arrive(self, items: Sequence[Handed], /) -> None:
        """Committed: these are in hand from now on."""
        self._deliverer.hand([self._desk.handed(item) for item in items])
