"""Users and their sessions, on both databases."""

from datetime import timedelta

import argon2
import pytest
from sqlalchemy import select
from typing_extensions import override

from pillarbox import installation
from pillarbox.app import App
from pillarbox.errors import StartError
from pillarbox.retention import tidy
from pillarbox.storage.db import Database
from pillarbox.storage.tx import Tx
from pillarbox.users import manage, passwords
from pillarbox.users.login import Attempt, Denied, Logins
from pillarbox.users.model import IDLE, LONGEST, Actor, Role, User, UserProblem
from pillarbox.users.store import audit, people, sessions
from pillarbox.users.store.tables import sessions as kept
from tests.conftest import SetClock

HASH = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("correct horse")


def add(tx: Tx, email: str = "ann@one.example", role: Role = Role.OWNER) -> User:
    return manage.add(tx, email=email, name="", role=role, password_hash=HASH)


def open_new(tx: Tx, user: User) -> str:
    return sessions.open_new(tx, user.id, ip="192.0.2.1", agent="Browser")


@pytest.fixture
def logins(app: App) -> Logins:
    async def never(_: float) -> None:
        pytest.fail("nobody was to wait")

    return Logins(app, passwords.Hashing(), pause=never)


def attempt(email: str = "ann@one.example", password: str = "correct horse") -> Attempt:
    return Attempt(email=email, password=password, ip="192.0.2.1", agent="Browser")


def test_an_email_address_is_taken_in_any_case(db: Database) -> None:
    with db.transaction() as tx:
        add(tx, "Ann@One.example")
        with pytest.raises(UserProblem, match="already"):
            add(tx, "ann@one.EXAMPLE")
        found = people.find_by_email(tx, " ANN@one.example ")
        assert found is not None
        assert found.user.email == "Ann@One.example"
        assert people.count(tx) == 1


def test_at_least_one_owner_remains(db: Database) -> None:
    with db.transaction() as tx:
        with pytest.raises(UserProblem, match="first user"):
            add(tx, role=Role.DEVELOPER)
        ann, bo = add(tx), add(tx, "bo@one.example", Role.DEVELOPER)
        for refused in (
            lambda: manage.remove(tx, ann.id),
            lambda: manage.set_role(tx, ann.id, Role.SUPPORT),
        ):
            with pytest.raises(UserProblem, match="owner must remain"):
                refused()
        manage.set_role(tx, bo.id, Role.OWNER)
        manage.remove(tx, ann.id)
        assert [user.email for user in people.list_all(tx)] == ["bo@one.example"]


def test_sessions_end_with_password_role_and_user(db: Database) -> None:
    """CVE-2026-34828: a session survived a change of the password."""
    with db.transaction() as tx:
        add(tx)
        bo = add(tx, "bo@one.example", Role.DEVELOPER)
        token = open_new(tx, bo)
        manage.set_role(tx, bo.id, Role.OWNER)
        assert sessions.find(tx, token) is not None
        manage.set_role(tx, bo.id, Role.SUPPORT)
        assert sessions.find(tx, token) is None
        token = open_new(tx, bo)
        manage.set_password(tx, bo.id, HASH)
        assert sessions.find(tx, token) is None
        token = open_new(tx, bo)
        manage.remove(tx, bo.id)
        assert sessions.find(tx, token) is None


def test_a_session_that_is_not_used_is_over(db: Database, clock: SetClock) -> None:
    with db.transaction() as tx:
        token = open_new(tx, add(tx))
        assert token not in str(tx.rows(select(kept)))
    clock.advance(IDLE - timedelta(seconds=1))
    with db.transaction() as tx:
        assert sessions.find(tx, token) is not None
    clock.advance(timedelta(seconds=1))
    with db.transaction() as tx:
        assert sessions.find(tx, token) is None
        assert sessions.find(tx, "") is None


def test_a_session_is_over_in_the_end_however_often_it_is_used(
    db: Database, clock: SetClock
) -> None:
    with db.transaction() as tx:
        ann = add(tx)
        token = open_new(tx, ann)
    for _ in range(LONGEST // timedelta(days=10) - 1):
        clock.advance(timedelta(days=10))
        with db.transaction() as tx:
            found = sessions.find(tx, token)
            assert found is not None
            sessions.touch(tx, found[1])
    clock.advance(timedelta(days=10))
    with db.transaction() as tx:
        assert sessions.find(tx, token) is None
        assert sessions.list_of_user(tx, ann.id) == []
        assert sessions.count_by_user(tx) == {}


async def test_what_is_over_is_tidied_away(app: App, clock: SetClock) -> None:
    with app.db.transaction() as tx:
        ann = add(tx)
        open_new(tx, ann)
        audit.append(tx, actor("ann@one.example"), "Did something")
    clock.advance(IDLE)
    with app.db.transaction() as tx:
        fresh = open_new(tx, ann)
    await tidy.tidy(app)
    with app.db.transaction() as tx:
        left = tx.rows(select(kept.c.token_hash))
        assert [row[0] for row in left] == [sessions.hash_of(fresh)]
        assert len(audit.newest(tx)) == 1
    clock.advance(tidy.AUDIT_KEPT)
    await tidy.tidy(app)
    with app.db.transaction() as tx:
        assert audit.newest(tx) == []


def actor(name: str) -> Actor:
    return Actor(name=name, role=Role.OWNER)


def test_the_audit_log_is_read_by_person_and_in_pages(db: Database) -> None:
    with db.transaction() as tx:
        for number in range(6):
            name = "ann@one.example" if number % 2 else "bo_@one.example"
            audit.append(tx, actor(name), f"Deed {number}")
        first = audit.newest(tx, limit=2)
        assert [deed.text for deed in first] == ["Deed 5", "Deed 4"]
        assert [d.text for d in audit.newest(tx, before=first[-1].id, limit=2)] == [
            "Deed 3",
            "Deed 2",
        ]
        assert [d.text for d in audit.newest(tx, person="BO_@")] == ["Deed 4", "Deed 2", "Deed 0"]
        assert audit.newest(tx, person="%") == []


async def test_logging_in(app: App, logins: Logins) -> None:
    with app.db.transaction() as tx:
        add(tx)
    token = await logins.log_in(attempt())
    with app.db.transaction() as tx:
        found = sessions.find(tx, token)
        assert found is not None
        assert found[0].seen_at == tx.now
        assert (found[1].ip, found[1].agent) == ("192.0.2.1", "Browser")
        assert [deed.text for deed in audit.newest(tx)] == ["Logged in"]


async def test_an_old_hash_is_made_anew(app: App, logins: Logins) -> None:
    with app.db.transaction() as tx:
        add(tx)
    await logins.log_in(attempt())
    with app.db.transaction() as tx:
        found = people.find_by_email(tx, "ann@one.example")
    assert found is not None
    assert found.password_hash != HASH
    assert not passwords.is_old(found.password_hash)
    await logins.log_in(attempt())


async def test_unknown_and_wrong_get_the_same_answer(app: App, logins: Logins) -> None:
    with app.db.transaction() as tx:
        add(tx)
    seen = []
    for wrong in (attempt("nobody@one.example"), attempt(password="wrong"), attempt(password="")):
        with pytest.raises(Denied) as denied:
            await logins.log_in(wrong)
        seen.append(denied.value.wait_s)
    assert seen == [0, 0, 0]
    with app.db.transaction() as tx:
        assert audit.newest(tx) == []


async def test_guessing_is_slowed_down_without_locking_anybody_out(app: App) -> None:
    with app.db.transaction() as tx:
        add(tx)
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    logins = Logins(app, passwords.Hashing(), pause=pause)
    for number in range(12):
        guess = Attempt(email="ann@one.example", password="wrong", ip=f"192.0.2.{number}", agent="")
        with pytest.raises(Denied):
            await logins.log_in(guess)
    assert len(pauses) == 2
    assert await logins.log_in(attempt())  # the owner, from an address of her own
    for _ in range(5):
        with pytest.raises(Denied):
            await logins.log_in(attempt(password="wrong"))
    with pytest.raises(Denied) as denied:
        await logins.log_in(attempt())
    assert 0 < denied.value.wait_s <= 1


async def test_a_password_that_is_changed_meanwhile_opens_nothing(app: App) -> None:
    with app.db.transaction() as tx:
        ann = add(tx)

    class Slow(passwords.Hashing):
        @override
        async def matches(self, password: str, stored: str | None) -> bool:
            known = await super().matches(password, stored)
            with app.db.transaction() as tx:
                manage.set_password(tx, ann.id, passwords.hash_now("another one"))
            return known

    with pytest.raises(Denied):
        await Logins(app, Slow()).log_in(attempt())
    with app.db.transaction() as tx:
        assert sessions.list_of_user(tx, ann.id) == []


def test_the_first_start_creates_the_first_user_once(settings, db: Database) -> None:
    config = settings(admin_email="root@one.example", admin_password="a secret")
    with db.transaction() as tx:
        installation.create_first_user(tx, config)
        installation.create_first_user(
            tx, settings(admin_email="else@one.example", admin_password="another")
        )
        [user] = people.list_all(tx)
        assert (user.email, user.role) == ("root@one.example", Role.OWNER)


@pytest.mark.parametrize(
    "flags",
    [
        {"admin_email": "root@one.example"},
        {"admin_password": "a secret"},
        {"admin_email": "nobody", "admin_password": "a secret"},
    ],
)
def test_half_a_first_user_does_not_start_open(settings, db: Database, flags) -> None:
    with db.transaction() as tx, pytest.raises(StartError, match="ADMIN_EMAIL"):
        installation.create_first_user(tx, settings(**flags))
