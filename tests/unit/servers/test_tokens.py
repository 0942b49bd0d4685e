"""Tokens as the pages look after them, on both databases; beside them what else those pages count and find."""

import pytest

from pillarbox.domains import register
from pillarbox.domains import store as domains
from pillarbox.servers import tokens
from pillarbox.servers.store import tokens as store
from pillarbox.suppressions import store as suppressions
from pillarbox.suppressions.model import Origin, Reason, Suppression
from tests.conftest import ACCOUNT_TOKEN, SERVER_TOKEN
from tests.factories import a_server


def test_a_server_keeps_its_last_token(app, server) -> None:
    with app.db.transaction() as tx, pytest.raises(tokens.LastToken):
        tokens.revoke(tx, server.id, SERVER_TOKEN)
    with app.db.transaction() as tx:
        new = store.insert_token(tx, server.id)
        assert tokens.revoke(tx, server.id, SERVER_TOKEN.upper())
        assert not tokens.revoke(tx, server.id, SERVER_TOKEN)
        assert [row.token for row in store.of_server(tx, server.id)] == [new]


def test_smtp_tokens_belong_to_their_server(app, server) -> None:
    with app.db.transaction() as tx:
        made = store.insert_smtp_token(tx, server.streams["broadcast"])
        [row] = store.smtp_of_server(tx, server.id)
        assert (row.access_key, row.secret_key, row.slug) == (
            made.access_key,
            made.secret_key,
            "broadcast",
        )
        assert not tokens.revoke_smtp(tx, server.id + 1, made.access_key)
        assert tokens.revoke_smtp(tx, server.id, made.access_key)
        assert not tokens.revoke_smtp(tx, server.id, made.access_key)


def test_why_smtp_tokens_cannot_work() -> None:
    server = a_server()
    assert tokens.why_no_smtp(server, server.streams["outbound"]) == ""
    assert "inbound" in tokens.why_no_smtp(server, server.streams["inbound"])
    off = a_server(is_smtp_activated=False)
    assert "disabled" in tokens.why_no_smtp(off, off.streams["outbound"])


def test_an_account_token_is_revoked_by_its_hash(app) -> None:
    with app.db.transaction() as tx:
        [row] = store.list_account_tokens(tx)
        assert row.hint == ACCOUNT_TOKEN[-4:]
        assert store.delete_account_token(tx, row.hash)
        assert not store.delete_account_token(tx, row.hash)
        assert not store.is_account_token(tx, ACCOUNT_TOKEN)


def test_suppressions_are_counted_by_stream(app, server) -> None:
    stream = server.streams["broadcast"]
    with app.db.transaction() as tx:
        held = Suppression(
            stream_key=stream.key,
            address="ann@one.example",
            reason=Reason.MANUAL,
            origin=Origin.CUSTOMER,
            created_at=tx.now,
        )
        suppressions.insert(tx, [held])
        assert suppressions.count(tx, [stream.key, 999]) == {stream.key: 1}
        assert suppressions.count(tx, []) == {}


def test_domains_are_found_by_a_part_of_their_name(app) -> None:
    with app.db.transaction() as tx:
        for name in ("b-shop.example", "a-shop.example", "other.example"):
            register.create(tx, name, b"x")
        total, found = domains.search(tx, "SHOP", count=1, offset=0)
        assert (total, [one.name for one in found]) == (2, ["a-shop.example"])
        assert domains.search(tx, "%", count=9, offset=0) == (0, [])
