"""Tokens: those of a Server, its SMTP credentials, and those of the account. Whoever may see them may use them."""

from starlette.exceptions import HTTPException
from starlette.responses import Response

from pillarbox.servers import tokens
from pillarbox.servers.model import SmtpToken, Stream, StreamType
from pillarbox.servers.store import tokens as store
from pillarbox.storage.tx import Tx
from pillarbox.users.model import Role
from pillarbox.web.area import Area
from pillarbox.web.messages.activity import reach
from pillarbox.web.visit import Visit

area = Area("streams")
of_account = Area("tokens")

ACCOUNT = "/ui/tokens"
_LAST = "This is the only token. Create another one before you revoke it."


@area.show("/ui/servers/{server}/tokens", needs=Role.DEVELOPER)
async def show_tokens(visit: Visit) -> Response:
    """The tokens of a Server."""
    return await _of_server(visit)


@area.act("/ui/servers/{server}/tokens")
async def create_token(visit: Visit) -> Response:
    """Give a Server one more API token."""
    made = await visit.write(
        lambda tx: store.insert_token(tx, visit.server.id), did="Created an API token"
    )
    return visit.go(_url(visit), f"The API token that ends in {made[-4:]} is ready.")


@area.act("/ui/servers/{server}/tokens/revoke")
async def revoke_token(visit: Visit) -> Response:
    """Revoke an API token of this Server, but never its last one."""
    token, server_id = visit.form.line("token"), visit.server.id

    def revoke(tx: Tx) -> None:
        if not tokens.revoke(tx, server_id, token):
            raise HTTPException(404, "gone")

    try:
        await visit.write(revoke, did=f"Revoked the API token that ended in {token[-4:]}")
    except tokens.LastToken:
        return await _of_server(visit, _LAST)
    return visit.go(_url(visit), f"The API token that ended in {token[-4:]} is revoked.")


@area.act("/ui/servers/{server}/tokens/smtp")
async def create_smtp_token(visit: Visit) -> Response:
    """Create SMTP credentials that send on one stream."""
    server = visit.server
    stream = server.stream(visit.form.line("stream"))
    if stream is None:
        return await _of_server(visit, "There is no such message stream.")
    if why := tokens.why_no_smtp(server, stream):
        return await _of_server(visit, why)

    def create(tx: Tx) -> SmtpToken:
        return store.insert_smtp_token(tx, stream)

    made = await visit.write(create, did=f"Created an SMTP token for the stream “{stream.slug}”")
    return visit.go(_url(visit), f"The SMTP token {made.access_key} is ready.")


@area.act("/ui/servers/{server}/tokens/smtp/revoke")
async def revoke_smtp_token(visit: Visit) -> Response:
    """Revoke SMTP credentials of this Server."""
    key, server_id = visit.form.line("key"), visit.server.id

    def revoke(tx: Tx) -> None:
        if not tokens.revoke_smtp(tx, server_id, key):
            raise HTTPException(404, "gone")

    await visit.write(revoke, did=f"Revoked the SMTP token {key[:40]}")
    return visit.go(_url(visit), f"The SMTP token {key} is revoked.")


@of_account.show(ACCOUNT)
async def show_account_tokens(visit: Visit) -> Response:
    """The tokens of the account, of which only the end is known."""
    return await _of_account(visit)


@of_account.act(ACCOUNT, needs=Role.OWNER)
async def create_account_token(visit: Visit) -> Response:
    """Create an account token. Its page is the only place that ever shows it, so nothing may keep the page."""
    made = await visit.write(store.insert_account_token, did="Created an account token")
    answer = await _of_account(visit, made)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@of_account.act(f"{ACCOUNT}/revoke", needs=Role.OWNER)
async def revoke_account_token(visit: Visit) -> Response:
    """Revoke an account token."""
    token_hash = visit.form.line("token")
    known = {row.hash: row.hint for row in await visit.read(store.list_account_tokens)}

    def revoke(tx: Tx) -> None:
        if not store.delete_account_token(tx, token_hash):
            raise HTTPException(404, "gone")

    hint = known.get(token_hash, "")
    await visit.write(revoke, did=f"Revoked the account token that ended in {hint}")
    return visit.go(ACCOUNT, f"The account token that ended in {hint} is revoked.")


async def _of_server(visit: Visit, problem: str = "") -> Response:
    server = visit.server
    found, smtp = await visit.read(
        lambda tx: (store.of_server(tx, server.id), store.smtp_of_server(tx, server.id))
    )
    values = {
        "server": server,
        "tokens": found,
        "smtp_tokens": smtp,
        "streams": [(s.slug, s.name) for s in _sending(server.streams)],
        "reach": reach(visit),
        "problem_text": problem,
    }
    answer = visit.page("sending/tokens.html", values, status=422 if problem else 200)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _sending(streams: dict[str, Stream]) -> list[Stream]:
    found = [s for s in streams.values() if s.type is not StreamType.INBOUND]
    return sorted(found, key=lambda stream: stream.key)


async def _of_account(visit: Visit, made: str = "") -> Response:
    found = await visit.read(store.list_account_tokens)
    return visit.page("sending/account_tokens.html", {"tokens": found, "made": made})


def _url(visit: Visit) -> str:
    return f"/ui/servers/{visit.server.id}/tokens"
