"""How the installation is: its processes, database, queue, disk and chores."""

import asyncio
import platform
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import Response

import pillarbox
from pillarbox.app import App
from pillarbox.config import Config
from pillarbox.outbound.store import destinations
from pillarbox.outbound.store.destinations import Depth
from pillarbox.storage import chores, dialect, nodes
from pillarbox.storage.chores import Standing
from pillarbox.storage.nodes import Node
from pillarbox.storage.tx import Tx
from pillarbox.web.area import Area
from pillarbox.web.operator.queue import pause_after
from pillarbox.web.render import wants_piece
from pillarbox.web.visit import Visit

area = Area("health")

HERE = "/ui/health"
LATE_AFTER = timedelta(minutes=5)
"""A chore that is due for so long is done by nobody."""
LEAST_FREE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the database knows."""

    now: datetime
    size_bytes: int
    version: str
    depth: Depth
    nodes: Sequence[Node]
    chores: Sequence[Standing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The disk that holds the data directory."""

    total: int
    free: int

    @property
    def is_low(self) -> bool:
        """Whether it is about to be full."""
        return self.free < self.total * LEAST_FREE


@area.show(HERE)
async def show_health(visit: Visit) -> Response:
    """The page, or the part that its script asks for every few seconds."""
    app = visit.app
    began = app.monotonic()
    stored = await visit.read(look)
    disk = await asyncio.to_thread(_disk, app.config)
    values = {
        "stored": stored,
        "kind": "SQLite" if app.db.is_sqlite else "PostgreSQL",
        "disk": disk,
        "versions": (pillarbox.__version__, platform.python_version()),
        "nodes": [(node, _is_silent(app, node, stored.now)) for node in stored.nodes],
        "chores": [(one, _state(one, stored.now)) for one in stored.chores],
        "mine": app.node,
        "pause": pause_after(app.monotonic() - began),
        "troubles": troubles(stored, disk, is_alone=app.db.is_sqlite),
    }
    is_piece = wants_piece(visit.request) == "health"
    answer = visit.page(f"operator/health{'_live' if is_piece else ''}.html", values)
    answer.headers["Vary"] = "HX-Request"
    return answer


def look(tx: Tx) -> Stored:
    """Read what the database knows."""
    return Stored(
        now=tx.now,
        size_bytes=dialect.database_size(tx.connection),
        version=dialect.database_version(tx.connection).split()[0],
        depth=destinations.depth(tx),
        nodes=nodes.seen(tx),
        chores=chores.list_all(tx),
    )


def troubles(stored: Stored, disk: Disk | None, *, is_alone: bool) -> list[str]:
    """What somebody should look at, in sentences. Pure."""
    found = []
    if disk is not None and disk.is_low:
        found.append("The disk is almost full. With a full disk new mail is refused.")
    living = [
        one for one in stored.nodes if is_alone or stored.now - one.seen_at <= nodes.SILENT_AFTER
    ]
    done = {role for one in living for role in one.roles}
    if "delivery" not in done and stored.depth.waiting:
        found.append("Mail waits, and no process has the role “delivery”.")
    if "chores" not in done:
        found.append("No process has the role “chores”: nothing old is deleted.")
    late = [one.name for one in stored.chores if _state(one, stored.now) == "late"]
    if late and "chores" in done:
        found.append(f"Chores are late: {', '.join(late)}.")
    return found


def _state(one: Standing, now: datetime) -> str:
    if one.leased_until is not None and one.leased_until > now:
        return "running"
    return "late" if now - one.due_at > LATE_AFTER else "waiting"


def _is_silent(app: App, node: Node, now: datetime) -> bool:
    return not app.db.is_sqlite and now - node.seen_at > nodes.SILENT_AFTER


def _disk(config: Config) -> Disk | None:
    try:
        usage = shutil.disk_usage(config.data_dir)
    except OSError:
        return None
    return Disk(total=usage.total, free=usage.free)
