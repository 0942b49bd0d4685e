"""Finding opens and clicks starts from an index, whatever is asked for."""

import pytest
from sqlalchemy import event

from pillarbox.tracking import store
from pillarbox.tracking.model import HitKind, HitSearch


@pytest.fixture
def database_url():
    """SQLite only: its plans do not depend on what is in the tables."""


@pytest.mark.parametrize(
    ("facets", "index"),
    [
        ({}, "INDEX ix_hits_stream (stream_key=? AND kind=?)"),
        *(
            ({name: "x"}, "PRIMARY KEY (stream_key=? AND kind=? AND name=? AND value=?)")
            for name in store._ORDER
        ),
        (
            {"platform": "desktop", "city": "x"},
            "PRIMARY KEY (stream_key=? AND kind=? AND name=? AND value=?)",
        ),
    ],
)
def test_every_search_starts_from_an_index_in_order(db, facets, index):
    plans = []
    with db.transaction() as tx:

        @event.listens_for(db.engine, "before_cursor_execute")
        def explain(connection, cursor, statement, parameters, context, many):
            if statement.startswith("SELECT"):
                cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans.append(" | ".join(row[3] for row in cursor.fetchall()))

        wanted = HitSearch(kind=HitKind.OPEN, server_id=1, stream_key=1, facets=facets)
        store.search(tx, wanted, count=10, offset=0)
        event.remove(db.engine, "before_cursor_execute", explain)
    assert len(plans) == 2
    for plan in plans:
        assert index in plan
        assert "SCAN" not in plan.replace("CORRELATED SCALAR SUBQUERY", "")
        assert "TEMP B-TREE" not in plan
