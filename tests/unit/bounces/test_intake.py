"""Mail that came back, all the way into the record, on both databases."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from pillarbox.app import App
from pillarbox.bounces import intake, orphans, store
from pillarbox.bounces.activate import activate
from pillarbox.bounces.model import Bounce, BounceSearch, BounceType
from pillarbox.bounces.orphans import Why
from pillarbox.events import store as events
from pillarbox.ids import copy_number, copy_of
from pillarbox.mail.parse import parse
from pillarbox.mail.verp import ReturnPaths
from pillarbox.outbound.accept import accept
from pillarbox.outbound.model import ERASED_DOMAIN, Prepared, RecipientState
from pillarbox.outbound.store import queue, tables
from pillarbox.outbound.store.queue import Move
from pillarbox.servers.model import Server
from pillarbox.servers.store import servers
from pillarbox.suppressions import store as suppressions
from tests.factories import a_prepared
from tests.unit.bounces.corpus import CORPUS, RETURN_PATH, mails

HOST = "bounces.pillarbox.example"


@dataclass
class Sent:
    """A message that was delivered to ann@one.example, and what may come back for it."""

    app: App
    server: Server
    paths: ReturnPaths
    message: Prepared

    @property
    def return_path(self) -> str:
        return self.paths.make(copy_number(self.message.key, 0), HOST)

    def take(self, raw: bytes, **changes: Any) -> Bounce | None:
        """Let a mail of the corpus, or another, come back."""
        envelope: dict[str, Any] = {
            "recipient": self.return_path,
            "mail_from": "",
            "received_at": self.app.clock.now(),
            "is_complaint": False,
        }
        raw = raw.replace(RETURN_PATH.encode(), self.return_path.encode())
        raw = raw.replace(b"\n", b"\r\n")
        returned = intake.Returned(raw=raw, message=parse(raw), **envelope | changes)
        with self.app.db.transaction() as tx:
            return intake.take(tx, returned, self.paths)

    def complain(self, raw: bytes, **changes: Any) -> Bounce | None:
        envelope = {"recipient": f"fbl@{HOST}", "mail_from": "fbl@isp.example"}
        return self.take(raw, **envelope | {"is_complaint": True} | changes)

    def bounces(self) -> list[Bounce]:
        wanted = BounceSearch(server_id=self.server.id)
        with self.app.db.transaction() as tx:
            return store.search(tx, wanted, count=50, offset=0)[1]

    def told(self) -> list[str]:
        with self.app.db.transaction() as tx:
            return [event.type.value for event in events.list_of_message(tx, self.message.key)]

    def is_suppressed(self, slug: str = "outbound") -> bool:
        key = self.server.streams[slug].key
        with self.app.db.transaction() as tx:
            return "ann@one.example" in suppressions.find_all(tx, key, ["ann@one.example"])

    def state(self) -> RecipientState:
        with self.app.db.transaction() as tx:
            query = tables.recipients.select().where(
                tables.recipients.c.message_key == self.message.key
            )
            row = tx.first(query)
            assert row is not None
            return RecipientState(row.state)

    def orphans(self) -> list[orphans.Orphan]:
        with self.app.db.transaction() as tx:
            return orphans.list_orphans(tx, limit=10)


def move(app: App, key: int, state: RecipientState) -> None:
    with app.db.transaction() as tx:
        (copy,) = queue.claim(tx, [("one.example", 1)], 7)
        assert copy.message_key == key
        queue.move(tx, [Move(message_key=key, position=0, lease=7, state=state, attempts=1)])


@pytest.fixture
def sent(app, server) -> Sent:
    message = a_prepared(app, server, to="Ann@one.example", tag="receipt", subject="Your receipt")
    with app.db.transaction() as tx:
        accept(tx, [message])
        paths = ReturnPaths(secret=servers.secret(tx))
    move(app, message.key, RecipientState.DELIVERED)
    return Sent(app, server, paths, message)


def mail(kind: str, name: str) -> bytes:
    return (CORPUS / kind / f"{name}.eml").read_bytes()


HARD = mail("dsn", "postfix-user-unknown")
SOFT = mail("dsn", "postfix-mailbox-full")
COMPLAINT = mail("arf", "rfc5965-full")


async def test_a_late_hard_bounce_after_delivery(sent):
    bounce = sent.take(HARD)
    assert bounce is not None
    assert bounce == Bounce(
        id=bounce.id,
        type=BounceType.HARD_BOUNCE,
        message_id=sent.message.message_id,
        server_id=sent.server.id,
        stream="outbound",
        tag="receipt",
        email="Ann@one.example",
        sender="shop@sender.example",
        subject="Your receipt",
        details='X-Postfix; unknown user: "ann"',
        at=sent.app.clock.now(),
        inactive=True,
        has_dump=True,
        content=HARD.replace(RETURN_PATH.encode(), sent.return_path.encode())
        .replace(b"\n", b"\r\n")
        .decode(),
    )
    assert sent.told() == ["Bounced", "SubscriptionChanged"]
    assert sent.is_suppressed()
    assert not sent.is_suppressed("broadcast")
    assert sent.state() is RecipientState.BOUNCED


async def test_the_dump_is_kept_for_thirty_days(sent, clock):
    bounce = sent.take(HARD)
    assert bounce is not None
    clock.advance(timedelta(days=30))
    with sent.app.db.transaction() as tx:
        later = store.get(tx, sent.server.id, bounce.id)
    assert (later.has_dump, later.content) == (False, None)


async def test_the_same_report_twice_is_one_bounce(sent):
    assert sent.take(HARD) is not None
    assert sent.take(HARD) is None
    assert len(sent.bounces()) == 1
    assert sent.told() == ["Bounced", "SubscriptionChanged"]


async def test_another_type_adds_a_record_and_lets_the_first_stand(sent):
    assert sent.take(SOFT) is not None
    assert not sent.is_suppressed()
    assert sent.take(HARD) is not None
    assert [bounce.type for bounce in sent.bounces()] == ["HardBounce", "SoftBounce"]
    assert sent.is_suppressed()


async def test_a_delayed_notice_is_told_once_and_leaves_the_copy_delivered(sent):
    for _ in range(3):
        sent.take(mail("dsn", "postfix-delayed"))
    assert [bounce.type for bounce in sent.bounces()] == ["Transient"]
    assert sent.state() is RecipientState.DELIVERED
    assert not sent.is_suppressed()


@pytest.mark.parametrize("name", ["postfix-success", "postfix-relayed", "read-receipt"])
async def test_good_news_is_no_bounce(sent, name):
    assert sent.take(mail("dsn", name)) is None
    assert sent.bounces() == []
    assert sent.orphans() == []
    assert sent.state() is RecipientState.DELIVERED


async def test_every_type_that_comes_by_mail_is_recorded_and_only_hard_bounces_suppress(
    app, server, sent
):
    named = [p for p in mails("dsn") if p.values[1]["type"] and "sent_to" not in p.values[1]]
    one_of_each = {param.values[1]["type"]: param.values for param in named}
    assert len(one_of_each) == 14
    for kind, (raw, expected) in one_of_each.items():
        message = a_prepared(app, server, to=f"{kind}@one.example")
        with app.db.transaction() as tx:
            accept(tx, [message])
        other = Sent(app, server, sent.paths, message)
        mail_from = "" if expected.get("from_nobody", True) else "ann@one.example"
        bounce = other.take(raw, mail_from=mail_from)
        assert bounce is not None
        assert (bounce.type, bounce.email) == (kind, f"{kind}@one.example")
        assert bounce.inactive == (kind == "HardBounce")


async def test_a_bounce_already_seen_in_the_session_is_not_told_again(app, server):
    message = a_prepared(app, server, to="ann@one.example")
    with app.db.transaction() as tx:
        accept(tx, [message])
        paths = ReturnPaths(secret=servers.secret(tx))
    seen = Sent(app, server, paths, message)
    seen.take(HARD)
    assert seen.state() is RecipientState.QUEUED  # the queue's to say
    assert seen.take(HARD) is None


# Forged and lost


async def test_a_forged_return_path_has_no_effect(sent):
    forged = f"pm_bounces+aaaaaaaaaaaaaaaaaaaa@{HOST}"
    assert sent.take(HARD, recipient=forged) is None
    assert sent.bounces() == []
    assert not sent.is_suppressed()
    (orphan,) = sent.orphans()
    assert (orphan.why, orphan.type, orphan.recipient) == (
        Why.UNSIGNED,
        BounceType.HARD_BOUNCE,
        forged,
    )
    assert "X-Postfix; unknown user" in orphan.content


async def test_a_return_path_of_another_installation_is_forged(sent):
    other = ReturnPaths(secret=b"another secret!!").make(copy_number(sent.message.key, 0), HOST)
    assert sent.take(HARD, recipient=other) is None
    assert sent.orphans()[0].why is Why.UNSIGNED


async def test_a_genuine_token_inside_a_report_to_a_forged_address_does_not_help(sent):
    """Only complaints are told by what they bring along."""
    assert sent.return_path.encode() in HARD.replace(
        RETURN_PATH.encode(), sent.return_path.encode()
    )
    assert sent.take(HARD, recipient=f"pm_bounces+x@{HOST}") is None


@pytest.mark.parametrize("number", [copy_number(1 << 60, 0), 5])
async def test_a_report_on_a_message_that_is_not_kept_any_more(sent, number):
    assert sent.take(HARD, recipient=sent.paths.make(number, HOST)) is None
    (orphan,) = sent.orphans()
    assert (orphan.why, orphan.type) == (Why.NO_MESSAGE, BounceType.HARD_BOUNCE)


async def test_a_position_that_the_message_does_not_have(sent):
    assert (
        sent.take(HARD, recipient=sent.paths.make(copy_number(sent.message.key, 3), HOST)) is None
    )
    assert sent.orphans()[0].why is Why.NO_MESSAGE


async def test_mail_that_could_not_be_read_is_kept(sent):
    returned = intake.Returned(
        recipient=sent.return_path,
        mail_from="",
        received_at=sent.app.clock.now(),
        is_complaint=False,
        raw=b"\0\xff",
        message=None,
    )
    with sent.app.db.transaction() as tx:
        assert intake.take(tx, returned, sent.paths) is None
    assert sent.orphans()[0].why is Why.UNREADABLE


async def test_an_erased_recipient_stays_erased(sent):
    with sent.app.db.transaction() as tx:
        tx.run(tables.recipients.update().values(email=f"removed-1@{ERASED_DOMAIN}"))
    assert sent.take(HARD) is None
    assert sent.bounces() == []
    assert sent.orphans() == []


async def test_orphans_are_few_and_not_kept_for_long(sent, clock, monkeypatch):
    monkeypatch.setattr(orphans, "MOST_KEPT", 3)
    for _ in range(5):
        sent.take(HARD, recipient="x@y.example")
    with sent.app.db.transaction() as tx:
        assert orphans.delete_old(tx, 1) == 1
        assert orphans.delete_old(tx, 10) == 1
        assert orphans.delete_old(tx, 10) == 0
    assert len(sent.orphans()) == 3
    clock.advance(orphans.KEPT_FOR + timedelta(seconds=1))
    with sent.app.db.transaction() as tx:
        assert orphans.delete_old(tx, 10) == 3


async def test_bytes_that_no_database_keeps_are_kept(sent):
    raw = b"From: mailer-daemon@x.example\nSubject: failure notice \xff\0\n\n\xff\xfe\0 550 5.1.1 unknown\n"
    bounce = sent.take(raw)
    assert bounce is not None
    assert bounce.type is BounceType.HARD_BOUNCE
    sent.take(raw, recipient="x@y.example")
    assert sent.orphans()[0].subject.startswith("failure notice")


async def test_a_huge_report_is_cut(sent):
    bounce = sent.take(HARD + b"x" * (2 * intake.LONGEST_CONTENT))
    assert bounce is not None
    assert bounce.content is not None
    assert len(bounce.content) == intake.LONGEST_CONTENT


# Complaints


@pytest.mark.parametrize(("raw", "expected"), mails("arf"))
async def test_complaints_of_the_corpus(sent, raw, expected):
    bounce = sent.complain(raw)
    if not expected["signed"]:
        assert bounce is None
        assert sent.orphans()[0].why is Why.UNSIGNED
        assert not sent.is_suppressed()
        return
    assert (bounce.type if bounce else "") == expected["type"]
    assert sent.is_suppressed() == (expected["type"] == "SpamComplaint")


async def test_a_complaint_suppresses_for_good(sent):
    bounce = sent.complain(COMPLAINT)
    assert bounce is not None
    assert (bounce.type, bounce.inactive, bounce.email) == (
        BounceType.SPAM_COMPLAINT,
        True,
        "Ann@one.example",
    )
    assert bounce.content is not None
    assert "Feedback-Type: abuse" in bounce.content
    assert sent.told() == ["Bounced", "SubscriptionChanged"]
    assert sent.state() is RecipientState.DELIVERED
    assert sent.complain(mail("arf", "rfc5965-minimal")) is None


async def test_a_masked_recipient_is_found_by_the_return_path(sent):
    raw = COMPLAINT.replace(b"ann@one.example", b"redacted@isp.example")
    bounce = sent.complain(raw)
    assert bounce is not None
    assert bounce.email == "Ann@one.example"


async def test_a_complaint_to_a_return_path_is_one_too(sent):
    bounce = sent.take(COMPLAINT, mail_from="fbl@isp.example")
    assert bounce is not None
    assert bounce.type is BounceType.SPAM_COMPLAINT


async def test_a_complaint_after_a_hard_bounce_takes_its_place(sent):
    first = sent.take(HARD)
    assert first is not None
    assert sent.complain(COMPLAINT) is not None
    with sent.app.db.transaction() as tx:
        held = suppressions.find_all(tx, sent.server.streams["outbound"].key, ["ann@one.example"])[
            "ann@one.example"
        ]
    assert not held.may_be_lifted


async def test_a_hard_bounce_can_be_activated_and_bounces_anew_with_the_next_message(sent):
    bounce = sent.take(HARD)
    assert bounce is not None
    with sent.app.db.transaction() as tx:
        activate(tx, sent.server, bounce.id)
    assert not sent.is_suppressed()
    again = a_prepared(sent.app, sent.server, to="ann@one.example")
    with sent.app.db.transaction() as tx:
        accept(tx, [again])
    assert Sent(sent.app, sent.server, sent.paths, again).take(HARD) is not None
    assert sent.is_suppressed()


def test_the_number_of_a_copy_names_message_and_position():
    assert copy_of(copy_number(123456789, 49)) == (123456789, 49)
