"""`pillarbox server`: the Servers of the account, with the checks of the API."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import click
from msgspec import to_builtins

from pillarbox.cli.settings import Command, as_json, open_database, settings, show, table
from pillarbox.config import Config
from pillarbox.errors import Refused, StartError
from pillarbox.mail.dns import Resolver
from pillarbox.servers import manage, model
from pillarbox.servers.store import servers as store
from pillarbox.storage.db import Database
from pillarbox.storage.tx import Tx
from pillarbox.wire.errors import describe
from pillarbox.wire.server import CreateServer, EditServer, Server

R = TypeVar("R")

_TEXTS = {
    "color": "Color",
    "inbound-hook-url": "InboundHookUrl",
    "bounce-hook-url": "BounceHookUrl",
    "open-hook-url": "OpenHookUrl",
    "delivery-hook-url": "DeliveryHookUrl",
    "click-hook-url": "ClickHookUrl",
    "own-inbound-domain": "InboundDomain",
    "track-links": "TrackLinks",
}
_SWITCHES = {
    "smtp": "SmtpApiActivated",
    "raw-email": "RawEmailEnabled",
    "first-open-only": "PostFirstOpenOnly",
    "track-opens": "TrackOpens",
    "bounce-content": "IncludeBounceContentInHook",
    "smtp-error-hooks": "EnableSmtpApiErrorHooks",
}


def _options(command: Command) -> Command:
    """Give a command an option for each setting of a Server, under its name in the API."""
    for flag, member in reversed(_TEXTS.items()):
        option = click.option(f"--{flag}", member, metavar="TEXT", help=f"{member} in the API")
        command = option(command)
    threshold = click.option("--spam-threshold", "InboundSpamThreshold", type=int, help="0 to 30")
    command = threshold(command)
    for flag, member in reversed(_SWITCHES.items()):
        switch = click.option(
            f"--{flag}/--no-{flag}", member, default=None, help=f"{member} in the API"
        )
        command = switch(command)
    return command


@click.group()
def server() -> None:
    """List, create, show, edit and delete Servers."""


@server.command("list")
@as_json
@settings
def list_(config: Config, is_json: bool) -> None:
    """List all Servers by id."""
    with open_database(config) as db, db.transaction() as tx:
        found = store.list_servers(tx)
    rows = [[str(s.id), s.name, s.delivery_type.value, s.color] for s in found]
    data = [_data(one, config) for one in found]
    show(data, is_json=is_json, text=lambda: table(rows, ["ID", "NAME", "TYPE", "COLOR"]))


@server.command("show")
@click.argument("server_id", metavar="ID", type=int)
@as_json
@settings
def show_(config: Config, server_id: int, is_json: bool) -> None:
    """Show a Server with its tokens and settings."""
    with open_database(config) as db, db.transaction() as tx:
        found = _obey(lambda: manage.find(tx, server_id))
    _show(found, config, is_json=is_json)


@server.command()
@click.argument("name")
@click.option("--sandbox", is_flag=True, help="nothing of this Server ever leaves")
@_options
@as_json
@settings
def create(config: Config, name: str, sandbox: bool, is_json: bool, **given: Any) -> None:
    """Create a Server with three message streams and a token."""
    body = CreateServer(Name=name, DeliveryType="Sandbox" if sandbox else "Live", **given)
    new = _obey(body.to_new)
    chosen = _obey(lambda: body.to_settings(config))
    with open_database(config) as db:
        _check_mx(config, chosen)
        made = _write(db, lambda tx: manage.create(tx, new, chosen, limit=config.max_servers))
    _show(made, config, is_json=is_json)


@server.command()
@click.argument("server_id", metavar="ID", type=int)
@click.option("--name", "Name", metavar="TEXT", help="another name")
@_options
@as_json
@settings
def edit(config: Config, server_id: int, is_json: bool, **given: Any) -> None:
    """Change settings of a Server; what is not given stays as it is."""
    chosen = _obey(lambda: EditServer(**given).to_settings(config))
    with open_database(config) as db:
        known = _write(db, lambda tx: manage.find(tx, server_id))
        _check_mx(config, chosen, known=known.inbound_domain)
        edited = _write(db, lambda tx: manage.edit(tx, known.id, chosen))
    _show(edited, config, is_json=is_json)


@server.command()
@click.argument("server_id", metavar="ID", type=int)
@as_json
@settings
def delete(config: Config, server_id: int, is_json: bool) -> None:
    """Delete a Server with its tokens, streams and mail."""
    with open_database(config) as db:
        gone = _write(db, lambda tx: manage.remove(tx, server_id))
    show({"deleted": gone.id, "name": gone.name}, is_json=is_json, text=lambda: "deleted")


def _check_mx(config: Config, chosen: model.Settings, *, known: str = "") -> None:
    async def look() -> None:
        resolver = Resolver(config.dns_servers)
        try:
            await manage.check_inbound_mx(resolver, config, chosen, known=known)
        except Refused as refused:
            raise _told(refused) from None
        finally:
            await resolver.close()

    asyncio.run(look())


def _write(db: Database, work: Callable[[Tx], model.Server]) -> model.Server:
    with db.transaction() as tx:
        return _obey(lambda: work(tx))


def _obey(work: Callable[[], R]) -> R:
    """What work returns; a refusal ends the command with the text of the API."""
    try:
        return work()
    except Refused as refused:
        raise _told(refused) from None


def _told(refused: Refused) -> StartError:
    return StartError(describe(refused)[2])


def _data(one: model.Server, config: Config) -> Any:
    return to_builtins(Server.of(one, config))


def _show(one: model.Server, config: Config, *, is_json: bool) -> None:
    data = _data(one, config)
    rows = [[name, _text(value)] for name, value in data.items()]
    show(data, is_json=is_json, text=lambda: table(rows, ["SETTING", "VALUE"]))


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list | tuple) else str(value)
