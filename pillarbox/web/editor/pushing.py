"""Pushing templates to another Server: first what would change, then all of it at once."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import Response

from pillarbox.errors import Refused
from pillarbox.ids import ServerId
from pillarbox.storage.tx import Tx
from pillarbox.templates import store
from pillarbox.templates.push import Action, Change, plan, push
from pillarbox.users.model import Role
from pillarbox.web.area import Area
from pillarbox.web.editor.difference import Comparing, Part
from pillarbox.web.editor.listing import LIST, here
from pillarbox.web.editor.texts import digest
from pillarbox.web.visit import Visit, words

area = Area("templates")

PUSH = f"{LIST}/push"
MAX_NAMED = 20
_CHANGED_MEANWHILE = (
    "The templates have changed since this page was made. Look again; nothing was pushed."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A template that a push would change, with what would become of its texts."""

    change: Change
    parts: list[Part]

    @property
    def new(self) -> int:
        """How many lines would be new."""
        return sum(part.new for part in self.parts)

    @property
    def old(self) -> int:
        """How many lines would go."""
        return sum(part.old for part in self.parts)


class _ChangedMeanwhile(Exception):
    """What would be pushed is not what was shown."""


@area.show(PUSH, needs=Role.DEVELOPER)
async def show_push(visit: Visit) -> Response:
    """Choose the destination; then what would change there."""
    chosen = visit.number("to", digits=9)
    if chosen is None:
        return _page(visit, None)
    return await _planned(visit, _destination(visit, chosen))


@area.act(PUSH)
async def perform_push(visit: Visit) -> Response:
    """Push what was shown, if that is still what would be pushed."""
    text = visit.form.line("to")
    to = _destination(visit, int(text) if text.isascii() and text.isdigit() else 0)
    source, limit = visit.server.id, visit.app.config.template_limit
    seen = visit.form.line("seen")
    try:
        planned = await visit.read(lambda tx: plan(tx, source, to, limit=limit))

        def perform(tx: Tx) -> list[Change]:
            store.lock(tx, to)
            if _seen(plan(tx, source, to, limit=limit)) != seen:
                raise _ChangedMeanwhile
            return push(tx, source, to, performs=True, limit=limit)

        done = await visit.write(perform, did=_did(visit.servers[to], planned))
    except _ChangedMeanwhile:
        return await _planned(visit, to, _CHANGED_MEANWHILE)
    except Refused as refused:
        return _page(visit, to, problem=words(refused))
    name = visit.servers[to]
    count = "1 template" if len(done) == 1 else f"{len(done)} templates"
    return visit.go(f"{here(visit)}/push?to={to}", f"{count} pushed to the Server “{name[:100]}”.")


def _destination(visit: Visit, chosen: int) -> ServerId:
    """Another Server that is there. Raises HTTPException for none."""
    if chosen not in visit.servers or chosen == visit.server.id:
        raise HTTPException(404, "server")
    return ServerId(chosen)


async def _planned(visit: Visit, to: ServerId, problem: str = "") -> Response:
    source, limit = visit.server.id, visit.app.config.template_limit
    try:
        changes = await visit.read(lambda tx: plan(tx, source, to, limit=limit))
    except Refused as refused:
        return _page(visit, to, problem=words(refused))
    rows = await asyncio.to_thread(_rows, changes)
    return _page(visit, to, rows=rows, seen=_seen(changes), problem=problem)


def _page(
    visit: Visit,
    to: ServerId | None,
    *,
    rows: Sequence[Row] | None = None,
    seen: str = "",
    problem: str = "",
) -> Response:
    values = {
        "here": here(visit),
        "to": to,
        "others": [one for one in visit.servers.items() if one[0] != visit.server.id],
        "rows": rows,
        "seen": seen,
        "problem_text": problem,
    }
    return visit.page("editor/push.html", values, status=422 if problem else 200)


def _rows(changes: Sequence[Change]) -> list[Row]:
    comparing = Comparing()
    return [
        Row(change=change, parts=comparing.parts(change.before, change.template))
        for change in changes
    ]


def _seen(changes: Sequence[Change]) -> str:
    """Changes whenever what would be pushed, or written over, does."""
    texts = [
        f"{change.action} {digest(change.template)} {digest(change.before) if change.before else ''}"
        for change in changes
    ]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:24]


def _did(name: str, changes: Sequence[Change]) -> str:
    """What the audit log says: which templates were created and which were edited."""
    said = [f"Pushed templates to the Server “{name}”"]
    for action, word in ((Action.CREATE, "created"), (Action.EDIT, "edited")):
        aliases = [one.template.alias or "" for one in changes if one.action is action]
        if aliases:
            more = f" and {len(aliases) - MAX_NAMED} more" if len(aliases) > MAX_NAMED else ""
            said.append(f"{word} {', '.join(aliases[:MAX_NAMED])}{more}")
    return "; ".join(said)
