"""Which inbound mail the customer's rules block. Pure. Source: spec inbound 5.2 and 5.3.

A rule with an @ is a whole address, any other a whole domain: neither subdomains nor wildcards match.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pillarbox.mail.address import bare_key


@dataclass(frozen=True, slots=True)
class Block:
    """A rule that applies, and the sender it applies to."""

    rule: str
    sender: str

    @property
    def reason(self) -> str:
        """The BlockedReason of the message."""
        kind = "email" if "@" in self.rule else "domain"
        return f"Inbound request blocked by {kind} rule: {self.sender}"


def normalise(text: str) -> str | None:
    """An address or a domain as rules are kept, lower-cased; None when it is neither."""
    text = text.strip()
    if "*" in text:  # valid in a mailbox, and always meant as a wildcard
        return None
    if "@" in text:
        return bare_key(text)
    as_address = bare_key(f"postmaster@{text}")
    return None if as_address is None else as_address.partition("@")[2]


def could_match(senders: Sequence[str]) -> list[str]:
    """Every rule that would block mail from one of these addresses (the From header's, the envelope's)."""
    found: dict[str, None] = {}
    for sender in senders:
        key = sender.strip().lower()
        found[key] = None
        found[key.rpartition("@")[2]] = None
    found.pop("", None)
    return list(found)


def blocking(rules: Collection[str], senders: Sequence[str]) -> Block | None:
    """The first of the senders that a rule blocks, by its address sooner than by its domain; None to let pass."""
    for sender in senders:
        for text in could_match([sender]):
            if text in rules:
                return Block(text, sender)
    return None
