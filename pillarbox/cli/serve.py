"""`pillarbox serve [ROLE ...]`: run the server, and greet whoever started it."""

import click

from pillarbox import roles
from pillarbox.cli.settings import settings
from pillarbox.config import Config
from pillarbox.roles import Started
from pillarbox.servers.store.tokens import list_tokens

_CURL = """curl -X POST {url}/email \\
  -H 'Content-Type: application/json' \\
  -H 'X-Postmark-Server-Token: {token}' \\
  -d '{{"From":"app@example.com","To":"you@example.com","Subject":"Hello","TextBody":"It works."}}'"""


@click.command()
@click.argument("role", nargs=-1)
@settings
def serve(config: Config, role: tuple[str, ...]) -> None:
    """Run the named ROLEs, or all of them: api, web, hits, submission, inbound, delivery, webhooks, chores."""
    roles.serve(config, role, started=lambda started: click.echo(greeting(started)))


def greeting(started: Started) -> str:
    """What a person who started the server wants to know."""
    config = started.app.config
    token = _token(started)
    url = f"http://{_host(config.http_listen[0])}:{started.http_port}"
    lines = [
        "",
        f"Pillarbox is running ({', '.join(started.roles)}); delivery: {config.delivery}",
        "",
    ]
    if started.http_port is not None:
        shown = [f"  Web page    {url}/"] if "web" in started.roles else []
        shown += [f"  API         {url}"] if "api" in started.roles else []
        lines += shown or [f"  HTTP        {url}"]
    for (host, _), port in zip(config.submission_listen, started.submission_ports, strict=False):
        lines.append(
            f"  SMTP        smtp://{_host(host)}:{port}  (user and password: the server token)"
        )
    for (host, _), port in zip(config.inbound_listen, started.inbound_ports, strict=False):
        lines.append(
            f"  Inbound     smtp://{_host(host)}:{port}  (mail to {config.inbound_domain})"
        )
    lines.append(f"  Data        {config.data_dir if config.is_sqlite else 'PostgreSQL'}")
    if started.first_tokens:
        lines += ["", f"  Server token   {started.first_tokens.server}"]
        lines.append(f"  Account token  {started.first_tokens.account}   (shown only this once)")
    elif token:
        lines += ["", f"  Server token   {token}"]
    if started.http_port is not None and token and "api" in started.roles:
        lines += ["", "Send a first message:", "", _CURL.format(url=url, token=token)]
    return "\n".join([*lines, ""])


def _token(started: Started) -> str | None:
    with started.app.db.transaction() as tx:
        tokens = list_tokens(tx)
    return tokens[0].token if tokens else None


def _host(host: str) -> str:
    """A listening address as a client on this machine writes it."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
