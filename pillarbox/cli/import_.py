"""`pillarbox import`: taking over what another account has."""

import asyncio
import os
import re
import sys
from collections import Counter
from dataclasses import asdict
from itertools import groupby
from typing import Any

import click

from pillarbox.cli import domain
from pillarbox.cli.settings import as_json, open_database, settings, show
from pillarbox.config import Config
from pillarbox.errors import StartError, UsageError
from pillarbox.importing import postmark as importing
from pillarbox.importing.model import Action, Choice, Outcome, Report, Target
from pillarbox.importing.postmark import BASE_URL, Tokens
from pillarbox.importing.source import Source, SourceFailed
from pillarbox.mail.dns import Resolver
from pillarbox.mail.egress import Egress
from pillarbox.outgoing.http import Client
from pillarbox.outgoing.target import is_acceptable

ACCOUNT, SERVERS = "POSTMARK_ACCOUNT_TOKEN", "POSTMARK_SERVER_TOKENS"
_separators = re.compile(r"[\s,]+")


@click.group("import")
def import_() -> None:
    """Copy a Postmark account: Servers, templates, suppressions, domains."""


@import_.command(
    epilog=f"Tokens come from {ACCOUNT} and {SERVERS} (several: with blanks or commas between). Without either "
    "they are asked for, or read from standard input: the account's on the first line, those of Servers on the "
    "second."
)
@click.option(
    "--base-url", default=BASE_URL, show_default=True, metavar="URL", help="API to copy from"
)
@click.option(
    "--update", is_flag=True, help="change what is here and differs; else it stays as it is"
)
@click.option("--dry-run", is_flag=True, help="show what would be done, keep nothing")
@as_json
@settings
def postmark(config: Config, base_url: str, update: bool, dry_run: bool, is_json: bool) -> None:
    """Copy Servers with their streams, templates, suppressions, webhooks and rules, and the sending domains.

    An account token copies everything, a server token its Server. Running it again changes nothing that is here
    already, and goes on where it ended.
    """
    if not is_acceptable(base_url, Egress(config.egress_allow)):
        raise UsageError(
            f"--base-url: {base_url} may not be called; is it a URL, and is its network in EGRESS_ALLOW?"
        )
    tokens = _tokens()
    try:
        report = _run(config, base_url, tokens, Choice(updates=update, is_dry=dry_run))
    except SourceFailed as problem:
        raise StartError(f"{problem}.") from None
    show(
        _data(report, config, is_dry=dry_run),
        is_json=is_json,
        text=lambda: _text(report, config, is_dry=dry_run),
    )
    if report.has_failures:
        raise StartError("not everything could be copied")


def _tokens() -> Tokens:
    account, own = os.environ.get(ACCOUNT, ""), os.environ.get(SERVERS, "")
    if not account and not own:
        account = _ask("Account token (empty: none)")
        own = _ask("Server tokens, blanks between (empty: none)")
    tokens = Tokens(
        account=account.strip(), servers=tuple(one for one in _separators.split(own) if one)
    )
    if not tokens.account and not tokens.servers:
        raise UsageError(f"no token: set {ACCOUNT} or {SERVERS}")
    for token in (tokens.account, *tokens.servers):
        if not token.isascii() or (not token.replace("-", "").replace("_", "").isalnum() and token):
            raise UsageError("a token has letters, digits and dashes only")
    return tokens


def _ask(what: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(what, default="", hide_input=True, show_default=False, err=True))
    return sys.stdin.readline()


def _run(config: Config, base_url: str, tokens: Tokens, choice: Choice) -> Report:
    async def run() -> Report:
        resolver = Resolver(config.dns_servers)
        egress = Egress(config.egress_allow)
        try:
            async with Client(dns_servers=config.dns_servers, egress=egress) as client:
                source = Source(client, base_url)
                target = Target(db=db, config=config, resolver=resolver)
                return await importing.copy(target, source, tokens, choice, tell=_tell)
        finally:
            await resolver.close()

    with open_database(config) as db:
        return asyncio.run(run())


def _tell(what: str) -> None:
    click.echo(f"{what} …", err=True)


def _data(report: Report, config: Config, *, is_dry: bool) -> dict[str, Any]:
    return {
        "dry_run": is_dry,
        "outcomes": [asdict(one) | {"action": one.action.value} for one in report.outcomes],
        "domains": [domain.data(one, config) for one in report.domains],
        "todo": _todo(report),
    }


def _text(report: Report, config: Config, *, is_dry: bool) -> str:
    lines = ["Nothing was kept: this is what would be done."] if is_dry else []
    for server, outcomes in groupby(report.outcomes, key=lambda one: one.server):
        lines += [f"Server {server}" if server else "Account", *_lines(list(outcomes))]
    if report.domains:
        lines += ["", "DNS records to publish; then: pillarbox domain verify NAME"]
        lines += [domain.describe(one, config) for one in report.domains]
    todo = _todo(report)
    return "\n".join([*lines, *(["", "To do"] if todo else []), *(f"* {one}" for one in todo)])


def _lines(outcomes: list[Outcome]) -> list[str]:
    """A line for each thing, but one for all of a kind that are here already."""
    same = Counter[str]()
    lines = []
    for one in outcomes:
        if one.action is Action.SAME and not one.note:
            same[one.part] += one.count
            continue
        number = f" ({one.count})" if one.count > 1 or one.part == "suppressions" else ""
        ids = f" (id {one.source_id} there, {one.id} here)" if _has_new_id(one) else ""
        note = f": {one.note}" if one.note else ""
        lines.append(f"  {one.action.value:<8} {one.part} {one.name}{number}{ids}{note}")
    return lines + [f"  {'same':<8} {part} ({count})" for part, count in same.items()]


def _has_new_id(one: Outcome) -> bool:
    return one.part in ("template", "layout") and one.id is not None and one.id != one.source_id


def _todo(report: Report) -> list[str]:
    """What is left for people."""
    found = report.outcomes
    todo = []
    if any(one.part == "server" and one.action is not Action.FAILED for one in found):
        todo.append(
            "Give your applications this installation's base URL and tokens: pillarbox token list"
        )
    if any(_has_new_id(one) for one in found):
        todo.append("Templates have new ids: whatever names one by TemplateId needs the new one")
    if any(one.part == "sender signature" and one.note for one in found):
        todo.append(
            "No owner of an address was asked to confirm: verify the domain, or send the confirmation from the "
            "page Sender signatures once mail leaves"
        )
    if any(one.action is Action.DIFFERS for one in found):
        todo.append("What differs was left as it is here: --update changes it")
    if any(one.part == "server" and one.action is Action.CREATED for one in found):
        todo.append(
            "Inbound addresses have changed: forward to those of pillarbox server show ID, and let the MX of "
            "inbound domains lead here"
        )
    return todo
