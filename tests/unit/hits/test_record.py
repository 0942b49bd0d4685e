"""What is written down of hits: where they came from, and which count."""

from datetime import timedelta
from pathlib import Path

import pytest

from pillarbox.app import App
from pillarbox.hits.model import RawHit
from pillarbox.hits.places import Places
from pillarbox.hits.record import Recording
from pillarbox.outbound.accept import accept
from pillarbox.servers.model import Server
from pillarbox.storage.types import micros
from pillarbox.tracking import store
from pillarbox.tracking.model import Hit, HitKind, Place
from tests.doubles.mmdb import database
from tests.factories import a_prepared

DE = {"country": {"iso_code": "DE", "names": {"en": "Germany"}}}
PROXY = "Mozilla/5.0 (via ggpht.com GoogleImageProxy)"
APPLE = "Mozilla/5.0"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    file = tmp_path / "country.mmdb"
    file.write_bytes(database({"203.0.113.0/24": DE}))
    return Places(file, shows_address=False)


def recorded(app: App, server: Server, recording: Recording, *agents: str) -> list[Hit]:
    """The opens that are kept after each of these agents opened a message of its own."""
    with app.db.transaction() as tx:
        messages = [a_prepared(app, server) for _ in agents]
        accept(tx, messages)
        at = micros(app.clock.now())
        raw = [
            RawHit(message_key=m.key, position=0, at=at, agent=agent, address="203.0.113.9")
            for m, agent in zip(messages, agents, strict=True)
        ]
        recording(tx, [*raw, *raw, RawHit(message_key=1, position=0, at=at, agent="", address="")])
        return [
            hit
            for m in messages
            for hit in store.list_of_message(tx, m.key, HitKind.OPEN, count=9, offset=0)[1]
        ]


def test_the_place_is_told_but_not_of_proxies(app: App, server: Server, places: Places) -> None:
    recording = Recording(places=places, keeps=timedelta(days=45))
    phone, proxy, apple = recorded(app, server, recording, "Phone/1", PROXY, APPLE)
    assert phone.place == Place(country="Germany", country_code="DE")
    assert proxy.place == apple.place == Place()
    assert proxy.client.name == "Gmail"


def test_machines_are_left_out_when_that_is_wanted(
    app: App, server: Server, places: Places
) -> None:
    recording = Recording(places=places, keeps=timedelta(days=45), ignores_machines=True)
    agents = ("Phone/1", PROXY, APPLE, "Googlebot/2.1 (+http://www.google.com/bot.html)")
    assert [hit.user_agent for hit in recorded(app, server, recording, *agents)] == [
        "Phone/1",
        PROXY,
    ]
