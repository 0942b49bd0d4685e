"""`pillarbox domain`: sending domains and the DNS records of their DKIM keys."""

import asyncio
from typing import Any

import click

from pillarbox.cli.settings import as_json, open_database, settings, show
from pillarbox.config import Config
from pillarbox.domains import keys, store, verify
from pillarbox.domains.model import Domain, KeyState
from pillarbox.errors import StartError
from pillarbox.mail.dns import Resolver


@click.group()
def domain() -> None:
    """List, add and verify sending domains."""


@domain.command("list")
@as_json
@settings
def list_(config: Config, is_json: bool) -> None:
    """List the sending domains and their DKIM records."""
    with open_database(config) as db, db.transaction() as tx:
        found = store.list_domains(tx)
    text = "\n".join(_describe(one) for one in found) or "no domains yet"
    show([_data(one) for one in found], is_json=is_json, text=lambda: text)


@domain.command()
@click.argument("name")
@as_json
@settings
def add(config: Config, name: str, is_json: bool) -> None:
    """Add a sending domain: makes its DKIM key and prints the DNS record to publish."""
    with open_database(config) as db, db.transaction() as tx:
        if store.find(tx, name) is not None:
            raise StartError(f"{name} is already there")
        domain_id = store.insert_domain(tx, name)
        store.insert_key(tx, domain_id, keys.new_key(name, at=tx.now))
        made = store.find(tx, name)
    assert made is not None
    show(_data(made), is_json=is_json, text=lambda: _describe(made))


@domain.command("verify")
@click.argument("name")
@as_json
@settings
def verify_(config: Config, name: str, is_json: bool) -> None:
    """Look the DKIM record up in DNS; once found, the domain may send and its key signs."""
    with open_database(config) as db:
        with db.transaction() as tx:
            found = store.find(tx, name)
        if found is None:
            raise StartError(f"{name} is not a domain of this installation")
        db.start()
        result = asyncio.run(_verify(config, db, found))
        db.stop()
    show(_data(result), is_json=is_json, text=lambda: _describe(result))
    if not result.is_verified:
        raise StartError("the record was not found in DNS")


async def _verify(config: Config, db: Any, found: Domain) -> Domain:
    return await verify.verify(db, Resolver(config.dns_servers), found)


def _data(one: Domain) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "verified": one.is_verified,
        "keys": {
            state.value: {"host": key.host, "type": "TXT", "value": keys.record(key)}
            for state, key in one.keys.items()
        },
    }


def _describe(one: Domain) -> str:
    lines = [f"{one.name}  {'verified' if one.is_verified else 'not verified'}"]
    for state in (KeyState.ACTIVE, KeyState.PENDING):
        if (key := one.keys.get(state)) is not None:
            lines += [
                f"  {state.value} DKIM record:",
                f"    {key.host}  TXT",
                f"    {keys.record(key)}",
            ]
    return "\n".join(lines)
