"""Looking an installation over: each check is green or red, and a red one says how to mend it."""

import asyncio
import os
import shutil
from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509

from pillarbox import installation
from pillarbox.clock import SystemClock
from pillarbox.config import Config
from pillarbox.domains import keys, store, verify
from pillarbox.domains.model import Domain, KeyState
from pillarbox.errors import StartError
from pillarbox.mail.dns import DnsFailure, NoSuchDomain, Resolver
from pillarbox.relay.attempt import Smarthost
from pillarbox.storage.db import Database
from pillarbox.storage.dialect import database_time
from pillarbox.storage.migrate import require_current
from pillarbox.storage.wake import Wake

LEAST_FREE_BYTES = 512 * 1024 * 1024
CERTIFICATE_LEFT = timedelta(days=14)
CLOCK_OFF = timedelta(seconds=30)
WELL_KNOWN = ("gmail.com", "outlook.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding. `fix` is empty when it is green."""

    name: str
    is_ok: bool
    finding: str
    fix: str = ""


def examine(config: Config) -> list[Check]:
    """Run all checks that make sense for this configuration."""
    checks = [_data_directory(config), _disk(config)]
    database, domains = _database(config)
    checks += database
    checks.append(_certificate(config))
    if config.delivery == "direct":
        checks.append(_hostname(config))
        checks += asyncio.run(_network(config, domains))
    elif config.delivery == "relay":
        checks.append(asyncio.run(_relay(config)))
    return checks


def _good(name: str, finding: str) -> Check:
    return Check(name=name, is_ok=True, finding=finding)


def _bad(name: str, finding: str, fix: str) -> Check:
    return Check(name=name, is_ok=False, finding=finding, fix=fix)


def _data_directory(config: Config) -> Check:
    try:
        installation.prepare_directory(config.data_dir)
    except StartError as problem:
        return _bad("data directory", str(problem), "make it writable for the service's user")
    mode = config.data_dir.stat().st_mode & 0o777
    return _good("data directory", f"{config.data_dir}, mode {mode:o}")


def _disk(config: Config) -> Check:
    where = config.data_dir if config.data_dir.exists() else config.data_dir.parent
    free = shutil.disk_usage(where if where.exists() else os.curdir).free
    text = f"{free // 2**20:,} MB free"
    if free < LEAST_FREE_BYTES:
        return _bad("disk", text, "free some space: with a full disk new mail is refused")
    return _good("disk", text)


def _database(config: Config) -> tuple[list[Check], list[Domain]]:
    db = Database(config.database, clock=SystemClock(), wake=Wake())
    kind = "SQLite" if db.is_sqlite else "PostgreSQL"
    try:
        require_current(db.engine)
        with db.transaction() as tx:
            domains = store.list_domains(tx)
            off = abs(database_time(tx.connection) - tx.now)
    except Exception as problem:  # noqa: BLE001 - whatever it is, it is the finding
        fix = "check DATABASE_URL and that the server runs; then `pillarbox migrate`"
        return [_bad("database", f"{kind}: {problem}", fix)], []
    finally:
        db.engine.dispose()
    clock = f"{off.total_seconds():.1f} s apart from the database's"
    return [
        _good("database", f"{kind}, schema current"),
        _bad("clock", clock, "set up NTP on both") if off > CLOCK_OFF else _good("clock", clock),
    ], domains


def _certificate(config: Config) -> Check:
    try:
        path, _ = installation.certificate(config)
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as problem:
        return _bad("certificate", str(problem), "set TLS_CERT and TLS_KEY to PEM files")
    left = certificate.not_valid_after_utc - SystemClock().now()
    if left < CERTIFICATE_LEFT:
        return _bad("certificate", f"{path}: {left.days} days left", "renew the certificate")
    return _good("certificate", f"{path}: {left.days} days left")


def _hostname(config: Config) -> Check:
    name = config.hostname
    if "." not in name or name.endswith((".local", ".localdomain", ".internal")):
        fix = "set HOSTNAME to the public name that this machine's address points back to (PTR)"
        return _bad("host name", f"{name} is not a public name", fix)
    return _good("host name", name)


async def _network(config: Config, domains: list[Domain]) -> list[Check]:
    resolver = Resolver(config.dns_servers)
    asked = [_dns(resolver), _port(config, resolver), *(_dkim(resolver, one) for one in domains)]
    return list(await asyncio.gather(*asked))


async def _dns(resolver: Resolver) -> Check:
    try:
        found = await resolver.mx(WELL_KNOWN[0])
    except (DnsFailure, NoSuchDomain) as problem:
        fix = "set DNS_SERVERS to a working resolver"
        return _bad("DNS", f"no MX for {WELL_KNOWN[0]}: {problem}", fix)
    return _good("DNS", f"{WELL_KNOWN[0]} has {len(found)} MX hosts")


async def _port(config: Config, resolver: Resolver) -> Check:
    """Whether mail can leave at all: many networks close port 25."""
    name = f"outgoing port {config.mx_port}"
    fix = "ask your network's provider to open outgoing port 25, or use DELIVERY=relay"
    try:
        host = sorted(await resolver.mx(WELL_KNOWN[0]))[0][1]
        async with asyncio.timeout(10):
            _, writer = await asyncio.open_connection(host, config.mx_port)
        writer.close()
    except (DnsFailure, NoSuchDomain, IndexError, OSError, TimeoutError) as problem:
        return _bad(name, f"no connection to the MX of {WELL_KNOWN[0]}: {problem}", fix)
    return _good(name, f"{host} answers")


async def _dkim(resolver: Resolver, domain: Domain) -> Check:
    key = domain.keys.get(KeyState.ACTIVE) or domain.keys.get(KeyState.PENDING)
    name = f"DKIM of {domain.name}"
    if key is None:
        return _bad(name, "no key", "add the domain again")
    if await verify.see_key(resolver, key.host, keys.record(key)):
        return _good(name, f"{key.host} is published")
    return _bad(name, f"{key.host} is not in DNS", f"publish it as TXT: {keys.record(key)}")


async def _relay(config: Config) -> Check:
    smarthost = Smarthost.of(str(config.relay_url))
    name = f"relay {smarthost.host}:{smarthost.port}"
    try:
        async with asyncio.timeout(10):
            _, writer = await asyncio.open_connection(smarthost.host, smarthost.port)
        writer.close()
    except (OSError, TimeoutError) as problem:
        return _bad(name, f"no connection: {problem}", "check RELAY_URL and the network")
    return _good(name, "answers")
