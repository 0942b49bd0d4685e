"""Sender signatures in the database. What changes who may send wakes the topic `domains`.

The token of a confirmation link is kept as a hash only.
"""

import hashlib
import secrets
from typing import Any

from sqlalchemy import (
    Column,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from pillarbox.domains.model import LINK_LASTS, NewSignature, Signature, SignatureChanges
from pillarbox.domains.store import TOPIC, next_id
from pillarbox.errors import Problem, Refused
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import UtcTime

signatures = Table(
    "signatures",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("email", String(255), nullable=False),
    Column("email_key", String(255), nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("reply_to", String(255), nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("confirmed_at", UtcTime),
    Column("link_hash", String(64)),
    Column("link_ends_at", UtcTime),
    Index("ix_signatures_link", "link_hash"),
)
_COLUMNS = [column for column in signatures.c if column.name not in ("email_key", "link_hash")]


def insert_signature(tx: Tx, new: NewSignature) -> Signature:
    """Create an unconfirmed signature. Refuses SIGNATURE_EXISTS."""
    signature_id = next_id(tx, "signature")
    if find(tx, new.email) is not None:
        raise Refused(Problem.SIGNATURE_EXISTS)
    values = {
        "id": signature_id,
        "email": new.email,
        "email_key": new.email.lower(),
        "name": new.name,
        "reply_to": new.reply_to,
        "note": new.note,
        "created_at": tx.now,
    }
    tx.run(insert(signatures), values)
    tx.wake(TOPIC)
    return get(tx, signature_id)


def edit(tx: Tx, signature_id: int, changes: SignatureChanges) -> None:
    """Change what is given."""
    wanted = {"name": changes.name, "reply_to": changes.reply_to, "note": changes.note}
    values = {column: value for column, value in wanted.items() if value is not None}
    if values:
        tx.run(update(signatures).where(signatures.c.id == signature_id).values(values))
        tx.wake(TOPIC)


def reply_addresses(tx: Tx) -> dict[str, str]:
    """The Reply-To addresses of the signatures that have one, by the key of their own address."""
    query = select(signatures.c.email_key, signatures.c.reply_to).where(signatures.c.reply_to != "")
    return {row.email_key: row.reply_to for row in tx.rows(query)}


def delete_signature(tx: Tx, signature_id: int) -> None:
    """Remove a signature; its link leads nowhere from then on."""
    tx.run(delete(signatures).where(signatures.c.id == signature_id))
    tx.wake(TOPIC)


def new_link(tx: Tx, signature_id: int) -> str:
    """The token of a fresh confirmation link, known in clear only now; an earlier link is void."""
    token = secrets.token_urlsafe(32)
    values = {"link_hash": _hash(token), "link_ends_at": tx.now + LINK_LASTS}
    tx.run(update(signatures).where(signatures.c.id == signature_id).values(values))
    return token


def find_by_link(tx: Tx, token: str) -> Signature | None:
    """The signature that a link confirms; None when the link never was, is void or too old.

    The link of a confirmed signature stays good, so that whoever follows it twice is told the same.
    """
    query = select(*_COLUMNS).where(signatures.c.link_hash == _hash(token))
    found = _first(tx, query)
    if found is None or found.is_confirmed:
        return found
    ends = found.link_ends_at
    return found if ends is not None and tx.now < ends else None


def confirm(tx: Tx, signature_id: int) -> None:
    """Note that the owner of the address has agreed; the first time counts."""
    statement = update(signatures).where(
        signatures.c.id == signature_id, signatures.c.confirmed_at.is_(None)
    )
    if tx.run(statement.values(confirmed_at=tx.now)):
        tx.wake(TOPIC)


def find(tx: Tx, email: str) -> Signature | None:
    """The signature of an address, in any case."""
    return _first(tx, select(*_COLUMNS).where(signatures.c.email_key == email.lower()))


def get(tx: Tx, signature_id: int) -> Signature:
    """The signature with this id. Refuses SIGNATURE_NOT_FOUND."""
    found = _first(tx, select(*_COLUMNS).where(signatures.c.id == signature_id))
    if found is None:
        raise Refused(Problem.SIGNATURE_NOT_FOUND)
    return found


def page(tx: Tx, *, count: int, offset: int) -> tuple[int, list[Signature]]:
    """How many signatures there are, and `count` of them after the first `offset`, by name."""
    total = tx.scalar(select(func.count()).select_from(signatures))
    by_name = (func.lower(signatures.c.name), signatures.c.id)
    query = select(*_COLUMNS).order_by(*by_name).limit(count).offset(offset)
    return total, [_signature(row) for row in tx.rows(query)]


def _first(tx: Tx, query: Any) -> Signature | None:
    row = tx.first(query)
    return None if row is None else _signature(row)


def _signature(row: Row[Any]) -> Signature:
    return Signature(**row._asdict())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
