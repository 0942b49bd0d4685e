"""Copying templates from one Server to another, by alias. Source: spec templates 9.

both Servers -> what differs -> (unless it is a dry run) layouts first, then the templates that use them
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pillarbox.errors import Problem, Refused
from pillarbox.ids import ServerId
from pillarbox.storage.tx import Tx
from pillarbox.templates import store
from pillarbox.templates.change import check_room
from pillarbox.templates.model import Template, TemplateType, Values

MAX_PUSHED = 100


class Action(StrEnum):
    """What is done to a template of the destination."""

    CREATE = "Create"
    EDIT = "Edit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A template of the source that the destination lacks or has otherwise; `id` is the one there, if any.

    `before` is that one as it was.
    """

    action: Action
    template: Template
    id: int | None
    before: Template | None = None


def push(
    tx: Tx, source: ServerId, destination: ServerId, *, performs: bool, limit: int
) -> list[Change]:
    """Make the templates of the destination like those of the source, or only tell what would be done.

    Refuses PUSH_SERVERS_NOT_FOUND, PUSH_SOURCE_NOT_FOUND, PUSH_DESTINATION_NOT_FOUND, PUSH_TO_ITSELF,
    NOTHING_TO_PUSH, TOO_MANY_TO_PUSH, PUSH_TYPES_DIFFER, TOO_MANY_TEMPLATES.
    """
    _check_servers(tx, source, destination)
    store.lock(tx, destination)
    changes, present = _plan(tx, source, destination, limit)
    return _perform(tx, destination, changes, present) if performs else changes


def plan(tx: Tx, source: ServerId, destination: ServerId, *, limit: int) -> list[Change]:
    """What `push` would do, and refuses, in a transaction that only reads."""
    _check_servers(tx, source, destination)
    return _plan(tx, source, destination, limit)[0]


def _plan(
    tx: Tx, source: ServerId, destination: ServerId, limit: int
) -> tuple[list[Change], dict[str, Template]]:
    """What differs, and the templates of the destination by their aliases."""
    offered = store.list_whole(tx, source)
    if not offered:
        raise Refused(Problem.NOTHING_TO_PUSH)
    if len(offered) > MAX_PUSHED:
        raise Refused(Problem.TOO_MANY_TO_PUSH)
    present = {_key(template.alias): template for template in store.list_whole(tx, destination)}
    changes = _compare(offered, present)
    created = sum(change.action is Action.CREATE for change in changes)
    if created:
        check_room(len(store.list_active(tx, destination)) + created, limit)
    return changes, present


def _check_servers(tx: Tx, source: ServerId, destination: ServerId) -> None:
    match store.has_server(tx, source), store.has_server(tx, destination):
        case False, False:
            raise Refused(Problem.PUSH_SERVERS_NOT_FOUND)
        case False, True:
            raise Refused(Problem.PUSH_SOURCE_NOT_FOUND)
        case True, False:
            raise Refused(Problem.PUSH_DESTINATION_NOT_FOUND)
    if source == destination:
        raise Refused(Problem.PUSH_TO_ITSELF)


def _compare(offered: Sequence[Template], present: dict[str, Template]) -> list[Change]:
    """What differs, layouts before the templates that need them."""
    changes = []
    for template in sorted(offered, key=lambda one: one.type is TemplateType.STANDARD):
        old = present.get(_key(template.alias))
        if old is None:
            changes.append(Change(action=Action.CREATE, template=template, id=None))
            continue
        if old.type is not template.type:
            raise Refused(Problem.PUSH_TYPES_DIFFER)
        if _essence(old) != _essence(template):
            changes.append(Change(action=Action.EDIT, template=template, id=old.id, before=old))
    return changes


def _perform(
    tx: Tx, destination: ServerId, changes: Sequence[Change], present: dict[str, Template]
) -> list[Change]:
    ids = {alias: template.id for alias, template in present.items()}
    done = []
    for change in changes:
        template = change.template
        key = _key(template.alias)
        values = Values(
            name=template.name,
            subject=template.subject,
            html=template.html,
            text=template.text,
            alias=template.alias if change.id is None else present[key].alias,
            layout_id=ids[_key(template.layout)] if template.layout else None,
        )
        if change.id is None:
            ids[key] = store.insert_template(tx, destination, template.type, values)
        else:
            store.change(tx, change.id, values)
        done.append(replace(change, id=ids[key]))
    return done


def _essence(template: Template) -> tuple[str | None, ...]:
    """What is copied."""
    layout = _key(template.layout)
    return template.name, template.subject, template.html, template.text, layout


def _key(alias: str | None) -> str:
    return (alias or "").lower()
