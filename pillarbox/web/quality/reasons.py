"""In words: which rule made a bounce what it is, and why an address is held back. Pure."""

import re

from pillarbox.suppressions.model import Origin, Reason, Suppression

_KINDS = {
    "text": "The words of the answer ({name}).",
    "enhanced": "The enhanced status code {name} of the answer.",
    "basic": "The reply code {name} of the answer.",
    "local": "Found out before anybody answered: {name}.",
    "dsn": "A delivery report that says no more ({name}).",
    "prose": "A report in plain words that says “{name}”.",
}
_WHOLE = {
    "none": "No rule knew the answer.",
    "dsn": "A delivery report whose cause cannot be read.",
    "arf": "A feedback report of the receiver.",
    "answer": "A mail that came back and is no delivery report.",
    "smtp-api": "Found when the message was submitted by SMTP.",
    "inbound hook": "The inbound webhook did not take the message.",
}
_DOUBTS = {
    "4": "A temporary answer cannot be a hard bounce, so it counts as delayed.",
    "connect": "It came before the recipient was named, so it is not about the address.",
    "helo": "It came before the recipient was named, so it is not about the address.",
    "mail": "It came before the recipient was named, so it is not about the address.",
}
_rule = re.compile(r"([^:~]+)(?::([^~]*))?(?:~(\w+))?").fullmatch
_WHY = {
    (Reason.HARD_BOUNCE, Origin.RECIPIENT): "a message bounced",
    (Reason.SPAM_COMPLAINT, Origin.RECIPIENT): "the recipient complained of spam",
    (Reason.MANUAL, Origin.RECIPIENT): "the recipient unsubscribed",
    (Reason.MANUAL, Origin.CUSTOMER): "it was added here or by API",
    (Reason.MANUAL, Origin.ADMIN): "the platform decided it",
}


def reason_of_type(rule: str) -> str:
    """What decided the type of a bounce; "" when that is not known."""
    found = _rule(rule)
    if found is None:
        return ""
    kind, name, doubt = found.groups()
    said = _KINDS.get(kind, "The rule {name}.") if name else _WHOLE.get(kind, "")
    known = said.format(name=_readable(name or ""))
    return f"{known} {_DOUBTS.get(doubt or '', '')}".strip()


def why(held: Suppression) -> str:
    """Why an address is held back."""
    return _WHY.get((held.reason, held.origin), "the platform decided it")


def _readable(name: str) -> str:
    code, at, command = name.partition("@")
    return f"{code} to {command.upper()}" if at and command != "unknown" else code
