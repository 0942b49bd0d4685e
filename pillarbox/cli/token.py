"""`pillarbox token`: the API tokens of Servers and of the account."""

import click

from pillarbox.cli.settings import as_json, open_database, settings, show, table
from pillarbox.config import Config
from pillarbox.errors import StartError
from pillarbox.ids import ServerId
from pillarbox.servers import tokens
from pillarbox.servers.store import servers as servers_store
from pillarbox.servers.store import tokens as store


@click.group()
def token() -> None:
    """List, create and revoke API tokens."""


@token.command("list")
@as_json
@settings
def list_(config: Config, is_json: bool) -> None:
    """List all tokens: of SMTP credentials the access key, of account tokens only the end."""
    with open_database(config) as db, db.transaction() as tx:
        found = [
            {"token": t.token, "kind": "server", "server": t.name, "server_id": t.server_id}
            for t in store.list_tokens(tx)
        ]
        found += [
            {"token": t.access_key, "kind": "smtp", "server": t.name, "server_id": t.server_id}
            for t in store.list_smtp_tokens(tx)
        ]
        found += [
            {"token": f"…{t.hint}", "kind": "account", "server": "", "server_id": None}
            for t in store.list_account_tokens(tx)
        ]
    rows = [[str(t["token"]), str(t["kind"]), str(t["server"])] for t in found]
    show(found, is_json=is_json, text=lambda: table(rows, ["TOKEN", "KIND", "SERVER"]))


@token.command()
@click.option("--account", is_flag=True, help="a token of the account instead of a Server's")
@click.option("--smtp-stream", metavar="STREAM", help="SMTP credentials that send on this stream")
@click.option("--server", "server_id", type=int, help="the Server's id [default: the first Server]")
@as_json
@settings
def create(
    config: Config, account: bool, smtp_stream: str | None, server_id: int | None, is_json: bool
) -> None:
    """Create a token and print it."""
    if account and (smtp_stream or server_id is not None):
        raise click.UsageError("a token of the account has neither --smtp-stream nor --server")
    with open_database(config) as db, db.transaction() as tx:
        if account:
            made = {"kind": "account", "token": store.insert_account_token(tx)}
        else:
            servers = [s for s in servers_store.list_servers(tx) if server_id in (None, s.id)]
            if not servers:
                raise StartError("there is no such Server")
            stream = servers[0].stream(smtp_stream) if smtp_stream else None
            if smtp_stream and stream is None:
                raise StartError(f"the Server has no stream {smtp_stream!r}")
            if stream is not None:
                if why := tokens.why_no_smtp(servers[0], stream):
                    raise StartError(why)
                smtp = store.insert_smtp_token(tx, stream)
                made = {"kind": "smtp", "token": smtp.access_key, "secret": smtp.secret_key}
            else:
                new = store.insert_token(tx, ServerId(servers[0].id))
                made = {"kind": "server", "token": new}
    show(made, is_json=is_json, text=lambda: "\n".join(v for k, v in made.items() if k != "kind"))


@token.command()
@click.argument("value", metavar="TOKEN")
@as_json
@settings
def revoke(config: Config, value: str, is_json: bool) -> None:
    """Revoke a server, account or SMTP token; it stops working at once, on a running server within seconds."""
    with open_database(config) as db, db.transaction() as tx:
        if not store.delete_token(tx, value):
            raise StartError("there is no such token")
    show({"revoked": value}, is_json=is_json, text=lambda: "revoked")
