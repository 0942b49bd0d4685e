"""What is typed into the search box of the activity page: words and `operator:value`, taken apart. Pure.

    from:shop@example.com tag:"late order" is:bounced after:7d Your order

A value with spaces stands in quotes. What cannot be understood becomes a hint, never an error: an operator that
does not exist is looked for as text, a value that makes no sense is left out.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches

from pillarbox.outbound.store.activity import Filter, Mark

LONGEST = 300
METADATA = "metadata."
STATUSES = ("queued", "deferred", "delivered", "bounced", "suppressed", "dropped")
_IS = ("opened", "clicked", "sandboxed", *STATUSES)
OPERATORS = ("from", "to", "subject", "tag", "status", "stream", "is", "after", "before")

HELP = (
    ("from:shop@example.com", "The sender: a whole address, or a part of the name or address"),
    ("to:ann@example.org", "A recipient in To, Cc or Bcc"),
    ('subject:"your order"', "Text in the subject"),
    ("tag:welcome", "The tag, exactly"),
    ("stream:broadcast", "The ID of a message stream"),
    ("status:bounced", f"Where a copy stands: {', '.join(STATUSES)}"),
    ("is:opened", "What happened: opened, clicked, sandboxed, or any status"),
    ("after:7d", "From a day on (2026-01-31, in UTC), or within 30m, 12h, 7d, 2w"),
    ("before:2026-01-31", "Before a day, or longer ago than 7d"),
    ("metadata.order:4711", "A metadata field with exactly this value"),
)
"""Example and meaning: the rows of the search help."""

_piece = re.compile(
    r"""(?P<name>[^\s":]+):(?P<value>"[^"]*"?|[^\s"]*)  # an operator
      | "(?P<quoted>[^"]*)"?
      | (?P<word>[^\s"]+)""",
    re.VERBOSE,
).finditer
_identifier = re.compile(r"[A-Za-z][A-Za-z_-]*").fullmatch
_ago = re.compile(r"(\d{1,4})([mhdw])").fullmatch
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Term:
    """An operator with its value, and the search without it."""

    name: str
    value: str
    without: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was understood: `wanted` is what to look for, `terms` are the filters, `hints` tell of the rest."""

    raw: str
    wanted: Filter
    terms: tuple[Term, ...]
    hints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Problem(Exception):
    """Why a value makes no sense, in words for the user."""

    hint: str


def parse(raw: str, now: datetime) -> Search:
    """Take a search apart."""
    raw = " ".join(raw.replace("\0", "").split())[:LONGEST]
    wanted, words = Filter(), list[str]()
    terms, hints = list[Term](), list[str]()
    for piece in _piece(raw):
        name, value = (piece["name"] or "").lower(), (piece["value"] or "").strip('"').strip()
        if not name:
            words.append((piece["quoted"] or piece["word"] or "").strip())
            continue
        add = _adder(name)
        if add is None:
            words.append(piece.group().replace('"', ""))
            hints += _unknown(name, value)
        elif not value:
            hints.append(f"Write what to look for right after “{name}:”, without a space.")
        else:
            try:
                wanted = add(wanted, name, value, now)
            except _Problem as problem:
                hints.append(problem.hint)
                continue
            rest = f"{raw[: piece.start()].rstrip()} {raw[piece.end() :].lstrip()}".strip()
            terms.append(Term(name, value, rest))
    wanted = replace(wanted, text=" ".join(word for word in words if word))
    return Search(raw=raw, wanted=wanted, terms=tuple(terms), hints=tuple(dict.fromkeys(hints)))


def term(name: str, value: str) -> str:
    """A filter as it is typed: for links to the messages behind something."""
    value = value.replace('"', " ").strip()
    return f'{name}:"{value}"' if re.search(r"\s", value) else f"{name}:{value}"


_Add = Callable[[Filter, str, str, datetime], Filter]


def _adder(name: str) -> _Add | None:
    if name.startswith(METADATA):
        return _add_metadata
    return _ADDERS.get(name)


def _add_text(wanted: Filter, name: str, value: str, now: datetime) -> Filter:
    match name:
        case "from":
            return replace(wanted, senders=(*wanted.senders, value))
        case "to":
            return replace(wanted, to=(*wanted.to, value))
        case "subject":
            return replace(wanted, subjects=(*wanted.subjects, value))
        case "tag":
            return replace(wanted, tags=(*wanted.tags, value))
        case _:
            return replace(wanted, streams=(*wanted.streams, value))


def _add_metadata(wanted: Filter, name: str, value: str, now: datetime) -> Filter:
    field = name.removeprefix(METADATA)
    if not field:
        raise _Problem("Write the name of the metadata field: metadata.order:4711.")
    return replace(wanted, metadata=(*wanted.metadata, (field, value)))


def _add_status(wanted: Filter, name: str, value: str, now: datetime) -> Filter:
    if value.lower() not in STATUSES:
        raise _Problem(f"“status:” takes one of {_listed(STATUSES)}.")
    return replace(wanted, statuses=(*wanted.statuses, Mark(value.lower())))


def _add_mark(wanted: Filter, name: str, value: str, now: datetime) -> Filter:
    if value.lower() not in _IS:
        raise _Problem(f"“is:” takes one of {_listed(_IS)}.")
    return replace(wanted, marks=(*wanted.marks, Mark(value.lower())))


def _add_time(wanted: Filter, name: str, value: str, now: datetime) -> Filter:
    at = _instant(value, now)
    if at is None:
        raise _Problem(
            f"“{name}:” takes a day such as {now:%Y-%m-%d}, or how long ago, such as 7d or 12h."
        )
    if name == "after":
        return replace(wanted, since=at if wanted.since is None else max(at, wanted.since))
    return replace(wanted, until=at if wanted.until is None else min(at, wanted.until))


_ADDERS: dict[str, _Add] = {
    **dict.fromkeys(("from", "to", "subject", "tag", "stream"), _add_text),
    "status": _add_status,
    "is": _add_mark,
    "after": _add_time,
    "before": _add_time,
}


def _instant(text: str, now: datetime) -> datetime | None:
    """A day or minute in UTC, `today`, `yesterday`, or so long ago; None for anything else."""
    lowered = text.lower()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = {"today": 0, "yesterday": 1}
    if lowered in days:
        return today - timedelta(days=days[lowered])
    if found := _ago(lowered):
        return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        return None


def _unknown(name: str, value: str) -> list[str]:
    """A word before a colon is an operator by mistake only if it looks like one: `Re:` and `https://` do not."""
    if not _identifier(name) or not value or value.startswith("//"):
        return []
    close = get_close_matches(name, (*OPERATORS, "metadata"), n=1)
    if name == "metadata" or close == ["metadata"]:
        advice = "Write metadata.name:value."
    elif close:
        advice = f"Did you mean “{close[0]}:”?"
    else:
        advice = "It was looked for as text."
    return [f"There is no filter “{name}:”. {advice}"]


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(values[:-1]) + f" or {values[-1]}"
