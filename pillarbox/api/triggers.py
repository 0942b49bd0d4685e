"""Inbound rules, and the tag triggers of old clients. Source: spec triggers-suppressions-data-removal 1 and 2."""

from pillarbox.api.callers import ServerCall
from pillarbox.api.endpoint import Group
from pillarbox.errors import Problem, Refused
from pillarbox.inbound.store import rules
from pillarbox.outbound.store import tag_triggers
from pillarbox.wire.base import Done
from pillarbox.wire.triggers import (
    InboundRule,
    InboundRulePage,
    InboundRulesFound,
    NewInboundRule,
    TagTrigger,
    TagTriggerChange,
    TagTriggerPage,
    TagTriggers,
)

group = Group(
    "Triggers",
    docs="spec triggers-suppressions-data-removal 1 and 2",
    not_found=Problem.INBOUND_RULE_NOT_FOUND,
)


@group.get("/triggers/inboundrules")
def list_inbound_rules(call: ServerCall, query: InboundRulePage) -> InboundRulesFound:
    """One page of the rules that block inbound mail, oldest first."""
    total, found = rules.page(call.tx, call.server.id, count=query.count, offset=query.offset)
    return InboundRulesFound(total, [InboundRule.of(rule) for rule in found])


@group.post("/triggers/inboundrules", no_body=Problem.NO_TRIGGER_DATA)
def create_inbound_rule(call: ServerCall, body: NewInboundRule) -> InboundRule:
    """Block inbound mail from an address or a domain.

    Refuses NO_TRIGGER_DATA, INBOUND_RULE_INVALID, INBOUND_RULE_EXISTS.
    """
    rule = rules.insert(call.tx, call.server.id, body.to_rule())
    if rule is None:
        raise Refused(Problem.INBOUND_RULE_EXISTS)
    return InboundRule.of(rule)


@group.get("/triggers/inboundrules/{rule_id}")
def get_inbound_rule(call: ServerCall, rule_id: int) -> InboundRule:
    """One rule (legacy).

    Refuses INBOUND_RULE_NOT_FOUND.
    """
    return InboundRule.of(_rule(call, rule_id))


@group.delete("/triggers/inboundrules/{rule_id}")
def delete_inbound_rule(call: ServerCall, rule_id: int) -> Done:
    """Let inbound mail from an address or a domain pass again.

    Refuses INBOUND_RULE_NOT_FOUND.
    """
    rule = _rule(call, rule_id)
    rules.remove(call.tx, call.server.id, rule_id)
    return Done(0, f"Rule {rule.rule} removed.")


@group.get("/triggers/tags")
def list_tag_triggers(call: ServerCall, query: TagTriggerPage) -> TagTriggers:
    """One page of the tag triggers, oldest first (legacy, without effect)."""
    total, found = tag_triggers.page(
        call.tx,
        call.server.id,
        match_name=query.match_name,
        count=query.count,
        offset=query.offset,
    )
    return TagTriggers(total, [TagTrigger.of(trigger) for trigger in found])


@group.post("/triggers/tags", no_body=Problem.NO_TRIGGER_DATA)
def create_tag_trigger(call: ServerCall, body: TagTriggerChange) -> TagTrigger:
    """Keep a tag trigger (legacy, without effect).

    Refuses NO_TRIGGER_DATA.
    """
    name = body.match_name()
    return TagTrigger.of(tag_triggers.add(call.tx, call.server.id, name, body.TrackOpens))


@group.get("/triggers/tags/{tag_trigger_id}", not_found=Problem.TAG_TRIGGER_NOT_FOUND)
def get_tag_trigger(call: ServerCall, tag_trigger_id: int) -> TagTrigger:
    """One tag trigger (legacy).

    Refuses TAG_TRIGGER_NOT_FOUND.
    """
    return TagTrigger.of(_tag_trigger(call, tag_trigger_id))


@group.put(
    "/triggers/tags/{tag_trigger_id}",
    no_body=Problem.NO_TRIGGER_DATA,
    not_found=Problem.TAG_TRIGGER_NOT_FOUND,
)
def edit_tag_trigger(call: ServerCall, tag_trigger_id: int, body: TagTriggerChange) -> TagTrigger:
    """Change what is given of a tag trigger (legacy, without effect).

    Refuses TAG_TRIGGER_NOT_FOUND.
    """
    trigger = body.apply_to(_tag_trigger(call, tag_trigger_id))
    tag_triggers.save(call.tx, call.server.id, trigger)
    return TagTrigger.of(trigger)


@group.delete("/triggers/tags/{tag_trigger_id}", not_found=Problem.TAG_TRIGGER_NOT_FOUND)
def delete_tag_trigger(call: ServerCall, tag_trigger_id: int) -> Done:
    """Forget a tag trigger (legacy).

    Refuses TAG_TRIGGER_NOT_FOUND.
    """
    _tag_trigger(call, tag_trigger_id)
    tag_triggers.remove(call.tx, call.server.id, tag_trigger_id)
    return Done(0, f"Tag {tag_trigger_id} removed.")


def _rule(call: ServerCall, rule_id: int) -> rules.Rule:
    rule = rules.find(call.tx, call.server.id, rule_id)
    if rule is None:
        raise Refused(Problem.INBOUND_RULE_NOT_FOUND)
    return rule


def _tag_trigger(call: ServerCall, trigger_id: int) -> tag_triggers.TagTrigger:
    trigger = tag_triggers.find(call.tx, call.server.id, trigger_id)
    if trigger is None:
        raise Refused(Problem.TAG_TRIGGER_NOT_FOUND)
    return trigger
