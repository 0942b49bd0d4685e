"""Giving out and revoking tokens of a Server. Source: spec servers-and-streams 1, triggers 5.4."""

from pillarbox.ids import ServerId
from pillarbox.servers.model import Server, Stream, StreamType
from pillarbox.servers.store import servers as account
from pillarbox.servers.store import tokens as store
from pillarbox.storage.tx import Tx


class LastToken(Exception):
    """A Server's only token is not taken away: the API promises that there is one."""


def why_no_smtp(server: Server, stream: Stream) -> str:
    """Why SMTP credentials for a stream could not work; "" when they can."""
    if stream.type is StreamType.INBOUND:
        return "Tokens cannot be used with inbound streams."
    if not server.is_smtp_activated:
        return "SMTP is currently disabled for the specified server."
    return ""


def revoke(tx: Tx, server_id: ServerId, token: str) -> bool:
    """Revoke an API token of a Server; False when it has none like it. Raises LastToken."""
    account.lock_account(tx)
    known = [row.token for row in store.of_server(tx, server_id)]
    if token.lower() not in known:
        return False
    if len(known) == 1:
        raise LastToken
    return store.delete_token(tx, token)


def revoke_smtp(tx: Tx, server_id: ServerId, access_key: str) -> bool:
    """Revoke SMTP credentials of a Server; False when it has none like them."""
    found = store.find_smtp_token(tx, access_key)
    if found is None or found.server_id != server_id:
        return False
    return store.delete_token(tx, access_key)
