"""Suppressions. Source: spec triggers-suppressions-data-removal 3."""

from collections.abc import Collection, Sequence

from pillarbox.clock import EASTERN
from pillarbox.errors import Problem, Refused
from pillarbox.mail.address import bare_key
from pillarbox.suppressions import model
from pillarbox.suppressions.model import Origin, Reason, SuppressionSearch
from pillarbox.wire.base import Reply, Request, encode
from pillarbox.wire.errors import describe
from pillarbox.wire.query import Problems, Query, Since, Until

MAX_CHANGES = 50
# The list has no paging: whatever else is wrong with its query has one answer.
SUPPRESSIONS = Problems(
    bad_value=Problem.SUPPRESSIONS_FAILED,
    bad_count=Problem.SUPPRESSIONS_FAILED,
    bad_offset=Problem.SUPPRESSIONS_FAILED,
    too_many=Problem.SUPPRESSIONS_FAILED,
)

_REASONS = {reason.value.lower(): reason for reason in Reason}
_ORIGINS = {origin.value.lower(): origin for origin in Origin}


class SuppressionDump(Query):
    """The query of the whole list; `count` and `offset`, which some clients send, are ignored."""

    problems = SUPPRESSIONS

    SuppressionReason: str | None = None
    Origin: str | None = None
    fromdate: Since | None = None
    todate: Until | None = None
    EmailAddress: str | None = None

    def to_search(self, stream_key: int) -> SuppressionSearch | None:
        """The search it asks for, None when it can find nothing: the address is none.

        Refuses SUPPRESSIONS_BAD_REASON, SUPPRESSIONS_BAD_ORIGIN.
        """
        reason = _REASONS.get((self.SuppressionReason or "").lower())
        if self.SuppressionReason is not None and reason is None:
            raise Refused(Problem.SUPPRESSIONS_BAD_REASON)
        origin = _ORIGINS.get((self.Origin or "").lower())
        if self.Origin is not None and origin is None:
            raise Refused(Problem.SUPPRESSIONS_BAD_ORIGIN)
        address = None if self.EmailAddress is None else bare_key(self.EmailAddress)
        if self.EmailAddress is not None and address is None:
            return None
        return SuppressionSearch(
            stream_key=stream_key,
            reason=reason,
            origin=origin,
            since=self.fromdate,
            until=self.todate,
            address=address,
        )


class Suppression(Reply):
    """A suppression as listed."""

    EmailAddress: str
    SuppressionReason: str
    Origin: str
    CreatedAt: str

    @classmethod
    def of(cls, held: model.Suppression) -> "Suppression":
        """A suppression as shown; its time is US Eastern and has no fraction."""
        at = held.created_at.astimezone(EASTERN).isoformat(timespec="seconds")
        return cls(held.address, held.reason.value, held.origin.value, at)


DUMP_START = b'{"Suppressions":['
DUMP_END = b"]}"


def dump_part(held: Sequence[model.Suppression]) -> bytes:
    """A part of the list's JSON array, without its brackets."""
    return encode([Suppression.of(one) for one in held])[1:-1]


class SuppressionEntry(Request):
    """One address of a change."""

    EmailAddress: str | None = None


class SuppressionChange(Request):
    """The addresses to suppress, or to send to again."""

    Suppressions: list[SuppressionEntry] | None = None

    def addresses(self) -> list[tuple[str, str | None]]:
        """Each address as given, and its key (None when it is no address).

        Refuses SUPPRESSIONS_NO_BODY, SUPPRESSIONS_TOO_MANY, SUPPRESSION_WITHOUT_ADDRESS.
        """
        if not self.Suppressions:
            raise Refused(Problem.SUPPRESSIONS_NO_BODY)
        if len(self.Suppressions) > MAX_CHANGES:
            raise Refused(Problem.SUPPRESSIONS_TOO_MANY)
        given = [entry.EmailAddress for entry in self.Suppressions]
        found = [(text, bare_key(text)) for text in given if text is not None]
        if len(found) < len(given):
            raise Refused(Problem.SUPPRESSION_WITHOUT_ADDRESS)
        return found


class SuppressionResult(Reply):
    """What became of one address; `Message` says why it failed."""

    EmailAddress: str
    Status: str
    Message: str | None


class SuppressionResults(Reply):
    """What became of each address, in the order of the request."""

    Suppressions: list[SuppressionResult]

    @classmethod
    def of(
        cls, wanted: Sequence[tuple[str, str | None]], fixed: Collection[str], *, done: str
    ) -> "SuppressionResults":
        """The results of a change: `done` is what a success is called, `fixed` the keys that may not change."""
        return cls([_result(text, key, fixed, done) for text, key in wanted])


def _result(text: str, key: str | None, fixed: Collection[str], done: str) -> SuppressionResult:
    if key is None:
        return SuppressionResult(text, "Failed", _text(Problem.SUPPRESSION_BAD_ADDRESS))
    if key in fixed:
        return SuppressionResult(text, "Failed", _text(Problem.SUPPRESSION_NOT_YOURS))
    return SuppressionResult(text, done, None)


def _text(problem: Problem) -> str:
    return describe(Refused(problem))[2]
