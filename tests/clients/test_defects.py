"""What clients cannot do is told."""

from pathlib import Path

from tests.clients.defects import DEFECTS

PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"


def test_the_page_shows_every_row_and_no_other() -> None:
    section = PAGE.read_text("utf-8").split("\n## Clients\n")[1].split("\n## ")[0]
    table = section.split("| Client | Call | Why |\n|---|---|---|\n")[1].split("\n\n")[0]
    rows = [f"| {client} | {check} | {reason} |" for (client, check), reason in DEFECTS.items()]
    assert table.splitlines() == rows
