"""Whether a mail comes from whom it says, by records on a name server of our own."""

import asyncio
import logging
from collections.abc import AsyncIterator

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pillarbox.mail import authenticity
from pillarbox.mail.authenticity import Authenticity, Client, organization_of
from pillarbox.mail.dns import NoSuchDomain, Resolver
from pillarbox.mail.lookups import Lookups, Patience
from tests.doubles.dns import SERVFAIL, TIMEOUT, DnsZone

KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.NoEncryption(),
)
PUBLIC = KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
RECORD = "v=DKIM1; p=" + "".join(PUBLIC.decode().split("\n")[1:-2])
MAIL = b"From: Amy <amy@corp.example>\r\nSubject: Hi\r\nDate: Tue, 6 Oct 2026 15:32:11 +0200\r\n\r\nIt works.\r\n"
CLIENT = Client(ip="198.51.100.9", helo="mail.corp.example", mail_from="amy@corp.example")


def signed(domain: bytes = b"corp.example") -> bytes:
    return bytes(dkim.sign(MAIL, b"s1", domain, PEM)) + MAIL


@pytest.fixture
async def zone() -> AsyncIterator[DnsZone]:
    async with DnsZone({}) as zone:
        yield zone


def patient(within_s: float = 20, soon_s: float = 20, most: int = 1) -> Patience:
    return Patience(within_s=within_s, soon_s=min(soon_s, within_s), most=most)


async def check(
    zone: DnsZone,
    raw: bytes = MAIL,
    client: Client = CLIENT,
    within_s: float = 20,
    author: str = "amy@corp.example",
) -> Authenticity:
    resolver = Resolver((zone.address,), timeout_s=0.2, tries=1)
    lookups = Lookups(resolver, asyncio.get_running_loop(), patient(within_s))
    try:
        return await asyncio.to_thread(authenticity.authenticate, raw, client, author, lookups)
    finally:
        await resolver.close()


@pytest.mark.parametrize(
    ("record", "result", "mechanism"),
    [
        ("v=spf1 ip4:198.51.100.0/24 -all", "pass", "ip4:198.51.100.0/24"),
        ("v=spf1 a -all", "pass", "a"),
        ("v=spf1 mx -all", "pass", "mx"),
        ("v=spf1 include:spf.corp.example -all", "pass", "include:spf.corp.example"),
        ("v=spf1 ptr -all", "pass", "ptr"),
        ("v=spf1 -all", "fail", "-all"),
        ("v=spf1 ~all", "softfail", "~all"),
        ("v=spf1 ?all", "neutral", "?all"),
        ("v=spf1 what:ever -all", "permerror", ""),
        ("v=spf1 include:corp.example -all", "permerror", ""),
        ("v=spf1 a:n1.example a:n2.example a:n3.example -all", "permerror", ""),
        ("v=spf1 a:broken.example -all", "temperror", ""),
        ("something else", "none", ""),
    ],
)
async def test_spf(zone, record, result, mechanism):
    zone.zone |= {
        "corp.example": {"TXT": [record], "A": ["198.51.100.9"], "MX": ["10 mx.corp.example"]},
        "mx.corp.example": {"A": ["198.51.100.9"]},
        "spf.corp.example": {"TXT": ["v=spf1 ip4:198.51.100.9 -all"]},
        "9.100.51.198.in-addr.arpa": {"PTR": ["mx.corp.example"]},
        "broken.example": SERVFAIL,
    }
    found = (await check(zone)).spf
    assert (found.result, found.domain, found.mechanism) == (result, "corp.example", mechanism)


async def test_what_may_stand_in_an_address_or_policy_is_shown_as_it_is(zone):
    zone.zone["corp.example"] = {"TXT": ["v=spf1 ~all"]}
    client = Client(ip="198.51.100.9", helo="h.example", mail_from="o'brien#1~x!y&z@corp.example")
    fields = dict((await check(zone, client=client)).headers("mx1.example"))
    assert "(mechanism '~all' matched)" in fields["Received-SPF"]
    assert """envelope-from="o'brien#1~x!y&z@corp.example";""" in fields["Received-SPF"]
    assert "smtp.mailfrom=o'brien#1~x!y&z@corp.example;" in fields["Authentication-Results"]


async def test_an_international_sender_is_looked_up_and_aligned_in_ascii(zone):
    zone.zone |= {
        "xn--bcher-kva.example": {"TXT": ["v=spf1 ip4:198.51.100.9 -all"]},
        "_dmarc.xn--bcher-kva.example": {"TXT": ["v=DMARC1; p=reject; aspf=s"]},
    }
    client = Client(ip="198.51.100.9", helo="h.example", mail_from="jörg@Bücher.example")
    found = await check(zone, client=client, author="jörg@xn--bcher-kva.example")
    assert (found.spf.result, found.spf.domain) == ("pass", "xn--bcher-kva.example")
    assert found.dmarc.result == "pass"


async def test_spf_of_the_null_sender_is_that_of_helo(zone):
    zone.zone["mail.corp.example"] = {"TXT": ["v=spf1 ip4:198.51.100.9 -all"]}
    client = Client(ip="198.51.100.9", helo="mail.corp.example", mail_from="")
    found = await check(zone, client=client)
    assert (found.spf.result, found.spf.domain) == ("pass", "mail.corp.example")
    assert "identity=helo" in dict(found.headers("mx1.example"))["Received-SPF"]


@pytest.mark.parametrize(
    "helo", ["[198.51.100.9]", "localhost", "x" * 64 + ".example", "..", "a@b@c"]
)
@pytest.mark.parametrize("ip", ["198.51.100.9", "2001:db8::1", "::ffff:198.51.100.9"])
async def test_a_strange_client_has_a_result(zone, helo, ip):
    found = await check(zone, client=Client(ip=ip, helo=helo, mail_from=""))
    assert found.spf.result == "none"


async def test_the_headers_of_a_good_sender(zone):
    zone.zone |= {
        "corp.example": {"TXT": ["v=spf1 ip4:198.51.100.0/24 -all"]},
        "s1._domainkey.corp.example": {"TXT": [RECORD]},
        "_dmarc.corp.example": {"TXT": ["v=DMARC1; p=reject"]},
    }
    found = await check(zone, signed())
    received_spf = (
        "pass (corp.example: Sender is authorized to use 'amy@corp.example' in 'mfrom' identity "
        "(mechanism 'ip4:198.51.100.0/24' matched)) receiver=mx1.in.platform.example; "
        'identity=mailfrom; envelope-from="amy@corp.example"; helo=mail.corp.example; '
        "client-ip=198.51.100.9"
    )
    results = (
        "mx1.in.platform.example; spf=pass smtp.mailfrom=amy@corp.example; "
        "dkim=pass header.d=corp.example header.s=s1; dmarc=pass (p=reject) header.from=corp.example"
    )
    assert found.headers("mx1.in.platform.example") == (
        ("Received-SPF", received_spf),
        ("Authentication-Results", results),
    )


async def test_a_stranger_cannot_write_into_the_headers(zone):
    client = Client(ip="198.51.100.9", helo='x";y(', mail_from='"a\\"); b"@corp.example')
    fields = dict((await check(zone, client=client)).headers("mx1"))
    assert 'envelope-from="?a?????b?@corp.example"; helo=x??y?;' in fields["Received-SPF"]


async def test_a_bad_signature_of_a_stranger_is_no_error_of_ours(zone, caplog):
    zone.zone["s1._domainkey.corp.example"] = {"TXT": ["v=DKIM1; p=AAAA"]}
    for sign in (signed(), signed().replace(b"s=s1", b"s=s2")):
        assert (await check(zone, sign)).signatures[0].result != "pass"
    assert [one for one in caplog.records if one.levelno > logging.INFO] == []


async def test_dkim(zone):
    zone.zone["s1._domainkey.corp.example"] = {"TXT": [RECORD]}
    (found,) = (await check(zone, signed())).signatures
    assert (found.result, found.domain, found.selector) == ("pass", "corp.example", "s1")
    (forged,) = (await check(zone, signed().replace(b"Subject: Hi", b"Subject: Ho"))).signatures
    assert forged.result == "fail"
    (changed,) = (await check(zone, signed().replace(b"works", b"fails"))).signatures
    assert changed.result == "fail"
    (broken,) = (await check(zone, b"DKIM-Signature: v=1; a=b\r\n" + MAIL)).signatures
    assert broken.result == "permerror"
    zone.zone["s1._domainkey.corp.example"] = TIMEOUT
    (late,) = (await check(zone, signed())).signatures
    assert late.result == "temperror"


async def test_only_a_few_signatures_are_looked_at(zone):
    raw = b"DKIM-Signature: v=1; a=b\r\n" * 50 + MAIL
    assert len((await check(zone, raw)).signatures) == authenticity.MAX_SIGNATURES


@pytest.mark.parametrize(
    ("records", "signer", "result", "policy"),
    [
        ({"_dmarc.corp.example": "v=DMARC1; p=reject"}, b"corp.example", "pass", "reject"),
        ({"_dmarc.corp.example": "v=DMARC1; p=reject"}, b"mail.corp.example", "pass", "reject"),
        (
            {"_dmarc.corp.example": "v=DMARC1; p=none; adkim=s"},
            b"mail.corp.example",
            "fail",
            "none",
        ),
        ({"_dmarc.corp.example": "v=DMARC1; p=quarantine"}, b"other.example", "fail", "quarantine"),
        ({"_dmarc.corp.example": "v=DMARC1; p=perhaps"}, b"corp.example", "none", ""),
        ({"_dmarc.corp.example": "v=spf1 -all"}, b"corp.example", "none", ""),
        ({}, b"corp.example", "none", ""),
    ],
)
async def test_dmarc_by_signature(zone, records, signer, result, policy):
    name = signer.decode()
    zone.zone |= {domain: {"TXT": [text]} for domain, text in records.items()}
    zone.zone[f"s1._domainkey.{name}"] = {"TXT": [RECORD]}
    found = (await check(zone, signed(signer))).dmarc
    assert (found.result, found.policy) == (result, policy)


async def test_dmarc_by_spf_and_by_the_organization():
    policy = {"TXT": ["v=DMARC1; p=reject; sp=none"]}
    async with DnsZone({"_dmarc.corp.co.uk": policy}) as zone:
        resolver = Resolver((zone.address,), timeout_s=0.2, tries=1)
        lookups = Lookups(resolver, asyncio.get_running_loop(), patient())
        spf = authenticity.Spf(result="pass", domain="bounces.corp.co.uk")
        other = authenticity.Spf(result="pass", domain="other.co.uk")
        good = await asyncio.to_thread(
            authenticity.check_dmarc, "news.corp.co.uk", spf, (), lookups
        )
        bad = await asyncio.to_thread(
            authenticity.check_dmarc, "news.corp.co.uk", other, (), lookups
        )
        await resolver.close()
    assert (good.result, good.policy) == ("pass", "none")
    assert bad.result == "fail"


async def test_a_name_server_that_is_silent_takes_limited_time(zone):
    zone.zone |= {"corp.example": TIMEOUT, "_dmarc.corp.example": TIMEOUT}
    found = await check(zone, within_s=0.05)
    assert (found.spf.result, found.dmarc.result) == ("temperror", "temperror")


def test_what_is_surely_asked_for():
    raw = signed() + b"\r\n.\r\nDKIM-Signature: d=body.example; s=x\r\n"
    odd = b"DKIM-Signature: s=A; d=Other.Example\r\nDKIM-Signature: d=x\r\nDKIM-Signature: d=a b; s=c;\r\n"
    found = authenticity.first_questions(odd + raw, CLIENT, "corp.example")
    keys = {"s1._domainkey.corp.example", "a._domainkey.other.example"}
    assert found == {"corp.example", "_dmarc.corp.example", *keys}
    assert authenticity.first_questions(b"", Client(ip="", helo="x", mail_from=""), "") == set()


async def test_several_names_are_asked_for_at_once(zone):
    names = {"a.example", "b.example", "c.example"}
    zone.zone |= dict.fromkeys(names, TIMEOUT)
    resolver = Resolver((zone.address,), timeout_s=60, tries=1)
    Lookups(resolver, asyncio.get_running_loop(), patient()).expect_txt(names)
    async with asyncio.timeout(20):
        while {name for name, _ in zone.queries} != names:
            await asyncio.sleep(0)
    await resolver.close()


async def test_few_mails_wait_long_for_silent_name_servers(zone):
    zone.zone["corp.example"] = TIMEOUT
    resolver = Resolver((zone.address,), timeout_s=300, tries=1)
    patience = patient(within_s=300, soon_s=0.05)
    assert patience.places.acquire(blocking=False)  # another mail has the only place
    lookups = Lookups(resolver, asyncio.get_running_loop(), patience)
    found = await asyncio.to_thread(authenticity.authenticate, MAIL, CLIENT, "", lookups)
    assert found.spf.result == "temperror"
    await resolver.close()


@pytest.mark.parametrize(
    "name", ["%{h}.%{h}%{h}.example", "localhost", "[192.0.2.1]", "a..b", "x" * 300]
)
async def test_what_is_no_domain_has_no_policy(zone, name):
    """A name of macros is expanded by each include of itself, which would take for ever."""
    zone.zone[name.lower()] = {"TXT": ["v=spf1 include"]}
    found = await check(zone, client=Client(ip="198.51.100.9", helo=name, mail_from=""))
    assert found.spf.result == "none"
    assert "spf=none" in dict(found.headers("mx"))["Authentication-Results"]


@pytest.mark.parametrize(
    ("domain", "organization"),
    [
        ("a.b.corp.example", "corp.example"),
        ("a.corp.co.uk", "corp.co.uk"),
        ("co.uk", "co.uk"),
        ("com", "com"),
    ],
)
def test_the_organizational_domain(domain, organization):
    assert organization_of(domain) == organization


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n", b"\xff" * 1000, b"From: x\r\nno header\r\n\r\n", b":\r\n\r\n"]
)
async def test_any_bytes_have_a_verdict(zone, raw):
    found = await check(zone, raw)
    assert found.signatures == ()
    assert found.spf.result == "none"


async def test_what_the_resolver_remembers_needs_no_turn_of_the_loop(zone):
    zone.zone["corp.example"] = {"TXT": ["v=spf1 -all"]}
    resolver = Resolver((zone.address,), timeout_s=0.2, tries=1)
    assert resolver.remembered("corp.example", "TXT") is None
    assert await resolver.txt("corp.example") == ["v=spf1 -all"]
    assert resolver.remembered("CORP.example", "TXT") == ["v=spf1 -all"]
    idle = asyncio.new_event_loop()  # nobody runs it: asking it would take for ever
    assert Lookups(resolver, idle, patient()).txt("corp.example") == ["v=spf1 -all"]
    with pytest.raises(NoSuchDomain):
        await resolver.txt("nobody.example")
    assert Lookups(resolver, idle, patient()).txt("nobody.example") == []
    idle.close()
    await resolver.close()
