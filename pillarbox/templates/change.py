"""Creating, editing and deleting templates. Source: spec templates 4."""

from pillarbox.errors import Problem, Refused
from pillarbox.ids import ServerId
from pillarbox.storage.tx import Tx
from pillarbox.templates import store
from pillarbox.templates.check import Reading, automatic_alias, check_edit, check_new
from pillarbox.templates.model import (
    Reference,
    Summary,
    Template,
    TemplateDraft,
    TemplateType,
    Values,
)


def create(
    tx: Tx, server_id: ServerId, draft: TemplateDraft, reading: Reading, *, limit: int
) -> Template:
    """Keep a new template, of which a Server may have `limit`. A layout without an alias gets one.

    Refuses what `check_new` refuses, ALIAS_TAKEN, LAYOUT_NOT_FOUND, TOO_MANY_TEMPLATES.
    """
    kind = check_new(draft, reading)
    store.lock(tx, server_id)
    active = store.list_active(tx, server_id)
    alias = draft.alias
    if alias is not None:
        _check_free(active, alias)
    elif kind is TemplateType.LAYOUT:
        alias = automatic_alias(draft.name or "", _taken(active))
    layout_id = find_layout(active, draft.layout).id if draft.layout else None
    check_room(len(active) + 1, limit)
    values = Values(
        name=draft.name or "",
        subject=draft.subject or None,
        html=draft.html or None,
        text=draft.text or None,
        alias=alias,
        layout_id=layout_id,
    )
    return store.get(tx, server_id, store.insert_template(tx, server_id, kind, values))


def edit(
    tx: Tx, server_id: ServerId, wanted: Reference, draft: TemplateDraft, reading: Reading
) -> Template:
    """Change what was given of a template; its type stays. An empty layout means: none any more.

    Refuses TEMPLATE_NOT_FOUND, TEMPLATE_ALIAS_NOT_FOUND, what `check_edit` refuses, ALIAS_TAKEN, LAYOUT_NOT_FOUND.
    """
    store.lock(tx, server_id)
    template = store.get_active(tx, server_id, wanted)
    check_edit(template, draft, reading)
    active = store.list_active(tx, server_id)
    if draft.alias is not None:
        _check_free([other for other in active if other.id != template.id], draft.alias)
    values = Values(
        name=draft.name or template.name,
        subject=draft.subject or template.subject,
        html=template.html if draft.html is None else draft.html or None,
        text=template.text if draft.text is None else draft.text or None,
        alias=draft.alias or template.alias,
        layout_id=_new_layout(active, template, draft.layout),
    )
    store.change(tx, template.id, values)
    return store.get(tx, server_id, template.id)


def delete(tx: Tx, server_id: ServerId, wanted: Reference) -> int:
    """Take a template out of use; its id.

    Refuses TEMPLATE_NOT_FOUND, TEMPLATE_ALIAS_NOT_FOUND, LAYOUT_IN_USE.
    """
    store.lock(tx, server_id)
    template = store.get_active(tx, server_id, wanted)
    if any(other.layout_id == template.id for other in store.list_active(tx, server_id)):
        raise Refused(Problem.LAYOUT_IN_USE)
    store.mark_deleted(tx, template.id)
    return template.id


def get_layout(tx: Tx, server_id: ServerId, alias: str) -> Template:
    """The layout of this alias with its texts. Refuses LAYOUT_NOT_FOUND."""
    layout = store.find(tx, server_id, alias)
    if layout is None or layout.type is not TemplateType.LAYOUT:
        raise Refused(Problem.LAYOUT_NOT_FOUND)
    return layout


def find_layout(active: list[Summary], alias: str) -> Summary:
    """The layout of this alias in any case among templates. Refuses LAYOUT_NOT_FOUND."""
    for template in active:
        is_layout = template.type is TemplateType.LAYOUT
        if is_layout and template.alias and template.alias.lower() == alias.lower():
            return template
    raise Refused(Problem.LAYOUT_NOT_FOUND)


def check_room(count: int, limit: int) -> None:
    """Refuses TOO_MANY_TEMPLATES when a Server would have more templates than it may."""
    if count > limit:
        raise Refused(Problem.TOO_MANY_TEMPLATES, limit=str(limit))


def _new_layout(active: list[Summary], template: Template, alias: str | None) -> int | None:
    if alias is None:
        return template.layout_id
    return find_layout(active, alias).id if alias else None


def _check_free(others: list[Summary], alias: str) -> None:
    if alias.lower() in _taken(others):
        raise Refused(Problem.ALIAS_TAKEN)


def _taken(active: list[Summary]) -> set[str]:
    return {template.alias.lower() for template in active if template.alias}
