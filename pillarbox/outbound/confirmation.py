"""Sender signatures and the mail that asks for their confirmation: written together, sent like any other mail.

signature row -> new link -> letter (compose) -> accept, in one transaction; the commit wakes the delivery. The
letters belong to a Server that stands in no table, so no customer sees or counts them.
"""

import html

from pillarbox.app import App
from pillarbox.domains import register, signatures, store
from pillarbox.domains.model import LINK_LASTS, NewSignature, Signature, SignatureChanges
from pillarbox.errors import Problem, Refused, Unavailable
from pillarbox.mail.address import is_valid
from pillarbox.outbound.accept import accept
from pillarbox.outbound.model import Draft
from pillarbox.outbound.prepare import Surroundings, prepare
from pillarbox.servers.model import SYSTEM
from pillarbox.storage.tx import Tx
from pillarbox.suppressions import store as suppressions
from pillarbox.suppressions.model import Reason

PATH = "/signatures/confirm/"


def create(tx: Tx, app: App, new: NewSignature, pem: bytes | None) -> Signature:
    """Create a signature as `adopt` does; the letter goes out."""
    signature = adopt(tx, new, pem)
    _send(tx, app, signature)
    return signature


def adopt(tx: Tx, new: NewSignature, pem: bytes | None) -> Signature:
    """Create a signature, and its domain with the key `pem` when there is none yet; nobody is asked to confirm.

    Refuses SIGNATURE_EXISTS, RETURN_PATH_INVALID, TRACKING_INVALID. Raises Unavailable when the domain was removed
    since the caller saw no need for a key.
    """
    signature = signatures.insert_signature(tx, new)
    domain = store.find(tx, signature.domain)
    if domain is None and pem is None:
        raise Unavailable(f"{signature.domain} was removed meanwhile")
    if domain is None:
        domain = register.create(tx, signature.domain, pem or b"")
    register.edit(tx, domain, new.aliases)
    return signature


def resend(tx: Tx, app: App, signature_id: int) -> Signature:
    """Send the letter again with a fresh link. Refuses SIGNATURE_NOT_FOUND, SIGNATURE_CONFIRMED."""
    signature = signatures.get(tx, signature_id)
    if signature.is_confirmed:
        raise Refused(Problem.SIGNATURE_CONFIRMED)
    _send(tx, app, signature)
    return signature


def make_link(tx: Tx, app: App, signature_id: int) -> str:
    """A fresh link for whom no mail reaches; the one mailed before is void.

    Refuses SIGNATURE_NOT_FOUND, SIGNATURE_CONFIRMED.
    """
    signature = signatures.get(tx, signature_id)
    if signature.is_confirmed:
        raise Refused(Problem.SIGNATURE_CONFIRMED)
    return _new_link(tx, app, signature_id)


def edit(tx: Tx, signature_id: int, changes: SignatureChanges) -> Signature:
    """Change a signature and the hosts of its domain.

    Refuses SIGNATURE_NOT_FOUND, RETURN_PATH_INVALID, TRACKING_INVALID; DOMAIN_NOT_FOUND for hosts below a domain
    that was removed.
    """
    signature = signatures.get(tx, signature_id)
    signatures.edit(tx, signature_id, changes)
    domain = store.find(tx, signature.domain)
    if domain is not None:
        register.edit(tx, domain, changes.aliases)
    elif changes.aliases.return_path or changes.aliases.tracking:
        raise Refused(Problem.DOMAIN_NOT_FOUND)
    return signatures.get(tx, signature_id)


def renew_key(tx: Tx, signature_id: int, pem: bytes) -> Signature:
    """Give the signature's domain a new key; a domain that was removed is registered again.

    Refuses SIGNATURE_NOT_FOUND, DKIM_IN_RENEWAL, DKIM_NOT_RENEWABLE.
    """
    signature = signatures.get(tx, signature_id)
    domain = store.find(tx, signature.domain)
    if domain is None:
        register.create(tx, signature.domain, pem)
    else:
        register.rotate(tx, domain.id, pem)
    return signature


def _send(tx: Tx, app: App, signature: Signature) -> None:
    """Send the letter. A bounce of an earlier one does not hold it back, a complaint does.

    Refuses ALL_RECIPIENTS_INACTIVE.
    """
    link = _new_link(tx, app, signature.id)
    surroundings = Surroundings(keys=app.keys, host=app.config.hostname, at=tx.now)
    draft = letter(signature, link=link, host=app.config.hostname)
    _forget_bounce(tx, signature.email.lower())
    (answer,) = accept(tx, [prepare(SYSTEM, draft, surroundings)])
    if isinstance(answer, Refused):
        raise answer


def _new_link(tx: Tx, app: App, signature_id: int) -> str:
    return f"{app.config.public_url}{PATH}{signatures.new_link(tx, signature_id)}"


def _forget_bounce(tx: Tx, address: str) -> None:
    stream_key = SYSTEM.streams["outbound"].key
    held = suppressions.find_all(tx, stream_key, [address]).get(address)
    if held is not None and held.reason is not Reason.SPAM_COMPLAINT:
        suppressions.remove(tx, stream_key, [address])


def letter(signature: Signature, *, link: str, host: str) -> Draft:
    """The mail that asks the owner of an address to confirm."""
    asked = (
        f"{signature.name} wants to send mail from {signature.email} through Pillarbox at {host}."
    )
    rest = (
        f"The link is good for {LINK_LASTS.days} days. If you do not know what this is about, ignore this "
        "message: without your consent nothing is sent from your address."
    )
    noted = f"They wrote:\n\n{signature.note}\n\n" if signature.note else ""
    return Draft(
        sender=f"Pillarbox <{own_sender(host)}>",
        to=signature.email,
        subject=f"Confirm {signature.email} as a sender",
        text=f"{asked}\n\n{noted}To agree, open this page and confirm:\n\n{link}\n\n{rest}\n",
        html=_html(signature, asked, link, rest),
        headers=[("Auto-Submitted", "auto-generated")],
        tag="sender-confirmation",
    )


def _html(signature: Signature, asked: str, link: str, rest: str) -> str:
    note = ""
    if signature.note:
        lines = html.escape(signature.note).replace("\r\n", "\n").replace("\n", "<br>\n")
        note = f"<p>They wrote:</p>\n<blockquote>{lines}</blockquote>\n"
    return (
        '<!doctype html>\n<html lang="en"><body style="font-family: sans-serif">\n'
        f"<p>{html.escape(asked)}</p>\n{note}"
        f"<p>To agree, open this page and confirm:<br>\n"
        f'<a href="{html.escape(link)}">{html.escape(link)}</a></p>\n'
        f"<p>{html.escape(rest)}</p>\n</body></html>\n"
    )


def own_sender(host: str) -> str:
    """An address at this host; one that can be written even if the host's name can not."""
    own = f"no-reply@{host}"
    return own if is_valid(own) else "no-reply@localhost.localdomain"
