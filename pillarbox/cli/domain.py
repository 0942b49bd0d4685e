"""`pillarbox domain`: sending domains and the DNS records of their DKIM keys."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import click

from pillarbox.cli.settings import as_json, open_database, settings, show
from pillarbox.config import Config
from pillarbox.domains import keys, names, register, store, verify
from pillarbox.domains.model import Alias, Domain, KeyState
from pillarbox.errors import Problem, Refused, StartError
from pillarbox.mail.dns import Resolver
from pillarbox.storage.db import Database
from pillarbox.storage.tx import Tx


@click.group()
def domain() -> None:
    """List, add, verify and re-key sending domains."""


@domain.command("list")
@as_json
@settings
def list_(config: Config, is_json: bool) -> None:
    """List the sending domains and their DNS records."""
    with open_database(config) as db, db.transaction() as tx:
        found = store.list_domains(tx)
    text = "\n".join(describe(one, config) for one in found) or "no domains yet"
    show([data(one, config) for one in found], is_json=is_json, text=lambda: text)


@domain.command()
@click.argument("name")
@as_json
@settings
def add(config: Config, name: str, is_json: bool) -> None:
    """Add a sending domain: makes its DKIM key and prints the DNS record to publish."""
    read = names.read_domain(name)
    if read is None or names.is_public(read):
        raise StartError(f"{name} cannot be a sending domain")
    pem = keys.new_pem()
    with open_database(config) as db, db.transaction() as tx:
        try:
            made = register.create(tx, read, pem)
        except Refused:
            raise StartError(f"{read} is already there") from None
    show(data(made, config), is_json=is_json, text=lambda: describe(made, config))


@domain.command("verify")
@click.argument("name")
@as_json
@settings
def verify_(config: Config, name: str, is_json: bool) -> None:
    """Look the DNS records up; once its DKIM record is found, the domain may send and its key signs."""

    async def check(db: Database) -> Domain:
        found = await db.read(lambda tx: _find(tx, name))
        resolver = Resolver(config.dns_servers)
        try:
            seen = await verify.look(resolver, config, found)
        finally:
            await resolver.close()
        return await db.write(lambda tx: verify.settle(tx, found, seen))

    try:
        result = _run(config, check)
    except Refused:
        raise StartError("its key cannot be read; remove the domain and add it again") from None
    show(data(result, config), is_json=is_json, text=lambda: describe(result, config))
    if not result.is_settled:
        raise StartError("not all records were found in DNS")


@domain.command()
@click.argument("name")
@as_json
@settings
def rotate(config: Config, name: str, is_json: bool) -> None:
    """Give a domain a new DKIM key; the old one signs until `verify` finds the new one in DNS."""
    pem = keys.new_pem()
    with open_database(config) as db, db.transaction() as tx:
        try:
            result = register.rotate(tx, _find(tx, name).id, pem)
        except Refused as refused:
            raise StartError(_ROTATION_REFUSED[refused.problem]) from None
    show(data(result, config), is_json=is_json, text=lambda: describe(result, config))


_ROTATION_REFUSED = {
    Problem.DKIM_IN_RENEWAL: "a new key already waits for its record in DNS",
    Problem.DKIM_NOT_RENEWABLE: "the key that signs cannot be read; remove the domain and add it again",
}


def _run(config: Config, work: Callable[[Database], Awaitable[Domain]]) -> Domain:
    async def run(db: Database) -> Domain:
        db.start()
        try:
            return await work(db)
        finally:
            db.stop()

    with open_database(config) as db:
        return asyncio.run(run(db))


def _find(tx: Tx, name: str) -> Domain:
    found = store.find(tx, names.read_domain(name) or name)
    if found is None:
        raise StartError(f"{name} is not a domain of this installation")
    return found


def data(one: Domain, config: Config) -> dict[str, Any]:
    """The same for programs."""
    aliases = {
        "return_path": (one.return_path, config.return_path_host),
        "tracking": (one.tracking, config.tracking_host),
    }
    return {
        "id": one.id,
        "name": one.name,
        "verified": one.is_verified,
        "keys": {
            state.value: {"host": key.host, "type": "TXT", "value": keys.record(key)}
            for state, key in one.keys.items()
        },
    } | {
        word: {
            "host": alias.host,
            "type": "CNAME",
            "value": target,
            "verified": alias.is_verified,
        }
        for word, (alias, target) in aliases.items()
        if alias.host
    }


def describe(one: Domain, config: Config) -> str:
    """A domain with the DNS records to publish, as text."""
    lines = [f"{one.name}  {'verified' if one.is_verified else 'not verified'}"]
    for state in KeyState:
        if (key := one.keys.get(state)) is not None:
            lines += [
                f"  {state.value} DKIM record:",
                f"    {key.host}  TXT",
                f"    {keys.record(key)}",
            ]
    lines += _alias_lines("return path", one.return_path, config.return_path_host)
    lines += _alias_lines("tracking", one.tracking, config.tracking_host)
    return "\n".join(lines)


def _alias_lines(what: str, alias: Alias, target: str) -> list[str]:
    if not alias.host:
        return []
    standing = "verified" if alias.is_verified else "not verified"
    return [f"  {what} record ({standing}):", f"    {alias.host}  CNAME  {target}"]
