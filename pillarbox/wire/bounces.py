"""Bounces and delivery statistics. Source: spec bounces 1 and 4."""

from msgspec import UNSET, UnsetType

from pillarbox.bounces import model
from pillarbox.bounces.model import TYPES, BounceType, parse_type
from pillarbox.errors import Problem, Refused
from pillarbox.wire.base import Reply, stamp
from pillarbox.wire.query import BOUNCES, Paged, Since, Until


class BounceSearch(Paged, kw_only=True):
    """The query of the bounce list. With a message id, paging may be left out."""

    problems = BOUNCES

    count: int | None = None  # type: ignore[assignment]
    offset: int | None = None  # type: ignore[assignment]
    type: str | None = None
    inactive: bool | None = None
    EmailFilter: str | None = None
    tag: str | None = None
    MessageID: str | None = None
    fromdate: Since | None = None
    todate: Until | None = None
    messagestream: str | None = None

    def page(self) -> tuple[int, int]:
        """Count and offset. Refuses BOUNCES_BAD_COUNT, BOUNCES_BAD_OFFSET."""
        if self.MessageID is not None and self.count is None and self.offset is None:
            return 500, 0
        if self.count is None:
            raise Refused(Problem.BOUNCES_BAD_COUNT)
        if self.offset is None:
            raise Refused(Problem.BOUNCES_BAD_OFFSET)
        return self.count, self.offset

    def to_search(self, server_id: int, stream_key: int | None) -> model.BounceSearch:
        """The search it asks for; without a stream, in all of them.

        Refuses BOUNCES_BAD_FILTER for an unknown type.
        """
        kind = None if self.type is None else parse_type(self.type)
        if self.type is not None and kind is None:
            raise Refused(Problem.BOUNCES_BAD_FILTER, name="type")
        return model.BounceSearch(
            server_id=server_id,
            stream_key=stream_key,
            type=kind,
            inactive=self.inactive,
            email=self.EmailFilter,
            tag=self.tag,
            message_id=self.MessageID,
            since=self.fromdate,
            until=self.todate,
        )


class Bounce(Reply, kw_only=True):
    """A bounce. `Tag` is left out when there is none, `Content` in lists and when none is kept."""

    RecordType: str = "Bounce"
    ID: int
    Type: str
    TypeCode: int
    Name: str
    Tag: str | UnsetType = UNSET
    MessageID: str
    ServerID: int
    MessageStream: str
    Description: str
    Details: str
    Email: str
    From: str
    BouncedAt: str
    DumpAvailable: bool
    Inactive: bool
    CanActivate: bool
    Subject: str
    Content: str | UnsetType = UNSET

    @classmethod
    def of(cls, bounce: model.Bounce) -> "Bounce":
        """A bounce as shown."""
        facts = TYPES[bounce.type]
        return cls(
            ID=bounce.id,
            Type=bounce.type.value,
            TypeCode=facts.code,
            Name=facts.name,
            Tag=bounce.tag or UNSET,
            MessageID=bounce.message_id,
            ServerID=bounce.server_id,
            MessageStream=bounce.stream,
            Description=facts.description,
            Details=bounce.details,
            Email=bounce.email,
            From=bounce.sender,
            BouncedAt=stamp(bounce.at),
            DumpAvailable=bounce.has_dump,
            Inactive=bounce.inactive,
            CanActivate=facts.can_activate,
            Subject=bounce.subject,
            Content=UNSET if bounce.content is None else bounce.content,
        )


class Bounces(Reply):
    """One page of the list."""

    TotalCount: int
    Bounces: list[Bounce]


class Activated(Reply):
    """The answer to an activation; it has no ErrorCode."""

    Message: str
    Bounce: Bounce


class TypeCount(Reply, kw_only=True):
    """How many bounces of a type; the sum of all has neither type nor code."""

    Type: str | UnsetType = UNSET
    TypeCode: int | UnsetType = UNSET
    Name: str
    Count: int


class DeliveryStats(Reply):
    """Deactivated addresses and bounces by type."""

    InactiveMails: int
    Bounces: list[TypeCount]

    @classmethod
    def of(
        cls, totals: dict[BounceType, int], inactive: int, *, has_typed_sum: bool
    ) -> "DeliveryStats":
        """The statistics; `has_typed_sum` gives the sum a type and code, which one client library insists on."""
        everything = TypeCount(Name="All", Count=sum(totals.values()))
        if has_typed_sum:
            everything.Type, everything.TypeCode = "All", 0
        by_type = [
            TypeCount(
                Type=kind.value, TypeCode=TYPES[kind].code, Name=TYPES[kind].name, Count=count
            )
            for kind, count in totals.items()
        ]
        return cls(inactive, [everything, *by_type])
