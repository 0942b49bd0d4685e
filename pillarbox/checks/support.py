"""What mail clients make of the HTML and CSS that a message uses. Source: www.caniemail.com, see data/NOTICE.

The table is read when somebody looks, and forgotten after that: few look, and reading it takes milliseconds.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from pillarbox.checks import styles
from pillarbox.checks.markup import Kind, Lines, Piece, pieces

MAX_LINES = 10
"""Lines of use that are named for a feature."""
_KINDS = {"input": ("type", "text"), "button": ("type", "submit"), "meta": ("name", "")}
"""Elements whose kind matters: the attribute that says it, and what is meant without."""


@dataclass(slots=True)
class Used:
    """How often a feature is used, and on which lines first."""

    times: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, line: int) -> None:
        """One more use."""
        self.times += 1
        if len(self.lines) < MAX_LINES and line not in self.lines:
            self.lines.append(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A feature that is used and that not all clients support; shares are of the clients that were tested.

    `without` and `partly` name the clients, `notes` what is missing where it works in part.
    """

    title: str
    url: str
    times: int
    lines: list[int]
    supported: float
    partial: float
    unsupported: float
    without: list[str]
    partly: list[str]
    notes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """What came out for a body: shares of the tests of all features used; what is not supported, worst first."""

    updated: str
    features: int
    supported: float
    partial: float
    unsupported: float
    findings: list[Finding]


class Table:
    """The support table."""

    def __init__(self) -> None:
        packed = resources.files("pillarbox.checks").joinpath("data/caniemail.json.gz").read_bytes()
        self._data: dict[str, Any] = json.loads(gzip.decompress(packed))
        self.by_key: dict[str, list[int]] = {}
        for at, feature in enumerate(self._data["features"]):
            for key in feature["keys"]:
                self.by_key.setdefault(key, []).append(at)

    def judge(self, used: Mapping[int, Used]) -> Support:
        """What clients make of features, by their places in the table."""
        found = [self._finding(self._data["features"][at], uses) for at, uses in used.items()]
        count = max(1, len(found))
        worst = sorted(
            (one for one in found if one.partial or one.unsupported),
            key=lambda one: (-one.unsupported, -one.partial, one.title),
        )
        return Support(
            updated=self._data["updated"],
            features=len(found),
            supported=sum(one.supported for one in found) / count if found else 100.0,
            partial=sum(one.partial for one in found) / count,
            unsupported=sum(one.unsupported for one in found) / count,
            findings=worst,
        )

    def _finding(self, feature: dict[str, Any], uses: Used) -> Finding:
        letters = feature["support"]
        tested = max(1, sum(letters.count(letter) for letter in "yan"))
        shares = {letter: 100 * letters.count(letter) / tested for letter in "yan"}
        partly = [at for at, letter in enumerate(letters) if letter == "a"]
        numbers = {number for at in partly for number in feature["notes"].get(str(at), ())}
        texts = [feature["texts"][str(n)] for n in sorted(numbers) if str(n) in feature["texts"]]
        return Finding(
            title=feature["title"],
            url=f"https://www.caniemail.com/features/{feature['slug']}/",
            times=uses.times,
            lines=uses.lines,
            supported=shares["y"],
            partial=shares["a"],
            unsupported=shares["n"],
            without=self._names(letters, "n"),
            partly=self._names(letters, "a"),
            notes=texts,
        )

    def _names(self, letters: str, letter: str) -> list[str]:
        """The clients with this letter: a family's name alone when it is true of all that was tested of it."""
        own: dict[str, list[str]] = {}
        every: dict[str, int] = {}
        for (family, platform), one in zip(self._data["clients"], letters, strict=True):
            if one in "yan":
                every[family] = every.get(family, 0) + 1
            if one == letter:
                own.setdefault(family, []).append(platform)
        return [
            family
            if len(platforms) == every[family]
            else f"{family} ({', '.join(name.removesuffix('.com') for name in platforms)})"
            for family, platforms in own.items()
        ]


def check(html: str) -> Support:
    """What clients make of a body, or of as much of it as is looked at."""
    table = Table()
    lines = Lines(html)
    used: dict[int, Used] = {}
    for key, at in _uses(html):
        for feature in table.by_key.get(key, ()):
            used.setdefault(feature, Used()).add(lines.of(at))
    return table.judge(used)


def _uses(html: str) -> Iterator[tuple[str, int]]:
    for piece in pieces(html):
        if piece.kind is Kind.START:
            yield from ((key, piece.at) for key in _of_tag(piece))
        elif piece.kind is Kind.COMMENT:
            yield "html-comment", piece.at
        elif piece.kind is Kind.DOCTYPE and piece.text.strip().lower() == "html":
            yield "html-doctype", piece.at
        elif piece.kind is Kind.TEXT and piece.name == "style":
            yield from ((key, piece.at + at) for key, at in styles.of_sheet(piece.text))


def _of_tag(piece: Piece) -> Iterator[str]:
    name, given = piece.name, piece.attributes
    yield f"e:{name}"
    yield from (f"a:{attribute}" for attribute in given)
    if name in _KINDS:
        attribute, usual = _KINDS[name]
        yield f"t:{name}:{given.get(attribute, usual).lower()}"
    if name == "a":
        yield from _of_target(given.get("href", "").strip().lower())
    if name == "img":
        yield from styles.of_image(given.get("src", ""))
    if "background" in given:
        yield from styles.of_image(given["background"])
    if "style" in given:
        yield from (key for key, _ in styles.of_attribute(given["style"]))


def _of_target(target: str) -> Iterator[str]:
    if target.startswith("#") and len(target) > 1:
        yield "local-anchor"
    if target.startswith("mailto:"):
        yield "mailto"
