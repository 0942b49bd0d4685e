"""The Server object. Source: spec servers-and-streams 1."""

from pillarbox.config import Config
from pillarbox.servers import model
from pillarbox.wire.base import Reply


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
