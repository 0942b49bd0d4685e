"""Creating, changing and removing Servers. Source: spec servers-and-streams 2, 3 and 6."""

from dataclasses import fields
from typing import Any

from pillarbox.config import Config
from pillarbox.errors import Problem, Refused
from pillarbox.ids import ServerId
from pillarbox.mail.dns import DnsFailure, NoSuchDomain, Resolver
from pillarbox.servers.model import NewServer, Server, Settings
from pillarbox.servers.store import servers as store
from pillarbox.storage.tx import Tx


async def check_inbound_mx(
    resolver: Resolver, config: Config, settings: Settings, *, known: str = ""
) -> None:
    """See that mail for a Server's new inbound domain comes here; `known` is the one it has already.

    Refuses NO_INBOUND_MX unless an MX of the domain names this installation.
    """
    domain = settings.inbound_domain
    if not domain or domain == known or not config.inbound_mx_check:
        return
    ours = {config.inbound_domain.lower(), config.hostname.lower()}
    resolver.forget(domain)
    try:
        exchangers = await resolver.mx(domain)
    except (NoSuchDomain, DnsFailure):
        exchangers = []
    if not any(name.removesuffix(".") in ours for _, name in exchangers):
        raise Refused(Problem.NO_INBOUND_MX)


def create(tx: Tx, new: NewServer, settings: Settings, *, limit: int | None) -> Server:
    """Create a Server with its default streams, one token and these settings.

    Refuses SERVER_NAME_TAKEN, INBOUND_DOMAIN_TAKEN, SERVER_LIMIT_REACHED.
    """
    store.lock_account(tx)
    _check_unique(tx, settings, but=None)
    if limit is not None and store.count_servers(tx) >= limit:
        raise Refused(Problem.SERVER_LIMIT_REACHED)
    server = store.insert_server(tx, new)
    return store.update_server(tx, server.id, _values(settings))


def edit(tx: Tx, server_id: ServerId, settings: Settings) -> Server:
    """Change what is given of a Server. Refuses SERVER_NOT_FOUND, SERVER_NAME_TAKEN, INBOUND_DOMAIN_TAKEN."""
    store.lock_account(tx)
    find(tx, server_id)
    _check_unique(tx, settings, but=server_id)
    return store.update_server(tx, server_id, _values(settings))


def remove(tx: Tx, server_id: int) -> Server:
    """Remove a Server: its tokens stop working and its name is free; its mail is purged afterwards.

    Returns the Server as it was. Refuses SERVER_NOT_FOUND.
    """
    store.lock_account(tx)
    server = find(tx, server_id)
    store.delete_server(tx, server.id)
    return server


def find(tx: Tx, server_id: int) -> Server:
    """The Server with this id. Refuses SERVER_NOT_FOUND."""
    server = store.find(tx, server_id)
    if server is None:
        raise Refused(Problem.SERVER_NOT_FOUND)
    return server


def _check_unique(tx: Tx, settings: Settings, *, but: int | None) -> None:
    if settings.name is not None and store.is_name_taken(tx, settings.name, but=but):
        raise Refused(Problem.SERVER_NAME_TAKEN)
    domain = settings.inbound_domain
    if domain is not None and store.is_domain_taken(tx, domain, but=but):
        raise Refused(Problem.INBOUND_DOMAIN_TAKEN)


def _values(settings: Settings) -> dict[str, Any]:
    """What is given, by column."""
    given = ((field.name, getattr(settings, field.name)) for field in fields(settings))
    return {name: value for name, value in given if value is not None}
