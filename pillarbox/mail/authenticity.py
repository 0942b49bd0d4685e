"""Whether a mail comes from whom it says: SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489).

Plain functions that ask DNS as they go, for a thread of their own. Whatever arrives has a verdict; nothing raises.
The libraries are imported by the first mail that is checked (decision 0015).
"""

import logging
import re
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from pillarbox.mail.address import to_ascii
from pillarbox.mail.dns import DnsFailure
from pillarbox.mail.lookups import Lookups

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

log = logging.getLogger(__name__)
_unheard = logging.getLogger(f"{__name__}.dkim")
_unheard.setLevel(logging.CRITICAL)  # what the library calls errors is wrong with mail of strangers

MAX_SIGNATURES = 5
MIN_KEY_BITS = 1024

_domain = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})+\.?").fullmatch
_unsafe = re.compile(r"[^A-Za-z0-9.@:!#$%&'*+/=?^_`{|}~-]")  # beyond atoms and domains
_signature_name = re.compile(rb"dkim-signature:", re.IGNORECASE)
_signature_tag = re.compile(rb"(?:;|\A)\s*([ds])\s*=\s*([A-Za-z0-9._-]{1,253})\s*(?=;|\r|\n)", re.I)
_tag = re.compile(r"\s*([a-z]+)\s*=\s*([^;\s]*)\s*", re.IGNORECASE)
_SAYS = {
    "pass": "Sender is authorized to use {who}",
    "fail": "Sender is not authorized by default to use {who}",
    "softfail": "Sender is not authorized by default to use {who}, however domain is not currently"
    " prepared for false failures",
    "neutral": "Domain does not state whether sender is authorized to use {who}",
    "none": "No applicable sender policy available",
    "permerror": "Error in processing the sender policy",
    "temperror": "Error in processing the sender policy, which may pass",
}


class Client(Struct, frozen=True, kw_only=True, gc=False):
    """Who handed a mail in."""

    ip: str
    helo: str
    mail_from: str


class Spf(Struct, frozen=True, kw_only=True, gc=False):
    """The result for the envelope sender, or the HELO name when there is none."""

    result: str
    domain: str
    mechanism: str = ""


class Signature(Struct, frozen=True, kw_only=True, gc=False):
    """The result of one DKIM signature."""

    result: str
    domain: str = ""
    selector: str = ""


class Dmarc(Struct, frozen=True, kw_only=True, gc=False):
    """The result for the domain of the From header; `policy` of a domain that publishes one."""

    result: str
    domain: str = ""
    policy: str = ""


class Authenticity(Struct, frozen=True, kw_only=True, gc=False):
    """All that was found out."""

    client: Client
    spf: Spf
    signatures: tuple[Signature, ...]
    dmarc: Dmarc

    def headers(self, host: str) -> tuple[tuple[str, str], ...]:
        """The fields that tell of it: Received-SPF (RFC 7208 section 9.1), Authentication-Results (RFC 8601)."""
        return (
            ("Received-SPF", self._received_spf(host)),
            ("Authentication-Results", "; ".join([host, *self._results()])),
        )

    def _received_spf(self, host: str) -> str:
        client, result, domain = self.client, self.spf.result, _safe(self.spf.domain)
        sender = client.mail_from or f"postmaster@{client.helo}"
        identity = "mailfrom" if client.mail_from else "helo"
        scope = "mfrom" if client.mail_from else "helo"
        says = _SAYS[result].format(who=f"'{_safe(sender)}' in '{scope}' identity")
        if self.spf.mechanism:
            says += f" (mechanism '{_safe(self.spf.mechanism)}' matched)"
        return (
            f'{result} ({domain}: {says}) receiver={host}; identity={identity}; envelope-from="{_safe(sender)}";'
            f" helo={_safe(client.helo)}; client-ip={client.ip}"
        )

    def _results(self) -> list[str]:
        found = [f"spf={self.spf.result} smtp.mailfrom={_safe(self.client.mail_from) or '<>'}"]
        found += [
            f"dkim={one.result} header.d={_safe(one.domain)} header.s={_safe(one.selector)}"
            for one in self.signatures
        ] or ["dkim=none"]
        policy = f" (p={_safe(self.dmarc.policy)})" if self.dmarc.policy else ""
        return [*found, f"dmarc={self.dmarc.result}{policy} header.from={_safe(self.dmarc.domain)}"]


def authenticate(raw: bytes, client: Client, author: str, lookups: Lookups) -> Authenticity:
    """Check a mail as it came; `author` is the address of its From header, "" when there is none."""
    domain = author.rpartition("@")[2].lower()
    lookups.expect_txt(first_questions(raw, client, domain))
    by_spf = check_spf(client, lookups)
    signatures = check_dkim(raw, lookups)
    return Authenticity(
        client=client,
        spf=by_spf,
        signatures=signatures,
        dmarc=check_dmarc(domain, by_spf, signatures, lookups),
    )


def first_questions(raw: bytes, client: Client, author_domain: str) -> set[str]:
    """The names whose text records will surely be asked for; asked at once they cost the time of one."""
    domain = _policy_domain((client.mail_from or client.helo).rpartition("@")[2])
    names = {f"_dmarc.{author_domain}"} if "." in author_domain else set()
    for field in _signature_fields(raw)[:MAX_SIGNATURES]:
        tags = {name.lower(): value for name, value in _signature_tag.findall(field)}
        if tags.keys() >= {b"d", b"s"}:
            names.add(f"{tags[b's'].decode()}._domainkey.{tags[b'd'].decode()}".lower())
    return names | {domain} if domain else names


def check_spf(client: Client, lookups: Lookups) -> Spf:
    """What the domain of the envelope sender says of the client."""
    from pillarbox.mail.spf_query import Query

    local, at, given = (client.mail_from or client.helo).rpartition("@")
    domain = _policy_domain(given)
    if not domain:
        return Spf(result="none", domain=given)
    try:
        sender = f"{local}{at}{domain}" if client.mail_from else ""
        query = Query(ip=client.ip, mail_from=sender, helo=client.helo, lookups=lookups)
        result, _, _ = query.check()
        mechanism = query.mechanism or ""
    except Exception:
        log.info("spf not checked", exc_info=True)
        return Spf(result="permerror", domain=domain)
    matched = result in ("pass", "fail", "softfail", "neutral")
    return Spf(result=result, domain=domain, mechanism=mechanism if matched else "")


def _policy_domain(text: str) -> str:
    """A domain in ASCII (RFC 8616 section 4), "" when it cannot have a policy at all (RFC 7208 section 4.3).

    The library expands macros in it as often as it is included: a name of macros would never come to an end.
    """
    try:
        name = to_ascii(text).lower()
    except ValueError:
        return ""
    return name if _domain(name) else ""


def check_dkim(raw: bytes, lookups: Lookups) -> tuple[Signature, ...]:
    """The results of the first few signatures, in order."""
    return tuple(
        found
        for number in range(min(len(_signature_fields(raw)), MAX_SIGNATURES))
        if (found := _check_signature(raw, number, lookups)) is not None
    )


def _signature_fields(raw: bytes) -> list[bytes]:
    """What stands behind the name of each signature, and whatever follows up to the next one."""
    end = raw.find(b"\r\n\r\n")
    return _signature_name.split(raw[: end if end >= 0 else len(raw)])[1:]


def _check_signature(raw: bytes, number: int, lookups: Lookups) -> Signature | None:
    import dkim

    def ask(name: bytes, timeout: float = 0) -> bytes | None:
        found = lookups.txt(name.decode("ascii").rstrip("."))
        return found[0].encode() if found else None

    verifier = None
    try:
        verifier = dkim.DKIM(raw, logger=_unheard, minkey=MIN_KEY_BITS)
        if not verifier.verify_headerprep(number):
            return None
        result = "pass" if verifier.verify(number, dnsfunc=ask) else "fail"
    except DnsFailure:
        result = "temperror"
    except dkim.ValidationError as problem:
        result = "fail" if str(problem).startswith("body hash mismatch") else "permerror"
    except Exception as problem:  # noqa: BLE001 - strangers' signatures; the library raises whatever it meets
        log.debug("dkim signature without a result", extra={"reason": str(problem)})
        result = "permerror"
    fields = getattr(verifier, "signature_fields", None) or {}
    return Signature(result=result, domain=_field(fields, b"d"), selector=_field(fields, b"s"))


def _field(fields: dict[bytes, bytes], name: bytes) -> str:
    return fields.get(name, b"").decode("ascii", "replace").lower()


def check_dmarc(
    domain: str, by_spf: Spf, signatures: tuple[Signature, ...], lookups: Lookups
) -> Dmarc:
    """Whether the From header's domain stands behind a mail (RFC 7489 section 6.6)."""
    if "." not in domain:
        return Dmarc(result="none", domain=domain)
    organization = organization_of(domain)
    try:
        policy = _policy(domain, lookups)
        is_own = policy is not None
        if policy is None and organization != domain:
            policy = _policy(organization, lookups)
    except DnsFailure:
        return Dmarc(result="temperror", domain=domain)
    if policy is None:
        return Dmarc(result="none", domain=domain)
    is_aligned = (
        by_spf.result == "pass" and _aligned(by_spf.domain, domain, policy.get("aspf", "r"))
    ) or any(
        one.result == "pass" and _aligned(one.domain, domain, policy.get("adkim", "r"))
        for one in signatures
    )
    wanted = policy["p"] if is_own else policy.get("sp", policy["p"])
    return Dmarc(result="pass" if is_aligned else "fail", domain=domain, policy=wanted)


def _policy(domain: str, lookups: Lookups) -> dict[str, str] | None:
    """The one record of a domain; several count as none."""
    records = [text for text in lookups.txt(f"_dmarc.{domain}") if text.startswith("v=DMARC1")]
    if len(records) != 1:
        return None
    tags = {
        found.group(1).lower(): found.group(2).lower()
        for part in records[0].split(";")
        if (found := _tag.fullmatch(part))
    }
    return tags if tags.get("p") in ("none", "quarantine", "reject") else None


def _aligned(domain: str, author: str, mode: str) -> bool:
    domain = domain.lower()
    if mode == "s":
        return domain == author
    return organization_of(domain) == organization_of(author)


def organization_of(domain: str) -> str:
    """The organizational domain (RFC 7489 section 3.2): one label below a public suffix."""
    return _suffixes().privatesuffix(domain) or domain


@cache
def _suffixes() -> "PublicSuffixList":
    """The list of the package, read once; nothing is fetched."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


def _safe(text: str) -> str:
    """Text of a stranger as it may stand in a comment or value."""
    return _unsafe.sub("?", text[:254])
