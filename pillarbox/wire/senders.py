"""Sender signatures. Source: spec domains-and-signatures 3."""

import re

from pillarbox.domains import model, names
from pillarbox.domains.model import NewSignature, SignatureChanges
from pillarbox.errors import Problem, Refused
from pillarbox.mail.address import is_valid, to_ascii
from pillarbox.wire.base import Reply, Request
from pillarbox.wire.domains import LONGEST, View, aliases, check_length
from pillarbox.wire.query import Paged, Problems

LONGEST_NOTE = 400

SENDERS = Problems(
    bad_value=Problem.DOMAINS_BAD_QUERY,
    bad_count=Problem.DOMAINS_BAD_COUNT,
    bad_offset=Problem.DOMAINS_BAD_OFFSET,
    too_many=Problem.SIGNATURES_TOO_MANY,
)
_markup = re.compile(r"<[^<>]*>|&(?:nbsp|zwj|zwnj|#\d+|#x[0-9a-f]+);", re.IGNORECASE)


class SenderPage(Paged, kw_only=True):
    """The query of the list of signatures."""

    problems = SENDERS

    def page(self) -> dict[str, int]:
        """Count and offset. Refuses DOMAINS_BAD_COUNT for none at all."""
        if self.count < 1:
            raise Refused(Problem.DOMAINS_BAD_COUNT)
        return {"count": self.count, "offset": self.offset}


class NewSender(Request, kw_only=True):
    """A signature to be created."""

    FromEmail: str | None = None
    Name: str | None = None
    ReplyToEmail: str | None = None
    ReturnPathDomain: str | None = None
    CustomTrackingDomain: str | None = None
    ConfirmationPersonalNote: str | None = None

    def to_new(self, *, refuses_examples: bool) -> NewSignature:
        """The signature it asks for.

        Refuses SIGNATURE_FIELD_MISSING, SENDER_FIELD_TOO_LONG, SENDER_FIELD_INVALID, DOMAIN_PUBLIC.
        """
        email = _required("FromEmail", self.FromEmail)
        name = _required("Name", self.Name)
        hosts = aliases(self.ReturnPathDomain or None, self.CustomTrackingDomain or None)
        reply_to = read_address("ReplyToEmail", self.ReplyToEmail or "")
        note = read_note(self.ConfirmationPersonalNote or "")
        email = read_address("FromEmail", email)
        domain = email.rpartition("@")[2].lower()
        if names.read_domain(domain) is None or (refuses_examples and names.is_example(domain)):
            raise Refused(Problem.SENDER_FIELD_INVALID, field="FromEmail")
        if names.is_public(domain):
            raise Refused(Problem.DOMAIN_PUBLIC)
        return NewSignature(email=email, name=name, reply_to=reply_to, note=note, aliases=hosts)


class SenderChanges(Request, kw_only=True):
    """What to change of a signature: null leaves, "" clears. The address cannot be changed and is ignored."""

    Name: str | None = None
    ReplyToEmail: str | None = None
    ReturnPathDomain: str | None = None
    CustomTrackingDomain: str | None = None
    ConfirmationPersonalNote: str | None = None

    def to_changes(self) -> SignatureChanges:
        """What it asks for; an empty name changes nothing.

        Refuses SIGNATURE_NO_DATA when nothing is given, SENDER_FIELD_TOO_LONG, SENDER_FIELD_INVALID.
        """
        if all(getattr(self, field) is None for field in self.__struct_fields__):
            raise Refused(Problem.SIGNATURE_NO_DATA)
        check_length("Name", self.Name)
        reply_to, note = self.ReplyToEmail, self.ConfirmationPersonalNote
        return SignatureChanges(
            name=(self.Name or "").strip() or None,
            reply_to=None if reply_to is None else read_address("ReplyToEmail", reply_to),
            note=None if note is None else read_note(note),
            aliases=aliases(self.ReturnPathDomain, self.CustomTrackingDomain),
        )


class SenderSummary(Reply, kw_only=True):
    """A signature as a line of the list."""

    Domain: str
    EmailAddress: str
    ReplyToEmailAddress: str
    Name: str
    Confirmed: bool
    ID: int

    @classmethod
    def of(cls, signature: model.Signature) -> "SenderSummary":
        """A signature as listed."""
        return cls(
            Domain=signature.domain,
            EmailAddress=signature.email,
            ReplyToEmailAddress=signature.reply_to,
            Name=signature.name,
            Confirmed=signature.is_confirmed,
            ID=signature.id,
        )


class Senders(Reply):
    """One page of the list."""

    TotalCount: int
    SenderSignatures: list[SenderSummary]


class Sender(Reply, kw_only=True):
    """A signature with the DNS facts of its domain; what there is none of is an empty text, never null."""

    Domain: str
    EmailAddress: str
    ReplyToEmailAddress: str
    Name: str
    Confirmed: bool
    SPFVerified: bool
    SPFHost: str
    SPFTextValue: str
    DKIMVerified: bool
    WeakDKIM: bool
    DKIMHost: str
    DKIMTextValue: str
    DKIMPendingHost: str
    DKIMPendingTextValue: str
    DKIMRevokedHost: str
    DKIMRevokedTextValue: str
    SafeToRemoveRevokedKeyFromDNS: bool
    DKIMUpdateStatus: str
    ReturnPathDomain: str
    ReturnPathDomainVerified: bool
    ReturnPathDomainCNAMEValue: str
    CustomTrackingDomain: str
    CustomTrackingVerified: bool
    CustomTrackingDomainCNAMEValue: str
    ConfirmationPersonalNote: str
    ID: int

    @classmethod
    def of(cls, signature: model.Signature, domain: model.Domain | None, view: View) -> "Sender":
        """A signature of this installation; `domain` is None when that was removed."""
        return cls(
            Domain=signature.domain,
            EmailAddress=signature.email,
            ReplyToEmailAddress=signature.reply_to,
            Name=signature.name,
            Confirmed=signature.is_confirmed,
            ConfirmationPersonalNote=signature.note,
            ID=signature.id,
            **view.dns_facts(signature.domain, domain),
        )


def read_address(field: str, text: str) -> str:
    """One bare address with its domain in ASCII, or "". Refuses SENDER_FIELD_TOO_LONG, SENDER_FIELD_INVALID."""
    check_length(field, text)
    text = text.strip()
    if not text:
        return ""
    if not is_valid(text):
        raise Refused(Problem.SENDER_FIELD_INVALID, field=field)
    local, _, domain = text.rpartition("@")
    return f"{local}@{to_ascii(domain)}"


def read_note(text: str) -> str:
    """The personal note. Refuses SENDER_FIELD_TOO_LONG, and SENDER_FIELD_INVALID when there is nothing to see."""
    check_length("ConfirmationPersonalNote", text, LONGEST_NOTE)
    if text and not _is_visible(_markup.sub("", text)):
        raise Refused(Problem.SENDER_FIELD_INVALID, field="ConfirmationPersonalNote")
    return text


def _is_visible(text: str) -> bool:
    return any(character.isprintable() and not character.isspace() for character in text)


def _required(field: str, text: str | None) -> str:
    if not text or not text.strip():
        raise Refused(Problem.SIGNATURE_FIELD_MISSING, field=field)
    check_length(field, text, LONGEST)
    return text.strip()
