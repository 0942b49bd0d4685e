"""Passwords: argon2id, kept apart from the event loop, and nothing imported before it is needed."""

import subprocess
import sys

import argon2
import pytest

from pillarbox.users import passwords
from pillarbox.users.model import UserProblem, checked_email, checked_name, checked_password


def test_a_hash_is_argon2id_with_its_parameters() -> None:
    stored = passwords.hash_now("correct horse")
    assert stored.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert len(stored) <= 200
    assert passwords.matches_now("correct horse", stored)
    assert not passwords.matches_now("correct hors", stored)
    assert not passwords.matches_now("correct horse", None)
    assert not passwords.matches_now("correct horse", "$argon2id$broken")


def test_an_older_hash_still_matches_and_is_known_as_old() -> None:
    old = argon2.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("pass word")
    assert passwords.matches_now("pass word", old)
    assert passwords.is_old(old)
    assert not passwords.is_old(passwords.hash_now("pass word"))


async def test_hashing_off_the_event_loop() -> None:
    hashing = passwords.Hashing()
    stored = await hashing.hash("correct horse")
    assert await hashing.matches("correct horse", stored)
    assert not await hashing.matches("correct horse", None)


def test_made_up_passwords_may_be_set_and_differ() -> None:
    made = {passwords.generate() for _ in range(20)}
    assert len(made) == 20
    assert all(checked_password(one) for one in made)


def test_argon2_is_not_imported_before_a_password_is_hashed() -> None:
    code = (
        "import sys; import pillarbox.cli.serve, pillarbox.cli.user; "
        "assert not any(m.startswith(('argon2', '_argon2')) for m in sys.modules); "
        "from pillarbox.users import passwords; passwords.hash_now('x'); "
        "assert 'argon2' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=50)


@pytest.mark.parametrize(
    "email",
    ["", "ann", "ann@", "@one.example", "a nn@one.example", "<ann@one.example>", "a@b@c"],
)
def test_what_is_no_email_address(email: str) -> None:
    with pytest.raises(UserProblem):
        checked_email(email)


def test_texts_of_users_are_checked() -> None:
    assert checked_email(" ann@localhost ") == "ann@localhost"
    assert checked_name("  Ann\n\x07 Example ") == "Ann Example"
    for refused in (
        lambda: checked_name("x" * 201),
        lambda: checked_email("x" * 250 + "@y.example"),
    ):
        with pytest.raises(UserProblem):
            refused()
    for password in ("1234567", "x" * 1001):
        with pytest.raises(UserProblem):
            checked_password(password)
