"""What the screens show in tests and pictures: usual things, and hostile ones that must stay mere text."""

from typing import TYPE_CHECKING

from pillarbox.servers import manage
from pillarbox.servers.model import NewServer, Settings
from tests.conftest import Running
from tests.e2e import mailroom

if TYPE_CHECKING:
    from tests.e2e.screens import Facts

HOSTILE = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
"""Put this, and the right-to-left and the long text, wherever a stranger may choose a text."""
RIGHT_TO_LEFT = "\u202eتأكيد الطلب\u202c رقم ٤٧"
LONG = "An unusually long subject that goes on " * 12


async def servers(running: Running, facts: "Facts") -> None:
    """The first Server, and one with a hostile name."""
    first = await mailroom.first_server(running.app)
    facts.ids["server"] = str(first.id)
    new = NewServer(name=HOSTILE[:200])
    await running.app.db.write(
        lambda tx: manage.create(tx, new, Settings(color="Orange"), limit=None)
    )


async def messages(running: Running, facts: "Facts") -> None:
    """Messages in every state, and some that a stranger wrote."""
    app = running.app
    order = await mailroom.post(
        app,
        subject="Your order 4711 is on its way",
        tag="order",
        html="<h1>Thank you</h1><p>It is on its way. <a href='https://shop.example/4711'>See it</a></p>",
        text="It is on its way: https://shop.example/4711",
        attachments=(mailroom.LOGO,),
    )
    facts.ids["message"] = str(order.message_id)
    await mailroom.settle(app, order, "delivered", reply="250 2.0.0 Ok: queued as 4F1C")
    for subject in (HOSTILE, RIGHT_TO_LEFT, LONG):
        await mailroom.post(app, subject=subject, tag=HOSTILE, html=f"<p>{HOSTILE}</p>")
    grey = await mailroom.post(app, subject="Reset your password", tag="password")
    await mailroom.settle(app, grey, "deferred", reply=f"450 4.2.0 Greylisted {HOSTILE}")
    gone = await mailroom.post(app, subject="Welcome aboard")
    await mailroom.settle(app, gone, "failed", reply="550 5.1.1 No such user here")
    facts.ids["bounced"] = str(gone.message_id)
