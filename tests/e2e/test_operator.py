"""The operator's pages: one story in a real browser, and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from pillarbox.outbound.store import queue, suspensions
from pillarbox.outbound.store.destinations import Depth, Destination
from pillarbox.outbound.store.suspensions import Suspension
from pillarbox.storage.chores import Standing
from pillarbox.storage.nodes import Node
from pillarbox.web.operator.health import Disk, Stored, troubles
from pillarbox.web.operator.queue import pause_after, state_of
from tests.conftest import SERVER_TOKEN
from tests.e2e import mailroom, seeds_operator
from tests.e2e.browse import browsing
from tests.e2e.conftest import barriers
from tests.e2e.screens import Facts
from tests.e2e.seeds_operator import HELD, SLOW

SLOWLY = {"delivery": "direct", "dns_servers": "127.0.0.1:1", "sender_policy": "open"}
NOW = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "text", "rule"),
    [
        ({"waiting": 3, "in_hand": 2}, "Delivering", ""),
        ({"waiting": 3, "due": 3, "next_at": NOW}, "Due", ""),
        (
            {"waiting": 3, "due": 3, "next_at": NOW - timedelta(minutes=5)},
            "Stuck",
            "Nothing delivers",
        ),
        ({"waiting": 3, "tries": 1, "last_reply": "421 no"}, "Backing off", "Asked to slow down"),
        ({"waiting": 3, "next_at": NOW + timedelta(minutes=1)}, "Waiting", ""),
        ({}, "Empty", ""),
        (
            {"in_hand": 2, "suspension": Suspension(domain="x", at=NOW, by="Ann")},
            "Suspended",
            "Suspended",
        ),
    ],
)
def test_the_state_of_a_destination(facts, text, rule) -> None:
    state = state_of(Destination(domain="x", **facts), NOW)
    assert (state.text, state.rule) == (text, rule)


async def test_a_destination_is_suspended_and_resumed(serve, visit) -> None:
    async with serve(**SLOWLY) as running:
        await seeds_operator.queues(running, Facts())
        page = await visit(running, "/ui/queue")
        await expect(page.get_by_role("row", name=HELD)).to_contain_text("Suspended")
        assert await barriers(page) == []
        await page.get_by_role("link", name=SLOW).click()
        assert await barriers(page) == []
        await expect(page.get_by_role("row", name="ann0")).to_contain_text("421 4.7.28")
        await page.get_by_label("Reason").fill("they asked")
        await page.get_by_role("button", name="Suspend").click()
        await expect(page.get_by_role("heading", name="Suspended")).to_be_visible()
        await expect(page.get_by_text("until it is resumed: they asked")).to_be_visible()

        await page.get_by_role("link", name="ann0").click()
        await expect(page.get_by_text("Its destination is suspended")).to_be_visible()
        await page.get_by_role("link", name="See its queue").click()
        await page.get_by_role("button", name="Resume").click()
        await expect(page.get_by_text("It is delivered to again.")).to_be_visible()

        await page.get_by_text("Drop all…").click()
        await page.get_by_role("button", name="Yes, drop it").click()
        await expect(page.get_by_text("2 recipients dropped.")).to_be_visible()
        await expect(page.get_by_text("Nothing waits for it")).to_be_visible()


async def test_the_queue_shows_by_itself_what_arrives(serve, visit) -> None:
    async with serve(**SLOWLY) as running:
        page = await visit(running, "/ui/queue")
        await expect(page.get_by_text("Nothing waits", exact=True)).to_be_visible()
        await seeds_operator.queues(running, Facts())
        await expect(page.get_by_role("row", name=SLOW)).to_be_visible(timeout=20_000)


async def test_health_and_what_going_live_takes(serve, visit) -> None:
    async with serve(**SLOWLY) as running:
        page = await visit(running, "/ui/health")
        await expect(page.get_by_role("row", name="pillarbox.example")).to_contain_text("delivery")
        await expect(page.get_by_text("All is well.")).to_be_visible()
        assert await barriers(page) == []
        await page.get_by_role("link", name="Go-live check").click()
        found = page.get_by_role("listitem").filter(has_text="public URL")
        await expect(found).to_contain_text("Set PUBLIC_URL to the https address", timeout=20_000)
        await expect(page.get_by_text("no MX for gmail.com")).to_be_visible()
        assert await barriers(page) == []


STORED = Stored(
    now=NOW,
    size_bytes=1,
    version="",
    depth=Depth(waiting=1, due=1, destinations=1, oldest_at=NOW),
    nodes=[],
    chores=[],
)
NODE = Node(
    id=1,
    hostname="a",
    started_at=NOW,
    roles=("delivery", "chores"),
    version="1",
    workers=1,
    seen_at=NOW,
)
LATE = Standing(name="purge", due_at=NOW - timedelta(hours=1), leased_until=None, done_at=None)


@pytest.mark.parametrize(
    ("changes", "is_alone", "words"),
    [
        ({"nodes": [NODE]}, False, []),
        ({"nodes": []}, False, ["Mail waits", "No process has the role “chores”"]),
        ({"nodes": [replace(NODE, seen_at=NOW - timedelta(hours=1))]}, True, []),
        (
            {"nodes": [replace(NODE, seen_at=NOW - timedelta(minutes=2))]},
            False,
            ["Mail waits", "No process has the role “chores”"],
        ),
        ({"nodes": [NODE], "chores": [LATE]}, False, ["Chores are late: purge."]),
    ],
)
def test_what_somebody_should_look_at(changes, is_alone, words) -> None:
    found = troubles(replace(STORED, **changes), Disk(total=100, free=50), is_alone=is_alone)
    assert [any(text.startswith(word) for text in found) for word in words] == [True] * len(words)
    assert len(found) == len(words)


async def test_forms_of_the_queue(serve) -> None:
    async with serve(**SLOWLY) as running, browsing(running) as user:
        await seeds_operator.queues(running, Facts())
        db = running.app.db
        assert (await user.get("/ui/queue/no%20domain")).status_code == 404
        assert (await user.get("/ui/queue/Slow.Example")).status_code == 404
        assert (await user.post_raw("/ui/queue/drop", {"sure": "1"})).status_code == 403
        answer = await user.post("/ui/queue/suspend", domain="no domain")
        assert (answer.status_code, answer.headers["location"]) == (303, "/ui/queue")
        await user.post("/ui/queue/suspend", domain="New.Example", hours="6")
        held = (await db.read(suspensions.current))["new.example"]
        assert timedelta(hours=5) < held.until - held.at <= timedelta(hours=6)
        assert held.by == "This machine"
        unknown = await user.post(f"/ui/queue/{SLOW}/retry", message="nonsense")
        assert unknown.status_code == 404
        (first, _) = await db.read(lambda tx: queue.list_waiting(tx, limit=5, domain=SLOW))
        await user.post(f"/ui/queue/{SLOW}/retry", message=first.message_id)
        (now, later) = await db.read(lambda tx: queue.list_waiting(tx, limit=5, domain=SLOW))
        assert now.due_at < later.due_at
        await user.post("/ui/queue/drop")
        assert await db.read(queue.count_waiting) == 0


async def test_calls_to_the_api_are_listed_for_their_server(serve) -> None:
    async with serve(**SLOWLY) as running, browsing(running) as user:
        tokens = {"X-Postmark-Server-Token": SERVER_TOKEN}
        await user.client.get(
            "/messages/outbound?count=1&offset=0&recipient=zoe@private.example", headers=tokens
        )
        await user.client.get("/bounces/4711", headers=tokens)
        await user.client.get("/bounces/4712", headers={"X-Postmark-Server-Token": "unknown"})
        server = await mailroom.first_server(running.app)
        calls = list(running.app.meters.calls)
        assert [(c.path, c.status, c.server_id) for c in calls] == [
            ("/messages/outbound", 200, server.id),
            ("/bounces/4711", calls[1].status, server.id),
        ]
        assert calls[0].client.startswith("python-httpx/")
        assert calls[1].status >= 400
        assert calls[1].code > 0
        page = (await user.get(f"/ui/servers/{server.id}/calls")).text
        assert "/messages/outbound" in page
        refused = (await user.get(f"/ui/servers/{server.id}/calls?show=failed")).text
        assert "/bounces/4711" in refused
        assert "/messages/outbound<" not in refused
        assert "zoe@" not in page


def test_an_open_page_asks_less_often_where_looking_is_dear() -> None:
    assert [pause_after(cost) for cost in (0.01, 1.0, 60.0)] == [5, 20, 300]
