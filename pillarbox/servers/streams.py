"""Creating, changing and archiving message streams. Source: spec servers-and-streams 4 and 5."""

from datetime import timedelta
from typing import Any

from pillarbox.errors import Problem, Refused
from pillarbox.ids import ServerId
from pillarbox.servers import check
from pillarbox.servers.model import MAX_STREAMS, NewStream, Stream, StreamChange, StreamType
from pillarbox.servers.store import servers as account
from pillarbox.servers.store import streams as store
from pillarbox.storage.tx import Tx

PERMANENT = ("outbound", "inbound")
_TYPES = {kind.value.lower(): kind for kind in StreamType}


def create(tx: Tx, server_id: ServerId, new: NewStream, *, may_be_custom: bool) -> Stream:
    """Create a stream.

    Refuses STREAM_TYPE_INVALID, what `check.stream_slug` refuses, STREAM_ID_TAKEN, what `check.stream_name`,
    `check.description` and `check.unsubscribe` refuse, SECOND_INBOUND_STREAM, STREAM_LIMIT_REACHED, in this order.
    """
    kind = read_type(new.type)
    slug = check.stream_slug(new.slug)
    account.lock_account(tx)
    if store.find_stream(tx, server_id, slug) is not None:
        raise Refused(Problem.STREAM_ID_TAKEN)
    values = {
        "slug": slug,
        "type": kind,
        "name": check.stream_name(new.name),
        "description": check.description(new.description),
        "unsubscribe": check.unsubscribe(new.unsubscribe, kind, may_be_custom=may_be_custom),
    }
    if kind is StreamType.INBOUND:
        raise Refused(Problem.SECOND_INBOUND_STREAM)
    if store.count_streams(tx, server_id) >= MAX_STREAMS:
        raise Refused(Problem.STREAM_LIMIT_REACHED)
    store.insert_stream(tx, server_id, values)
    return find(tx, server_id, slug)


def edit(
    tx: Tx, server_id: ServerId, slug: str, change: StreamChange, *, may_be_custom: bool
) -> Stream:
    """Change what is given of a stream.

    Refuses STREAM_NOT_FOUND, then what `check.stream_name`, `check.description` and `check.unsubscribe` refuse.
    """
    stream = find(tx, server_id, slug)
    values: dict[str, Any] = {"updated_at": tx.now}
    if change.name is not None:
        values["name"] = check.stream_name(change.name)
    if change.description is not None:
        values["description"] = check.description(change.description)
    if change.unsubscribe is not None:
        values["unsubscribe"] = check.unsubscribe(
            change.unsubscribe, stream.type, may_be_custom=may_be_custom
        )
    store.update_stream(tx, stream.key, values)
    return find(tx, server_id, slug)


def archive(tx: Tx, server_id: ServerId, slug: str, *, min_age: timedelta) -> Stream:
    """Put a stream out of use, to be removed later; one that is archived already stays so.

    Refuses STREAM_NOT_FOUND, STREAM_IS_PERMANENT, STREAM_NOT_ARCHIVABLE_YET.
    """
    stream = find(tx, server_id, slug)
    if stream.slug in PERMANENT:
        raise Refused(Problem.STREAM_IS_PERMANENT)
    if stream.archived_at is not None:
        return stream
    if stream.created_at + min_age > tx.now:
        raise Refused(Problem.STREAM_NOT_ARCHIVABLE_YET)
    store.update_stream(tx, stream.key, {"archived_at": tx.now})
    return find(tx, server_id, slug)


def unarchive(tx: Tx, server_id: ServerId, slug: str) -> Stream:
    """Bring an archived stream back. Refuses STREAM_NOT_FOUND, STREAM_NOT_ARCHIVED."""
    stream = find(tx, server_id, slug)
    if stream.purge_at is None or stream.purge_at <= tx.now:
        raise Refused(Problem.STREAM_NOT_ARCHIVED)
    store.update_stream(tx, stream.key, {"archived_at": None})
    return find(tx, server_id, slug)


def find(tx: Tx, server_id: int, slug: str) -> Stream:
    """The stream of this name, archived or not. Refuses STREAM_NOT_FOUND."""
    stream = store.find_stream(tx, server_id, slug)
    if stream is None:
        raise Refused(Problem.STREAM_NOT_FOUND)
    return stream


def read_type(word: str | None) -> StreamType:
    """Refuses STREAM_TYPE_INVALID."""
    kind = _TYPES.get((word or "").lower())
    if kind is None:
        raise Refused(Problem.STREAM_TYPE_INVALID)
    return kind
