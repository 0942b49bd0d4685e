"""What the page of a message is made of: the facts that were read, and the steps that are told. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pillarbox.bounces.model import Bounce
from pillarbox.events.model import Event
from pillarbox.outbound.model import Message
from pillarbox.outbound.store.attempts import Attempt
from pillarbox.outbound.store.overview import Copy, Crowd
from pillarbox.outbound.store.suspensions import Suspension
from pillarbox.webhooks.call import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of a message but its content.

    `crowds` are the lanes in which it waits, `suspensions` are by domain, `bounces` by id; `repeated_opens` says
    how often it was opened after the first time of each recipient, and when last.
    """

    message: Message
    copies: Sequence[Copy]
    attempts: Sequence[Attempt]
    events: Sequence[Event]
    now: datetime
    crowds: Mapping[str, Crowd] = field(default_factory=dict)
    suspensions: Mapping[str, Suspension] = field(default_factory=dict)
    bounces: Mapping[int, Bounce] = field(default_factory=dict)
    calls: Sequence[Call] = ()
    repeated_opens: tuple[int, datetime | None] = (0, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the story. `at` is None for what is true now; `facts` are short, `transcript` is SMTP.

    `marks` say what to think of it, `url` is where more of it is shown.
    """

    title: str
    icon: str
    tone: str
    at: datetime | None = None
    recipient: str = ""
    text: str = ""
    facts: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    transcript: list[tuple[float, str, str]] = field(default_factory=list)
    due_at: datetime | None = None
    url: str = ""
    url_label: str = ""
