"""Templates. Source: spec overview 5.5, templates 4.6, 7.3 and 9."""

from pillarbox.errors import Problem
from pillarbox.wire.problems.row import row

ROWS = {
    Problem.TEMPLATES_BAD_PAGE: row(1100, "Invalid 'Count' or 'Offset' value."),
    Problem.TEMPLATES_BAD_TYPE: row(1100, "Invalid 'TemplateType' value."),
    Problem.TEMPLATE_NOT_FOUND: row(
        1101, "The 'TemplateId' associated with this request is not valid or was not found."
    ),
    Problem.TEMPLATE_ALIAS_NOT_FOUND: row(
        1101,
        "The Template's 'Alias' associated with this request is not valid or was not found.",
    ),
    Problem.LAYOUT_NOT_FOUND: row(
        1101, "The 'LayoutTemplate' associated with this request is not valid or was not found."
    ),
    Problem.TOO_MANY_TEMPLATES: row(
        1105, "You have reached the maximum of {limit} active templates on this server."
    ),
    Problem.NO_TEMPLATE_DATA: row(1109, "No template data received."),
    Problem.FIELD_REQUIRED: row(1120, "The '{field}' field is required."),
    Problem.TEMPLATE_BODY_REQUIRED: row(1120, "Either 'TextBody' or 'HtmlBody' must be provided."),
    Problem.TEMPLATE_FIELD_TOO_LONG: row(1121, "The '{field}' field is too long."),
    Problem.ALIAS_INVALID: row(
        1122,
        "The 'Alias' is invalid. It must start with a letter and may only contain letters, numbers, "
        "'.', '-' and '_' characters.",
    ),
    Problem.ALIAS_TAKEN: row(1122, "The 'Alias' is already in use on this server."),
    Problem.TEMPLATE_TYPE_INVALID: row(
        1122, "The 'TemplateType' is invalid. Use Standard or Layout."
    ),
    Problem.TEMPLATE_SYNTAX: row(
        1122, "The '{field}' content is not valid: {error} (line {line}, character {position})."
    ),
    Problem.RESERVED_MODEL_KEY: row(1122, "The 'TemplateModel' contains a reserved key: '{key}'."),
    Problem.PUSH_TO_ITSELF: row(1122, "The source and destination servers must be different."),
    Problem.CONTENT_WITH_TEMPLATE: row(
        1123,
        "Neither 'TextBody', 'HtmlBody', or 'Subject' may be specified when using a template for the email.",
    ),
    Problem.LAYOUT_WITH_SUBJECT: row(1123, "'Subject' may not be specified for a layout template."),
    Problem.LAYOUT_WITH_LAYOUT: row(
        1123, "'LayoutTemplate' may not be specified for a layout template."
    ),
    Problem.NOTHING_TO_PUSH: row(
        1124, "There are no templates with an alias on the source server."
    ),
    Problem.TOO_MANY_TO_PUSH: row(
        1124, "You may only push up to 100 templates in a single request."
    ),
    Problem.PUSH_TYPES_DIFFER: row(
        1125, "The template types don't match on the source and destination servers."
    ),
    Problem.LAYOUT_IN_USE: row(
        1130,
        "The layout template cannot be deleted because it has dependent templates using it.",
    ),
    Problem.LAYOUT_PLACEHOLDER: row(
        1131,
        "The layout content placeholder must be present in the layout HTML and/or Text body exactly once.",
    ),
    Problem.PUSH_SERVERS_NOT_FOUND: row(601, "The source and destination servers were not found."),
    Problem.PUSH_DESTINATION_NOT_FOUND: row(601, "The destination server was not found."),
    Problem.PUSH_SOURCE_NOT_FOUND: row(601, "The source server was not found."),
}
