"""Keeping templates and layouts that were read. Those with an alias are known by it, others by type and name."""

from collections import defaultdict
from collections.abc import Sequence

from pillarbox.config import Config
from pillarbox.errors import Refused
from pillarbox.ids import ServerId
from pillarbox.importing.model import Action, Choice, Outcome
from pillarbox.storage.tx import Tx
from pillarbox.templates import change, store
from pillarbox.templates.check import Reading
from pillarbox.templates.model import Summary, Template, TemplateDraft, TemplateType
from pillarbox.wire.errors import describe
from pillarbox.wire.imported import FoundTemplate

Name = tuple[str, str]


def keep_templates(
    config: Config,
    server_id: ServerId,
    found: Sequence[tuple[FoundTemplate, Reading]],
    choice: Choice,
    tx: Tx,
) -> list[Outcome]:
    """Keep templates, layouts before what uses them; what became of each."""
    here = _Here(store.list_active(tx, server_id), [one for one, _ in found])
    outcomes = []
    for one, reading in found:
        note, kept = "", None
        draft, old = one.to_draft(), here.take(one)
        try:
            if old is None:
                made = change.create(tx, server_id, draft, reading, limit=config.template_limit)
                action, kept = Action.CREATED, made.id
            else:
                kept = old.id
                action = _settle(tx, server_id, old, draft, reading, choice)
        except Refused as refused:
            action, note = Action.FAILED, describe(refused)[2]
        kind = (one.TemplateType or TemplateType.STANDARD.value).lower()
        outcomes.append(
            Outcome(
                part="layout" if kind == "layout" else "template",
                name=one.Alias or one.Name or "",
                action=action,
                note=note,
                id=kept,
                source_id=one.TemplateId,
            )
        )
    return outcomes


class _Here:
    """The templates of this Server, each the counterpart of at most one of those that come."""

    def __init__(self, active: Sequence[Summary], coming: Sequence[FoundTemplate]) -> None:
        self._by_alias = {one.alias.lower(): one for one in active if one.alias}
        named = {(one.Alias or "").lower() for one in coming}
        self._by_name: dict[Name, list[Summary]] = defaultdict(list)
        for one in sorted(active, key=lambda one: one.id, reverse=True):
            if not one.alias or one.alias.lower() not in named:
                self._by_name[one.type.value.lower(), one.name].append(one)

    def take(self, coming: FoundTemplate) -> Summary | None:
        if coming.Alias:
            return self._by_alias.get(coming.Alias.lower())
        kind = coming.TemplateType or TemplateType.STANDARD.value
        alike = self._by_name[kind.lower(), coming.Name or ""]
        return alike.pop() if alike else None


def _settle(
    tx: Tx,
    server_id: ServerId,
    old: Summary,
    draft: TemplateDraft,
    reading: Reading,
    choice: Choice,
) -> Action:
    """Leave what is like the one that comes, else change it if that is wished. Refuses what `change.edit` does."""
    whole = store.get(tx, server_id, old.id)
    if _essence(whole) == _wanted(draft):
        return Action.SAME
    if not choice.updates:
        return Action.DIFFERS
    edit = TemplateDraft(
        name=draft.name,
        subject=draft.subject or None,
        html=draft.html or "",
        text=draft.text or "",
        layout=draft.layout or "",
    )
    change.edit(tx, server_id, old.id, edit, reading)
    return Action.UPDATED


def _essence(one: Template) -> tuple[str, ...]:
    parts = (one.type.value, one.name, one.subject, one.html, one.text)
    return (*(part or "" for part in parts), (one.layout or "").lower())


def _wanted(draft: TemplateDraft) -> tuple[str, ...]:
    kind = (draft.type or TemplateType.STANDARD.value).capitalize()
    parts = (kind, draft.name, draft.subject, draft.html, draft.text)
    return (*(part or "" for part in parts), (draft.layout or "").lower())
