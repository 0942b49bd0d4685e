"""What an installation has of its own: the data directory, and its first Server and tokens."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from pillarbox.config import Config
from pillarbox.errors import StartError
from pillarbox.servers.model import NewServer
from pillarbox.servers.store import servers, tokens
from pillarbox.smtpd.tls import ensure_certificate
from pillarbox.storage.tx import Tx
from pillarbox.users import manage
from pillarbox.users.model import UserProblem

FIRST_SERVER = "My First Server"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstTokens:
    """The tokens of the first Server and of the account, known in clear only when they are made."""

    server: str
    account: str


def prepare_directory(directory: Path) -> None:
    """Create the data directory, private to the service's user. Raises StartError when that cannot be done."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
        probe = directory / ".writable"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as problem:
        raise StartError(f"DATA_DIR {directory}: cannot be used: {problem.strerror}") from None
    os.umask(0o077)  # everything the service writes is its user's alone


def lock_directory(directory: Path) -> int:
    """Be the only server on this data directory; keep the returned file descriptor open as long as it runs.

    Raises StartError when another server is using it: exactly one process may write an SQLite file.
    """
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise StartError(f"DATA_DIR {directory}: another Pillarbox is running on it") from None
    return lock


def certificate(config: Config) -> tuple[Path, Path]:
    """Certificate and key of the listeners: the configured ones, else a self-made pair in the data directory."""
    if config.tls_cert is not None and config.tls_key is not None:
        return config.tls_cert, config.tls_key
    return ensure_certificate(config.data_dir, config.hostname)


def create_first(tx: Tx, config: Config) -> FirstTokens | None:
    """Create the first Server and the account token in an empty database; None when it is not empty."""
    if servers.has_account(tx):
        return None
    servers.insert_account(tx)
    server = servers.insert_server(tx, NewServer(name=FIRST_SERVER, token=config.server_token))
    return FirstTokens(
        server=server.tokens[0], account=tokens.insert_account_token(tx, config.account_token)
    )


def create_first_user(tx: Tx, config: Config) -> None:
    """Create the owner that ADMIN_EMAIL and ADMIN_PASSWORD name, unless there is any user already.

    Raises StartError when the email address is none: who set it must not be left with open pages.
    """
    try:
        manage.add_first(tx, config)
    except UserProblem as problem:
        raise StartError(f"ADMIN_EMAIL and ADMIN_PASSWORD: {problem}") from None
