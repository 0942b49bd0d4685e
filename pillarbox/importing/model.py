"""What is copied, how, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pillarbox.config import Config
from pillarbox.domains.model import Domain
from pillarbox.mail.dns import Resolver
from pillarbox.storage.db import Database
from pillarbox.templates.check import Reading
from pillarbox.wire.imported import (
    FoundRule,
    FoundServer,
    FoundStream,
    FoundSuppression,
    FoundTemplate,
    FoundWebhook,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The installation that is copied into."""

    db: Database
    config: Config
    resolver: Resolver


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How to copy: what is here and differs is left alone unless `updates`; a dry run keeps nothing."""

    updates: bool = False
    is_dry: bool = False


class Action(StrEnum):
    """What became of one thing, or would become of it."""

    CREATED = "created"
    UPDATED = "updated"
    SAME = "same"
    DIFFERS = "differs"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a thing, or of `count` alike."""

    part: str
    name: str
    action: Action
    server: str = ""
    note: str = ""
    id: int | None = None
    source_id: int | None = None
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A Server of the source, read whole."""

    server: FoundServer
    streams: Sequence[FoundStream]
    templates: Sequence[tuple[FoundTemplate, Reading]]
    rules: Sequence[FoundRule]
    webhooks: Sequence[FoundWebhook]
    suppressions: Mapping[str, Sequence[FoundSuppression]]
    """By the ID of their stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an import did; `domains` are those whose DNS records are still to be set."""

    outcomes: list[Outcome] = field(default_factory=list)
    domains: list[Domain] = field(default_factory=list)

    @property
    def has_failures(self) -> bool:
        """Whether something could not be copied."""
        return any(one.action is Action.FAILED for one in self.outcomes)
