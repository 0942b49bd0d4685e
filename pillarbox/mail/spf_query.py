"""SPF by a library (pyspf) that asks our resolver. Source: RFC 7208."""

import spf
from typing_extensions import override

from pillarbox.mail.dns import DnsFailure
from pillarbox.mail.lookups import Lookups


class Query(spf.query):  # type: ignore[misc]
    """A query of the library that asks our resolver."""

    def __init__(self, *, ip: str, mail_from: str, helo: str, lookups: Lookups) -> None:
        super().__init__(i=ip, s=mail_from, h=helo)
        self._lookups = lookups

    @override
    def dns(
        self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False
    ) -> list[object]:
        """Records in the library's form; counts names without any (RFC 7208 section 4.6.4)."""
        name = str(name).rstrip(".").lower()
        if len(name) > 253 or not all(0 < len(label) < 64 for label in name.split(".")):
            return []
        try:
            found = self._records(name, qtype)
        except DnsFailure as problem:
            raise spf.TempError(f"DNS {problem}") from None
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError("too many names without records")
        return found

    def _records(self, name: str, qtype: str) -> list[object]:
        ask = self._lookups
        match qtype:
            case "TXT":
                return [(text.encode(),) for text in ask.txt(name)]
            case "MX":
                return list(ask.mx(name))
            case "PTR":
                return list(ask.ptr(self.c))
            case "A":
                return [ip for ip in ask.addresses(name) if ":" not in ip]
            case "AAAA":
                return [ip for ip in ask.addresses(name) if ":" in ip]
            case _:
                return []
