"""Pushing more than may be pushed; the rest is in the contract."""

import pytest

from pillarbox.errors import Problem, Refused
from pillarbox.servers.model import NewServer
from pillarbox.servers.store import servers
from pillarbox.templates import store
from pillarbox.templates.model import TemplateType, Values
from pillarbox.templates.push import push


def keep(tx, server_id, count: int, prefix: str = "t") -> None:
    for number in range(count):
        values = Values(
            name="n", subject="s", html=None, text="t", alias=f"{prefix}{number}", layout_id=None
        )
        store.insert_template(tx, server_id, TemplateType.STANDARD, values)


def test_a_hundred_at_a_time(app, server):
    with app.db.transaction() as tx:
        other = servers.insert_server(tx, NewServer(name="Other")).id
        keep(tx, server.id, 100)
        assert len(push(tx, server.id, other, performs=True, limit=500)) == 100
        keep(tx, server.id, 1, prefix="u")
        with pytest.raises(Refused) as refused:
            push(tx, server.id, other, performs=True, limit=500)
        assert refused.value.problem is Problem.TOO_MANY_TO_PUSH
