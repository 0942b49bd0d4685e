"""Differences of templates: what changed, near what, and never for long."""

from pillarbox.web.editor.difference import Comparing, Line


def told(before: str, after: str) -> list[str]:
    part = Comparing().compare("HTML", before, after)
    return [f"{line.sign}{line.text}" for line in part.lines]


def test_changed_lines_stand_among_a_few_that_did_not():
    before = "\n".join("abcdefghij")
    assert told(before, before.replace("e", "E")) == [
        " b",
        " c",
        " d",
        "-e",
        "+E",
        " f",
        " g",
        " h",
    ]


def test_what_is_far_apart_is_shown_apart():
    before = "\n".join(map(str, range(30)))
    after = before.replace("\n5\n", "\nfive\n").replace("\n25\n", "\n")
    assert told(before, after).count(" ⋯") == 1


def test_new_texts_are_new_lines_only():
    part = Comparing().compare("Text", "", "a\nb")
    assert (part.lines, part.new, part.old) == ((Line("new", "a"), Line("new", "b")), 2, 0)


def test_a_change_of_line_ends_can_be_seen():
    assert told("a\nb", "a\r\nb") == ["-a", "+a␍", " b"]


def test_long_lines_and_long_differences_are_cut():
    part = Comparing(lines=3).compare("HTML", "", "\n".join(["x" * 600] * 5))
    assert (len(part.lines), part.is_cut, part.new) == (3, True, 5)
    assert part.lines[0].text.endswith("x…")


def test_what_would_take_too_long_is_not_compared():
    """Equal lines everywhere: two minutes of difflib."""
    before, after = "\n".join(["x"] * 20_000), "\n".join("xy"[i % 2] for i in range(199))
    part = Comparing().compare("HTML", before, after)
    assert (part.lines, part.is_cut) == ((), True)
