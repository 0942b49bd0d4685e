"""What is an error, and where: the table of cases, UTF-16 positions, hostile texts."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pillarbox.mustachio.model import TemplateError
from pillarbox.mustachio.parse import MAX_ERRORS, MAX_TOKENS, parse
from tests.unit.mustachio.cases import cases, template

TEXTS = {
    "P": "The path '{}' is not valid. Please see documentation for examples of valid paths.",
    "E1": "The 'each' block being opened requires a model path to be specified in the form"
    " '{{#each <name>}}'.",
    "E2": "The syntax to close the 'each' block should be: '{{/each}}'.",
    "E3": "An 'each' block is being closed, but no corresponding opening element"
    " ('{{#each <name>}}') was detected.",
    "M": "It appears that open and closing elements are mismatched.",
    "U": "A scope block to the following path was opened but not closed: '{}', please close it using"
    " the appropriate syntax.",
}

PIECES = """{{ }} {{{ }}} { } # / ^ ! & each /each a b.c ../ . 😀 é - @content pm:x {{#a}} {{/a}} {{^a}} {{x}}
    {{#each␠l}} {{/each}} #each␠ {{{␠@content␠}}} ␠ ␊ ␍""".split()
pieces = st.sampled_from(
    [piece.translate({ord("␠"): " ", ord("␊"): "\n", ord("␍"): "\r"}) for piece in PIECES]
)
texts = st.lists(pieces | st.text(max_size=3), max_size=30).map("".join)


def error(case: str) -> TemplateError:
    """An error as the table writes it: `1:7 P(bad path)`."""
    match = re.fullmatch(r"(\d+):(\d+) (\w+)(?:\((.*)\))?", case, re.DOTALL)
    assert match
    return TemplateError(int(match[1]), int(match[2]), TEXTS[match[3]].format(match[4]))


def errors(text: str) -> list[str]:
    """The errors of a text, each as `line:position kind`."""
    kinds = {words.split("{}")[0].format(): kind for kind, words in TEXTS.items()}
    return [
        f"{found.line}:{found.position} {kind}"
        for found in parse(text).errors
        for start, kind in kinds.items()
        if found.message.startswith(start)
    ]


@pytest.mark.parametrize("case", cases("errors"))
def test_table_of_errors(case):
    parsed = parse(case["template"])
    assert parsed.template is None
    assert list(parsed.errors) == [error(expected) for expected in case["errors"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{a-b}}", ["1:1 P"]),
        ("é{{a-b}}", ["1:2 P"]),
        ("😀{{a-b}}", ["1:3 P"]),
        ("😀\n😀😀{{a-b}}{{/x}}", ["2:5 P", "2:12 M"]),
        ("\ud83d{{a-b}}", ["1:2 P"]),
        ("\u2028\x85{{a-b}}", ["1:3 P"]),
        ("{{a\n-}}{{b\n-}}", ["1:1 P", "2:4 P"]),
        ("{{#a}}\n\n\n{{^b}}\n{{#each c}}", ["1:1 U", "4:1 U", "5:1 U"]),
    ],
)
def test_positions_count_utf_16_units_of_the_line(text, expected):
    assert errors(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{#each }}{{/each}}", ["1:1 E1"]),
        ("{{#each}}", ["1:1 E1", "1:1 U"]),
        ("{{# each rows}}{{/ each rows}}", ["1:1 P"]),
        ("{{#each rows}}{{/each rows}}{{/each}}", ["1:15 E2"]),
        ("{{#each a}}{{/a}}{{/each}}", ["1:12 M"]),
        ("{{#each a}}{{^a}}{{/each}}{{/a}}{{/each}}", ["1:18 E3"]),
        ("{{#a}}{{/each}}{{/a}}", ["1:7 E3"]),
        ("{{#a}}{{#a}}{{/a}}{{/a}}", ["1:19 M"]),
        ("{{#a-b}}{{^a-b}}{{/a-b}}", ["1:1 P", "1:9 P"]),
        ("{{##a}}{{/#a}}", ["1:1 P"]),
        ("{{{#a}}}", ["1:1 P"]),
        ("{{{!a}}}", ["1:1 P"]),
        ("{{@content}}", ["1:1 P"]),
        ("{{& pm:unsubscribe }}", ["1:1 P"]),
        ("{{{ PM:unsubscribe }}}", ["1:1 P"]),
        ("{{#pm:x}}{{/pm:x}}", ["1:1 P"]),
        ("{{ !a }}{{ &a }}{{ ^a }}", ["1:1 P", "1:9 P", "1:17 P"]),
    ],
)
def test_errors_beyond_the_table(text, expected):
    assert errors(text) == expected


@pytest.mark.parametrize(
    ("text", "unclosed"),
    [
        ("{{#eachrows}}", "eachrows"),
        ("{{#each  a.b }}", "a.b"),
        ("{{# a }}", "a"),
        ("{{#a}}{{^a}}", "a"),
        ("{{#}}", ""),
    ],
)
def test_what_an_unclosed_block_is_called(text, unclosed):
    assert parse(text).errors[-1].message == TEXTS["U"].format(unclosed)


def test_an_else_names_the_opener_that_is_still_open():
    assert errors("{{#a}}{{^a}}") == ["1:7 U"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("{{@content }", 0),
        ("{{{@content}}}", 1),
        ("{{{ \n @content\t}}}", 1),
        ("{{#a}}{{{ @content }}}{{/a}}{{{@content}}}", 2),
    ],
)
def test_placeholders_are_counted(text, count):
    assert template(text).placeholders == count


def test_only_so_many_errors_are_reported_the_first_ones():
    found = parse("{{#a}}" + "{{-}}\n" * (MAX_ERRORS + 5)).errors
    assert len(found) == MAX_ERRORS
    assert found[0].message == TEXTS["U"].format("a")
    assert found[-1].line == MAX_ERRORS - 1


def test_only_so_many_tokens_are_taken():
    assert parse("{{a}}" * MAX_TOKENS).template
    text = "{{#a}}" + "{{b}}" * (MAX_TOKENS - 1)
    assert parse(text + "{{b}}").errors == (
        TemplateError(1, len(text) + 1, "The template has too many elements."),
    )


@given(texts)
def test_any_text_parses_or_says_where_it_is_wrong(text):
    parsed = parse(text)
    assert (parsed.template is None) == bool(parsed.errors)
    lines = text.split("\n")
    for found in parsed.errors:
        line = lines[found.line - 1].encode("utf-16-le", "surrogatepass")
        assert line[2 * (found.position - 1) :].startswith("{{".encode("utf-16-le"))
    places = [(found.line, found.position) for found in parsed.errors]
    assert places == sorted(places)


# Work that grows with the square of the text would take many minutes at these sizes.
@pytest.mark.parametrize(
    "unit", ["{{{{{{", "{{!", "{{", "}}", "{{a", "{{#each ", "{{! }", "{", "{{#a}}"]
)
def test_time_grows_with_the_text_only(unit):
    start = time.process_time()
    parse(unit * (5_000_000 // len(unit)))
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    "unit",
    [
        "{{{a}}",
        "{{/a}}",
        "{{#each a}}",
        "{{a-b}}",
        "{{#a}}{{#b}}",
        "{{#b}}{{^b}}",
        "{{!x}}a",
        "\n😀{{-}}",
    ],
)
def test_time_grows_with_the_tokens_only(unit):
    start = time.process_time()
    parse(unit * 20_000)
    assert time.process_time() - start < 20


@pytest.mark.parametrize("unit", ["../", "a.", "a../", " ", "."])
def test_time_grows_with_a_token_only(unit):
    start = time.process_time()
    parse("{{" + unit * (5_000_000 // len(unit)) + "}}")
    assert time.process_time() - start < 20
