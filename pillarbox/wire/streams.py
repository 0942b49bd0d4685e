"""Message streams. Source: spec servers-and-streams 4 and 5."""

from datetime import datetime

from pillarbox.errors import Problem
from pillarbox.servers import model
from pillarbox.servers.model import NewStream, StreamChange, StreamType
from pillarbox.servers.streams import read_type
from pillarbox.wire.base import Reply, Request, stamp
from pillarbox.wire.query import Problems, Query


class StreamSearch(Query, kw_only=True):
    """The query of the list of streams, which has no pages."""

    problems = Problems(
        bad_value=Problem.STREAM_TYPE_INVALID,
        bad_count=Problem.STREAM_TYPE_INVALID,
        bad_offset=Problem.STREAM_TYPE_INVALID,
        too_many=Problem.STREAM_TYPE_INVALID,
    )

    MessageStreamType: str = "All"
    IncludeArchivedStreams: bool = False

    @property
    def kind(self) -> StreamType | None:
        """The type of stream that is wanted, None for all. Refuses STREAM_TYPE_INVALID."""
        return (
            None if self.MessageStreamType.lower() == "all" else read_type(self.MessageStreamType)
        )


class Subscriptions(Request):
    """How unsubscribes are to be handled."""

    UnsubscribeHandlingType: str | None = None


class CreateStream(Request, kw_only=True):
    """A new stream."""

    ID: str | None = None
    Name: str | None = None
    Description: str | None = None
    MessageStreamType: str | None = None
    SubscriptionManagementConfiguration: Subscriptions | None = None

    def to_new(self) -> NewStream:
        """The stream that is wanted."""
        return NewStream(
            type=self.MessageStreamType,
            slug=self.ID,
            name=self.Name,
            description=self.Description,
            unsubscribe=_unsubscribe(self.SubscriptionManagementConfiguration),
        )


class EditStream(Request, kw_only=True):
    """What to change of a stream; what is absent or null stays as it is."""

    Name: str | None = None
    Description: str | None = None
    SubscriptionManagementConfiguration: Subscriptions | None = None

    def to_change(self) -> StreamChange:
        """The change that is wanted."""
        return StreamChange(
            name=self.Name,
            description=self.Description,
            unsubscribe=_unsubscribe(self.SubscriptionManagementConfiguration),
        )


class SubscriptionManagement(Reply):
    """Who handles unsubscribes."""

    UnsubscribeHandlingType: str


class Stream(Reply, kw_only=True):
    """A message stream."""

    ID: str
    ServerID: int
    Name: str
    Description: str | None
    MessageStreamType: str
    CreatedAt: str
    UpdatedAt: str | None
    ArchivedAt: str | None
    ExpectedPurgeDate: str | None
    SubscriptionManagementConfiguration: SubscriptionManagement

    @classmethod
    def of(cls, stream: model.Stream) -> "Stream":
        """A stream as shown."""
        return cls(
            ID=stream.slug,
            ServerID=stream.server_id,
            Name=stream.name,
            Description=stream.description,
            MessageStreamType=stream.type.value,
            CreatedAt=stamp(stream.created_at),
            UpdatedAt=_stamp(stream.updated_at),
            ArchivedAt=_stamp(stream.archived_at),
            ExpectedPurgeDate=_stamp(stream.purge_at),
            SubscriptionManagementConfiguration=SubscriptionManagement(stream.unsubscribe.value),
        )


class Streams(Reply):
    """All streams of a Server."""

    MessageStreams: list[Stream]
    TotalCount: int


class Archived(Reply):
    """The answer to archiving."""

    ID: str
    ServerID: int
    ExpectedPurgeDate: str

    @classmethod
    def of(cls, stream: model.Stream) -> "Archived":
        """A stream that was archived."""
        assert stream.purge_at is not None
        return cls(stream.slug, stream.server_id, stamp(stream.purge_at))


def _stamp(instant: datetime | None) -> str | None:
    return None if instant is None else stamp(instant)


def _unsubscribe(chosen: Subscriptions | None) -> str | None:
    """The handling that was asked for; an empty word asks for none, as some clients send it."""
    return (chosen.UnsubscribeHandlingType or None) if chosen else None
