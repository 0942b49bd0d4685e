"""Domains, and the DNS facts that sender signatures share. Source: spec domains-and-signatures 1 and 2."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pillarbox.config import Config
from pillarbox.domains import keys, model, names, records
from pillarbox.domains.model import Aliases, KeyState
from pillarbox.errors import Problem, Refused
from pillarbox.wire.base import Reply, Request
from pillarbox.wire.query import Paged, Problems

LONGEST = 255

DOMAINS = Problems(
    bad_value=Problem.DOMAINS_BAD_QUERY,
    bad_count=Problem.DOMAINS_BAD_COUNT,
    bad_offset=Problem.DOMAINS_BAD_OFFSET,
    too_many=Problem.DOMAINS_TOO_MANY,
)


class DomainPage(Paged, kw_only=True):
    """The query of the list of domains."""

    problems = DOMAINS

    def page(self) -> dict[str, int]:
        """Count and offset. Refuses DOMAINS_BAD_COUNT for none at all."""
        if self.count < 1:
            raise Refused(Problem.DOMAINS_BAD_COUNT)
        return {"count": self.count, "offset": self.offset}


class NewDomain(Request, kw_only=True):
    """A domain to be created."""

    Name: str | None = None
    ReturnPathDomain: str | None = None
    CustomTrackingDomain: str | None = None

    def to_name(self) -> str:
        """The name in lower-case ASCII.

        Refuses DOMAIN_NAME_MISSING, DOMAIN_NAME_TOO_LONG, DOMAIN_NAME_INVALID, DOMAIN_PUBLIC.
        """
        text = (self.Name or "").strip()
        if not text:
            raise Refused(Problem.DOMAIN_NAME_MISSING)
        if len(text) > LONGEST:
            raise Refused(Problem.DOMAIN_NAME_TOO_LONG)
        name = names.read_domain(text)
        if name is None:
            raise Refused(Problem.DOMAIN_NAME_INVALID)
        if names.is_public(name):
            raise Refused(Problem.DOMAIN_PUBLIC)
        return name

    def to_aliases(self) -> Aliases:
        """The hosts below the domain. Refuses SENDER_FIELD_TOO_LONG."""
        return aliases(self.ReturnPathDomain, self.CustomTrackingDomain)


class DomainChanges(Request, kw_only=True):
    """What to change of a domain: null leaves, "" clears. The name cannot be changed and is ignored."""

    ReturnPathDomain: str | None = None
    CustomTrackingDomain: str | None = None

    def to_aliases(self) -> Aliases:
        """The hosts below the domain. Refuses SENDER_FIELD_TOO_LONG."""
        return aliases(self.ReturnPathDomain, self.CustomTrackingDomain)


class DomainSummary(Reply, kw_only=True):
    """A domain as a line of the list."""

    ID: int
    Name: str
    SPFVerified: bool
    DKIMVerified: bool
    WeakDKIM: bool
    ReturnPathDomainVerified: bool
    CustomTrackingVerified: bool

    @classmethod
    def of(cls, domain: model.Domain) -> "DomainSummary":
        """A domain as listed."""
        return cls(
            ID=domain.id,
            Name=domain.name,
            SPFVerified=domain.is_spf_verified,
            DKIMVerified=domain.is_verified,
            WeakDKIM=domain.is_weak,
            ReturnPathDomainVerified=domain.return_path.is_verified,
            CustomTrackingVerified=domain.tracking.is_verified,
        )


class Domains(Reply):
    """One page of the list."""

    TotalCount: int
    Domains: list[DomainSummary]


class Domain(Reply, kw_only=True):
    """A domain with its DNS facts; what there is none of is an empty text, never null."""

    ID: int
    Name: str
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

    @classmethod
    def of(cls, domain: model.Domain, view: "View") -> "Domain":
        """A domain of this installation."""
        return cls(ID=domain.id, Name=domain.name, **view.dns_facts(domain.name, domain))


class SpfFacts(Reply):
    """What the domain's call for SPF answers."""

    SPFHost: str
    SPFVerified: bool
    SPFTextValue: str


@dataclass(frozen=True, slots=True)
class View:
    """Where and when domains are looked at."""

    config: Config
    now: datetime

    def dns_facts(self, name: str, domain: model.Domain | None) -> dict[str, Any]:
        """The members that domain and signature share; None is a domain that was removed under its signatures."""
        facts = {
            "SPFVerified": domain is not None and domain.is_spf_verified,
            "SPFHost": name,
            "SPFTextValue": self.spf_text,
            "ReturnPathDomain": domain.return_path.host if domain else "",
            "ReturnPathDomainVerified": domain is not None and domain.return_path.is_verified,
            "ReturnPathDomainCNAMEValue": self.config.return_path_host,
            "CustomTrackingDomain": domain.tracking.host if domain else "",
            "CustomTrackingVerified": domain is not None and domain.tracking.is_verified,
            "CustomTrackingDomainCNAMEValue": "",
        }
        if domain is not None and domain.tracking.host:
            facts["CustomTrackingDomainCNAMEValue"] = self.config.tracking_host
        return facts | self._dkim_facts(domain)

    @property
    def spf_text(self) -> str:
        """The SPF record suggested to every domain."""
        return records.spf_text(self.config)

    def _dkim_facts(self, domain: model.Domain | None) -> dict[str, Any]:
        found = domain.keys if domain is not None else {}
        facts: dict[str, Any] = {
            "DKIMVerified": domain is not None and domain.is_verified,
            "WeakDKIM": domain is not None and domain.is_weak,
        }
        for state, word in (
            (KeyState.ACTIVE, ""),
            (KeyState.PENDING, "Pending"),
            (KeyState.REVOKED, "Revoked"),
        ):
            key = found.get(state)
            facts[f"DKIM{word}Host"] = key.host if key else ""
            facts[f"DKIM{word}TextValue"] = keys.record(key) if key else ""
        is_safe = domain is not None and domain.may_drop_revoked(self.now)
        is_pending = KeyState.PENDING in found or not found
        return facts | {
            "SafeToRemoveRevokedKeyFromDNS": is_safe,
            "DKIMUpdateStatus": "Pending" if is_pending else "Verified",
        }


def aliases(return_path: str | None, tracking: str | None) -> Aliases:
    """The hosts asked for below a domain. Refuses SENDER_FIELD_TOO_LONG."""
    check_length("ReturnPathDomain", return_path)
    check_length("CustomTrackingDomain", tracking)
    return Aliases(
        return_path=None if return_path is None else return_path.strip(),
        tracking=None if tracking is None else tracking.strip(),
    )


def check_length(field: str, text: str | None, limit: int = LONGEST) -> None:
    """Refuses SENDER_FIELD_TOO_LONG."""
    if text is not None and len(text) > limit:
        raise Refused(Problem.SENDER_FIELD_TOO_LONG, field=field, limit=str(limit))
