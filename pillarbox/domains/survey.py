"""What DNS shows where the records of a domain should be, in its own words."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from pillarbox.domains.records import Match, Purpose, Record
from pillarbox.domains.verify import MAX_RECORD, follow, public_key
from pillarbox.mail.dns import DnsFailure, NoSuchDomain, Resolver

MOST_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A record, what stands in its place, and whether that is it."""

    record: Record
    texts: tuple[str, ...] = ()
    match: Match


async def survey(
    resolver: Resolver, records: Sequence[Record], *, patience_s: float
) -> list[Finding]:
    """Look at the place of every record at once; what is not answered in time is unknown.

    What the resolver remembers is good enough here: `verify.look` makes it forget.
    """
    return list(await asyncio.gather(*(_look(resolver, one, patience_s) for one in records)))


async def _look(resolver: Resolver, record: Record, patience_s: float) -> Finding:
    try:
        async with asyncio.timeout(patience_s):
            texts = await _texts(resolver, record)
    except NoSuchDomain:
        texts = []
    except (DnsFailure, TimeoutError):
        return Finding(record=record, match=Match.UNKNOWN)
    shown = tuple(text[:MAX_RECORD] for text in texts[:MOST_SHOWN])
    return Finding(record=record, texts=shown, match=_match(record, texts))


async def _texts(resolver: Resolver, record: Record) -> list[str]:
    if record.type == "CNAME":
        return await follow(resolver, record.host, record.value)
    texts = await resolver.txt(record.host)
    return [text for text in texts if _is_alike(record, text)]


def _is_alike(record: Record, text: str) -> bool:
    """Whether a text is for the same purpose; other texts of the same name are nobody's business here."""
    if record.purpose is Purpose.SPF:
        return text.lower().startswith("v=spf1")
    return record.purpose is not Purpose.DMARC or text.lower().startswith("v=dmarc1")


def _match(record: Record, texts: Sequence[str]) -> Match:
    if not texts:
        return Match.MISSING
    if record.type == "CNAME":
        is_it = texts[-1] == record.value
    elif record.purpose is Purpose.DMARC:
        is_it = True
    elif record.purpose is Purpose.SPF:
        include = next(part for part in record.value.split() if part.startswith("include:"))
        is_it = any(include in text.lower().split() for text in texts)
    else:
        wanted = public_key(record.value)
        is_it = bool(wanted) and any(public_key(text[:MAX_RECORD]) == wanted for text in texts)
    return Match.FOUND if is_it else Match.OTHER
