"""Messages, opens, clicks, bounces and inbound mail."""

from datetime import timedelta
from typing import Any

from postmark.exceptions import (
    ValidationException,
)
from postmark.models.bounces import BounceType
from sweep import (
    NEVER,
    SENDER,
    TAG,
    check,
    refused,
)

from official.client import START, server


@check
def list_messages() -> None:
    page = server.outbound.list(count=33, tag=TAG)
    assert page.total == 24
    assert {message.tag for message in page.items} == {TAG}
    assert len(server.outbound.list(count=33).items) == 33
    first, second = (
        server.outbound.list(count=2).items,
        server.outbound.list(count=1, offset=1).items,
    )
    assert first[1].message_id == second[0].message_id
    assert first[0].received_at >= first[1].received_at
    found = server.outbound.list(subject="Message 7", recipient="reader0@elsewhere.example").items
    assert {message.subject for message in found} == {"Message 7", "Message 70"}
    assert server.outbound.list(metadata={"number": "8"}).items[0].subject == "Message 8"
    assert server.outbound.list(from_email="nobody@elsewhere.example").total == 0
    assert server.outbound.list(from_email=SENDER, status="sent").total > 70
    old = server.outbound.list(
        count=500,
        from_date=START - timedelta(days=35),
        to_date=START - timedelta(days=30),
        message_stream="outbound",
    )
    assert 8 <= old.total <= 12
    with refused(ValidationException, 700):
        server.outbound.list(count=-1)


@check
def stream_messages() -> None:
    found = server.outbound.stream(batch_size=10, max_messages=24, tag=TAG)
    assert len({message.message_id for message in found}) == 24


@check
def opens() -> None:
    page = server.outbound.list_opens()
    assert page.total == len(page.items) > 5
    one = next(hit for hit in page.items if hit.tag == TAG)
    assert one.record_type == "Open"
    for name, value in filters(one).items():
        found = server.outbound.list_opens(**{name: value})
        assert found.total > 0, name
        assert server.outbound.list_opens(**{name: "no-such"}).total == 0, name
    own = server.outbound.list_message_opens(one.message_id)
    assert {hit.message_id for hit in own.items} == {one.message_id}
    assert server.outbound.list_opens(to_date=START - timedelta(days=60)).total == 0
    with refused(ValidationException, 701):
        server.outbound.list_message_opens(NEVER)


@check
def clicks() -> None:
    page = server.outbound.list_clicks()
    assert page.total == len(page.items) > 5
    one = page.items[0]
    assert one.record_type == "Click"
    assert one.click_location == "HTML"
    assert one.original_link.startswith("https://elsewhere.example/")
    for name, value in filters(one).items():
        assert server.outbound.list_clicks(**{name: value}).total > 0, name
    own = server.outbound.list_message_clicks(one.message_id)
    assert {hit.message_id for hit in own.items} == {one.message_id}
    assert server.outbound.list_clicks(from_date=START + timedelta(days=2)).total == 0


def filters(hit: Any) -> dict[str, str]:
    """Filters that must find this open or click."""
    wanted = {
        "recipient": hit.recipient,
        "client_name": hit.client.name,
        "client_company": hit.client.company,
        "client_family": hit.client.family,
        "os_name": hit.os.name,
        "os_family": hit.os.family,
        "os_company": hit.os.company,
        "platform": hit.platform,
        "country": hit.geo.country,
        "region": hit.geo.region,
        "city": hit.geo.city,
    }
    assert all(wanted.values()), wanted
    return {name: value for name, value in wanted.items() if name != "platform"}


@check
def bounce_list() -> None:
    everything = server.bounces.list()
    hard = server.bounces.list(type=BounceType.HARD_BOUNCE)
    assert everything.total > hard.total >= 3
    assert {bounce.type for bounce in hard.items} == {BounceType.HARD_BOUNCE}
    assert {bounce.inactive for bounce in server.bounces.list(inactive=True).items} == {True}
    assert server.bounces.list(email_filter="nobody-at-all").total == 0
    one = hard.items[0]
    assert server.bounces.list(message_id=one.message_id).items[0].id == one.id
    assert server.bounces.list(tag=TAG, message_stream="outbound").total >= 1
    assert server.bounces.list(to_date=START - timedelta(days=60)).total == 0
    assert server.bounces.list(from_date=START - timedelta(days=60)).total == everything.total
    assert server.bounces.get(one.id).message_id == one.message_id
    dumped = next(bounce for bounce in everything.items if bounce.dump_available)
    assert "User unknown" in server.bounces.get_dump(dumped.id).body
    with refused(ValidationException, 1000):
        server.bounces.list(count=-4)
    with refused(ValidationException, 1001):
        server.bounces.get(1)


@check
def bounce_stream() -> None:
    found = server.bounces.stream(batch_size=2, max_bounces=5)
    assert len({bounce.id for bounce in found}) == 5


@check
def bounce_activate() -> None:
    one = server.bounces.list(type=BounceType.HARD_BOUNCE, inactive=True).items[-1]
    assert one.can_activate
    done = server.bounces.activate(one.id)
    assert done.bounce.id == one.id
    assert not done.bounce.inactive
    assert done.message == "OK"


@check
def delivery_stats() -> None:
    stats = server.bounces.get_delivery_stats()
    assert stats.inactive_mails > 0


@check
def inbound() -> None:
    page = server.inbound.list()
    assert page.total == len(page.items) >= 10
    one = page.items[0]
    details = server.inbound.get(one.message_id)
    assert details.subject == one.subject
    assert details.text_body
    assert details.headers
    assert server.inbound.list(subject=one.subject).items[0].message_id == one.message_id
    assert server.inbound.list(recipient=one.original_recipient, from_email=one.from_email).total
    assert server.inbound.list(mailbox_hash="no-such").total == 0
    assert server.inbound.list(to_date=START - timedelta(days=60)).total == 0
    with refused(ValidationException, 701):
        server.inbound.get(NEVER)


@check
def inbound_again() -> None:
    blocked = server.inbound.list(status="blocked").items[0]
    assert server.inbound.bypass(blocked.message_id).error_code == 0
    failed = server.inbound.list(status="failed").items[0]
    assert server.inbound.retry(failed.message_id).error_code == 0
    with refused(ValidationException, 701, "cannot be bypassed"):
        server.inbound.bypass(NEVER)
    with refused(ValidationException, 701, "cannot be retried"):
        server.inbound.retry(NEVER)


@check
def inbound_rules() -> None:
    one = server.inbound_rules.create("spam.example")
    other = server.inbound_rules.create("spammer@elsewhere.example")
    page = server.inbound_rules.list()
    assert {(one.id, one.rule), (other.id, other.rule)} <= {(r.id, r.rule) for r in page.items}
    with refused(ValidationException, 810):
        server.inbound_rules.create("spam.example")
    for rule in (one, other):
        assert server.inbound_rules.delete(rule.id).error_code == 0
    assert server.inbound_rules.list().total == page.total - 2
    with refused(ValidationException, 812):
        server.inbound_rules.delete(one.id)
