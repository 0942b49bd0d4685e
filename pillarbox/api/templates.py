"""Templates and layouts. Source: spec templates 2 to 5 and 9."""

import asyncio
from typing import NoReturn

from pillarbox.api.callers import AccountCall, ServerCall
from pillarbox.api.endpoint import Group
from pillarbox.errors import Problem, Refused
from pillarbox.templates import change, store
from pillarbox.templates.check import read
from pillarbox.templates.model import reference
from pillarbox.templates.push import push
from pillarbox.templates.validate import validate
from pillarbox.wire.base import Done
from pillarbox.wire.templates import (
    EditTemplate,
    ListedTemplate,
    Pushed,
    PushTemplates,
    SavedTemplate,
    Template,
    TemplateList,
    Templates,
    ValidateTemplate,
    Validation,
)

group = Group("Templates", docs="spec templates", not_found=Problem.TEMPLATE_NOT_FOUND)


@group.get("/templates")
def list_templates(call: ServerCall, query: TemplateList) -> Templates:
    """One page of the templates of the Server, by name, without their texts.

    Refuses TEMPLATES_BAD_PAGE, TEMPLATES_BAD_TYPE.
    """
    found = query.select(store.list_active(call.tx, call.server.id))
    page = found[query.offset : query.offset + query.count]
    return Templates(len(found), [ListedTemplate.of(template) for template in page])


@group.post("/templates", no_body=Problem.NO_TEMPLATE_DATA)
async def create_template(call: ServerCall, body: EditTemplate) -> SavedTemplate:
    """Create a template or layout.

    Refuses NO_TEMPLATE_DATA, FIELD_REQUIRED, TEMPLATE_BODY_REQUIRED, TEMPLATE_FIELD_TOO_LONG,
    TEMPLATE_TYPE_INVALID, LAYOUT_WITH_SUBJECT, LAYOUT_WITH_LAYOUT, ALIAS_INVALID, ALIAS_TAKEN, TEMPLATE_SYNTAX,
    LAYOUT_PLACEHOLDER, LAYOUT_NOT_FOUND, TOO_MANY_TEMPLATES.
    """
    draft, limit = body.to_draft(), call.app.config.template_limit
    reading = await asyncio.to_thread(read, draft)
    created = await call.app.db.write(
        lambda tx: change.create(tx, call.server.id, draft, reading, limit=limit)
    )
    return SavedTemplate.of(created)


@group.get("/templates/validate")
async def validate_nothing(call: ServerCall) -> NoReturn:
    """Validating needs a body.

    Refuses NO_TEMPLATE_DATA, always.
    """
    raise Refused(Problem.NO_TEMPLATE_DATA)


@group.post("/templates/validate", no_body=Problem.NO_TEMPLATE_DATA)
async def validate_template(call: ServerCall, body: ValidateTemplate) -> Validation:
    """Try texts out with a model, and keep nothing. Wrong texts are no error but part of the answer.

    Refuses NO_TEMPLATE_DATA, TEMPLATE_BODY_REQUIRED, TEMPLATE_TYPE_INVALID, LAYOUT_NOT_FOUND.
    """
    alias = body.LayoutTemplate
    layout = None
    if alias:
        layout = await call.app.db.read(lambda tx: change.get_layout(tx, call.server.id, alias))
    return Validation.of(await asyncio.to_thread(validate, body.to_trial(), layout))


@group.put("/templates/push", no_body=Problem.NO_TEMPLATE_DATA)
def push_templates(call: AccountCall, body: PushTemplates) -> Pushed:
    """Copy the templates with an alias from one Server to another, or only say what would be copied.

    Refuses NO_TEMPLATE_DATA, FIELD_REQUIRED, PUSH_SERVERS_NOT_FOUND, PUSH_SOURCE_NOT_FOUND,
    PUSH_DESTINATION_NOT_FOUND, PUSH_TO_ITSELF, NOTHING_TO_PUSH, TOO_MANY_TO_PUSH, PUSH_TYPES_DIFFER,
    TOO_MANY_TEMPLATES.
    """
    source, destination = body.servers()
    limit = call.app.config.template_limit
    changes = push(call.tx, source, destination, performs=bool(body.PerformChanges), limit=limit)
    return Pushed.of(changes)


@group.get("/templates/{template}")
def get_template(call: ServerCall, template: str) -> Template:
    """One template with its texts, by id or alias; by id also a deleted one.

    Refuses TEMPLATE_NOT_FOUND, TEMPLATE_ALIAS_NOT_FOUND.
    """
    return Template.of(store.get(call.tx, call.server.id, reference(template)))


@group.put("/templates/{template}", no_body=Problem.NO_TEMPLATE_DATA)
async def edit_template(call: ServerCall, template: str, body: EditTemplate) -> SavedTemplate:
    """Change what the body has of a template.

    Refuses NO_TEMPLATE_DATA, TEMPLATE_NOT_FOUND, TEMPLATE_ALIAS_NOT_FOUND, FIELD_REQUIRED, TEMPLATE_BODY_REQUIRED,
    TEMPLATE_FIELD_TOO_LONG, TEMPLATE_TYPE_INVALID, LAYOUT_WITH_SUBJECT, LAYOUT_WITH_LAYOUT, ALIAS_INVALID,
    ALIAS_TAKEN, TEMPLATE_SYNTAX, LAYOUT_PLACEHOLDER, LAYOUT_NOT_FOUND.
    """
    draft, wanted = body.to_draft(), reference(template)
    reading = await asyncio.to_thread(read, draft)
    edited = await call.app.db.write(
        lambda tx: change.edit(tx, call.server.id, wanted, draft, reading)
    )
    return SavedTemplate.of(edited)


@group.delete("/templates/{template}")
def delete_template(call: ServerCall, template: str) -> Done:
    """Take a template out of use; it stays readable by its id.

    Refuses TEMPLATE_NOT_FOUND, TEMPLATE_ALIAS_NOT_FOUND, LAYOUT_IN_USE.
    """
    template_id = change.delete(call.tx, call.server.id, reference(template))
    return Done(0, f"Template {template_id} removed.")
