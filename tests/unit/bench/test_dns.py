import socket
from collections.abc import Iterator

import dns.rcode
import dns.rdatatype
import dns.resolver
import pytest

from pillarbox.bench.dns import Responder


@pytest.fixture
def responder() -> Iterator[Responder]:
    with Responder() as one:
        yield one


def ask(responder: Responder, name: str, kind: str) -> list[str]:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], responder.port
    resolver.lifetime = 5.0
    return [record.to_text() for record in resolver.resolve(name, kind)]


def test_every_name_of_the_zone_has_the_same_mx_and_address(responder: Responder):
    assert ask(responder, "D17.bench.example", "MX") == ["10 mx.bench.example."]
    assert ask(responder, "mx.bench.example", "A") == ["127.0.0.1"]


@pytest.mark.parametrize("kind", ["AAAA", "TXT", "CNAME", "TLSA"])
def test_what_is_not_there_is_an_empty_answer(responder: Responder, kind: str):
    with pytest.raises(dns.resolver.NoAnswer):
        ask(responder, "d1.bench.example", kind)


def test_a_long_text_is_split_into_strings_that_join_to_the_whole(responder: Responder):
    responder.zone.txt["s1._domainkey.sender.bench.example"] = "k=rsa; p=" + "A" * 400
    (found,) = ask(responder, "s1._domainkey.sender.bench.example", "TXT")
    assert found.replace('" "', "") == f'"k=rsa; p={"A" * 400}"'
    assert '" "' in found


def test_other_zones_are_refused(responder: Responder):
    with pytest.raises(dns.resolver.NoNameservers, match="REFUSED"):
        ask(responder, "postmark.test", "A")


def test_garbage_is_ignored_and_the_next_question_answered(responder: Responder):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for packet in (b"", b"\0", b"\xff" * 40):
            sender.sendto(packet, ("127.0.0.1", responder.port))
    assert ask(responder, "mx.bench.example", "A") == ["127.0.0.1"]


def test_mail_for_some_domains_goes_to_another_address(responder: Responder):
    responder.zone.elsewhere["d1.bench.example"] = "127.0.0.2"
    (mx,) = ask(responder, "d1.bench.example", "MX")
    assert mx == "10 mx.d1.bench.example."
    assert ask(responder, "mx.d1.bench.example", "A") == ["127.0.0.2"]
    assert ask(responder, "d2.bench.example", "MX") == ["10 mx.bench.example."]
