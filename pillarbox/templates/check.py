"""What a template may hold: names, lengths, aliases, its language, the place of a layout's content. Pure.

Source: spec templates 1 and 4.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from pillarbox.errors import Problem, Refused
from pillarbox.mustachio.model import Template as Parsed
from pillarbox.mustachio.parse import parse
from pillarbox.templates.model import (
    RESERVED_ALIASES,
    Template,
    TemplateDraft,
    TemplateType,
    parse_type,
)

MAX_NAME = 255
MAX_ALIAS = 255
MAX_SUBJECT = 2000
MAX_BODY_BYTES = 5 * 1024 * 1024

_is_alias = re.compile(r"[A-Za-z][A-Za-z0-9._-]*").fullmatch
_not_in_alias = re.compile(r"[^a-z0-9]+")
_LONGEST_STEM = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What reading the texts of a draft found: a problem, or how many placeholders of layouts are where."""

    problem: Refused | None = None
    in_subject: int = 0
    in_bodies: tuple[int, ...] = ()

    def check(self, kind: TemplateType) -> None:
        """Refuses TEMPLATE_FIELD_TOO_LONG, TEMPLATE_SYNTAX with the first error, LAYOUT_PLACEHOLDER."""
        if self.problem is not None:
            raise self.problem
        if self.in_subject or any(count != places(kind) for count in self.in_bodies):
            raise Refused(Problem.LAYOUT_PLACEHOLDER)


def read(draft: TemplateDraft) -> Reading:
    """Read the texts that were given. Large ones take their time: not while others wait for the database."""
    try:
        check_lengths(draft)
        subject = parse_text("Subject", draft.subject)
        bodies = (parse_text("HtmlBody", draft.html), parse_text("TextBody", draft.text))
    except Refused as problem:
        return Reading(problem=problem)
    return Reading(
        in_subject=subject.placeholders if subject else 0,
        in_bodies=tuple(body.placeholders for body in bodies if body),
    )


def check_new(draft: TemplateDraft, reading: Reading) -> TemplateType:
    """Check a new template; its type.

    Refuses FIELD_REQUIRED, TEMPLATE_TYPE_INVALID, LAYOUT_WITH_SUBJECT, TEMPLATE_BODY_REQUIRED, LAYOUT_WITH_LAYOUT,
    and what `check_alias` and the reading refuse.
    """
    if not (draft.name or "").strip():
        raise Refused(Problem.FIELD_REQUIRED, field="Name")
    kind = TemplateType.STANDARD if draft.type is None else parse_type(draft.type)
    if kind is None:
        raise Refused(Problem.TEMPLATE_TYPE_INVALID)
    if kind is TemplateType.STANDARD and not draft.subject:
        raise Refused(Problem.FIELD_REQUIRED, field="Subject")
    _check_layout_subject(kind, draft)
    if not draft.html and not draft.text:
        raise Refused(Problem.TEMPLATE_BODY_REQUIRED)
    _check_layout_use(kind, draft)
    check_alias(draft.alias)
    reading.check(kind)
    return kind


def check_edit(template: Template, draft: TemplateDraft, reading: Reading) -> None:
    """Check an edit: only what was given, but a body must be left.

    Refuses FIELD_REQUIRED, TEMPLATE_BODY_REQUIRED, and what `check_new` refuses of the given members.
    """
    if draft.name is not None and not draft.name.strip():
        raise Refused(Problem.FIELD_REQUIRED, field="Name")
    if template.type is TemplateType.STANDARD and draft.subject == "":
        raise Refused(Problem.FIELD_REQUIRED, field="Subject")
    _check_layout_subject(template.type, draft)
    html = template.html if draft.html is None else draft.html
    text = template.text if draft.text is None else draft.text
    if not html and not text:
        raise Refused(Problem.TEMPLATE_BODY_REQUIRED)
    _check_layout_use(template.type, draft)
    check_alias(draft.alias)
    reading.check(template.type)


def check_alias(alias: str | None) -> None:
    """Refuses ALIAS_INVALID for what cannot name a template in a path, TEMPLATE_FIELD_TOO_LONG."""
    if alias is None:
        return
    if len(alias) > MAX_ALIAS:
        raise Refused(Problem.TEMPLATE_FIELD_TOO_LONG, field="Alias")
    if not _is_alias(alias) or alias.lower() in RESERVED_ALIASES:
        raise Refused(Problem.ALIAS_INVALID)


def check_lengths(draft: TemplateDraft) -> None:
    """Refuses TEMPLATE_FIELD_TOO_LONG."""
    texts = (("Name", draft.name, MAX_NAME), ("Subject", draft.subject, MAX_SUBJECT))
    for field, text, most in texts:
        if text and len(text) > most:
            raise Refused(Problem.TEMPLATE_FIELD_TOO_LONG, field=field)
    for field, body in (("HtmlBody", draft.html), ("TextBody", draft.text)):
        # A quarter of the limit in characters cannot exceed it in bytes: most bodies need no counting.
        if body and len(body) > MAX_BODY_BYTES // 4 and len(body.encode()) > MAX_BODY_BYTES:
            raise Refused(Problem.TEMPLATE_FIELD_TOO_LONG, field=field)


def parse_text(field: str, text: str | None) -> Parsed | None:
    """A text in the language of templates, None when there is none. Refuses TEMPLATE_SYNTAX."""
    if not text:
        return None
    parsed = parse(text)
    if parsed.template is not None:
        return parsed.template
    first = parsed.errors[0]
    raise Refused(
        Problem.TEMPLATE_SYNTAX,
        field=field,
        error=first.message,
        line=str(first.line),
        position=str(first.position),
    )


def places(kind: TemplateType) -> int:
    """How often a body of this type says where content goes."""
    return 1 if kind is TemplateType.LAYOUT else 0


def automatic_alias(name: str, taken: Collection[str]) -> str:
    """An alias made from the name of a layout that is none of those taken (in lower case)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = _not_in_alias.sub("-", plain).strip("-")[:_LONGEST_STEM].rstrip("-")
    if not stem[:1].isalpha():
        stem = f"layout-{stem}".rstrip("-")
    number, alias = 1, stem
    while alias in taken or alias in RESERVED_ALIASES:
        number += 1
        alias = f"{stem}-{number}"
    return alias


def _check_layout_use(kind: TemplateType, draft: TemplateDraft) -> None:
    if kind is TemplateType.LAYOUT and draft.layout:
        raise Refused(Problem.LAYOUT_WITH_LAYOUT)


def _check_layout_subject(kind: TemplateType, draft: TemplateDraft) -> None:
    if kind is TemplateType.LAYOUT and draft.subject:
        raise Refused(Problem.LAYOUT_WITH_SUBJECT)
