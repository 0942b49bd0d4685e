"""Trying templates out for the editor: what is wrong where, what the model lacks, layouts around something."""

import json

import pytest

from pillarbox.ids import ServerId
from pillarbox.templates.model import TemplateType
from pillarbox.web.editor import starters
from pillarbox.web.editor.texts import Texts
from pillarbox.web.editor.trial import MAX_MODEL, Setting, look, read_model


def template(**texts: str) -> Texts:
    return Texts(kind=TemplateType.STANDARD, name="A", **texts)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"a": 1 "b"}', 1, 9),
        ('{\n"a" 1}', 2, 5),
        ("[1]", 1, 1),
        ("nope", 1, 1),
        ("[" * 100_000, 1, 1),
        ('{"a":' * 200 + "1" + "}" * 200, 1, 1),
        ("{" + " " * MAX_MODEL + "}", 1, None),
    ],
)
def test_a_wrong_model_is_told_where(text, line, column):
    model, spot = read_model(text)
    assert model == {}
    assert spot is not None
    assert (spot.field, spot.line) == ("model", line)
    assert column is None or spot.column == column


@pytest.mark.parametrize("text", ["", "  ", "{}"])
def test_no_model_is_an_empty_one(text):
    assert read_model(text) == ({}, None)


def test_faults_have_places_and_the_words_of_the_api():
    seen = look(template(subject="{{a b}}", html="x\n {{/c}}", text="ok"), "", Setting())
    assert [(spot.field, spot.line, spot.column) for spot in seen.spots] == [
        ("subject", 1, 1),
        ("html", 2, 2),
    ]
    assert seen.spots[0].message.startswith("The path 'a b' is not valid.")
    assert (seen.subject, seen.html, seen.text, seen.fingerprint) == (None, None, "ok", "")


def test_a_loop_over_no_array_is_a_fault_without_a_place():
    seen = look(template(html="{{#each a}}x{{/each}}"), '{"a": "text"}', Setting())
    assert [(spot.field, spot.line) for spot in seen.spots] == [("html", None)]


def test_what_the_model_lacks_is_named_and_suggested():
    seen = look(template(subject="{{a.b}} {{a.c}} {{d}}"), '{"a": {"b": 1}, "e": 2.50}', Setting())
    assert seen.missing == ("a.c", "d")
    assert json.loads(seen.model) == {"a": {"b": 1, "c": "c_Value"}, "d": "d_Value", "e": 2.5}


def test_nothing_at_all_is_told_once():
    assert [spot.field for spot in look(template(), "", Setting()).spots] == [""]


def test_a_layout_is_shown_around_a_sample_or_a_template():
    layout = Texts(kind=TemplateType.LAYOUT, html="<i>{{ shop }}</i>{{{ @content }}}")
    sample = look(layout, "", Setting())
    assert "A heading" in (sample.html or "")
    assert sample.text is None
    inside = template(html="<b>{{ name }}</b>").to_template(ServerId(1))
    around = look(layout, '{"name": "Ann", "shop": "Fern"}', Setting(inside=inside))
    assert "<i>Fern</i><b>Ann</b>" in (around.html or "")


def test_a_layout_without_its_place_is_wrong_and_shows_nothing():
    seen = look(Texts(kind=TemplateType.LAYOUT, html="x"), "", Setting())
    assert [(spot.field, spot.line) for spot in seen.spots] == [("html", 1)]
    assert seen.html is None


@pytest.mark.parametrize("name", starters.NAMES)
def test_starters_are_in_order_and_their_models_fit(name):
    layout = Texts.of_starter(starters.starter(starters.LAYOUT), TemplateType.LAYOUT)
    texts = Texts.of_starter(starters.starter(name), TemplateType.STANDARD)
    setting = Setting(layout=layout.to_template(ServerId(1)))
    seen = look(texts, starters.model(name, starters.LAYOUT), setting)
    assert (seen.spots, seen.missing) == ((), ())
    assert "_Value" not in f"{seen.subject}{seen.html}{seen.text}"
