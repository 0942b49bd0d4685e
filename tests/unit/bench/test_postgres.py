from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from pillarbox.bench.model import BenchError
from pillarbox.bench.postgres import Database
from tests import postgres


@pytest.fixture(scope="module")
def admin_url() -> Iterator[str]:
    if postgres.binaries() is None:
        pytest.skip("no PostgreSQL server programs here")
    with postgres.cluster() as cluster:
        yield f"{cluster.address.rstrip('/')}/postgres"


def names(url: str) -> set[str]:
    with closing(psycopg.connect(url)) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def test_a_fresh_database_is_made_and_dropped_even_while_in_use(admin_url: str):
    before = names(admin_url)
    database = Database(admin_url, number=3)
    database.create()
    with closing(psycopg.connect(database.url)) as user:
        (name,) = user.execute("SELECT current_database()").fetchone() or ("",)
        database.drop()
    assert name.startswith("pillarbox_bench_")
    assert name not in before
    assert names(admin_url) == before


def test_the_servers_processes_are_found_through_a_connection(admin_url: str):
    database = Database(admin_url, number=4)
    assert database.pids() == []
    database.create()
    database.drop()
    assert len(database.pids()) > 3


def test_a_server_that_is_not_there_is_an_error():
    with pytest.raises(BenchError, match="PostgreSQL: "):
        Database("postgresql://nobody@127.0.0.1:1/x", number=1).create()
