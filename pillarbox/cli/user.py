"""`pillarbox user`: who may log in to the web pages."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from pillarbox.cli.settings import as_json, open_database, settings, show, table
from pillarbox.config import Config
from pillarbox.errors import StartError
from pillarbox.storage.tx import Tx
from pillarbox.users import manage, passwords
from pillarbox.users.model import Actor, Role, User, UserProblem, checked_email, checked_password
from pillarbox.users.store import audit, people

R = TypeVar("R")

_ACTOR = Actor(name="Command line", role=Role.OWNER)
_GENERATE = click.option(
    "--generate", is_flag=True, help="make a password up and print it, instead of asking for one"
)


@click.group()
def user() -> None:
    """List, add and remove users of the web pages; set passwords."""


@user.command("list")
@as_json
@settings
def list_(config: Config, is_json: bool) -> None:
    """List all users by email address."""
    with open_database(config) as db, db.transaction() as tx:
        found = people.list_all(tx)
    rows = [[u.email, u.role.value, u.name, _when(u)] for u in found]
    head = ["EMAIL", "ROLE", "NAME", "LAST SEEN"]
    show([_data(u) for u in found], is_json=is_json, text=lambda: table(rows, head))


@user.command()
@click.argument("email")
@click.option("--name", default="", metavar="TEXT", help="how others see the user")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    help="what the user may do [default: owner for the first user, else developer]",
)
@_GENERATE
@as_json
@settings
def add(
    config: Config, email: str, name: str, role: str | None, generate: bool, is_json: bool
) -> None:
    """Add a user. The password is asked for, or read from standard input (one line)."""
    _obey(lambda: checked_email(email))
    password = _password(generate=generate)
    hashed = passwords.hash_now(password)

    def work(tx: Tx) -> User:
        default = Role.DEVELOPER if people.has_any(tx) else Role.OWNER
        made = manage.add(
            tx,
            email=email,
            name=name,
            role=Role(role) if role else default,
            password_hash=hashed,
        )
        audit.append(tx, _ACTOR, f"Added the user {made.email} ({made.role})")
        return made

    with open_database(config) as db, db.transaction() as tx:
        made = _obey(lambda: work(tx))
    _show(made, password if generate else None, is_json=is_json)


@user.command()
@click.argument("email")
@_GENERATE
@as_json
@settings
def password(config: Config, email: str, generate: bool, is_json: bool) -> None:
    """Set a user's password; it is asked for, or read from standard input. All sessions of the user end."""
    with open_database(config) as db:
        with db.transaction() as tx:
            known = _obey(lambda: manage.get_by_email(tx, email))
        chosen = _password(generate=generate)
        hashed = passwords.hash_now(chosen)
        with db.transaction() as tx:
            _obey(lambda: manage.set_password(tx, known.id, hashed))
            audit.append(tx, _ACTOR, f"Set a new password for {known.email}")
    _show(known, chosen if generate else None, is_json=is_json)


@user.command()
@click.argument("email")
@as_json
@settings
def remove(config: Config, email: str, is_json: bool) -> None:
    """Remove a user; all sessions of the user end. The last owner stays."""
    with open_database(config) as db, db.transaction() as tx:
        gone = _obey(lambda: manage.remove(tx, manage.get_by_email(tx, email).id))
        audit.append(tx, _ACTOR, f"Removed the user {gone.email}")
    show({"removed": gone.email}, is_json=is_json, text=lambda: "removed")


def _password(*, generate: bool) -> str:
    """The password to set. Raises StartError for one that may not be set."""
    if generate:
        return passwords.generate()
    if sys.stdin.isatty():
        text = str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    else:
        text = sys.stdin.readline().rstrip("\r\n")
    return _obey(lambda: checked_password(text))


def _obey(work: Callable[[], R]) -> R:
    """What work returns; a problem ends the command."""
    try:
        return work()
    except UserProblem as problem:
        raise StartError(str(problem)) from None


def _when(one: User) -> str:
    return f"{one.seen_at:%Y-%m-%d %H:%M} UTC" if one.seen_at else "never"


def _data(one: User) -> dict[str, Any]:
    return {
        "id": one.id,
        "email": one.email,
        "name": one.name,
        "role": one.role.value,
        "created_at": one.created_at.isoformat(),
        "seen_at": one.seen_at.isoformat() if one.seen_at else None,
    }


def _show(one: User, made_up: str | None, *, is_json: bool) -> None:
    data = _data(one) | ({"password": made_up} if made_up else {})
    text = f"{one.email} ({one.role})" + (f"\n{made_up}" if made_up else "")
    show(data, is_json=is_json, text=lambda: text)
