from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pillarbox import cli as package
from pillarbox.cli.main import COMMANDS, cli


def test_every_file_of_a_command_is_in_the_list() -> None:
    files = {
        path.stem.removesuffix("_") if path.stem[0] != "_" else path.stem
        for path in Path(str(package.__file__)).parent.glob("*.py")
    }
    assert files - {"__init__", "main", "settings"} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_name_in_the_list_is_that_of_its_command(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name


def test_an_unknown_command_is_wrong_usage() -> None:
    result = CliRunner().invoke(cli, ["sevre"])
    assert result.exit_code == 2
    assert "No such command 'sevre'" in result.output
