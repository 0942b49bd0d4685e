"""Making the DKIM key of a domain, and naming it."""

from datetime import datetime

from pillarbox.domains.model import DkimKey, KeyState
from pillarbox.mail import dkim


def new_key(domain: str, *, at: datetime) -> DkimKey:
    """A fresh RSA-2048 key that waits for its DNS record; takes a good part of a second."""
    return DkimKey(
        domain=domain.lower(),
        selector=f"{at:%Y%m%d%H%M%S}pm",
        pem=dkim.generate_key(),
        state=KeyState.PENDING,
    )


def record(key: DkimKey) -> str:
    """The text of the key's DNS record."""
    return dkim.public_record(key.pem)
