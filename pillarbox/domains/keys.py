"""Making the DKIM key of a domain, and naming it."""

from collections.abc import Collection
from datetime import datetime, timedelta

from pillarbox.domains.model import DkimKey, KeyState
from pillarbox.errors import Problem, Refused
from pillarbox.mail import dkim

new_pem = dkim.generate_key
"""A private key for `new_key`; takes a good part of a second, so it is made outside of any transaction."""


def new_key(
    domain: str, *, at: datetime, pem: bytes | None = None, taken: Collection[str] = ()
) -> DkimKey:
    """A key that waits for its DNS record, named after the instant; without `pem` a fresh RSA-2048 one.

    `taken` are the selectors of the domain's other keys: two keys never share a DNS name.
    """
    while (selector := f"{at:%Y%m%d%H%M%S}pm") in taken:
        at += timedelta(seconds=1)
    return DkimKey(
        domain=domain.lower(),
        selector=selector,
        pem=pem or new_pem(),
        state=KeyState.PENDING,
    )


def record(key: DkimKey) -> str:
    """The text of the key's DNS record; "" for a key that cannot be read."""
    try:
        return dkim.public_record(key.pem)
    except ValueError:
        return ""


def check_readable(key: DkimKey | None, problem: Problem) -> None:
    """Refuses `problem` for a key that is no good any more."""
    if key is not None and not record(key):
        raise Refused(problem)
