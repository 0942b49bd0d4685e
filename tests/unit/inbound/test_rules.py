"""Which mail a rule blocks. Source: spec inbound 5.2 and 5.3."""

import pytest

from pillarbox.inbound.rules import Block, blocking, could_match, normalise
from pillarbox.inbound.store import rules as store
from pillarbox.servers.model import NewServer
from pillarbox.servers.store import servers


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (" Offers@Example.NET ", "offers@example.net"),
        ("BadDomain.Example", "baddomain.example"),
        ("grüße.example", "xn--gre-6ka8l.example"),
        ("localhost", None),
        ("*.example.net", None),
        ("@example.net", None),
        ("a@b@example.net", None),
        ("", None),
    ],
)
def test_rules_are_addresses_or_domains(text, rule):
    assert normalise(text) == rule


@pytest.mark.parametrize(
    ("senders", "block"),
    [
        (["x@junk.example"], Block("junk.example", "x@junk.example")),
        (["X@JUNK.example"], Block("junk.example", "X@JUNK.example")),
        (["x@sub.junk.example"], None),
        (["junk.example@good.example"], None),
        (["bad@good.example"], Block("bad@good.example", "bad@good.example")),
        (["other@good.example"], None),
        (["a@good.example", "bounce@junk.example"], Block("junk.example", "bounce@junk.example")),
        (["both@both.example"], Block("both@both.example", "both@both.example")),
        (["", "<>"], None),
    ],
)
def test_the_first_sender_that_a_rule_names_is_blocked(senders, block):
    rules = {"junk.example", "bad@good.example", "both.example", "both@both.example"}
    assert blocking(rules, senders) == block
    assert blocking(set(could_match(senders)) & rules, senders) == block
    assert blocking(set(), senders) is None


def test_the_reason_that_is_shown():
    by_domain = Block("junk.example", "x@junk.example").reason
    assert by_domain == "Inbound request blocked by domain rule: x@junk.example"
    by_address = Block("x@junk.example", "x@junk.example").reason
    assert by_address == "Inbound request blocked by email rule: x@junk.example"


async def test_only_rules_of_the_server_are_found(db, server):
    with db.transaction() as tx:
        store.insert(tx, server.id, "junk.example")
        other = servers.insert_server(tx, NewServer(name="Other"))
        store.insert(tx, other.id, "bad.example")
    texts = could_match(["x@junk.example", "x@bad.example"])
    asked = {(server.id, text) for text in texts}
    assert await db.read(lambda tx: store.which(tx, asked)) == {(server.id, "junk.example")}
    assert await db.read(lambda tx: store.which(tx, set())) == set()
