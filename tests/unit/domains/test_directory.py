"""Who may send, from memory."""

import pytest
from sqlalchemy import event

from pillarbox.domains import keys, register, signatures, store
from pillarbox.domains.directory import KEEP_S, Domains
from pillarbox.domains.model import NewSignature, Standing

PEM = keys.new_pem()


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def domains(db, seconds) -> Domains:
    return Domains(db, monotonic=seconds)


@pytest.fixture
def statements(db):
    """The statements that were run."""
    found: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        found.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield found
    event.remove(db.engine, "before_cursor_execute", note)


async def test_a_second_question_costs_no_query(domains, db, seconds, statements):
    assert await domains.standing("a@one.example", "one.example") is Standing.UNKNOWN
    asked = len(statements)
    for _ in range(100):
        await domains.standing("A@one.example", "ONE.example")
    assert len(statements) == asked
    seconds.now += KEEP_S
    await domains.standing("a@one.example", "one.example")
    assert len(statements) > asked


async def test_a_change_is_heard_of(domains: Domains, db):
    async def standing(email: str) -> Standing:
        return await domains.standing(email, email.rpartition("@")[2])

    assert await standing("a@one.example") is Standing.UNKNOWN
    new = NewSignature(email="A@one.example", name="A")
    made = await db.write(lambda tx: signatures.insert_signature(tx, new))
    assert await standing("a@one.example") is Standing.UNCONFIRMED
    await db.write(lambda tx: signatures.confirm(tx, made.id))
    assert await standing("a@one.example") is Standing.GOOD
    assert await standing("b@one.example") is Standing.UNKNOWN
    domain = await db.write(lambda tx: register.create(tx, "one.example", PEM))
    assert await standing("b@one.example") is Standing.UNKNOWN
    await db.write(lambda tx: store.activate_key(tx, domain.id))
    assert await standing("b@one.example") is Standing.GOOD


async def test_an_unverified_domain_is_signed_for_by_the_host_s_own(domains, app, db):
    async def selector(name: str) -> str | None:
        origin = await domains.origin(name, app.config)
        assert origin.return_path_host == "pillarbox.example"
        return None if origin.key is None else origin.key.domain

    await db.write(lambda tx: register.create(tx, "one.example", PEM))
    assert await selector("one.example") is None
    own = await db.write(lambda tx: register.create(tx, "pillarbox.example", PEM))
    assert await selector("one.example") is None
    await db.write(lambda tx: store.activate_key(tx, own.id))
    assert await selector("one.example") == "pillarbox.example"
    assert await selector("unknown.example") == "pillarbox.example"
