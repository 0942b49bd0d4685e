"""What submission decides for sessions that outlive a change."""

from pillarbox.domains.directory import Domains
from pillarbox.outbound.submit import Submission
from pillarbox.servers import manage
from pillarbox.servers.directory import Directory
from pillarbox.smtpd.service import Envelope
from pillarbox.smtpd.submission import Login, SubmissionService


async def test_a_session_ends_with_its_server(app, server):
    submission = Submission(app, Domains(app.db, monotonic=app.monotonic))
    service = SubmissionService(app, Directory(app.db, monotonic=app.monotonic), submission)
    envelope = Envelope(
        identity=Login(server, None),
        peer_ip="127.0.0.1",
        helo="client.example",
        protocol="ESMTPA",
        mail_from="a@sender.example",
        recipients=["b@one.example"],
        data=b"From: a@sender.example\r\nTo: b@one.example\r\nSubject: Hi\r\n\r\nx\r\n",
        smtputf8=False,
    )
    assert (await service.deliver(envelope)).code == 250
    await app.db.write(lambda tx: manage.remove(tx, server.id))
    assert (await service.deliver(envelope)).code == 535
