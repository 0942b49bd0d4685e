"""Logging in and what each role may do: the door, the team, the account, the audit log."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import argon2
import httpx
import pytest
from playwright.async_api import expect
from sqlalchemy import select

from pillarbox.storage.schema import metadata
from pillarbox.users import manage, passwords
from pillarbox.users.model import IDLE, Role, User
from pillarbox.users.store import audit, people, sessions
from pillarbox.web.area import Page
from pillarbox.web.areas import AREAS
from tests.conftest import Running, SetClock
from tests.e2e import mailroom

PASSWORD = "correct horse"
HASH = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
PAGES = [page for area in AREAS for page in area.pages if not page.is_public]
OWN = ("/ui/account/", "/ui/logout")
"""What everybody may change: their own account."""
LOOKS = ("/ui/servers/{server}/templates/preview",)
"""Forms that only show something."""


@dataclass
class Person:
    """Somebody with a browser without script."""

    client: httpx.AsyncClient
    user: User | None = None

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=headers)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        """Send a form with the token that the pages have given."""
        fields["_form"] = self.client.cookies.get("form") or ""
        return await self.client.post(path, data=fields)


@asynccontextmanager
async def somebody(
    running: Running, role: Role | None = None, **options: Any
) -> AsyncIterator[Person]:
    """A person who is logged in with a role, or not at all."""
    async with httpx.AsyncClient(base_url=running.http, **options) as client:
        person = Person(client)
        if role is not None:
            person.user = await user_of(running, role)
            user_id = person.user.id
            token = await running.app.db.write(
                lambda tx: sessions.open_new(tx, user_id, ip="192.0.2.1", agent="test")
            )
            client.cookies.set("session", token, domain="127.0.0.1")
        await person.get("/ui/login" if role is None else "/ui/account")
        yield person


async def user_of(running: Running, role: Role) -> User:
    """The user of this role; an owner is made with the first."""

    def make(tx) -> User:
        for one in (Role.OWNER, role):
            email = f"{one}@one.example"
            found = people.find_by_email(tx, email)
            if found is None:
                manage.add(tx, email=email, name="", role=one, password_hash=HASH)
        return manage.get_by_email(tx, f"{role}@one.example")

    return await running.app.db.write(make)


def everything(running: Running) -> dict[str, list[Any]]:
    """All that the database holds, but for what it notes about itself."""
    with running.app.db.transaction() as tx:
        return {
            table.name: sorted(map(repr, tx.rows(select(table))))
            for table in metadata.sorted_tables
            if table.name not in ("chores", "nodes")
        }


def shown(answer: httpx.Response) -> str:
    """A page without the time at which it was made."""
    return re.sub(r'data-now="[^"]*"', "", answer.text)


def address(page: Page) -> str:
    """A path of a page, for the first Server and made-up ids."""
    path = page.path.replace("{server}", "1001")
    return re.sub(r"\{\w+(?::\w+)?\}", "1", path)


async def test_without_users_this_machine_may_do_everything(serve) -> None:
    async with serve() as running, somebody(running) as me:
        page = await me.get("/ui/team")
        assert "There are no users" in page.text
        assert "My account" not in page.text
        assert (await me.get("/ui/login?return_to=/ui/servers")).headers[
            "location"
        ] == "/ui/servers"
        assert (await me.get("/ui/account")).status_code == 404
        for name in ("X-Forwarded-For", "X-Real-IP"):
            strange = await me.get("/ui/team", **{name: "203.0.113.9"})
            assert strange.status_code == 403
            assert "ADMIN_EMAIL" in strange.text


async def test_with_the_first_user_every_page_asks_for_a_login(serve) -> None:
    async with serve(admin_email="root@one.example", admin_password="a secret") as running:
        message = await mailroom.post(running.app)
        more = [
            f"/m/{message.message_id}{part}" for part in ("", "/raw", "/attachments/0", "/html")
        ]
        async with somebody(running) as stranger:
            for page in PAGES:
                path = address(page)
                answer = await stranger.client.request(page.method, path, data={})
                assert answer.status_code == 303, path
                assert answer.headers["location"].startswith("/ui/login"), path
            for path in (*more, "/ui/nothing-here"):
                answer = await stranger.get(path)
                assert (answer.status_code, answer.text) == (303, "")
            assert (await stranger.get("/events")).status_code == 401
            frame = await stranger.get(more[-1], **{"Sec-Fetch-Dest": "iframe"})
            assert frame.status_code == 401
            piece = await stranger.get(
                "/", **{"HX-Request": "true", "HX-Current-URL": f"{running.http}/?q=x"}
            )
            assert piece.status_code == 401
            assert piece.headers["HX-Redirect"] == "/ui/login?return_to=/%3Fq%3Dx"
            rebound = await stranger.get("/ui/login", Host="evil.example")
            assert rebound.status_code == 403
            login = await stranger.get("/ui/login")
            assert login.status_code == 200
            assert "My First Server" not in login.text


def test_only_the_login_is_public() -> None:
    public = {page.path for area in AREAS for page in area.pages if page.is_public}
    assert public == {"/ui/login"}


async def test_support_changes_nothing(serve) -> None:
    async with serve() as running, somebody(running, Role.SUPPORT) as support:
        acts = [page for page in PAGES if page.method == "POST"]
        allowed = [page for page in acts if page.needs is Role.SUPPORT]
        assert [p for p in allowed if not p.path.startswith((*OWN, *LOOKS))] == []
        before = everything(running)
        for page in acts:
            if page.path.startswith(OWN):
                continue
            answer = await support.post(address(page))
            if page not in allowed:
                assert answer.status_code == 403, page.path
                assert "Your role does not allow it" in answer.text
        assert everything(running) == before
        for page in PAGES:
            if page.method == "GET" and page.needs is not Role.SUPPORT:
                assert (await support.get(address(page))).status_code == 403, page.path
        team = await support.get("/ui/team")
        assert "Add a user" not in team.text


async def test_users_are_for_owners(serve) -> None:
    async with serve() as running, somebody(running, Role.DEVELOPER) as developer:
        owners = [page for page in PAGES if page.needs is Role.OWNER]
        assert len(owners) >= 6
        for page in owners:
            answer = await developer.client.request(
                page.method, address(page), data={"_form": developer.client.cookies["form"]}
            )
            assert answer.status_code == 403, page.path


async def test_logging_in_leads_back_to_the_page_that_was_wanted(serve) -> None:
    async with (
        serve(admin_email="root@one.example", admin_password="a secret") as running,
        somebody(running) as me,
    ):
        login = (await me.get("/ui/servers?q=shop")).headers["location"]
        page = await me.get(login)
        assert 'value="/ui/servers?q=shop"' in page.text
        wrong = await me.post("/ui/login", email="root@one.example", password="wrong")
        unknown = await me.post("/ui/login", email="nobody@one.example", password="wrong")
        assert (wrong.status_code, unknown.status_code) == (422, 422)
        assert shown(wrong).replace("root@", "nobody@") == shown(unknown)
        done = await me.post(
            "/ui/login",
            email="ROOT@one.example",
            password="a secret",
            return_to="/ui/servers?q=shop",
        )
        assert (done.status_code, done.headers["location"]) == (303, "/ui/servers?q=shop")
        cookie = next(c for c in done.headers.get_list("set-cookie") if "session=" in c)
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Secure" not in cookie  # this is http, on loopback
        assert (await me.get("/ui/servers")).status_code == 200
        out = await me.post("/ui/logout")
        assert (out.status_code, out.headers["location"]) == (303, "/ui/login")
        assert (await me.get("/ui/servers")).status_code == 303
        with running.app.db.transaction() as tx:
            deeds = [(deed.actor, deed.text) for deed in audit.newest(tx)]
        assert deeds[:2] == [
            ("root@one.example", "Logged out"),
            ("root@one.example", "Logged in"),
        ]


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/ui/\nLocation: https://evil.example",
        "evil.example",
        "/ui/login?return_to=/ui/login",
        "/ui/logout",
        "/static/x",
    ],
)
async def test_a_login_leads_to_no_other_site(serve, wanted: str) -> None:
    """Open redirect (Postal 3.3.6)."""
    async with serve() as running, somebody(running, Role.OWNER) as me:
        answer = await me.get(f"/ui/login?{urlencode({'return_to': wanted})}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_forms_of_others_do_nothing(serve) -> None:
    """CVE-2026-22689: cross-site use of forms; and logging somebody in as somebody else."""
    async with serve(admin_email="root@one.example", admin_password="a secret") as running:
        async with somebody(running) as me:
            fields = {"email": "root@one.example", "password": "a secret"}
            no_token = await me.client.post("/ui/login", data=fields)
            assert no_token.status_code == 403
            across = await me.client.post(
                "/ui/login",
                data=fields | {"_form": me.client.cookies["form"]},
                headers={"Origin": "https://evil.example"},
            )
            assert across.status_code == 403
            large = await me.post("/ui/login", email="x" * 70_000)
            assert large.status_code == 413
        async with somebody(running, Role.OWNER) as owner:
            owner.client.cookies.set("form", "x" * 43)
            answer = await owner.client.post("/ui/logout", data={"_form": "y" * 43})
            assert answer.status_code == 403
            assert (await owner.get("/")).status_code == 200


async def test_a_link_on_another_site_still_opens_the_page(serve) -> None:
    """The browser keeps a SameSite=Strict cookie back then, and sends it when our page asks."""
    async with serve() as running:
        await user_of(running, Role.OWNER)
        async with somebody(running) as me:
            how = {
                "Sec-Fetch-Site": "cross-site",
                "Sec-Fetch-Mode": "navigate",
                "Sec-Fetch-Dest": "document",
            }
            answer = await me.get("/ui/servers?q=a%20b", **how)
            assert answer.status_code == 200
            assert answer.headers["refresh"] == "0; url=/ui/servers?q=a%20b"
            assert "My First Server" not in answer.text
            how["Sec-Fetch-Site"] = "same-origin"
            assert (await me.get("/ui/servers?q=a%20b", **how)).status_code == 303


async def test_guessing_is_answered_429(serve) -> None:
    async with (
        serve(admin_email="root@one.example", admin_password="a secret") as running,
        somebody(running) as me,
    ):
        wrong = {"email": "root@one.example", "password": "wrong"}
        answer = await me.post("/ui/login", **wrong)
        while answer.status_code == 422:  # the waits grow longer than any request takes
            answer = await me.post("/ui/login", **wrong)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert "too many attempts" in answer.text
        elsewhere = httpx.AsyncClient(
            base_url=running.http, headers={"X-Forwarded-For": "203.0.113.9"}
        )
        async with elsewhere as client:
            other = Person(client)
            await other.get("/ui/login")
            done = await other.post("/ui/login", email="root@one.example", password="a secret")
            assert done.status_code == 303


@pytest.mark.parametrize(
    ("trusted", "forwarded", "ip"),
    [
        ("127.0.0.0/8", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.0/8", "<script>", "127.0.0.1"),
        ("192.0.2.0/24", "203.0.113.9", "127.0.0.1"),
    ],
)
async def test_behind_a_proxy_by_https(serve, trusted: str, forwarded: str, ip: str) -> None:
    settings = {
        "admin_email": "root@one.example",
        "admin_password": "a secret",
        "public_url": "https://mail.example.com",
        "trusted_proxies": trusted,
    }
    async with serve(**settings) as running, httpx.AsyncClient(base_url=running.http) as client:
        headers = {
            "Host": "mail.example.com",
            "Origin": "https://mail.example.com",
            "X-Forwarded-For": forwarded,
            "X-Forwarded-Proto": "https",
        }
        page = await client.get("/ui/login", headers=headers)
        token = re.search(r'name="_form" value="([\w-]+)"', page.text)
        assert token is not None
        assert all("Secure" in cookie for cookie in page.headers.get_list("set-cookie"))
        done = await client.post(
            "/ui/login",
            data={"email": "root@one.example", "password": "a secret", "_form": token[1]},
            headers=headers | {"Cookie": f"form={token[1]}"},
        )
        assert done.status_code == 303
        cookie = next(c for c in done.headers.get_list("set-cookie") if "session=" in c)
        assert cookie.startswith("__Host-session=")
        assert "Secure" in cookie
        assert "Path=/" in cookie
        with running.app.db.transaction() as tx:
            assert audit.newest(tx)[0].ip == ip


async def test_a_session_that_is_over_asks_for_a_login(serve) -> None:
    clock = SetClock()
    async with serve(clock=clock) as running, somebody(running, Role.OWNER) as me:
        clock.advance(IDLE - timedelta(minutes=1))
        assert (await me.get("/ui/servers")).status_code == 200
        clock.advance(IDLE - timedelta(minutes=1))  # it was used meanwhile
        assert (await me.get("/ui/servers")).status_code == 200
        clock.advance(IDLE)
        answer = await me.get("/ui/servers")
        assert answer.headers["location"] == "/ui/login?return_to=/ui/servers"


async def test_the_own_password(serve) -> None:
    """CVE-2026-34828: sessions survived a change of the password."""
    async with (
        serve() as running,
        somebody(running, Role.SUPPORT) as me,
        somebody(running, Role.SUPPORT) as elsewhere,
    ):
        new = {"password": "another one", "again": "another one"}
        for wrong in (
            {"current": "wrong"} | new,
            {"current": PASSWORD, "password": "short", "again": "short"},
            {"current": PASSWORD, "password": "another one", "again": "yet another"},
        ):
            refused = await me.post("/ui/account/password", **wrong)
            assert refused.status_code == 422
        assert (await elsewhere.get("/")).status_code == 200
        old = me.client.cookies["session"]
        done = await me.post("/ui/account/password", current=PASSWORD, **new)
        assert done.status_code == 303
        assert (await elsewhere.get("/")).status_code == 303
        assert (await me.get("/")).status_code == 200
        assert me.client.cookies["session"] != old
        with running.app.db.transaction() as tx:
            found = people.find_by_email(tx, "support@one.example")
        assert found is not None
        assert passwords.matches_now("another one", found.password_hash)


async def test_what_owners_may_not_do_to_users(serve) -> None:
    async with serve() as running, somebody(running, Role.OWNER) as owner:
        assert owner.user is not None
        own = f"/ui/team/{owner.user.id}"
        for path, fields in ((f"{own}/role", {"role": "support"}), (f"{own}/remove", {})):
            refused = await owner.post(path, **fields)
            assert refused.status_code == 422
            assert "At least one owner must remain" in refused.text
        for wrong in (
            {"email": "no address", "password": PASSWORD},
            {"email": "OWNER@one.example", "password": PASSWORD},
            {"email": "new@one.example", "password": "short"},
        ):
            assert (await owner.post("/ui/team/new", **wrong)).status_code == 422
        for path in ("/ui/team/99", f"/ui/team/{10**30}"):
            assert (await owner.get(path)).status_code == 404
            assert (await owner.post(f"{path}/remove")).status_code == 404
        with running.app.db.transaction() as tx:
            assert people.count(tx) == 1


async def test_the_story_of_a_team(serve, visit) -> None:
    """From the open page to a team: everything that is done in a browser."""
    async with serve() as running:
        page = await visit(running, "/ui/team")
        await page.get_by_role("link", name="Add the first user").click()
        await page.get_by_label("Email").fill("olive@one.example")
        await page.get_by_label("Name").fill("Olive")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Add the user").click()
        await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        await page.goto(running.http + "/ui/team")
        await page.get_by_label("Email").fill("olive@one.example")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Team")).to_be_visible()

        await page.get_by_role("link", name="Add a user").click()
        await page.get_by_label("Email").fill("sam@one.example")
        await page.get_by_label("Role").select_option("support")
        await page.get_by_role("button", name="Add the user").click()
        made_up = await page.get_by_role("main").locator("code").inner_text()
        await page.get_by_role("link", name="Go to the team").click()
        await expect(page.get_by_role("cell", name="Support")).to_be_visible()

        sam = await visit(running, "/ui/servers")
        await sam.get_by_label("Email").fill("sam@one.example")
        await sam.get_by_label("Password").fill(made_up)
        await sam.get_by_role("button", name="Log in").click()
        await expect(sam.get_by_role("heading", name="Servers")).to_be_visible()
        await expect(sam.get_by_role("link", name="New server")).to_have_count(0)

        await page.get_by_role("link", name="Change sam@one.example").click()
        await page.get_by_text("Remove the user…").click()
        await page.get_by_role("button", name="Yes, remove the user").click()
        await expect(page.get_by_text("sam@one.example is removed.")).to_be_visible()
        await sam.goto(running.http + "/ui/servers")
        await expect(sam.get_by_role("heading", name="Log in")).to_be_visible()

        await page.get_by_role("link", name="Audit log").click()
        await expect(page.get_by_text("Removed the user sam@one.example")).to_be_visible()
        await page.get_by_label("Filter by person").fill("sam@")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Removed the user")).to_have_count(0)
        await page.get_by_label("Olive, owner").click()
        await page.get_by_role("button", name="Log out").click()
        await expect(page.get_by_text("You are logged out.")).to_be_visible()
