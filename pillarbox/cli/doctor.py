"""`pillarbox doctor`: look the installation over; exit 1 when something is red."""

import sys
from dataclasses import asdict

import click

from pillarbox import doctor as checks
from pillarbox.cli.settings import as_json, settings, show
from pillarbox.config import Config


@click.command()
@as_json
@settings
def doctor(config: Config, is_json: bool) -> None:
    """Check directory, disk, database, certificate, DNS, ports and DKIM; say how to mend what is red."""
    found = checks.examine(config)
    lines = []
    for check in found:
        lines.append(f"{'ok ' if check.is_ok else 'RED'}  {check.name}: {check.finding}")
        if check.fix:
            lines.append(f"     fix: {check.fix}{': ' if check.copy else ''}{check.copy}")
    show([asdict(check) for check in found], is_json=is_json, text=lambda: "\n".join(lines))
    sys.exit(0 if all(check.is_ok for check in found) else 1)
