"""What clients make of HTML and CSS."""

import pytest

from pillarbox.checks import styles, support
from pillarbox.checks.support import Table


def titles(html: str) -> set[str]:
    table = Table()
    every = {feature["title"] for feature in table._data["features"]}
    found = {one.title for one in support.check(html).findings}
    assert found <= every
    return found


def keys(css: str) -> set[str]:
    return {key for key, _ in styles.of_sheet(css)}


@pytest.mark.parametrize(
    ("css", "key"),
    [
        ("a{display:grid}", "d:display:grid"),
        ("a{display : FLEX !important}", "d:display:flex"),
        ("a{color:red!important}", "w:!important"),
        ("a{width:calc(1rem + 2%)}", "f:calc"),
        ("a{width:calc(1rem + 2%)}", "u:rem"),
        ("a{width:calc(1rem + 2%)}", "u:%"),
        ("a{background:url('x/y.webp?z')}", "i:webp"),
        ("a{background:url(data:image/svg+xml;base64,AA)}", "i:svg"),
        ("a{background:url(data:image/png;base64,AA)}", "i:base64"),
        (
            "@media (min-width:1px) and (prefers-color-scheme:dark){a{b:c}}",
            "m:prefers-color-scheme",
        ),
        ("@media print{a{float:left}}", "p:float"),
        ("@import url(x.css);", "@:import"),
        ("@font-face{font-family:x}", "@:font-face"),
        ("a:hover{b:c}", ":hover"),
        ("a:before{b:c}", "::before"),
        ("a > b{c:d}", "s:child"),
        ("a b{c:d}", "s:descendant"),
        ("a,b{c:d}", "s:grouping"),
        (".a.b{c:d}", "s:chaining"),
        ("a{b{c:d}}", "css-nesting"),
        ("/* x */", "css-comment"),
        ("a{--x:1}", "f:var"),
    ],
)
def test_uses_of_a_style_sheet(css: str, key: str) -> None:
    assert key in keys(css)


@pytest.mark.parametrize(
    "css", ["", "}}}}", "a{", "a{:}", "{}", "'", '"\\', "@", "a{b", "/*", ";;"]
)
def test_what_makes_no_sense_says_little(css: str) -> None:
    assert not any(key.startswith(("p:", "d:")) for key in keys(css))


def test_text_in_strings_and_comments_is_no_use() -> None:
    assert "p:float" not in keys("a{content:'x; float:left'} /* b{float:left} */")


def test_the_worst_come_first_with_lines_and_clients() -> None:
    html = "<p style='display:grid'>a</p>\n<video></video>\n<p style='display:grid'>b</p>"
    found = support.check(html)
    first = found.findings[0]
    assert (first.title, first.lines, first.times) == ("<video> element", [2], 1)
    assert "Gmail" in first.without
    grid = next(one for one in found.findings if one.title == "display:grid")
    assert (grid.lines, grid.times) == ([1, 3], 2)
    assert any(name.startswith("Outlook (Windows") for name in grid.without)
    assert grid.supported + grid.partial + grid.unsupported == pytest.approx(100)


def test_nothing_is_wrong_with_nothing() -> None:
    found = support.check("")
    assert (found.supported, found.features, found.findings) == (100.0, 0, [])


@pytest.mark.parametrize(
    ("html", "title"),
    [
        ("<input type=CHECKBOX>", '<input type="checkbox"> element'),
        ("<meta name=color-scheme content=dark>", "color-scheme meta tag"),
        ("<a href='#top'>x</a>", "Local anchors"),
        ("<img src='a.svg'>", "SVG image format"),
        ("<section>", "HTML5 semantics"),
        ("<img srcset='a.png 2x'>", "srcset and sizes attributes"),
    ],
)
def test_uses_of_elements(html: str, title: str) -> None:
    assert title in titles(html)


def test_every_feature_can_be_found() -> None:
    table = Table()
    assert all(feature["keys"] for feature in table._data["features"])
    letters = {letter for feature in table._data["features"] for letter in feature["support"]}
    assert letters <= set("yanu-")
    assert len(table.by_key) > 300
