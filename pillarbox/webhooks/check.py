"""What a webhook must be like, whatever its stream. Source: spec webhooks 2.5 to 2.8."""

import re
from collections.abc import Mapping, Sequence

from pillarbox.errors import Problem, Refused
from pillarbox.mail.egress import Egress
from pillarbox.outgoing.target import is_acceptable
from pillarbox.webhooks.model import MAX_HEADERS, MAX_URL, Edit, Trigger, TriggerEdit, TriggerState

_token = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+").fullmatch
_controls = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
_LONGEST_VALUE = 8000  # what a server reads as one line
_BY_NAME = {trigger.value.lower(): trigger for trigger in Trigger}


def check_url(url: str, egress: Egress) -> None:
    """Refuses WEBHOOK_URL_INVALID, also for a URL that names an address of an inner network."""
    if len(url) > MAX_URL or not is_acceptable(url, egress):
        raise Refused(Problem.WEBHOOK_URL_INVALID)


def check_headers(headers: Sequence[tuple[str, str]]) -> None:
    """Refuses WEBHOOK_HEADER_INVALID for a name, WEBHOOK_FIELD_INVALID for a value or too many."""
    if len(headers) > MAX_HEADERS:
        raise Refused(Problem.WEBHOOK_FIELD_INVALID, name="HttpHeaders")
    for name, value in headers:
        if not _token(name):
            raise Refused(Problem.WEBHOOK_HEADER_INVALID, name=name)
        if len(value) > _LONGEST_VALUE or _controls(value):
            raise Refused(Problem.WEBHOOK_FIELD_INVALID, name="HttpHeaders")


def check(edit: Edit, egress: Egress) -> None:
    """Check what a request says, in Postmark's order. Refuses as the two functions above."""
    if edit.url is not None:
        check_url(edit.url, egress)
    if edit.headers is not None:
        check_headers(edit.headers)


def merge(
    before: Mapping[Trigger, TriggerState], edits: Mapping[str, TriggerEdit]
) -> dict[Trigger, TriggerState]:
    """The triggers after a request: what it does not name, at either level, stays.

    Refuses WEBHOOK_TRIGGER_UNSUPPORTED for a trigger that does not exist and should be on.
    """
    after = dict(before)
    for name, edit in edits.items():
        trigger = _BY_NAME.get(name.lower())
        if trigger is not None:
            old = before[trigger]
            after[trigger] = TriggerState(
                is_enabled=old.is_enabled if edit.is_enabled is None else edit.is_enabled,
                option=old.option if edit.option is None else edit.option,
                is_verified=old.is_verified,
            )
        elif edit.is_enabled:
            raise Refused(Problem.WEBHOOK_TRIGGER_UNSUPPORTED, name=name)
    return after
