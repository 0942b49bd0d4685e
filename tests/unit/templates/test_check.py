"""Names for layouts without one."""

import pytest

from pillarbox.templates.check import automatic_alias


@pytest.mark.parametrize(
    ("name", "taken", "alias"),
    [
        ("House style", (), "house-style"),
        ("House style", ("house-style",), "house-style-2"),
        ("House style", ("house-style", "house-style-2"), "house-style-3"),
        ("  Été -- 2026! ", (), "ete-2026"),
        ("2026", (), "layout-2026"),
        ("日本", (), "layout"),
        ("!", ("layout",), "layout-2"),
        ("Validate", (), "validate-2"),
        ("x" * 255, (), "x" * 240),
    ],
)
def test_an_automatic_alias(name, taken, alias):
    assert automatic_alias(name, taken) == alias
