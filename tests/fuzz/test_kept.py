"""Every mail of the corpus is kept and visible, whatever is wrong with it, on both databases."""

from pillarbox.app import App
from pillarbox.bounces import orphans
from pillarbox.bounces.intake import Returns
from pillarbox.inbound.receive import Receiving
from pillarbox.inbound.store import messages
from pillarbox.mail.verp import ReturnPaths
from pillarbox.received.model import Route, Target
from pillarbox.servers.directory import Directory
from pillarbox.servers.model import Server
from tests.factories import a_received
from tests.fuzz import seeds


async def test_every_mail_to_an_inbox_is_a_message_with_its_source(
    app: App, server: Server
) -> None:
    step = Receiving(app, Directory(app.db, monotonic=app.monotonic))
    mails = [a_received(app, server, raw=raw) for _, raw in [*seeds.mails(), *seeds.own("inbound")]]
    arrivals = [await step.prepare(mail) for mail in mails]
    with app.db.transaction() as tx:
        step.settle(tx, arrivals)
    with app.db.transaction() as tx:
        for mail in mails:
            assert messages.find(tx, server.id, mail.message_id) is not None
            assert messages.find_content(tx, mail.key).raw.endswith(mail.raw)


async def test_every_mail_nobody_is_known_for_is_an_orphan(app: App, server: Server) -> None:
    step = Returns(ReturnPaths(secret=b"s" * 16))
    target = Target(route=Route.COMPLAINT)
    mails = [a_received(app, server, target=target, raw=raw) for _, raw in seeds.mails()]
    returned = [await step.prepare(mail) for mail in mails]
    with app.db.transaction() as tx:
        step.settle(tx, returned)
    with app.db.transaction() as tx:
        assert len(orphans.list_orphans(tx, limit=1000)) == len(mails)
