"""The fields of the editor: from a form, a stored template or a starter, and back into drafts. Pure."""

import hashlib
from dataclasses import dataclass

from pillarbox.ids import ServerId
from pillarbox.templates.model import Template, TemplateDraft, TemplateType
from pillarbox.web.editor.starters import LAYOUT, Starter
from pillarbox.web.forms import Form

NEW_LAYOUT = f"+{LAYOUT}"
"""Stands for the basic layout that is made together with the template; no alias has a plus sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What is on the screen. `layout` is an alias, NEW_LAYOUT, or empty."""

    kind: TemplateType
    name: str = ""
    alias: str = ""
    subject: str = ""
    html: str = ""
    text: str = ""
    layout: str = ""

    @property
    def is_layout(self) -> bool:
        """Whether this wraps other templates."""
        return self.kind is TemplateType.LAYOUT

    @classmethod
    def of_form(cls, form: Form, kind: TemplateType) -> "Texts":
        """What was sent."""
        is_layout = kind is TemplateType.LAYOUT
        return cls(
            kind=kind,
            name=form.line("name"),
            alias=form.line("alias"),
            subject="" if is_layout else form.line("subject"),
            html=form.text("html"),
            text=form.text("text"),
            layout="" if is_layout else form.line("layout"),
        )

    @classmethod
    def of_template(cls, template: Template) -> "Texts":
        """What is stored."""
        return cls(
            kind=template.type,
            name=template.name,
            alias=template.alias or "",
            subject=template.subject or "",
            html=template.html or "",
            text=template.text or "",
            layout=template.layout or "",
        )

    @classmethod
    def of_starter(cls, starter: Starter, kind: TemplateType, *, layout: str = "") -> "Texts":
        """What a starter has."""
        return cls(
            kind=kind,
            name=starter.name,
            alias=starter.alias,
            subject=starter.subject,
            html=starter.html,
            text=starter.text,
            layout=layout,
        )

    def to_new(self) -> TemplateDraft:
        """A new template: what is empty is not given."""
        return TemplateDraft(
            name=self.name,
            subject=self.subject or None,
            html=self.html or None,
            text=self.text or None,
            alias=self.alias or None,
            type=self.kind.value,
            layout=(LAYOUT if self.layout == NEW_LAYOUT else self.layout) or None,
        )

    def to_edit(self, kept: Template) -> TemplateDraft:
        """An edit of what is stored. An alias that is taken away is an empty one, which is refused."""
        return TemplateDraft(
            name=self.name,
            subject=None if self.subject == (kept.subject or "").strip() else self.subject,
            html=_edited(self.html, kept.html),
            text=_edited(self.text, kept.text),
            alias=None if self.alias == (kept.alias or "") else self.alias,
            layout=None if self.is_layout else self.layout,
        )

    def to_template(self, server_id: ServerId) -> Template:
        """As if it were stored, for what fills stored templates."""
        return Template(
            id=0,
            name=self.name,
            alias=self.alias or None,
            type=self.kind,
            is_active=True,
            layout_id=None,
            layout=self.layout or None,
            server_id=server_id,
            subject=self.subject or None,
            html=self.html or None,
            text=self.text or None,
        )


def digest(template: Template) -> str:
    """Changes whenever the template does: an editor says with it what it has seen."""
    seen = (
        template.name,
        template.alias,
        template.subject,
        template.html,
        template.text,
        template.layout,
    )
    return hashlib.sha256(repr(seen).encode("utf-8", "replace")).hexdigest()[:24]


def _edited(sent: str, kept: str | None) -> str | None:
    """A body as sent; None when it is the same. Browsers send all line ends alike, so the stored ones count."""
    known = kept or ""
    if sent == known.replace("\r\n", "\n").replace("\r", "\n"):
        return None
    return sent.replace("\n", "\r\n") if "\r\n" in known else sent
