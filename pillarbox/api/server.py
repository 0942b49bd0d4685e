"""The Server that a token belongs to. Source: spec servers-and-streams 2."""

from pillarbox.api.callers import ServerCall
from pillarbox.api.endpoint import Group
from pillarbox.wire.server import Server

group = Group("Server", docs="spec servers-and-streams 2")


@group.get("/server")
async def get_server(call: ServerCall) -> Server:
    """The Server of the token, with its settings."""
    return Server.of(call.server, call.app.config)
