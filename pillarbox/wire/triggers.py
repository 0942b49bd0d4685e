"""Triggers. Source: spec triggers-suppressions-data-removal 1 and 2."""

from msgspec import UNSET, UnsetType

from pillarbox.errors import Problem, Refused
from pillarbox.inbound import rules
from pillarbox.inbound.store import rules as stored
from pillarbox.outbound.store import tag_triggers
from pillarbox.wire.base import Reply, Request
from pillarbox.wire.query import Paged, Problems

TRIGGERS = Problems(
    bad_value=Problem.TRIGGERS_BAD_FILTER,
    bad_count=Problem.TRIGGERS_BAD_COUNT,
    bad_offset=Problem.TRIGGERS_BAD_OFFSET,
    too_many=Problem.TRIGGERS_TOO_MANY,
)


class InboundRulePage(Paged, kw_only=True):
    """The query of the list of rules."""

    problems = TRIGGERS


class TagTriggerPage(Paged, kw_only=True):
    """The query of the list of tag triggers."""

    problems = TRIGGERS

    match_name: str | None = None


class NewInboundRule(Request):
    """A rule to add."""

    Rule: str | None = None

    def to_rule(self) -> str:
        """The rule as kept. Refuses NO_TRIGGER_DATA, INBOUND_RULE_INVALID."""
        if not self.Rule or not self.Rule.strip():
            raise Refused(Problem.NO_TRIGGER_DATA)
        rule = rules.normalise(self.Rule)
        if rule is None:
            raise Refused(Problem.INBOUND_RULE_INVALID)
        return rule


class InboundRule(Reply):
    """A rule."""

    ID: int
    Rule: str

    @classmethod
    def of(cls, rule: stored.Rule) -> "InboundRule":
        """A rule as shown."""
        return cls(rule.id, rule.rule)


class InboundRulesFound(Reply):
    """One page of the list."""

    TotalCount: int
    InboundRules: list[InboundRule]


class TagTriggerChange(Request):
    """A tag trigger to add or change."""

    MatchName: str | None = None
    TrackOpens: bool | None = None

    def match_name(self) -> str:
        """The tag. Refuses NO_TRIGGER_DATA."""
        if not self.MatchName:
            raise Refused(Problem.NO_TRIGGER_DATA)
        return self.MatchName

    def apply_to(self, trigger: tag_triggers.TagTrigger) -> tag_triggers.TagTrigger:
        """The trigger with what is given here; what is not stays."""
        is_tracked = trigger.track_opens if self.TrackOpens is None else self.TrackOpens
        return tag_triggers.TagTrigger(trigger.id, self.MatchName or trigger.match_name, is_tracked)


class TagTrigger(Reply):
    """A tag trigger; `TrackOpens` is left out when it says nothing."""

    ID: int
    MatchName: str
    TrackOpens: bool | UnsetType = UNSET

    @classmethod
    def of(cls, trigger: tag_triggers.TagTrigger) -> "TagTrigger":
        """A tag trigger as shown."""
        is_tracked = UNSET if trigger.track_opens is None else trigger.track_opens
        return cls(trigger.id, trigger.match_name, is_tracked)


class TagTriggers(Reply):
    """One page of the list."""

    TotalCount: int
    Tags: list[TagTrigger]
