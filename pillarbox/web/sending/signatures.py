"""Sender signatures: addresses that may send once their owners have agreed."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.responses import Response

from pillarbox.domains import keys, register, signatures, store
from pillarbox.domains.model import NewSignature, Signature
from pillarbox.errors import Problem, Refused
from pillarbox.outbound import confirmation
from pillarbox.storage.tx import Tx
from pillarbox.web.area import Area
from pillarbox.web.forms import Form
from pillarbox.web.visit import Visit, words
from pillarbox.wire.senders import NewSender, SenderChanges

area = Area("signatures")

LIST = "/ui/signatures"
PAGE_SIZE = 100


@area.show(LIST)
async def list_signatures(visit: Visit) -> Response:
    """All signatures, by name."""
    offset = min(visit.number("offset", digits=7) or 0, 1_000_000)
    total, found = await visit.read(lambda tx: signatures.page(tx, count=PAGE_SIZE, offset=offset))
    values = {"total": total, "found": found, "offset": offset, "page_size": PAGE_SIZE}
    return visit.page("sending/signatures.html", values)


@area.show(f"{LIST}/new")
async def new_signature(visit: Visit) -> Response:
    """The form for a new signature."""
    return _new(visit, Form({}))


@area.act(f"{LIST}/new")
async def create_signature(visit: Visit) -> Response:
    """Create a signature; its owner is asked by mail."""
    form, app = visit.form, visit.app
    wanted = NewSender(
        FromEmail=form.line("email"),
        Name=form.line("name"),
        ReplyToEmail=form.line("reply_to"),
        ConfirmationPersonalNote=form.text("note").strip(),
    )
    try:
        new = wanted.to_new(refuses_examples=app.config.refuse_example_domains)
        needs_key = await visit.read(lambda tx: _check_new(tx, new))
        pem = await asyncio.to_thread(keys.new_pem) if needs_key else None
        made = await visit.write(
            lambda tx: confirmation.create(tx, app, new, pem),
            did=f"Created the sender signature {new.email}",
        )
    except Refused as refused:
        return _new(visit, form, words(refused))
    return visit.go(url_of(made), f"A mail that asks for consent is on its way to {made.email}.")


@area.show(LIST + "/{signature}")
async def show_signature(visit: Visit) -> Response:
    """One signature."""
    return await _one(visit, await _signature(visit))


@area.act(LIST + "/{signature}")
async def save_signature(visit: Visit) -> Response:
    """Change name, reply address and note."""
    form, signature = visit.form, await _signature(visit)
    wanted = SenderChanges(
        Name=form.line("name"),
        ReplyToEmail=form.line("reply_to"),
        ConfirmationPersonalNote=form.text("note").strip(),
    )
    try:
        if not form.line("name"):
            raise Refused(Problem.SIGNATURE_FIELD_MISSING, field="Name")
        changes = wanted.to_changes()
        await visit.write(
            lambda tx: confirmation.edit(tx, signature.id, changes),
            did=f"Changed the sender signature {signature.email}",
        )
    except Refused as refused:
        return await _one(visit, signature, words(refused), sent=form)
    return visit.go(url_of(signature), "Saved.")


@area.act(LIST + "/{signature}/resend")
async def resend(visit: Visit) -> Response:
    """Ask the owner again, by a mail with a fresh link."""
    app, signature = visit.app, await _signature(visit)
    try:
        await visit.write(
            lambda tx: confirmation.resend(tx, app, signature.id),
            did=f"Sent the confirmation mail to {signature.email} again",
        )
    except Refused as refused:
        return await _one(visit, signature, words(refused))
    return visit.go(url_of(signature), f"The confirmation mail to {signature.email} is on its way.")


@area.act(LIST + "/{signature}/link")
async def show_link(visit: Visit) -> Response:
    """A fresh link, where no mail leaves that could carry it. Only this answer ever shows it."""
    app, signature = visit.app, await _signature(visit)
    if not _is_link_shown(visit):
        raise HTTPException(404, "gone")
    try:
        link = await visit.write(
            lambda tx: confirmation.make_link(tx, app, signature.id),
            did=f"Had the confirmation link of {signature.email} shown",
        )
    except Refused as refused:
        return await _one(visit, signature, words(refused))
    answer = await _one(visit, signature, link=link)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@area.act(LIST + "/{signature}/delete")
async def delete_signature(visit: Visit) -> Response:
    """Remove a signature; its domain stays."""
    signature = await _signature(visit)

    def delete(tx: Tx) -> None:
        signatures.delete_signature(tx, signature.id)

    await visit.write(delete, did=f"Deleted the sender signature {signature.email}")
    return visit.go(LIST, f"The sender signature {signature.email} is deleted.")


def url_of(signature: Signature) -> str:
    """The page of a signature."""
    return f"{LIST}/{signature.id}"


def _check_new(tx: Tx, new: NewSignature) -> bool:
    """Whether the domain needs a key. Refuses SIGNATURE_EXISTS."""
    if signatures.find(tx, new.email) is not None:
        raise Refused(Problem.SIGNATURE_EXISTS)
    domain = new.email.rpartition("@")[2].lower()
    register.check_aliases(domain, new.aliases)
    return store.find(tx, domain) is None


def _is_link_shown(visit: Visit) -> bool:
    return visit.app.config.delivery == "capture"


async def _signature(visit: Visit) -> Signature:
    """The signature of the path. Raises HTTPException when there is none."""
    number = visit.path("signature")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise HTTPException(404, "gone")
    try:
        return await visit.read(lambda tx: signatures.get(tx, int(number)))
    except Refused:
        raise HTTPException(404, "gone") from None


def _new(visit: Visit, form: Form, problem: str = "") -> Response:
    values = {"form": form, "problem_text": problem}
    return visit.page("sending/signature_new.html", values, status=422 if problem else 200)


async def _one(
    visit: Visit,
    signature: Signature,
    problem: str = "",
    *,
    sent: Form | None = None,
    link: str = "",
) -> Response:
    texts = {"name": signature.name, "reply_to": signature.reply_to, "note": signature.note}
    if sent is not None:
        texts = {name: sent.text(name) for name in texts}
    domain = await visit.read(lambda tx: store.find(tx, signature.domain))
    values = {
        "signature": signature,
        "domain": domain,
        "sent": texts,
        "problem_text": problem,
        "link": link,
        "is_link_shown": _is_link_shown(visit),
    }
    return visit.page("sending/signature.html", values, status=422 if problem else 200)
