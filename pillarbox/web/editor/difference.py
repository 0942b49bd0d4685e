"""What an edit would change, line by line. Pure, and bounded: `difflib` may take the cube of the lines."""

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pillarbox.templates.model import Template

MAX_WORK = 20_000_000
"""For all templates of a page together: equal pairs of lines times lines, at worst some 0.1 µs each."""
MAX_LINES = 2_000
"""Of the differences of a page, context and all."""
MAX_WIDTH = 500
_CONTEXT = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a difference: `kind` is new, old, same or gap."""

    kind: str
    text: str

    @property
    def sign(self) -> str:
        """What stands before the line."""
        return {"new": "+", "old": "-"}.get(self.kind, " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What becomes of one text. `is_cut` says that only some of it is shown, or that nothing could be compared."""

    label: str
    lines: tuple[Line, ...]
    new: int
    old: int
    is_cut: bool = False


class Comparing:
    """Compares texts as long as its bounds allow."""

    def __init__(self, work: int = MAX_WORK, lines: int = MAX_LINES) -> None:
        self._work = work
        self._lines = lines

    def parts(self, before: Template | None, after: Template) -> list[Part]:
        """The texts that differ; all of them when there was nothing before."""
        texts = (
            ("Name", before and before.name, after.name),
            ("Layout", before and before.layout, after.layout),
            ("Subject", before and before.subject, after.subject),
            ("HTML", before and before.html, after.html),
            ("Text", before and before.text, after.text),
        )
        return [
            self.compare(label, old or "", new or "")
            for label, old, new in texts
            if (old or "") != (new or "")
        ]

    def compare(self, label: str, before: str, after: str) -> Part:
        """One text against another."""
        old, new = _split(before), _split(after)
        start = _common(old, new)
        end = _common(old[start:][::-1], new[start:][::-1])
        middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
        work = _work(middle_old, middle_new)
        if work > self._work:
            return Part(
                label=label, lines=(), new=len(middle_new), old=len(middle_old), is_cut=True
            )
        self._work -= work
        before_it = old[max(0, start - _CONTEXT) : start]
        after_it = old[len(old) - end :][:_CONTEXT]
        lines = list(_unified(before_it + middle_old + after_it, before_it + middle_new + after_it))
        shown = lines[: self._lines]
        self._lines -= len(shown)
        return Part(
            label=label,
            lines=tuple(shown),
            new=sum(line.kind == "new" for line in lines),
            old=sum(line.kind == "old" for line in lines),
            is_cut=len(shown) < len(lines),
        )


def _work(old: Sequence[str], new: Sequence[str]) -> int:
    """What comparing costs at worst: each block that is found may mean looking through all equal pairs again."""
    here, there = Counter(old), Counter(new)
    equal = sum(count * there[line] for line, count in here.items())
    return (equal + len(old) + len(new)) * (min(len(old), len(new)) + 1)


def _unified(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=True)
    for number, group in enumerate(matcher.get_grouped_opcodes(_CONTEXT)):
        if number:
            yield Line("gap", "⋯")
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                yield from (Line("same", _cut(text)) for text in old[old_from:old_to])
                continue
            yield from (Line("old", _cut(text)) for text in old[old_from:old_to])
            yield from (Line("new", _cut(text)) for text in new[new_from:new_to])


def _split(text: str) -> list[str]:
    """Lines as an editor counts them; line ends are told apart, so that a change of them can be seen."""
    lines = text.split("\n") if text else []
    return [f"{line[:-1]}␍" if line.endswith("\r") else line for line in lines]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _cut(text: str) -> str:
    return text if len(text) <= MAX_WIDTH else f"{text[:MAX_WIDTH]}…"
