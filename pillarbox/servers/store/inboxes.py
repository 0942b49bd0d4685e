"""Inboxes in the database: the inbound streams, by what their addresses have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from pillarbox.servers.model import StreamType
from pillarbox.servers.store.tables import servers, streams
from pillarbox.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Inbox:
    """Where inbound mail of a Server goes."""

    server_id: int
    stream_key: int


def find(tx: Tx, names: Sequence[str]) -> Inbox | None:
    """The inbox of the first of these inbound hashes or domains that has an active one."""
    at = servers.c
    query = (
        select(at.id, at.inbound_hash, at.inbound_domain, streams.c.key)
        .join(streams, streams.c.server_id == at.id)
        .where(
            or_(
                at.inbound_hash.in_(names), (at.inbound_domain != "") & at.inbound_domain.in_(names)
            ),
            streams.c.type == StreamType.INBOUND,
            streams.c.archived_at.is_(None),
        )
    )
    found: dict[str, Inbox] = {}
    for row in tx.rows(query):
        inbox = Inbox(row.id, row.key)
        found |= {row.inbound_hash: inbox, row.inbound_domain: inbox}
    return next((found[name] for name in names if name in found), None)
