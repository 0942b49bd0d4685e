"""Sender signatures. Source: spec domains-and-signatures 3 and 4."""

import asyncio

from pillarbox.api.callers import AccountCall
from pillarbox.api.domains import view
from pillarbox.api.endpoint import Group
from pillarbox.domains import keys, register, signatures, store
from pillarbox.domains.model import NewSignature
from pillarbox.errors import Problem, Refused
from pillarbox.outbound import confirmation
from pillarbox.storage.tx import Tx
from pillarbox.wire.base import Done
from pillarbox.wire.senders import (
    NewSender,
    Sender,
    SenderChanges,
    SenderPage,
    Senders,
    SenderSummary,
)

group = Group(
    "Sender signatures",
    docs="spec domains-and-signatures 3",
    not_found=Problem.SIGNATURE_NOT_FOUND,
)


@group.get("/senders")
def list_senders(call: AccountCall, query: SenderPage) -> Senders:
    """The sender signatures, by name."""
    total, found = signatures.page(call.tx, **query.page())
    return Senders(total, [SenderSummary.of(signature) for signature in found])


@group.post("/senders", no_body=Problem.SIGNATURE_NO_DATA)
async def create_sender(call: AccountCall, body: NewSender) -> Sender:
    """Create a sender signature; its owner is asked by mail to confirm.

    Refuses SIGNATURE_FIELD_MISSING, SENDER_FIELD_TOO_LONG, SENDER_FIELD_INVALID, DOMAIN_PUBLIC, SIGNATURE_EXISTS,
    RETURN_PATH_INVALID, TRACKING_INVALID.
    """
    app = call.app
    new = body.to_new(refuses_examples=app.config.refuse_example_domains)
    needs_key = await app.db.read(lambda tx: _check_new(tx, new))
    pem = await asyncio.to_thread(keys.new_pem) if needs_key else None

    def create(tx: Tx) -> Sender:
        return _shown(call.within(tx), confirmation.create(tx, app, new, pem).id)

    return await app.db.write(create)


@group.get("/senders/{signature_id}")
def get_sender(call: AccountCall, signature_id: int) -> Sender:
    """One sender signature with the DNS records its domain should have.

    Refuses SIGNATURE_NOT_FOUND.
    """
    return _shown(call, signature_id)


@group.put("/senders/{signature_id}", no_body=Problem.SIGNATURE_NO_DATA)
def edit_sender(call: AccountCall, signature_id: int, body: SenderChanges) -> Sender:
    """Change name, reply address, note or the hosts of the domain.

    Refuses SIGNATURE_NOT_FOUND, SIGNATURE_NO_DATA, SENDER_FIELD_TOO_LONG, SENDER_FIELD_INVALID,
    RETURN_PATH_INVALID, TRACKING_INVALID, DOMAIN_NOT_FOUND.
    """
    signatures.get(call.tx, signature_id)
    confirmation.edit(call.tx, signature_id, body.to_changes())
    return _shown(call, signature_id)


@group.delete("/senders/{signature_id}")
def delete_sender(call: AccountCall, signature_id: int) -> Done:
    """Remove a sender signature; its domain stays.

    Refuses SIGNATURE_NOT_FOUND.
    """
    signature = signatures.get(call.tx, signature_id)
    signatures.delete_signature(call.tx, signature_id)
    return Done(0, f"Signature {signature.email} removed.")


@group.post("/senders/{signature_id}/resend")
def resend_confirmation(call: AccountCall, signature_id: int) -> Done:
    """Ask the owner of the address again, by a mail with a fresh link.

    Refuses SIGNATURE_NOT_FOUND, SIGNATURE_CONFIRMED.
    """
    signature = confirmation.resend(call.tx, call.app, signature_id)
    return Done(0, f"Confirmation email for Sender Signature {signature.email} was re-sent.")


@group.post("/senders/{signature_id}/verifyspf")
def verify_sender_spf(call: AccountCall, signature_id: int) -> Sender:
    """Count SPF of the domain as verified (deprecated: nothing depends on it).

    Refuses SIGNATURE_NOT_FOUND.
    """
    domain = store.find(call.tx, signatures.get(call.tx, signature_id).domain)
    if domain is not None:
        store.mark_spf_verified(call.tx, domain.id)
    return _shown(call, signature_id)


@group.post("/senders/{signature_id}/requestnewdkim")
async def request_new_dkim(call: AccountCall, signature_id: int) -> Done:
    """Give the signature's domain a new DKIM key (deprecated).

    Refuses SIGNATURE_NOT_FOUND, DKIM_IN_RENEWAL, DKIM_NOT_RENEWABLE.
    """
    db = call.app.db
    await db.read(lambda tx: _check_renewable(tx, signature_id))
    pem = await asyncio.to_thread(keys.new_pem)
    signature = await db.write(lambda tx: confirmation.renew_key(tx, signature_id, pem))
    return Done(0, f"New DKIM key for Sender Signature {signature.email} was requested.")


def _check_new(tx: Tx, new: NewSignature) -> bool:
    """Whether the domain needs a key. Refuses SIGNATURE_EXISTS, RETURN_PATH_INVALID, TRACKING_INVALID."""
    domain = new.email.rpartition("@")[2].lower()
    register.check_aliases(domain, new.aliases)
    if signatures.find(tx, new.email) is not None:
        raise Refused(Problem.SIGNATURE_EXISTS)
    return store.find(tx, domain) is None


def _check_renewable(tx: Tx, signature_id: int) -> None:
    domain = store.find(tx, signatures.get(tx, signature_id).domain)
    if domain is not None:
        register.check_renewable(domain)


def _shown(call: AccountCall, signature_id: int) -> Sender:
    signature = signatures.get(call.tx, signature_id)
    return Sender.of(signature, store.find(call.tx, signature.domain), view(call))
