"""Keeping domains and sender signatures that were read. DNS and the owners of addresses have to agree anew."""

import asyncio
from collections.abc import Sequence

from pillarbox.domains import keys, names, register, signatures, store
from pillarbox.domains.model import Alias, Aliases, Domain, Signature, SignatureChanges
from pillarbox.errors import Refused
from pillarbox.importing.model import Action, Choice, Outcome, Target
from pillarbox.outbound import confirmation
from pillarbox.storage.db import Database
from pillarbox.wire.errors import describe
from pillarbox.wire.imported import FoundDomain, FoundSender

_UNCONFIRMED = "its owner has not been asked yet"


async def keep_domains(
    db: Database, found: Sequence[FoundDomain], choice: Choice
) -> tuple[list[Outcome], list[Domain]]:
    """Keep domains; what became of each, and those that are here now."""
    outcomes, here = [], []
    for one in found:
        note = ""
        try:
            action, domain = await _keep_domain(db, one, choice)
        except Refused as refused:
            action, domain, note = Action.FAILED, None, describe(refused)[2]
        if domain is not None:
            here.append(domain)
        outcomes.append(
            Outcome(
                part="domain",
                name=one.Name or "",
                action=action,
                note=note,
                id=domain.id if domain else None,
                source_id=one.ID,
            )
        )
    return outcomes, here


async def keep_senders(
    target: Target, found: Sequence[FoundSender], choice: Choice
) -> list[Outcome]:
    """Keep sender signatures; what became of each."""
    outcomes = []
    for one in found:
        kept = None
        try:
            action, kept = await _keep_sender(target, one, choice)
            is_waiting = kept is None or not kept.is_confirmed
            note = _UNCONFIRMED if is_waiting else ""
        except Refused as refused:
            action, note = Action.FAILED, describe(refused)[2]
        outcomes.append(
            Outcome(
                part="sender signature",
                name=one.EmailAddress or "",
                action=action,
                note=note,
                id=kept.id if kept else None,
                source_id=one.ID,
            )
        )
    return outcomes


async def _keep_domain(
    db: Database, found: FoundDomain, choice: Choice
) -> tuple[Action, Domain | None]:
    """Refuses what registering a domain refuses."""
    name, aliases = found.to_name(), found.to_aliases()
    register.check_aliases(name, aliases)
    with db.transaction() as tx:
        old = store.find(tx, name)
    if old is None and choice.is_dry:
        return Action.CREATED, None
    if old is None:
        pem = await asyncio.to_thread(keys.new_pem)
        with db.transaction() as tx:
            return Action.CREATED, register.edit(tx, register.create(tx, name, pem), aliases)
    if _has(old.return_path, aliases.return_path) and _has(old.tracking, aliases.tracking):
        return Action.SAME, old
    if not choice.updates:
        return Action.DIFFERS, old
    if choice.is_dry:
        return Action.UPDATED, old
    with db.transaction() as tx:
        return Action.UPDATED, register.edit(tx, old, aliases)


def _has(alias: Alias, wanted: str | None) -> bool:
    return wanted is None or alias.host == (names.read_domain(wanted) or "")


async def _keep_sender(
    target: Target, found: FoundSender, choice: Choice
) -> tuple[Action, Signature | None]:
    """Refuses what creating a signature refuses."""
    new = found.to_request().to_new(refuses_examples=target.config.refuse_example_domains)
    with target.db.transaction() as tx:
        old = signatures.find(tx, new.email)
        has_domain = store.find(tx, new.email.rpartition("@")[2].lower()) is not None
    if old is None:
        if choice.is_dry:
            return Action.CREATED, None
        pem = None if has_domain else await asyncio.to_thread(keys.new_pem)
        with target.db.transaction() as tx:
            return Action.CREATED, confirmation.adopt(tx, new, pem)
    if (old.name, old.reply_to, old.note) == (new.name, new.reply_to, new.note):
        return Action.SAME, old
    if not choice.updates:
        return Action.DIFFERS, old
    changes = SignatureChanges(
        name=new.name, reply_to=new.reply_to, note=new.note, aliases=Aliases()
    )
    if choice.is_dry:
        return Action.UPDATED, old
    with target.db.transaction() as tx:
        return Action.UPDATED, confirmation.edit(tx, old.id, changes)
