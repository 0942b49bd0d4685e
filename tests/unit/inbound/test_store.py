"""Finding inbound messages starts from an index, whatever is asked for."""

import pytest
from sqlalchemy import event

from pillarbox.inbound.model import InboundSearch, mailbox_hash
from pillarbox.inbound.store import messages


@pytest.fixture
def database_url():
    """SQLite only: its plans do not depend on what is in the tables."""


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "ix_inbound_status (server_id=? AND status=?)"),
        ({"subject": "x"}, "ix_inbound_status (server_id=? AND status=?)"),
        (
            {"recipient": "x"},
            "ix_inbound_recipient (server_id=? AND status=? AND recipient_key=?)",
        ),
        ({"sender": "x"}, "ix_inbound_sender (server_id=? AND status=? AND sender_key=?)"),
        ({"mailbox_hash": "x"}, "ix_inbound_hash (server_id=? AND status=? AND mailbox_hash=?)"),
        ({"tag": "x"}, "ix_inbound_tag (server_id=? AND status=? AND tag_key=?)"),
    ],
)
def test_every_search_starts_from_an_index_in_order(db, filters, index):
    plans = []
    with db.transaction() as tx:

        @event.listens_for(db.engine, "before_cursor_execute")
        def explain(connection, cursor, statement, parameters, context, many):
            if statement.startswith("SELECT"):
                cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans.append(" | ".join(row[3] for row in cursor.fetchall()))

        messages.search(tx, InboundSearch(server_id=1, **filters), count=10, offset=0)
        event.remove(db.engine, "before_cursor_execute", explain)
    assert len(plans) == 2
    for plan in plans:
        assert index in plan
        assert "SCAN" not in plan
        assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("a@x.example", ""),
        ("a+b@x.example", "b"),
        ("a+b+c@x.example", "b+c"),
        ("a+Ticket-88Xy@x.example", "Ticket-88Xy"),
        ("a+@x.example", ""),
        ("", ""),
    ],
)
def test_the_mailbox_hash(address, expected):
    assert mailbox_hash(address) == expected
