"""The Server that a token belongs to. Source: spec servers-and-streams 2."""

from pillarbox.api.callers import ServerCall
from pillarbox.api.endpoint import Group
from pillarbox.errors import Problem
from pillarbox.servers import manage
from pillarbox.wire.server import EditServer, Server

group = Group("Server", docs="spec servers-and-streams 2")


@group.get("/server")
async def get_server(call: ServerCall) -> Server:
    """The Server of the token, with its settings."""
    return Server.of(call.server, call.app.config)


@group.put("/server", no_body=Problem.NO_SERVER_DATA)
async def edit_server(call: ServerCall, body: EditServer) -> Server:
    """Change settings of the Server of the token; what is left out stays as it is.

    Refuses NO_SERVER_DATA, SERVER_NAME_INVALID, SERVER_COLOR_INVALID, HOOK_URL_INVALID, SPAM_THRESHOLD_INVALID,
    TRACK_LINKS_INVALID, NO_INBOUND_MX, SERVER_NAME_TAKEN, INBOUND_DOMAIN_TAKEN.
    """
    app, server = call.app, call.server
    settings = body.to_settings(app.config)
    await manage.check_inbound_mx(app.resolver, app.config, settings, known=server.inbound_domain)
    edited = await app.db.write(lambda tx: manage.edit(tx, server.id, settings))
    return Server.of(edited, app.config)
