"""`pillarbox bench`: measure this machine."""

import sys

import click

from pillarbox.bench.main import ALONE, run
from pillarbox.bench.model import BenchOptions
from pillarbox.bench.rounds import SCENARIOS

_SIZES = ("messages", "stored", "hits", "events", "bulk", "queued")


@click.command(
    help=f"Measure SCENARIOs, or all of them: {', '.join(SCENARIOS)}. "
    f"Or one that is measured by itself: {', '.join(ALONE)}."
)
@click.argument("scenario", nargs=-1)
@click.option(
    "--rounds", default=5, show_default=True, help="alternating rounds; medians are quoted"
)
@click.option(
    "--messages",
    type=click.IntRange(min=1),
    help="messages a flood, also of inbound, slow and growth [default: 3000], in the database of search and "
    "growth [default: 1000000], of the bulk request of beside and in the queue of queue [default: 100000]; "
    "hits [default: 20000]; events of webhooks [default: 100000]",
)
@click.option(
    "--domains", default=50, show_default=True, help="recipient domains of the wide flood"
)
@click.option("--database-url", help="measure on this PostgreSQL database instead of SQLite")
@click.option("--quick", is_flag=True, help="one short round, for a look")
@click.option("--no-postfix", is_flag=True, help="leave the peer out")
@click.option("--json", "is_json", is_flag=True, help="print JSON")
def bench(
    scenario: tuple[str, ...],
    messages: int | None,
    no_postfix: bool,
    is_json: bool,
    **options: object,
) -> None:
    """Start a server, an SMTP sink and load of its own, and print rates, latency, CPU and memory."""
    settings: dict[str, object] = options | {"postfix": not no_postfix, "json": is_json}
    if messages is not None:
        settings |= dict.fromkeys(_SIZES, messages)
    sys.exit(run(BenchOptions(scenarios=scenario, **settings)))  # type: ignore[arg-type]
