"""The simulator: made-up mail that goes the way of real inbound mail, and the lines to send some by hand."""

import asyncio
import shlex

from starlette.responses import Response

from pillarbox.inbound import simulate
from pillarbox.inbound.simulate import Composed
from pillarbox.inbound.store import messages
from pillarbox.received.handover import keep
from pillarbox.servers.model import Server
from pillarbox.web.area import Area
from pillarbox.web.forms import Form
from pillarbox.web.inbound.activity import LIST, home, inbound_address
from pillarbox.web.visit import Visit

area = Area("inbound")

PATH = LIST + "/simulator"
WAIT_S = 5.0
_ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not bound to


@area.show(PATH)
async def show_simulator(visit: Visit) -> Response:
    """The form."""
    return _page(visit, Form({}))


@area.act(PATH)
async def run(visit: Visit) -> Response:
    """Take a made-up mail in, wait a little for what comes of it, and go there."""
    form, server = visit.form, visit.server
    recipient = form.line("to") or inbound_address(visit)
    raw = simulate.crlf(form.text("raw")) if form.line("raw") else _composed(visit, recipient)
    ip = visit.request.client.host if visit.request.client else "127.0.0.1"
    mail = simulate.received(visit.app, server, recipient, raw, ip=ip)
    if mail is None:
        return _page(
            visit, form, "“To” must be one address, and the server needs an inbound stream."
        )
    news = visit.app.wake.subscribe(messages.LIST)
    try:
        await visit.write(lambda tx: keep(tx, [[mail]]), did="Simulated an inbound message")
        async with asyncio.timeout(WAIT_S):
            while not await _is_there(visit, server, mail.message_id):
                await news.wait(1.0)
                news.take()
    except TimeoutError:
        pass  # the page says that it is being processed
    finally:
        visit.app.wake.unsubscribe(messages.LIST, news)
    return visit.go(f"{home(server)}/{mail.message_id}")


async def _is_there(visit: Visit, server: Server, message_id: str) -> bool:
    found = await visit.read(lambda tx: messages.find(tx, server.id, message_id))
    return found is not None


def _composed(visit: Visit, recipient: str) -> bytes:
    form = visit.form
    written = Composed(
        sender=form.line("from"),
        recipient=recipient,
        subject=form.line("subject"),
        text=form.text("text"),
    )
    return simulate.source(written, date=simulate.today(visit.app))


def _page(visit: Visit, form: Form, problem: str = "") -> Response:
    host, port = visit.app.config.inbound_listen[0]
    name = visit.request.url.hostname or "localhost"
    where = f"{name if host in _ANYWHERE else host}:{port}"
    address = inbound_address(visit)
    values = {
        "here": home(visit.server),
        "form": form,
        "address": address,
        "swaks": shlex.join(
            ["swaks", "--server", where, "--from", "you@example.com", "--to", address]
        ),
        "curl": shlex.join(
            ["curl", f"smtp://{where}", "--mail-from", "you@example.com", "--mail-rcpt", address]
        )
        + " --upload-file message.eml",
        "problem_text": problem,
    }
    return visit.page("inbound/simulator.html", values, status=422 if problem else 200)
