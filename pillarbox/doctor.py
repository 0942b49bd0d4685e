"""Looking an installation over from the command line, running or not."""

import asyncio

from pillarbox import installation
from pillarbox.checkup import machine, network
from pillarbox.checkup.model import Check, bad, good
from pillarbox.clock import SystemClock
from pillarbox.config import Config
from pillarbox.domains import store
from pillarbox.domains.model import Domain
from pillarbox.errors import StartError
from pillarbox.mail.dns import Resolver
from pillarbox.storage.db import Database
from pillarbox.storage.migrate import require_current
from pillarbox.storage.wake import Wake


def examine(config: Config) -> list[Check]:
    """Run all checks that make sense for this configuration."""
    checks = [_data_directory(config), machine.disk(config)]
    database, domains = _database(config)
    checks += database
    checks.append(_certificate(config))
    if config.delivery == "direct":
        checks += [machine.time_service(), machine.host_name(config), machine.public_url(config)]
        checks.append(machine.way_in(config))
        checks += asyncio.run(_direct(config, domains))
    elif config.delivery == "relay":
        checks.append(asyncio.run(network.relay(config)))
    return checks


def _data_directory(config: Config) -> Check:
    try:
        installation.prepare_directory(config.data_dir)
    except StartError as problem:
        return bad("data directory", str(problem), "make it writable for the service's user")
    mode = config.data_dir.stat().st_mode & 0o777
    return good("data directory", f"{config.data_dir}, mode {mode:o}")


def _database(config: Config) -> tuple[list[Check], list[Domain]]:
    db = Database(config.database, clock=SystemClock(), wake=Wake())
    kind = "SQLite" if db.is_sqlite else "PostgreSQL"
    try:
        require_current(db.engine)
        with db.transaction() as tx:
            domains = store.list_domains(tx)
            clock = machine.database_clock(tx)
    except Exception as problem:  # noqa: BLE001 - whatever it is, it is the finding
        fix = "check DATABASE_URL and that the server runs; then `pillarbox migrate`"
        return [bad("database", f"{kind}: {problem}", fix, "pillarbox migrate")], []
    finally:
        db.engine.dispose()
    return [good("database", f"{kind}, schema current"), clock], domains


def _certificate(config: Config) -> Check:
    try:
        installation.certificate(config)  # makes one where there is none
    except OSError as problem:
        return bad("certificate", str(problem), "set TLS_CERT and TLS_KEY to PEM files")
    return machine.certificate(config)


async def _direct(config: Config, domains: list[Domain]) -> list[Check]:
    resolver = Resolver(config.dns_servers)
    try:
        found, names = await asyncio.gather(
            network.direct(config, resolver), network.of_domains(config, resolver, domains)
        )
        return found + names
    finally:
        await resolver.close()
