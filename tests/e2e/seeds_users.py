"""Users of every role, whose names and browsers are as odd as strangers may make them."""

from typing import TYPE_CHECKING

from pillarbox.storage.tx import Tx
from pillarbox.users import manage
from pillarbox.users.login import actor_of
from pillarbox.users.model import Role
from pillarbox.users.store import audit, sessions
from tests.conftest import Running
from tests.e2e.seeds import HOSTILE, LONG, RIGHT_TO_LEFT

if TYPE_CHECKING:
    from tests.e2e.screens import Facts

NO_PASSWORD = "none of these users logs in by a password"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


async def users(running: Running, facts: "Facts") -> None:
    """An owner who is logged in, and others; from now on the pages ask for a login."""
    await running.app.db.write(lambda tx: _users(tx, facts))


def _users(tx: Tx, facts: "Facts") -> None:
    people = (
        ("olive@example.com", "Olive Owner", Role.OWNER),
        ("dev@example.com", HOSTILE, Role.DEVELOPER),
        (f"{'long.' * 18}name@support.example", RIGHT_TO_LEFT, Role.SUPPORT),
        ("sam@support.example", "", Role.SUPPORT),
    )
    made = [
        manage.add(tx, email=email, name=name, role=role, password_hash=NO_PASSWORD)
        for email, name, role in people
    ]
    owner = made[0]
    facts.ids["user"] = str(made[1].id)
    facts.session = sessions.open_new(tx, owner.id, ip="192.0.2.7", agent=CHROME)
    sessions.open_new(tx, owner.id, ip="2001:db8:85a3:8d3:1319:8a2e:370:7348", agent=HOSTILE)
    for text in (
        "Created the Server “Shop, production”",
        f"Deleted the Server “{HOSTILE}”",
        f"Created the template “{LONG}”",
    ):
        audit.append(tx, actor_of(owner, "192.0.2.7"), text, server_id=int(facts.ids["server"]))
    for number in range(60):
        audit.append(tx, actor_of(made[1], "198.51.100.3"), f"Changed webhook {number}")
    audit.append(tx, actor_of(made[2], "198.51.100.4"), "Logged in")
