"""Every error of the catalog, provoked and answered to the letter; every code of the specification has its place.

A problem that is new in the catalog needs a case in `refusals/<area>.py`, or below if it takes more than requests.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, update

from pillarbox import roles
from pillarbox.api.application import Api
from pillarbox.api.callers import Services
from pillarbox.api.endpoint import Endpoint
from pillarbox.api.groups import GROUPS
from pillarbox.api.intake import Budget, IdleWatch, Intake
from pillarbox.api.main import build
from pillarbox.app import App
from pillarbox.bounces.model import BounceType
from pillarbox.bulk.accept import BulkIntake
from pillarbox.domains import signatures, store
from pillarbox.domains.directory import Domains
from pillarbox.errors import Problem
from pillarbox.outbound.submit import Submission
from pillarbox.servers.directory import Directory
from pillarbox.servers.model import Server
from pillarbox.wire.errors import CATALOG
from tests.conftest import SetClock, Settings
from tests.contract.refusals import CASES
from tests.contract.test_activation import bounced
from tests.doubles.dns import DnsZone

COMPATIBILITY = Path(__file__).parents[2] / "docs" / "compatibility.md"
CODES = frozenset(
    [
        *(10, 11, 12, 13, 14, 100, 101),
        *(300, 400, 401, 402, 403, 405, 406, 409, 410, 411, 412, 413, 422, 429, 1235, 1236, 1480),
        *(*range(500, 508), *range(510, 517), *range(520, 524), 709),
        *(*range(600, 616), *range(700, 704), 900, *range(1000, 1004), *range(1500, 1503)),
        *(800, *range(809, 814)),
        *(1100, 1101, 1105, 1109, *range(1120, 1126), 1130, 1131),
        *(*range(1220, 1235), *range(1237, 1242)),
        *(*range(1300, 1303), *range(1350, 1365), *range(1400, 1412), *range(1450, 1461)),
    ]
)
"""Every code in the tables of the specification (overview 5.5)."""

EVERYWHERE = frozenset(
    {
        Problem.NO_TOKEN,
        Problem.BAD_SERVER_TOKEN,
        Problem.BAD_ACCOUNT_TOKEN,
        Problem.NOT_JSON,
        Problem.WRONG_FIELDS,
        Problem.WRONG_MEDIA_TYPE,
        Problem.BODY_TOO_LARGE,
    }
)
"""What any endpoint refuses, and no page repeats."""

BESIDE_THE_TABLE = {404, 408, 508}
"""Unknown routes, bodies that do not arrive, DKIM that is not in renewal."""


@dataclass(frozen=True)
class World:
    """What a case may take hold of."""

    app: App
    api: httpx.AsyncClient
    server: Server


Answer = tuple[int, int, str]
Provoke = Callable[[World], Awaitable[httpx.Response]]
SPECIAL: dict[Problem, tuple[Provoke, Answer]] = {}


def provokes(
    problem: Problem, code: int, text: str, *, status: int = 422
) -> Callable[[Provoke], Provoke]:
    """Enters what takes more than requests in the table; `text` is a pattern where it cannot be foreseen."""

    def enter(provoke: Provoke) -> Provoke:
        SPECIAL[problem] = provoke, (status, code, text)
        return provoke

    return enter


@provokes(
    Problem.NO_TOKEN,
    10,
    "No Account or Server API tokens were supplied in the HTTP headers. Please add a header for either "
    "X-Postmark-Server-Token or X-Postmark-Account-Token.",
    status=401,
)
async def without_token(world):
    for name in ("X-Postmark-Server-Token", "X-Postmark-Account-Token"):
        del world.api.headers[name]
    return await world.api.get("/deliverystats")


@provokes(
    Problem.MAINTENANCE, 100, "The service is temporarily offline for maintenance.", status=503
)
async def without_database(world):
    gone = world.app.db.engine.url.set(database="/nowhere/at/all")
    world.app.db.engine.dispose()
    world.app.db.engine = create_engine(gone)
    return await world.api.get("/deliverystats")


@provokes(
    Problem.UNEXPECTED,
    101,
    r"An unexpected error occurred\. Error ID: [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    status=500,
)
async def without_a_table(world):
    world.app.db.engine.dispose()
    with world.app.db.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE bounce_totals RENAME TO gone")
        connection.commit()
    return await world.api.get("/deliverystats")


@provokes(Problem.RATE_LIMITED, 429, "Rate limit exceeded. Please retry later.", status=429)
async def in_haste(world):
    app = replace(world.app, config=replace(world.app.config, rate_limit=1))
    directory = Directory(app.db, monotonic=app.monotonic)
    submission = Submission(app, Domains(app.db, monotonic=app.monotonic))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(build(app, directory, submission)),
        base_url=world.api.base_url,
        headers=world.api.headers,
    ) as client:
        while (answer := await client.get("/server")).status_code == 200:
            pass
        return answer


@provokes(Problem.BODY_TIMED_OUT, 408, "The request took too long to arrive.", status=408)
async def half_a_body(world):
    async def body() -> AsyncIterator[bytes]:
        yield b'{"From":'
        await asyncio.Event().wait()

    app = world.app
    directory = Directory(app.db, monotonic=app.monotonic)
    submission = Submission(app, Domains(app.db, monotonic=app.monotonic))
    services = Services(
        app=app, directory=directory, submission=submission, bulk=BulkIntake(app, submission)
    )
    impatient = Api(GROUPS, services=services, intake=Intake(Budget(), IdleWatch(0.05)))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(impatient),
        base_url=world.api.base_url,
        headers=world.api.headers,
    ) as client:
        headers = {"Content-Type": "application/json"}
        return await client.post("/email", content=body(), headers=headers)


async def a_domain(world: World) -> int:
    return int((await world.api.post("/domains", json={"Name": "shop.example"})).json()["ID"])


def break_keys(world: World) -> None:
    with world.app.db.transaction() as tx:
        tx.run(update(store.dkim_keys).values(pem=b"broken"))


@provokes(Problem.DKIM_NOT_RENEWABLE, 508, "This DKIM is not being renewed.")
async def rotate_a_broken_key(world):
    domain = await a_domain(world)
    break_keys(world)
    await world.app.db.write(lambda tx: store.activate_key(tx, domain))
    return await world.api.post(f"/domains/{domain}/rotatedkim")


@provokes(
    Problem.DKIM_BROKEN,
    709,
    "DKIM verification failed due to invalid configuration. Please contact support.",
    status=500,
)
async def verify_a_broken_key(world):
    domain = await a_domain(world)
    break_keys(world)
    return await world.api.put(f"/domains/{domain}/verifydkim")


@provokes(Problem.SIGNATURE_CONFIRMED, 506, "This Sender Signature has already been confirmed.")
async def resend_to_a_confirmed_sender(world):
    made = await world.api.post("/senders", json={"FromEmail": "a@shop.example", "Name": "A"})
    number = made.json()["ID"]
    await world.app.db.write(lambda tx: signatures.confirm(tx, number))
    return await world.api.post(f"/senders/{number}/resend")


@provokes(
    Problem.BOUNCE_NOT_ACTIVATABLE,
    1003,
    "Due to the type of bounce, this address cannot be reactivated.",
)
async def activate_a_complaint(world):
    number = await bounced(world.app, world.server, BounceType.SPAM_COMPLAINT)
    return await world.api.put(f"/bounces/{number}/activate")


@provokes(Problem.SUPPRESSION_BAD_ADDRESS, 0, "An invalid email address was provided.", status=200)
async def suppress_nobody(world):
    body = {"Suppressions": [{"EmailAddress": "nobody"}]}
    return await world.api.post("/message-streams/outbound/suppressions", json=body)


@provokes(
    Problem.SUPPRESSION_NOT_YOURS,
    0,
    "You do not have the required authority to change this suppression.",
    status=200,
)
async def lift_a_complaint(world):
    await bounced(world.app, world.server, BounceType.SPAM_COMPLAINT, "ann@one.example")
    body = {"Suppressions": [{"EmailAddress": "ann@one.example"}]}
    return await world.api.post("/message-streams/outbound/suppressions/delete", json=body)


def told(answer: httpx.Response) -> Answer:
    """Status, code and text: of the answer, or of the only item in it. Items of suppressions have no code."""
    body: Any = answer.json()
    if isinstance(body, list):
        (body,) = body
    elif "Suppressions" in body:
        (body,) = body["Suppressions"]
        assert body["Status"] == "Failed"
        return answer.status_code, 0, body["Message"]
    else:
        assert answer.headers["X-PM-ApiErrorCode"] == str(body["ErrorCode"])
    return answer.status_code, body["ErrorCode"], body["Message"]


@pytest.fixture
async def zone() -> AsyncIterator[DnsZone]:
    """The whole of DNS: empty."""
    async with DnsZone() as zone:
        yield zone


@pytest.fixture
async def app(
    request: pytest.FixtureRequest, settings: Settings, clock: SetClock, zone: DnsZone
) -> AsyncIterator[App]:
    """An App with the settings of the case."""
    problem = request.node.callspec.params["problem"]
    changes = dict(CASES[problem].settings) if problem in CASES else {}
    opened, _ = roles.open_app(settings(dns_servers=zone.address, **changes), clock)
    yield opened
    await opened.resolver.close()
    opened.db.stop()


def test_every_problem_has_a_case():
    missing = CATALOG.keys() - CASES.keys() - SPECIAL.keys()
    assert not missing, (
        f"no case provokes {', '.join(sorted(problem.name for problem in missing))}: add one to "
        "tests/contract/refusals/<area>.py (or to test_every_error.py when it takes more than requests)"
    )
    assert not CASES.keys() & SPECIAL.keys()


@pytest.mark.parametrize("problem", CASES, ids=str)
async def test_a_refusal_to_the_letter(api, problem):
    case = CASES[problem]
    answers: list[Any] = []
    for request in case.requests[:-1]:
        answer = await request.send(api, answers)
        assert answer.status_code == 200, answer.text
        answers.append(answer.json())
    answer = await case.requests[-1].send(api, answers)
    assert told(answer) == (case.status, case.code, case.text)
    body = answer.json()
    assert (body[0] if isinstance(body, list) else body).keys() == case.members


@pytest.mark.parametrize("problem", SPECIAL, ids=str)
async def test_a_refusal_that_takes_more(app, api, server, problem):
    provoke, (status, code, text) = SPECIAL[problem]
    found = told(await provoke(World(app, api, server)))
    assert found[:2] == (status, code)
    assert found[2] == text or re.fullmatch(text, found[2])


def never_given() -> dict[int, str]:
    """The table of docs/compatibility.md: codes that are never given, and why."""
    _, _, section = COMPATIBILITY.read_text("utf-8").partition("\n## Codes that are never given\n")
    rows = re.findall(r"^\| ([0-9, -]+) \| (.+) \|$", section.partition("\n## ")[0], re.MULTILINE)
    reasons = {}
    for codes, reason in rows:
        for part in codes.split(", "):
            first, _, last = part.partition("-")
            for code in range(int(first), int(last or first) + 1):
                assert code not in reasons, code
                reasons[code] = reason
    return reasons


def test_every_code_of_the_specification_is_given_or_explained():
    given = {row.code for row in CATALOG.values()}
    explained = never_given().keys()
    assert CODES - given - explained == set(), "neither in the catalog nor in docs/compatibility.md"
    assert explained & given == set(), "given after all"
    assert explained <= CODES
    assert given - CODES == BESIDE_THE_TABLE


def test_each_page_names_what_its_endpoints_refuse():
    """The reference and OpenAPI list refusals by endpoint: each one that a case provokes must be there."""
    missing = []
    for problem, case in CASES.items():
        last = case.requests[-1]
        endpoint = endpoint_of(last.method, last.path.partition("?")[0])
        is_item = case.status == 200  # told of one item among others
        if (
            endpoint is not None
            and not is_item
            and problem not in {*endpoint.problems, *EVERYWHERE}
        ):
            missing.append((problem.value, endpoint.name))
    assert missing == []


def endpoint_of(method: str, path: str) -> Endpoint | None:
    """The endpoint that a request reaches; fixed parts of a path go before parameters."""
    asked = path.lower().strip("/").split("/")
    found = [
        endpoint
        for group in GROUPS
        for endpoint in group.endpoints
        if endpoint.method == method
        and len(parts := endpoint.path.lower().strip("/").split("/")) == len(asked)
        and all(
            part.startswith("{") or part == said for part, said in zip(parts, asked, strict=True)
        )
    ]
    return min(found, key=lambda endpoint: endpoint.path.count("{"), default=None)
