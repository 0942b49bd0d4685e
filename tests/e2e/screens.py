"""Every screen: where it is, and what is put into the database for it to show.

Each area adds its screens and its seed here. The tests open all of them, `make screenshots` draws all of them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from playwright.async_api import Page, Response

from tests.conftest import Running
from tests.e2e import (
    seeds,
    seeds_activity,
    seeds_inbound,
    seeds_message,
    seeds_operator,
    seeds_quality,
    seeds_sending,
    seeds_templates,
    seeds_users,
    seeds_webhooks,
)

Seed = Callable[[Running, "Facts"], Awaitable[None]]


@dataclass
class Facts:
    """Ids that seeds have made, for the paths of screens: `{message}`, `{server}`… `session` is an owner's."""

    ids: dict[str, str] = field(default_factory=dict)
    session: str = ""


@dataclass(frozen=True)
class Screen:
    """A page, by a name for its test and its picture; `path` has names of Facts in braces.

    An owner looks at it, or somebody who is not logged in.
    """

    name: str
    path: str
    is_public: bool = False


SEEDS: tuple[Seed, ...] = (
    seeds.servers,
    seeds.messages,
    seeds_message.message_pages,
    seeds_sending.sending,
    seeds_webhooks.webhooks,
    seeds_templates.templates,
    seeds_activity.activity,
    seeds_inbound.inbound,
    seeds_quality.quality,
    seeds_operator.queues,
)
SCREENS: tuple[Screen, ...] = (
    Screen("activity", "/"),
    Screen("activity-search", "/?q=tag:%22weekly+digest%22+is:opened+status:gone+plant"),
    Screen("activity-nothing", "/?q=is:bounced+tag:%3Cb%3Enone"),
    Screen("activity-arrived", "/?first=1"),
    Screen("message", "/m/{message}"),
    Screen("message-text", "/m/{message}?tab=text"),
    Screen("message-headers", "/m/{message}?tab=headers"),
    Screen("message-source", "/m/{message}?tab=source"),
    Screen("message-files", "/m/{message}?tab=files"),
    Screen("message-told", "/m/{told}"),
    Screen("message-waiting", "/m/{waiting}"),
    Screen("message-dark", "/m/{told}?tab=html&dark=1"),
    Screen("message-code", "/m/{told}?tab=code"),
    Screen("message-parts", "/m/{told}?tab=parts"),
    Screen("message-checks", "/m/{told}?tab=checks"),
    Screen("message-strange", "/m/{strange}"),
    Screen("message-strange-checks", "/m/{strange}?tab=checks"),
    Screen("message-strange-code", "/m/{strange}?tab=code"),
    Screen("message-strange-parts", "/m/{strange}?tab=parts"),
    Screen("servers", "/ui/servers"),
    Screen("server-new", "/ui/servers/new"),
    Screen("server-settings", "/ui/servers/{server}/settings"),
    Screen("streams", "/ui/servers/{server}/streams"),
    Screen("stream", "/ui/servers/{server}/streams/outbound"),
    Screen("stream-archived", "/ui/servers/{server}/streams/winter"),
    Screen("stream-inbound", "/ui/servers/{server}/streams/inbound"),
    Screen("stream-new", "/ui/servers/{server}/new-stream"),
    Screen("tokens", "/ui/servers/{server}/tokens"),
    Screen("account-tokens", "/ui/tokens"),
    Screen("webhooks", "/ui/servers/{server}/webhooks"),
    Screen("webhook", "/ui/servers/{server}/webhooks/{webhook}"),
    Screen("webhook-failed", "/ui/servers/{server}/webhooks/{webhook}?show=failed"),
    Screen("webhook-new", "/ui/servers/{server}/webhooks/new"),
    Screen("webhook-edit", "/ui/servers/{server}/webhooks/{webhook}/edit"),
    Screen("webhook-call", "/ui/servers/{server}/webhooks/calls/{call}"),
    Screen("webhooks-of-server", "/ui/servers/{server}/webhooks/server"),
    Screen("templates", "/ui/servers/{server}/templates"),
    Screen("templates-none", "/ui/servers/{other_server}/templates"),
    Screen("templates-deleted", "/ui/servers/{server}/templates?type=deleted"),
    Screen("template-new", "/ui/servers/{server}/templates/new"),
    Screen("template-start", "/ui/servers/{server}/templates/new?from=receipt"),
    Screen("template", "/ui/servers/{server}/templates/{template}"),
    Screen("template-hostile", "/ui/servers/{server}/templates/{hostile_template}"),
    Screen("template-wrong", "/ui/servers/{server}/templates/{wrong_template}"),
    Screen("template-deleted", "/ui/servers/{server}/templates/{deleted_template}"),
    Screen("layout", "/ui/servers/{server}/templates/{layout}"),
    Screen("templates-push", "/ui/servers/{server}/templates/push"),
    Screen("templates-pushed", "/ui/servers/{server}/templates/push?to={production}"),
    Screen("domains", "/ui/domains"),
    Screen("domain", "/ui/domains/{domain}"),
    Screen("domain-waiting", "/ui/domains/{domain_new}"),
    Screen("domain-new", "/ui/domains/new"),
    Screen("signatures", "/ui/signatures"),
    Screen("signature", "/ui/signatures/{signature}"),
    Screen("signature-new", "/ui/signatures/new"),
    Screen("inbound", "/ui/servers/{server}/inbound"),
    Screen("inbound-none", "/ui/servers/{server}/inbound?q=no+such+text"),
    Screen("inbound-message", "/ui/servers/{server}/inbound/{inbound}"),
    Screen("inbound-html", "/ui/servers/{server}/inbound/{inbound}?tab=html"),
    Screen("inbound-text", "/ui/servers/{server}/inbound/{inbound}?tab=text"),
    Screen("inbound-headers", "/ui/servers/{server}/inbound/{inbound}?tab=headers"),
    Screen("inbound-files", "/ui/servers/{server}/inbound/{inbound}?tab=files"),
    Screen("inbound-blocked", "/ui/servers/{server}/inbound/{inbound_blocked}"),
    Screen("inbound-rules", "/ui/servers/{server}/inbound/rules?test=a@spammer.example"),
    Screen("inbound-simulator", "/ui/servers/{server}/inbound/simulator"),
    Screen("inbound-orphans", "/ui/servers/{server}/inbound/orphans"),
    Screen("statistics", "/ui/servers/{server}/statistics"),
    Screen("statistics-none", "/ui/servers/{server}/statistics?tag=never&days=7"),
    Screen("bounces", "/ui/servers/{server}/bounces"),
    Screen("bounces-none", "/ui/servers/{server}/bounces?type=DMARCPolicy"),
    Screen("bounce", "/ui/servers/{server}/bounces/{bounce}"),
    Screen("suppressions", "/ui/servers/{server}/suppressions"),
    Screen("suppressions-none", "/ui/servers/{server}/suppressions?messagestream=broadcast"),
    Screen("suppressions-add", "/ui/servers/{server}/suppressions/add?messagestream=outbound"),
    Screen("unsubscribe-page", "/ui/servers/{server}/unsubscribe-page"),
    Screen("removals", "/ui/removals"),
    Screen("team", "/ui/team"),
    Screen("user-new", "/ui/team/new"),
    Screen("user", "/ui/team/{user}"),
    Screen("audit", "/ui/audit"),
    Screen("audit-older", "/ui/audit?q=dev%40&before=60"),
    Screen("account", "/ui/account"),
    Screen("login", "/ui/login?return_to=/ui/servers", is_public=True),
    Screen("queue", "/ui/queue"),
    Screen("queue-destination", "/ui/queue/{slow_domain}"),
    Screen("queue-suspended", "/ui/queue/{suspended_domain}"),
    Screen("api-calls", "/ui/servers/{server}/calls"),
    Screen("health", "/ui/health"),
    Screen("go-live", "/ui/go-live?run=1"),
    Screen("queue-nothing", "/ui/queue?q=%3Cb%3E"),
    Screen("message-suspended", "/m/{held_back}"),
)


async def seed(running: Running, *, with_users: bool = False) -> Facts:
    """Fill a fresh installation. With users the pages ask for a login, which `show` has."""
    facts = Facts()
    for one in (*SEEDS, *([seeds_users.users] if with_users else [])):
        await one(running, facts)
    return facts


async def show(page: Page, url: str, screen: Screen, facts: Facts) -> Response:
    """Open a screen of the server at `url`."""
    if screen.is_public:
        await page.goto("about:blank")  # a live page would ask once more without its session
        await page.context.clear_cookies()
    else:
        cookie = {"name": "session", "value": facts.session, "url": url}
        await page.context.add_cookies([cookie])  # type: ignore[list-item]
    answer = await page.goto(url + screen.path.format(**facts.ids))
    assert answer is not None
    return answer
