"""Templates and layouts. Source: spec templates 2 to 5 and 9."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from pillarbox.errors import Problem, Refused
from pillarbox.ids import ServerId
from pillarbox.templates import model, validate
from pillarbox.templates.model import Summary, TemplateDraft, parse_type
from pillarbox.templates.push import Change
from pillarbox.templates.validate import Trial, Verdict
from pillarbox.wire.base import Reply, Request
from pillarbox.wire.lenient import NUMERIC_TEXT, Integer
from pillarbox.wire.query import Paged, Problems

TEMPLATES = Problems(
    bad_value=Problem.TEMPLATES_BAD_PAGE,
    bad_count=Problem.TEMPLATES_BAD_PAGE,
    bad_offset=Problem.TEMPLATES_BAD_PAGE,
    too_many=Problem.TEMPLATES_BAD_PAGE,
)


class TemplateList(Paged, kw_only=True):
    """The query of the list of templates."""

    problems = TEMPLATES

    TemplateType: str | None = None
    LayoutTemplate: str | None = None

    def select(self, templates: list[Summary]) -> list[Summary]:
        """Those of the templates that are wanted. Refuses TEMPLATES_BAD_PAGE, TEMPLATES_BAD_TYPE."""
        if self.count == 0:
            raise Refused(Problem.TEMPLATES_BAD_PAGE)
        kind = self._kind()
        layout = (self.LayoutTemplate or "").lower()
        return [
            template
            for template in templates
            if (kind is None or template.type is kind)
            and (not layout or (template.layout or "").lower() == layout)
        ]

    def _kind(self) -> model.TemplateType | None:
        if self.TemplateType is None or self.TemplateType.lower() == "all":
            return None
        kind = parse_type(self.TemplateType)
        if kind is None:
            raise Refused(Problem.TEMPLATES_BAD_TYPE)
        return kind


class ListedTemplate(Reply, kw_only=True):
    """A template without its texts."""

    Active: bool
    TemplateId: int
    Name: str
    Alias: str | None
    TemplateType: str
    LayoutTemplate: str | None

    @classmethod
    def of(cls, template: Summary) -> "ListedTemplate":
        """A template as listed."""
        return cls(
            Active=template.is_active,
            TemplateId=template.id,
            Name=template.name,
            Alias=template.alias,
            TemplateType=template.type.value,
            LayoutTemplate=template.layout,
        )


class Templates(Reply):
    """One page of the list."""

    TotalCount: int
    Templates: list[ListedTemplate]


class Template(Reply, kw_only=True):
    """A template with its texts, to the letter as they were given."""

    Name: str
    TemplateId: int
    Subject: str | None
    HtmlBody: str | None
    TextBody: str | None
    AssociatedServerId: int
    Active: bool
    Alias: str | None
    TemplateType: str
    LayoutTemplate: str | None

    @classmethod
    def of(cls, template: model.Template) -> "Template":
        """A template as shown."""
        return cls(
            Name=template.name,
            TemplateId=template.id,
            Subject=template.subject,
            HtmlBody=template.html,
            TextBody=template.text,
            AssociatedServerId=template.server_id,
            Active=template.is_active,
            Alias=template.alias,
            TemplateType=template.type.value,
            LayoutTemplate=template.layout,
        )


class EditTemplate(Request):
    """A new template, or an edit: then null and absent both mean unchanged."""

    Name: str | None = None
    Subject: str | None = None
    HtmlBody: str | None = None
    TextBody: str | None = None
    Alias: str | None = None
    TemplateType: str | None = None
    LayoutTemplate: str | None = None

    def to_draft(self) -> TemplateDraft:
        """The template as handed in."""
        return TemplateDraft(
            name=self.Name,
            subject=self.Subject,
            html=self.HtmlBody,
            text=self.TextBody,
            alias=self.Alias,
            type=self.TemplateType,
            layout=self.LayoutTemplate,
        )


class SavedTemplate(Reply, kw_only=True):
    """The answer to creating and editing."""

    TemplateId: int
    Name: str
    Active: bool
    Alias: str | None
    TemplateType: str
    LayoutTemplate: str | None

    @classmethod
    def of(cls, template: Summary) -> "SavedTemplate":
        """A template as saved."""
        return cls(
            TemplateId=template.id,
            Name=template.name,
            Active=template.is_active,
            Alias=template.alias,
            TemplateType=template.type.value,
            LayoutTemplate=template.layout,
        )


class ValidateTemplate(Request):
    """Texts to try out. Clients post whole templates; what else those hold means nothing."""

    Subject: str | None = None
    HtmlBody: str | None = None
    TextBody: str | None = None
    TestRenderModel: dict[str, Any] | None = None
    InlineCssForHtmlTestRender: bool | None = None
    TemplateType: str | None = None
    LayoutTemplate: str | None = None

    def to_trial(self) -> Trial:
        """The texts as handed in."""
        return Trial(
            subject=self.Subject,
            html=self.HtmlBody,
            text=self.TextBody,
            model=self.TestRenderModel or {},
            inlines_css=self.InlineCssForHtmlTestRender is not False,
            type=self.TemplateType,
        )


class ValidationError(Reply):
    """What is wrong, and where if that is known."""

    Message: str
    Line: int | None
    CharacterPosition: int | None


class PartValidation(Reply, kw_only=True):
    """What became of one part."""

    ContentIsValid: bool
    ValidationErrors: list[ValidationError]
    RenderedContent: str | None

    @classmethod
    def of(cls, part: Verdict | None) -> "PartValidation | None":
        """The verdict on a part; None when it was not given."""
        if part is None:
            return None
        return cls(
            ContentIsValid=part.is_valid,
            ValidationErrors=[
                ValidationError(fault.message, fault.line, fault.position) for fault in part.faults
            ],
            RenderedContent=part.rendered,
        )


class Validation(Reply, kw_only=True):
    """The answer to trying texts out."""

    AllContentIsValid: bool
    HtmlBody: PartValidation | None
    TextBody: PartValidation | None
    Subject: PartValidation | None
    SuggestedTemplateModel: dict[str, Any]

    @classmethod
    def of(cls, found: validate.Validation) -> "Validation":
        """All that was found."""
        return cls(
            AllContentIsValid=found.is_valid,
            HtmlBody=PartValidation.of(found.html),
            TextBody=PartValidation.of(found.text),
            Subject=PartValidation.of(found.subject),
            SuggestedTemplateModel=found.model,
        )


class PushTemplates(Request):
    """Which Server's templates to copy where."""

    SourceServerID: Annotated[Integer | None, Meta(extra=NUMERIC_TEXT)] = None
    DestinationServerID: Annotated[Integer | None, Meta(extra=NUMERIC_TEXT)] = None
    PerformChanges: bool | None = None

    def servers(self) -> tuple[ServerId, ServerId]:
        """Source and destination. Refuses FIELD_REQUIRED."""
        if self.SourceServerID is None:
            raise Refused(Problem.FIELD_REQUIRED, field="SourceServerID")
        if self.DestinationServerID is None:
            raise Refused(Problem.FIELD_REQUIRED, field="DestinationServerID")
        return ServerId(self.SourceServerID), ServerId(self.DestinationServerID)


class PushedTemplate(Reply, kw_only=True):
    """What is done to one template; one that would only be created has no id yet."""

    Action: str
    TemplateId: int | UnsetType = UNSET
    Alias: str
    Name: str
    TemplateType: str


class Pushed(Reply):
    """The answer to a push."""

    TotalCount: int
    Templates: list[PushedTemplate]

    @classmethod
    def of(cls, changes: list[Change]) -> "Pushed":
        """What was done, or would be."""
        pushed = [
            PushedTemplate(
                Action=change.action.value,
                TemplateId=UNSET if change.id is None else change.id,
                Alias=change.template.alias or "",
                Name=change.template.name,
                TemplateType=change.template.type.value,
            )
            for change in changes
        ]
        return cls(len(pushed), pushed)
