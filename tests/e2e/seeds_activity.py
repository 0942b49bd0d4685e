"""For the activity page: messages with everything that its search asks for."""

from typing import TYPE_CHECKING

from pillarbox.events.model import EventType
from tests.conftest import Running
from tests.e2e import mailroom
from tests.e2e.seeds import HOSTILE

if TYPE_CHECKING:
    from tests.e2e.screens import Facts


async def activity(running: Running, facts: "Facts") -> None:
    """A message that was opened and clicked, in the other stream, with metadata and a tag of two words."""
    app = running.app
    digest = await mailroom.post(
        app,
        subject="Three things to plant this week",
        tag="weekly digest",
        stream="broadcast",
        to="gardener@two.example",
        metadata={"campaign": "spring", "note": HOSTILE[:80]},
    )
    await mailroom.settle(app, digest, "delivered", reply="250 2.0.0 Ok")
    summary = {"Summary": "Email opened with Chrome"}
    await app.db.write(lambda tx: mailroom.event(tx, digest, EventType.OPENED, summary))
    link = {"Summary": "Link clicked", "Link": "https://shop.example/plants"}
    await app.db.write(lambda tx: mailroom.event(tx, digest, EventType.LINK_CLICKED, link))
