"""Templates in the database. Every change wakes the topic `templates`, on which caches forget what they know.

A deleted template stays readable by its id; its alias is free again.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from pillarbox.ids import ServerId
from pillarbox.servers.store.tables import servers
from pillarbox.storage import dialect
from pillarbox.storage.schema import metadata
from pillarbox.storage.tx import Tx
from pillarbox.storage.types import TextEnum, UtcTime
from pillarbox.templates.model import (
    Listed,
    Reference,
    Summary,
    Template,
    TemplateType,
    Values,
    not_found,
)

TOPIC = "templates"
FIRST_ID = 7001  # small numbers serve client libraries as "does not exist"
LAST_ID = (1 << 31) - 1

templates = Table(
    "templates",
    metadata,
    Column("id", Integer, Identity(start=FIRST_ID), primary_key=True),
    Column("server_id", ForeignKey("servers.id", ondelete="CASCADE"), nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("name", String(255), nullable=False),
    Column("alias", String(255)),
    Column("alias_key", String(255)),
    Column("type", TextEnum(TemplateType), nullable=False),
    Column("layout_id", Integer),
    Column("subject", Text),
    Column("html", Text),
    Column("text", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime),
    Index("ix_templates_server", "server_id", "is_active"),
    Index(
        "uq_templates_alias",
        "server_id",
        "alias_key",
        unique=True,
        sqlite_where=text("is_active = 1"),
        postgresql_where=text("is_active"),
    ),
    sqlite_autoincrement=True,
)

_layouts = templates.alias("layouts")
_SUMMARY = [
    *(templates.c[name] for name in ("id", "name", "alias", "type", "is_active", "layout_id")),
    _layouts.c.alias.label("layout"),
]
_CHANGED_AT = func.coalesce(templates.c.updated_at, templates.c.created_at)
_LISTED = [*_SUMMARY, templates.c.subject, _CHANGED_AT.label("changed_at")]
_WHOLE = [*_SUMMARY, *(templates.c[name] for name in ("server_id", "subject", "html", "text"))]
_JOINED = templates.outerjoin(_layouts, _layouts.c.id == templates.c.layout_id)
_QUERY = select(*_WHOLE).select_from(_JOINED)
_FIRST_ON_SQLITE = text("""
    INSERT INTO sqlite_sequence (name, seq) SELECT 'templates', :before
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'templates')
""")


def has_server(tx: Tx, server_id: ServerId) -> bool:
    """Whether there is such a Server."""
    if not 0 < server_id <= LAST_ID:
        return False
    return tx.first(select(servers.c.id).where(servers.c.id == server_id)) is not None


def lock(tx: Tx, server_id: ServerId) -> None:
    """Let changes of one Server's templates take turns, so that limit and aliases hold."""
    query = select(servers.c.id).where(servers.c.id == server_id)
    tx.rows(query.with_for_update(key_share=True))


def list_active(tx: Tx, server_id: ServerId) -> list[Summary]:
    """The templates that are not deleted, by name in any case, then by id."""
    query = select(*_SUMMARY).select_from(_JOINED).where(*_active(server_id))
    found = [Summary(**row._asdict()) for row in tx.rows(query)]
    return sorted(found, key=lambda template: (template.name.casefold(), template.id))


def list_for_people(tx: Tx, server_id: ServerId) -> list[Listed]:
    """The same with what people look for; bodies may be large, and stay where they are."""
    query = select(*_LISTED).select_from(_JOINED).where(*_active(server_id))
    found = [Listed(**row._asdict()) for row in tx.rows(query)]
    return sorted(found, key=lambda template: (template.name.casefold(), template.id))


def list_deleted(tx: Tx, server_id: ServerId, *, count: int) -> list[Listed]:
    """The newest of the deleted templates, the last one deleted first."""
    mine = (templates.c.server_id == server_id, ~templates.c.is_active)
    query = select(*_LISTED).select_from(_JOINED).where(*mine).limit(count)
    rows = tx.rows(query.order_by(_CHANGED_AT.desc(), templates.c.id.desc()))
    return [Listed(**row._asdict()) for row in rows]


def list_whole(tx: Tx, server_id: ServerId) -> list[Template]:
    """The templates with an alias that are not deleted, with their texts, by id."""
    query = _QUERY.where(*_active(server_id), templates.c.alias.is_not(None))
    return [_template(row) for row in tx.rows(query.order_by(templates.c.id))]


def find(tx: Tx, server_id: ServerId, wanted: Reference) -> Template | None:
    """A template of this Server: by id also a deleted one, by alias only an active one."""
    return next(iter(find_many(tx, server_id, [wanted]).values()), None)


def find_many(
    tx: Tx, server_id: ServerId, wanted: Iterable[Reference]
) -> dict[Reference, Template]:
    """The templates of this Server that these name; what names none is left out."""
    names = list(wanted)
    ids = [name for name in names if isinstance(name, int) and 0 < name <= LAST_ID]
    # An alias out of a path may hold NUL, which PostgreSQL does not even compare.
    keys = [name.lower() for name in names if isinstance(name, str) and "\0" not in name]
    at = templates.c
    found: dict[Reference, Template] = {}
    if ids:
        rows = tx.rows(_QUERY.where(at.id.in_(ids), at.server_id == server_id))
        found |= {row.id: _template(row) for row in rows}
    if keys:
        rows = tx.rows(_QUERY.where(*_active(server_id), at.alias_key.in_(keys)))
        by_key = {row.alias.lower(): _template(row) for row in rows}
        aliases = (name for name in names if isinstance(name, str))
        found |= {name: by_key[name.lower()] for name in aliases if name.lower() in by_key}
    return found


def get(tx: Tx, server_id: ServerId, wanted: Reference) -> Template:
    """The same. Refuses TEMPLATE_NOT_FOUND for an id, TEMPLATE_ALIAS_NOT_FOUND for an alias."""
    template = find(tx, server_id, wanted)
    if template is None:
        raise not_found(wanted)
    return template


def get_active(tx: Tx, server_id: ServerId, wanted: Reference) -> Template:
    """A template that is not deleted. Refuses what `get` refuses."""
    template = get(tx, server_id, wanted)
    if not template.is_active:
        raise not_found(wanted)
    return template


def insert_template(tx: Tx, server_id: ServerId, kind: TemplateType, values: Values) -> int:
    """Keep a new template; its id."""
    if dialect.is_sqlite(tx.connection):
        tx.run(_FIRST_ON_SQLITE, {"before": FIRST_ID - 1})
    row = _row(values) | {
        "server_id": server_id,
        "is_active": True,
        "type": kind,
        "created_at": tx.now,
    }
    tx.wake(TOPIC)
    return int(tx.scalar(insert(templates).values(row).returning(templates.c.id)))


def change(tx: Tx, template_id: int, values: Values) -> None:
    """Write all values of a template anew."""
    tx.wake(TOPIC)
    statement = update(templates).where(templates.c.id == template_id)
    tx.run(statement.values(_row(values) | {"updated_at": tx.now}))


def mark_deleted(tx: Tx, template_id: int) -> None:
    """Take a template out of use."""
    tx.wake(TOPIC)
    statement = update(templates).where(templates.c.id == template_id)
    tx.run(statement.values(is_active=False, updated_at=tx.now))


def _active(server_id: ServerId) -> list[ColumnElement[bool]]:
    return [templates.c.server_id == server_id, templates.c.is_active]


def _row(values: Values) -> dict[str, Any]:
    return {
        "name": values.name,
        "alias": values.alias,
        "alias_key": None if values.alias is None else values.alias.lower(),
        "layout_id": values.layout_id,
        "subject": values.subject,
        "html": values.html,
        "text": values.text,
    }


def _template(row: Row[Any]) -> Template:
    return Template(**row._asdict())
