"""Servers: the list, a new one, the settings of one, and its end."""

from typing import Any

from starlette.responses import Response

from pillarbox.errors import Problem, Refused
from pillarbox.servers import manage
from pillarbox.servers.model import COLORS, DeliveryType, Server, TrackLinks
from pillarbox.servers.store import servers as store
from pillarbox.web.area import Area
from pillarbox.web.forms import Form
from pillarbox.web.visit import Visit, words
from pillarbox.wire.server import CreateServer, EditServer

area = Area("servers")
of_server = Area("settings")

LIST = "/ui/servers"
_MOST = 500
_HOOKS = ("Bounce", "Delivery", "Open", "Click")
_TRACK_LINKS = (
    (TrackLinks.NONE, "No links"),
    (TrackLinks.HTML_AND_TEXT, "Links in HTML and text"),
    (TrackLinks.HTML_ONLY, "Links in HTML"),
    (TrackLinks.TEXT_ONLY, "Links in text"),
)


@area.show(LIST)
async def list_servers(visit: Visit) -> Response:
    """All Servers by name, or those with a text in their name."""
    text = visit.query("q")
    total, found = await visit.read(
        lambda tx: store.search(tx, name=text or None, count=_MOST, offset=0)
    )
    return visit.page("sending/servers.html", {"total": total, "found": found, "text": text})


@area.show("/ui/servers/new")
async def new_server(visit: Visit) -> Response:
    """The form for a new Server."""
    return _new(visit, Form({}))


@area.act("/ui/servers/new")
async def create_server(visit: Visit) -> Response:
    """Create a Server with its three streams and a token."""
    form, app = visit.form, visit.app
    wanted = CreateServer(
        Name=form.line("name"), Color=form.line("color"), DeliveryType=form.line("kind")
    )
    try:
        new, settings = wanted.to_new(), wanted.to_settings(app.config)
        limit = app.config.max_servers
        made = await visit.write(
            lambda tx: manage.create(tx, new, settings, limit=limit),
            did=f"Created the Server “{new.name}”",
        )
    except Refused as refused:
        return _new(visit, form, words(refused))
    said = f"The server “{made.name}” is ready. Your application sends with its token."
    return visit.go(f"/ui/servers/{made.id}/tokens", said)


@of_server.show("/ui/servers/{server}/settings")
async def show_settings(visit: Visit) -> Response:
    """The settings of a Server."""
    return _settings(visit, visit.server)


@of_server.act("/ui/servers/{server}/settings")
async def save_settings(visit: Visit) -> Response:
    """Change them all at once."""
    app, server = visit.app, visit.server
    wanted = _wanted(visit.form)
    try:
        settings = wanted.to_settings(app.config)
        known = server.inbound_domain
        await manage.check_inbound_mx(app.resolver, app.config, settings, known=known)
        await visit.write(
            lambda tx: manage.edit(tx, server.id, settings),
            did=f"Changed the settings of the Server “{server.name}”",
        )
    except Refused as refused:
        return _settings(visit, server, words(refused), sent=wanted)
    return visit.go(f"/ui/servers/{server.id}/settings", "Saved.")


@of_server.act("/ui/servers/{server}/delete")
async def delete_server(visit: Visit) -> Response:
    """Delete a Server; its tokens stop working at once."""
    server = visit.server
    if not visit.app.config.server_removal:
        raise Refused(Problem.SERVER_REMOVAL_FORBIDDEN)
    await visit.write(
        lambda tx: manage.remove(tx, server.id), did=f"Deleted the Server “{server.name}”"
    )
    return visit.go(LIST, f"The Server “{server.name}” is deleted.")


def _new(visit: Visit, form: Form, problem: str = "") -> Response:
    values = {
        "form": form,
        "problem_text": problem,
        "colors": [(color, color) for color in COLORS],
        "kinds": [
            (DeliveryType.LIVE, "Live: mail is delivered"),
            (DeliveryType.SANDBOX, "Sandbox: nothing leaves"),
        ],
    }
    return visit.page("sending/server_new.html", values, status=422 if problem else 200)


def _settings(
    visit: Visit, server: Server, problem: str = "", *, sent: EditServer | None = None
) -> Response:
    values: dict[str, Any] = {
        "server": server,
        "sent": sent or _as_sent(server),
        "problem_text": problem,
        "colors": [(color, color) for color in COLORS],
        "track_links": _TRACK_LINKS,
        "hooks": _HOOKS,
        "inbound_address": f"{server.inbound_hash}@{visit.app.config.inbound_domain}",
        "can_delete": visit.app.config.server_removal,
    }
    return visit.page("sending/settings.html", values, status=422 if problem else 200)


def _wanted(form: Form) -> EditServer:
    threshold = form.line("InboundSpamThreshold")
    hooks: dict[str, Any] = {
        f"{hook}HookUrl": form.line(f"{hook}HookUrl") for hook in ("Inbound", *_HOOKS)
    }
    ticks = (
        "SmtpApiActivated",
        "RawEmailEnabled",
        "PostFirstOpenOnly",
        "TrackOpens",
        "IncludeBounceContentInHook",
        "EnableSmtpApiErrorHooks",
    )
    return EditServer(
        Name=form.line("Name"),
        Color=form.line("Color"),
        TrackLinks=form.line("TrackLinks"),
        InboundDomain=form.line("InboundDomain"),
        InboundSpamThreshold=int(threshold) if threshold.isdecimal() else 0,
        **(hooks | {name: form.is_on(name) for name in ticks}),
    )


def _as_sent(server: Server) -> EditServer:
    return EditServer(
        Name=server.name,
        Color=server.color,
        SmtpApiActivated=server.is_smtp_activated,
        RawEmailEnabled=server.is_raw_email_enabled,
        InboundHookUrl=server.inbound_hook_url,
        BounceHookUrl=server.bounce_hook_url,
        OpenHookUrl=server.open_hook_url,
        DeliveryHookUrl=server.delivery_hook_url,
        ClickHookUrl=server.click_hook_url,
        PostFirstOpenOnly=server.is_first_open_only,
        InboundDomain=server.inbound_domain,
        InboundSpamThreshold=server.inbound_spam_threshold,
        TrackOpens=server.track_opens,
        TrackLinks=server.track_links,
        IncludeBounceContentInHook=server.includes_bounce_content,
        EnableSmtpApiErrorHooks=server.has_smtp_error_hooks,
    )
