"""The command line: one group, one file per noun. Exit codes: 0 done, 1 failure, 2 wrong usage."""

import sys

import click
from sqlalchemy.exc import DBAPIError

from pillarbox import __version__, log
from pillarbox.cli import bench, doctor, domain, migrate, queue, serve, server, token
from pillarbox.errors import StartError, Unavailable, UsageError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="pillarbox")
def cli() -> None:
    """Self-hosted transactional email that speaks the Postmark API."""


for command in (
    serve.serve,
    migrate.migrate,
    token.token,
    server.server,
    domain.domain,
    queue.queue,
    doctor.doctor,
    bench.bench,
):
    cli.add_command(command)


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
    except DBAPIError as problem:
        click.echo(f"pillarbox: database: {problem.orig}", err=True)
        sys.exit(1)
