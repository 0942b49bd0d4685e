"""Servers. Source: spec servers-and-streams 1 to 3."""

from typing import Any

from pillarbox.config import Config
from pillarbox.errors import Problem, Refused
from pillarbox.mail.egress import Egress
from pillarbox.servers import check, model
from pillarbox.servers.model import NewServer, Settings
from pillarbox.wire.base import Reply, Request
from pillarbox.wire.lenient import Integer
from pillarbox.wire.query import Paged, Problems

_TRACK_LINKS = {kind.value.lower(): kind for kind in model.TrackLinks}
_DELIVERY_TYPES = {kind.value.lower(): kind for kind in model.DeliveryType}


class ServerSearch(Paged, kw_only=True):
    """The query of the list of Servers; `count` is 1 to 500."""

    problems = Problems(
        bad_value=Problem.SERVERS_BAD_PAGE,
        bad_count=Problem.SERVERS_BAD_PAGE,
        bad_offset=Problem.SERVERS_BAD_PAGE,
        too_many=Problem.SERVERS_BAD_PAGE,
    )

    name: str | None = None


class EditServer(Request, kw_only=True):
    """Settings of a Server to change; what is absent or null stays as it is, also an empty color or choice."""

    Name: str | None = None
    Color: str | None = None
    SmtpApiActivated: bool | None = None
    RawEmailEnabled: bool | None = None
    InboundHookUrl: str | None = None
    BounceHookUrl: str | None = None
    OpenHookUrl: str | None = None
    DeliveryHookUrl: str | None = None
    ClickHookUrl: str | None = None
    PostFirstOpenOnly: bool | None = None
    InboundDomain: str | None = None
    InboundSpamThreshold: Integer | None = None
    TrackOpens: bool | None = None
    TrackLinks: str | None = None
    IncludeBounceContentInHook: bool | None = None
    EnableSmtpApiErrorHooks: bool | None = None

    def to_settings(self, config: Config) -> Settings:
        """The settings, checked as far as they can be without network and database.

        Refuses SERVER_NAME_INVALID, SERVER_COLOR_INVALID, HOOK_URL_INVALID, NO_INBOUND_MX,
        SPAM_THRESHOLD_INVALID, TRACK_LINKS_INVALID, in this order.
        """
        given = {
            "name": None if self.Name is None else check.server_name(self.Name),
            "color": check.color(self.Color) if self.Color else None,
            **self._hooks(Egress(config.egress_allow)),
            "inbound_domain": self._inbound_domain(config),
            "inbound_spam_threshold": None
            if self.InboundSpamThreshold is None
            else check.spam_threshold(self.InboundSpamThreshold),
            "track_links": self._track_links(),
        }
        return Settings(
            **given,
            is_smtp_activated=self.SmtpApiActivated,
            is_raw_email_enabled=self.RawEmailEnabled,
            is_first_open_only=self.PostFirstOpenOnly,
            track_opens=self.TrackOpens,
            includes_bounce_content=self.IncludeBounceContentInHook,
            has_smtp_error_hooks=self.EnableSmtpApiErrorHooks,
        )

    def _hooks(self, egress: Egress) -> dict[str, Any]:
        hooks = {
            "InboundHookUrl": self.InboundHookUrl,
            "BounceHookUrl": self.BounceHookUrl,
            "OpenHookUrl": self.OpenHookUrl,
            "DeliveryHookUrl": self.DeliveryHookUrl,
            "ClickHookUrl": self.ClickHookUrl,
        }
        for field, url in hooks.items():
            if url and not check.is_hook_url(url, egress):
                raise Refused(Problem.HOOK_URL_INVALID, field=field)
        return {
            f"{field.removesuffix('HookUrl').lower()}_hook_url": u for field, u in hooks.items()
        }

    def _inbound_domain(self, config: Config) -> str | None:
        if self.InboundDomain is None:
            return None
        return check.inbound_domain(
            self.InboundDomain, inbound_host=config.inbound_domain, hostname=config.hostname
        )

    def _track_links(self) -> model.TrackLinks | None:
        if not self.TrackLinks:
            return None
        kind = _TRACK_LINKS.get(self.TrackLinks.lower())
        if kind is None:
            raise Refused(Problem.TRACK_LINKS_INVALID)
        return kind


class CreateServer(EditServer, kw_only=True):
    """A new Server."""

    DeliveryType: str | None = None

    def to_new(self) -> NewServer:
        """What is fixed when a Server is created. Refuses SERVER_NAME_INVALID, DELIVERY_TYPE_INVALID."""
        kind = _DELIVERY_TYPES.get((self.DeliveryType or model.DeliveryType.LIVE.value).lower())
        if kind is None:
            raise Refused(Problem.DELIVERY_TYPE_INVALID)
        return NewServer(name=check.server_name(self.Name or ""), delivery_type=kind)


class Server(Reply):
    """A Server with its tokens and settings; what is unset is an empty text, never null."""

    ID: int
    Name: str
    ApiTokens: tuple[str, ...]
    Color: str
    SmtpApiActivated: bool
    RawEmailEnabled: bool
    DeliveryType: str
    ServerLink: str
    InboundAddress: str
    InboundHookUrl: str
    BounceHookUrl: str
    OpenHookUrl: str
    DeliveryHookUrl: str
    PostFirstOpenOnly: bool
    InboundDomain: str
    InboundHash: str
    InboundSpamThreshold: int
    TrackOpens: bool
    TrackLinks: str
    IncludeBounceContentInHook: bool
    ClickHookUrl: str
    EnableSmtpApiErrorHooks: bool

    @classmethod
    def of(cls, server: model.Server, config: Config) -> "Server":
        """A Server of this installation."""
        return cls(
            ID=server.id,
            Name=server.name,
            ApiTokens=server.tokens,
            Color=server.color,
            SmtpApiActivated=server.is_smtp_activated,
            RawEmailEnabled=server.is_raw_email_enabled,
            DeliveryType=server.delivery_type.value,
            ServerLink=f"{config.public_url}/servers/{server.id}/streams",
            InboundAddress=f"{server.inbound_hash}@{config.inbound_domain}",
            InboundHookUrl=server.inbound_hook_url,
            BounceHookUrl=server.bounce_hook_url,
            OpenHookUrl=server.open_hook_url,
            DeliveryHookUrl=server.delivery_hook_url,
            PostFirstOpenOnly=server.is_first_open_only,
            InboundDomain=server.inbound_domain,
            InboundHash=server.inbound_hash,
            InboundSpamThreshold=server.inbound_spam_threshold,
            TrackOpens=server.track_opens,
            TrackLinks=server.track_links.value,
            IncludeBounceContentInHook=server.includes_bounce_content,
            ClickHookUrl=server.click_hook_url,
            EnableSmtpApiErrorHooks=server.has_smtp_error_hooks,
        )


class Servers(Reply):
    """One page of the list."""

    TotalCount: int
    Servers: list[Server]
