"""Keeping a Server that was read, with its parts: each in one transaction, by what the API calls.

settings -> streams -> templates -> inbound rules -> webhooks -> suppressions
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, TypeVar

from pillarbox.config import Config
from pillarbox.errors import Refused
from pillarbox.importing.model import Action, Choice, Content, Outcome, Target
from pillarbox.importing.suppressions import keep_suppressions
from pillarbox.importing.templates import keep_templates
from pillarbox.importing.webhooks import keep_webhooks
from pillarbox.inbound.store import rules
from pillarbox.servers import manage, streams
from pillarbox.servers.model import NewStream, Server, Settings, Stream, StreamChange, Unsubscribe
from pillarbox.servers.store import servers as store
from pillarbox.servers.store import streams as streams_store
from pillarbox.storage.db import Database
from pillarbox.storage.tx import Tx
from pillarbox.wire.errors import describe
from pillarbox.wire.imported import FoundServer, FoundStream
from pillarbox.wire.server import EditServer

R = TypeVar("R")
Step = Callable[[Callable[[Tx], R]], R]

_CUSTOM = "who handles unsubscribes is the default here: CUSTOM_UNSUBSCRIBE is off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The settings of a Server that can be had here, and what is to be said about the others."""

    settings: Settings
    notes: tuple[str, ...]


async def copy(target: Target, content: Content, choice: Choice) -> list[Outcome]:
    """Keep a Server; what became of each of its things."""
    config = target.config
    wanted = await _wanted(target, content.server)
    with _steps(target.db, choice) as run:
        try:
            work = partial(_keep_server, config, content.server, wanted, choice)
            server, outcome, is_new = run(work)
        except Refused as refused:
            return [_failed(content.server, refused)]
        eager = replace(choice, updates=choice.updates or is_new)
        outcomes = [outcome]
        outcomes += run(partial(_keep_streams, config, server.id, content.streams, eager))
        server = run(partial(store.get, server_id=server.id))
        outcomes += run(partial(keep_templates, config, server.id, content.templates, eager))
        outcomes += run(partial(_keep_rules, server, content))
        outcomes += run(partial(keep_webhooks, config, server, content.webhooks, eager))
        for slug, held in content.suppressions.items():
            outcomes += keep_suppressions(run, server.stream(slug), slug, held)
    return [replace(one, server=server.name) for one in outcomes]


@contextmanager
def _steps(db: Database, choice: Choice) -> Iterator[Step[Any]]:
    """Runs work in transactions of its own; in a dry run in a single one that is undone."""
    if not choice.is_dry:
        yield partial(_commit, db)
        return
    try:
        with db.transaction() as tx:
            yield lambda work: work(tx)
            raise _Undone
    except _Undone:
        pass


class _Undone(Exception):
    """The end of a dry run."""


def _commit(db: Database, work: Callable[[Tx], R]) -> R:
    with db.transaction() as tx:
        return work(tx)


async def _wanted(target: Target, found: FoundServer) -> Wanted:
    """What can be had of a Server's settings; a note for each that is refused."""
    good: dict[str, Any] = {}
    notes = []
    known = _commit(target.db, lambda tx: store.find_named(tx, found.Name or ""))
    for field in EditServer.__struct_fields__:
        value = getattr(found, field)
        if value is None:
            continue
        try:
            settings = EditServer(**{field: value}).to_settings(target.config)
            own = known.inbound_domain if known else ""
            await manage.check_inbound_mx(target.resolver, target.config, settings, known=own)
        except Refused as refused:
            notes.append(f"{field} {value!r} was left out: {describe(refused)[2]}")
        else:
            good[field] = value
    return Wanted(settings=EditServer(**good).to_settings(target.config), notes=tuple(notes))


def _keep_server(
    config: Config, found: FoundServer, wanted: Wanted, choice: Choice, tx: Tx
) -> tuple[Server, Outcome, bool]:
    """The Server of the same name here, and whether it is new. Refuses what `manage.create` and `edit` refuse."""
    settings = wanted.settings
    new = found.to_new()
    server = store.find_named(tx, new.name)
    is_new = server is None
    if server is None:
        server = manage.create(tx, new, settings, limit=config.max_servers)
        action = Action.CREATED
    elif not _differs(server, settings):
        action = Action.SAME
    elif choice.updates:
        server = manage.edit(tx, server.id, settings)
        action = Action.UPDATED
    else:
        action = Action.DIFFERS
    outcome = Outcome(
        part="server",
        name=server.name,
        action=action,
        note="; ".join(wanted.notes),
        id=server.id,
        source_id=found.ID,
    )
    return server, outcome, is_new


def _differs(server: Server, settings: Settings) -> bool:
    given = ((field.name, getattr(settings, field.name)) for field in fields(settings))
    return any(value is not None and value != getattr(server, name) for name, value in given)


def _failed(found: FoundServer, refused: Refused) -> Outcome:
    name = found.Name or ""
    note = describe(refused)[2]
    return Outcome(part="server", name=name, action=Action.FAILED, server=name, note=note)


def _keep_streams(
    config: Config, server_id: Any, found: Sequence[FoundStream], choice: Choice, tx: Tx
) -> list[Outcome]:
    outcomes = []
    for one in found:
        new = one.to_new()
        is_custom = (new.unsubscribe or "").lower() == Unsubscribe.CUSTOM.value.lower()
        note = ""
        if is_custom and not config.custom_unsubscribe:
            new, note = replace(new, unsubscribe=None), _CUSTOM
        try:
            action = _keep_stream(config, server_id, new, choice, tx)
        except Refused as refused:
            action, note = Action.FAILED, describe(refused)[2]
        outcomes.append(Outcome(part="stream", name=new.slug or "", action=action, note=note))
    return outcomes


def _keep_stream(config: Config, server_id: Any, new: NewStream, choice: Choice, tx: Tx) -> Action:
    may_be_custom = config.custom_unsubscribe
    old = streams_store.find_stream(tx, server_id, new.slug or "")
    if old is None:
        streams.create(tx, server_id, new, may_be_custom=may_be_custom)
        return Action.CREATED
    if _is_like(old, new):
        return Action.SAME
    if not choice.updates:
        return Action.DIFFERS
    change = StreamChange(
        name=new.name, description=new.description or "", unsubscribe=new.unsubscribe
    )
    streams.edit(tx, server_id, old.slug, change, may_be_custom=may_be_custom)
    return Action.UPDATED


def _is_like(old: Stream, new: NewStream) -> bool:
    handling = new.unsubscribe or old.unsubscribe.value
    return (
        old.name == (new.name or old.name)
        and (old.description or "") == (new.description or "")
        and old.unsubscribe.value.lower() == handling.lower()
    )


def _keep_rules(server: Server, content: Content, tx: Tx) -> list[Outcome]:
    outcomes = []
    for one in content.rules:
        note = ""
        try:
            made = rules.insert(tx, server.id, one.to_rule())
            action = Action.SAME if made is None else Action.CREATED
        except Refused as refused:
            action, note = Action.FAILED, describe(refused)[2]
        name = one.Rule or ""
        outcomes.append(Outcome(part="inbound rule", name=name, action=action, note=note))
    return outcomes
