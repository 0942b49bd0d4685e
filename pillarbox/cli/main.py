"""The command line: one group, one file per noun. Exit codes: 0 done, 1 failure, 2 wrong usage."""

import sys
from importlib import import_module
from keyword import iskeyword

import click
from typing_extensions import override

from pillarbox import __version__, log
from pillarbox.errors import StartError, Unavailable, UsageError

COMMANDS = {
    "bench": "Measure this machine.",
    "doctor": "Look the installation over; say how to mend what is red.",
    "domain": "List, add, verify and re-key sending domains.",
    "import": "Copy a Postmark account: Servers, templates, suppressions, domains.",
    "migrate": "Bring the database to this version's schema.",
    "queue": "List what waits for delivery, try it now, or drop it.",
    "serve": "Run the server: the named roles, or all of them.",
    "server": "List, create, show, edit and delete Servers.",
    "token": "List, create and revoke API tokens.",
    "user": "List, add and remove users of the web pages; set passwords.",
}
"""What there is, as the list shows it."""


class _Commands(click.Group):
    """The commands by name. A command's module is imported when it is called.

    Together they import the whole program, the benchmark included: seconds for a list of commands, and memory that
    `serve` would keep for as long as it runs.
    """

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command = getattr(import_module(f"pillarbox.cli.{name}"), name)
        assert isinstance(command, click.Command)
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="pillarbox")
def cli() -> None:
    """Self-hosted transactional email that speaks the Postmark API."""


def main() -> None:
    """Run the command line and exit."""
    log.setup()
    try:
        sys.exit(cli.main(standalone_mode=False))
    except click.exceptions.Abort:
        sys.exit(1)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except UsageError as problem:
        click.echo(f"pillarbox: {problem}", err=True)
        sys.exit(2)
    except (StartError, Unavailable) as problem:
        click.echo(f"pillarbox: {problem}", err=True)
        sys.exit(1)
