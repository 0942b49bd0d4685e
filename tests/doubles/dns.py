"""A name server on loopback (UDP and TCP) that answers from a dictionary, truthfully or not."""

import asyncio
import socket
from collections.abc import Mapping
from enum import Enum
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from typing_extensions import override

_UDP_MAX = 1232
_MAX_ALIASES = 8


class Fault(Enum):
    """What a name can do instead of answering."""

    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    TIMEOUT = "timeout"


NXDOMAIN, SERVFAIL, REFUSED, TIMEOUT = Fault
NULL_MX = ["0 ."]

Records = Mapping[str, "list[str] | Fault"]


class DnsZone:
    """Answers for a zone while the block runs; `async with DnsZone({...}) as zone: zone.address`.

    zone: name -> type -> list of record texts, or a Fault for the name or for one type, e.g.
    `{"b.example": {"MX": ["10 mx.b.example"], "A": SERVFAIL}, "slow.example": TIMEOUT}`. Other
    names do not exist. It may be changed at any time. Aliases (CNAME) are followed as a resolver
    does. `queries` lists what was asked as (name, type).
    """

    def __init__(self, zone: Mapping[str, Records | Fault] | None = None, *, ttl: int = 60) -> None:
        self.zone: dict[str, Records | Fault] = dict(zone or {})
        self.ttl = ttl
        self.queries: list[tuple[str, str]] = []
        self.port = 0

    @property
    def address(self) -> str:
        """host:port as a setting takes it."""
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        while not await self._listen():
            pass
        return self

    async def _listen(self) -> bool:
        """Take a port that is free for both; False when somebody has the UDP one."""
        self._tcp = await asyncio.start_server(self._serve_tcp, "127.0.0.1", 0)
        self.port = self._tcp.sockets[0].getsockname()[1]
        try:
            self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Udp(self), ("127.0.0.1", self.port), family=socket.AF_INET
            )
        except OSError:
            self._tcp.close()
            return False
        return True

    async def __aexit__(self, *exc: object) -> None:
        self._udp.close()
        self._tcp.close()

    def answer(self, wire: bytes, *, limit: int) -> bytes | None:
        """The answer to one query in wire form, truncated to the limit; None is silence."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.queries.append((name, kind))
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        # A record without life: resolver libraries with a cache of their own then ask each time.
        response.authority.append(dns.rrset.from_text(".", 0, "IN", "NS", "."))
        fault = self._fill(response, name, kind)
        if fault is Fault.TIMEOUT:
            return None
        if fault is not None:
            response.set_rcode(dns.rcode.from_text(fault.name))
        return _fitting(response, limit)

    def _fill(self, response: dns.message.Message, name: str, kind: str) -> Fault | None:
        for _ in range(_MAX_ALIASES):
            records = self.zone.get(name, Fault.NXDOMAIN)
            if isinstance(records, Fault):
                return records
            values = records.get(kind, [])
            if isinstance(values, Fault):
                return values
            if values:
                response.answer.append(self._rrset(name, kind, values))
                return None
            alias = records.get("CNAME")
            if not isinstance(alias, list):
                return alias
            response.answer.append(self._rrset(name, "CNAME", alias))
            name = alias[0].rstrip(".").lower()
        return Fault.SERVFAIL

    def _rrset(self, name: str, kind: str, values: list[str]) -> dns.rrset.RRset:
        texts = [_presentation(kind, value) for value in values]
        owner = dns.name.from_text(name)
        return dns.rrset.from_text_list(
            owner, self.ttl, "IN", kind, texts, origin=dns.name.root, relativize=False
        )

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while size := int.from_bytes(await reader.readexactly(2), "big"):
                answer = self.answer(await reader.readexactly(size), limit=65535)
                if answer is not None:
                    writer.write(len(answer).to_bytes(2, "big") + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, zone: DnsZone) -> None:
        self._zone = zone

    @override
    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._zone.answer(data, limit=_UDP_MAX)
        if answer is not None:
            self._transport.sendto(answer, addr)


def _fitting(response: dns.message.Message, limit: int) -> bytes:
    try:
        return response.to_wire(max_size=limit)
    except dns.exception.TooBig:
        response.answer.clear()
        response.flags |= dns.flags.TC
        return response.to_wire()


def _presentation(kind: str, value: str) -> str:
    """A record as dnspython reads it: text is cut into strings of 255 octets and quoted."""
    if kind != "TXT":
        return value
    escaped = [_escape(value[start : start + 255]) for start in range(0, len(value), 255)]
    return " ".join(f'"{part}"' for part in escaped or [""])


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
