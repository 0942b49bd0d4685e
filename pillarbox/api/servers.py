"""All Servers of the account. Source: spec servers-and-streams 3."""

from pillarbox.api.callers import AccountCall
from pillarbox.api.endpoint import Group
from pillarbox.errors import Problem, Refused
from pillarbox.servers import manage
from pillarbox.servers.store import servers as store
from pillarbox.wire.base import Done
from pillarbox.wire.server import CreateServer, EditServer, Server, Servers, ServerSearch

group = Group("Servers", docs="spec servers-and-streams 3", not_found=Problem.SERVER_NOT_FOUND)


@group.get("/servers")
def list_servers(call: AccountCall, query: ServerSearch) -> Servers:
    """List the Servers by name, or those that have a text in their name.

    Refuses SERVERS_BAD_PAGE.
    """
    if query.count < 1:
        raise Refused(Problem.SERVERS_BAD_PAGE)
    total, found = store.search(call.tx, name=query.name, count=query.count, offset=query.offset)
    return Servers(total, [Server.of(server, call.app.config) for server in found])


@group.get("/servers/{server_id}")
def get_server(call: AccountCall, server_id: int) -> Server:
    """One Server with its tokens and settings.

    Refuses SERVER_NOT_FOUND.
    """
    return Server.of(manage.find(call.tx, server_id), call.app.config)


@group.post("/servers", no_body=Problem.NO_SERVER_DATA)
async def create_server(call: AccountCall, body: CreateServer) -> Server:
    """Create a Server with three message streams and a token.

    Refuses NO_SERVER_DATA, SERVER_NAME_INVALID, DELIVERY_TYPE_INVALID, SERVER_COLOR_INVALID, HOOK_URL_INVALID,
    SPAM_THRESHOLD_INVALID, TRACK_LINKS_INVALID, NO_INBOUND_MX, SERVER_NAME_TAKEN, INBOUND_DOMAIN_TAKEN,
    SERVER_LIMIT_REACHED.
    """
    app = call.app
    new = body.to_new()
    settings = body.to_settings(app.config)
    await manage.check_inbound_mx(app.resolver, app.config, settings)
    made = await app.db.write(
        lambda tx: manage.create(tx, new, settings, limit=app.config.max_servers)
    )
    return Server.of(made, app.config)


@group.put("/servers/{server_id}", no_body=Problem.NO_SERVER_DATA)
async def edit_server(call: AccountCall, server_id: int, body: EditServer) -> Server:
    """Change settings of a Server; what is left out stays as it is.

    Refuses SERVER_NOT_FOUND, NO_SERVER_DATA, SERVER_NAME_INVALID, SERVER_COLOR_INVALID, HOOK_URL_INVALID,
    SPAM_THRESHOLD_INVALID, TRACK_LINKS_INVALID, NO_INBOUND_MX, SERVER_NAME_TAKEN, INBOUND_DOMAIN_TAKEN.
    """
    app = call.app
    server = await app.db.read(lambda tx: manage.find(tx, server_id))
    settings = body.to_settings(app.config)
    await manage.check_inbound_mx(app.resolver, app.config, settings, known=server.inbound_domain)
    edited = await app.db.write(lambda tx: manage.edit(tx, server.id, settings))
    return Server.of(edited, app.config)


@group.delete("/servers/{server_id}")
def delete_server(call: AccountCall, server_id: int) -> Done:
    """Delete a Server; its tokens stop working at once.

    Refuses SERVER_REMOVAL_FORBIDDEN, SERVER_NOT_FOUND.
    """
    if not call.app.config.server_removal:
        raise Refused(Problem.SERVER_REMOVAL_FORBIDDEN)
    server = manage.remove(call.tx, server_id)
    return Done(0, f"Server {server.name} removed.")
