"""Checks that ask DNS and other hosts. Each has its time; what is not answered in it is red."""

import asyncio
from collections.abc import Awaitable, Sequence

from pillarbox.checkup.model import Check, bad, good
from pillarbox.config import Config
from pillarbox.domains.model import Domain
from pillarbox.domains.records import Match, Purpose, Record, records
from pillarbox.domains.survey import survey
from pillarbox.mail.dns import DnsFailure, NoSuchDomain, Resolver
from pillarbox.relay.attempt import Smarthost

PATIENCE_S = 10.0
WELL_KNOWN = "gmail.com"
_LABELS = {
    Purpose.DKIM: "DKIM",
    Purpose.DKIM_NEXT: "DKIM",
    Purpose.RETURN_PATH: "Return-Path",
    Purpose.TRACKING: "tracking",
    Purpose.DMARC: "DMARC",
}
_DNS_PROBLEMS = (DnsFailure, NoSuchDomain, TimeoutError)


async def direct(config: Config, resolver: Resolver) -> list[Check]:
    """All that delivering to the world takes, but for the domains."""
    asked = [
        _in_time(dns(resolver), "DNS"),
        _in_time(port(config, resolver), f"outgoing port {config.mx_port}"),
        _in_time(address(config, resolver), "address"),
        _in_time(pointer(config, resolver), "PTR"),
        _in_time(bounces(config, resolver), "bounces"),
        _in_time(spf(config, resolver), "SPF"),
    ]
    return list(await asyncio.gather(*asked))


async def of_domains(config: Config, resolver: Resolver, domains: Sequence[Domain]) -> list[Check]:
    """The DNS records of each domain."""
    each = await asyncio.gather(*(of_domain(config, resolver, one) for one in domains))
    return [check for some in each for check in some]


async def relay(config: Config) -> Check:
    """Whether the relay takes connections."""
    smarthost = Smarthost.of(str(config.relay_url))
    name = f"relay {smarthost.host}:{smarthost.port}"
    problem = await _connect(smarthost.host, smarthost.port)
    if problem:
        return bad(name, f"no connection: {problem}", "check RELAY_URL and the network")
    return good(name, "answers")


async def dns(resolver: Resolver) -> Check:
    """Whether names can be looked up."""
    try:
        found = await resolver.mx(WELL_KNOWN)
    except _DNS_PROBLEMS:
        fix = "set DNS_SERVERS to a working resolver"
        return bad("DNS", f"no MX for {WELL_KNOWN}", fix, "PILLARBOX_DNS_SERVERS=1.1.1.1:53")
    return good("DNS", f"{WELL_KNOWN} has {len(found)} MX hosts")


async def port(config: Config, resolver: Resolver) -> Check:
    """Whether mail can leave at all: many networks close port 25."""
    name = f"outgoing port {config.mx_port}"
    fix = "ask your network's provider to open outgoing port 25, or use DELIVERY=relay"
    try:
        host = sorted(await resolver.mx(WELL_KNOWN))[0][1]
    except (*_DNS_PROBLEMS, IndexError):
        return bad(name, f"not tried: {WELL_KNOWN} has no MX in DNS", "mend DNS first")
    why_not = await _connect(host, config.mx_port)
    if why_not:
        return bad(name, f"no connection to {host}: {why_not}", fix)
    return good(name, f"{host} answers")


async def address(config: Config, resolver: Resolver) -> Check:
    """Whether the name that is said in EHLO exists."""
    name, host = "EHLO name", config.hostname
    try:
        found = await _addresses(resolver, host)
    except DnsFailure:
        return bad(name, f"{host} could not be looked up", "look again later")
    if not found:
        fix = f"publish an A record at {host} with this machine's public address"
        return bad(name, f"{host} has no address", fix, host)
    return good(name, f"{host} is {', '.join(found[:4])}")


async def pointer(config: Config, resolver: Resolver) -> Check:
    """Whether the addresses of HOSTNAME point back to it."""
    host, lost = config.hostname, []
    try:
        found = await _addresses(resolver, host)
        for ip in found:
            resolver.forget(ip)
            if host not in await _names(resolver, ip):
                lost.append(ip)
    except DnsFailure as problem:
        return bad("PTR", f"{problem} could not be looked up", "look again later")
    fix = f"ask whoever gave you the address to have its reverse name (PTR) say {host}"
    if not found:
        return bad("PTR", f"{host} has no address that could point back", fix, host)
    if lost:
        return bad("PTR", f"{', '.join(lost[:4])} does not point back to {host}", fix, host)
    return good("PTR", f"{', '.join(found[:4])} points back to {host}")


async def bounces(config: Config, resolver: Resolver) -> Check:
    """Whether bounces find the way."""
    name, host = "bounces", config.return_path_host
    resolver.forget(host)
    try:
        found = await resolver.mx(host)
    except NoSuchDomain:
        found = []
    except DnsFailure:
        return bad(name, f"{host} could not be looked up", "look again later")
    if not found:
        fix = f"publish an MX record at {host} that names the machine with the role “inbound”"
        return bad(name, f"{host} has no MX record", fix, f"10 {config.hostname}.")
    return good(name, f"mail to {host} goes to {sorted(found)[0][1]}")


async def spf(config: Config, resolver: Resolver) -> Check:
    """Whether the domain of the return paths says who sends for it."""
    host = config.return_path_host
    resolver.forget(host)
    try:
        texts = await resolver.txt(host)
    except NoSuchDomain:
        texts = []
    except DnsFailure:
        return bad("SPF", f"{host} could not be looked up", "look again later")
    if any(text.lower().startswith("v=spf1") for text in texts):
        return good("SPF", f"{host} has an SPF record")
    return bad("SPF", f"{host} has no SPF record", f"publish it as TXT at {host}", "v=spf1 a -all")


async def of_domain(config: Config, resolver: Resolver, domain: Domain) -> list[Check]:
    """What a sending domain should publish."""
    wanted = [one for one in records(domain, config) if one.purpose in _LABELS]
    for record in wanted:
        resolver.forget(record.host)
    if not any(one.purpose in (Purpose.DKIM, Purpose.DKIM_NEXT) for one in wanted):
        return [bad(f"DKIM of {domain.name}", "no key", "add the domain again")]
    found = await survey(resolver, wanted, patience_s=PATIENCE_S)
    return [_of_record(domain, one.record, one.match) for one in found]


def _of_record(domain: Domain, record: Record, match: Match) -> Check:
    name = f"{_LABELS[record.purpose]} of {domain.name}"
    if match is Match.FOUND:
        return good(name, f"{record.host} is published")
    if match is Match.UNKNOWN:
        return bad(name, f"{record.host} could not be looked up", "look again later")
    says = "says something else" if match is Match.OTHER else "is not in DNS"
    fix = f"publish this {record.type} record at {record.host}"
    return bad(name, f"{record.host} {says}", fix, record.value)


async def _addresses(resolver: Resolver, host: str) -> list[str]:
    resolver.forget(host)
    try:
        return await resolver.addresses(host)
    except NoSuchDomain:
        return []


async def _names(resolver: Resolver, ip: str) -> list[str]:
    try:
        return await resolver.ptr(ip)
    except NoSuchDomain:
        return []


async def _connect(host: str, port_number: int) -> str:
    """Why no connection can be made; "" when it can."""
    try:
        async with asyncio.timeout(PATIENCE_S - 1):
            _, writer = await asyncio.open_connection(host, port_number)
    except TimeoutError:
        return "no answer in time"
    except OSError as problem:
        return str(problem)
    writer.close()
    return ""


async def _in_time(check: Awaitable[Check], name: str) -> Check:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await check
    except TimeoutError:
        return bad(name, "no answer in time", "look again; then check DNS_SERVERS and the network")
