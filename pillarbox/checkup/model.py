"""What a check found. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding. `fix` is empty when it is green; `copy` is what is to be put in somewhere, if anything."""

    name: str
    is_ok: bool
    finding: str
    fix: str = ""
    copy: str = ""


def good(name: str, finding: str) -> Check:
    """All is well."""
    return Check(name=name, is_ok=True, finding=finding)


def bad(name: str, finding: str, fix: str, copy: str = "") -> Check:
    """Something is to be done."""
    return Check(name=name, is_ok=False, finding=finding, fix=fix, copy=copy)
