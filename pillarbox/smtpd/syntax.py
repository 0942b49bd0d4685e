"""The grammar of MAIL and RCPT arguments (RFC 5321 section 4.1.2, RFC 6531 section 3.3). Pure.

Not for addresses in message headers; those follow RFC 5322 and have their own parser.
"""

import ipaddress
import re
from dataclasses import dataclass

# Possessive quantifiers: there is one way only to read an input. Groups cannot have them before Python 3.11.5.
_WIDE = r"\xa0-\U0010ffff"
_ATEXT = rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{_WIDE}-]"
_DOT_STRING = rf"{_ATEXT}++(?:\.{_ATEXT}++)*"
_QUOTED = rf'"(?:[ !#-\[\]-~{_WIDE}]++|\\[ -~])*"'
# An underscore is no host name, but names of real senders have it.
_LABEL = rf"(?!-)[A-Za-z0-9_{_WIDE}-]{{1,63}}+(?<!-)"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_LITERAL = r"\[[0-9A-Za-z.:]++\]"
_MAILBOX = rf"(?:{_DOT_STRING}|{_QUOTED})@(?:{_DOMAIN}|{_LITERAL})"
# RFC 5321 appendix C: source routes are accepted and ignored.
_ROUTE = r"(?:@[^<>:,\"@ ]++(?:,@[^<>:,\"@ ]++)*:)?"
_REST = r"(?: ++(.*+))?"

_FROM = re.compile(rf"(?i:FROM): *+<({_ROUTE})((?:{_MAILBOX})?)>{_REST}", re.DOTALL)
# RFC 5321 section 4.5.1: <postmaster> alone must be accepted.
_TO = re.compile(rf"(?i:TO): *+<({_ROUTE})({_MAILBOX}|(?i:postmaster))>{_REST}", re.DOTALL)

_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*+)(?:=([!-<>-~\xa0-\U0010ffff]++))?")
_MAX_LOCAL_PART = 64
_MAX_DOMAIN = 255
_MAX_SIZE_DIGITS = 20


class ParameterError(Exception):
    """A MAIL parameter is malformed, doubled, or (is_unknown) not one of ours."""

    def __init__(self, *, is_unknown: bool) -> None:
        super().__init__("unknown parameter" if is_unknown else "bad parameter")
        self.is_unknown = is_unknown


@dataclass(frozen=True, slots=True)
class MailParameters:
    """What a MAIL command declares: the size in octets (None: not said) and SMTPUTF8."""

    size: int | None
    smtputf8: bool


NO_PARAMETERS = MailParameters(None, smtputf8=False)


def parse_from(argument: str) -> tuple[str, str] | None:
    """Address ("" for `<>`) and parameter text of `FROM:<…> …`; None if the path is malformed."""
    match = _FROM.fullmatch(argument)
    return _checked(match) if match else None


def parse_to(argument: str) -> tuple[str, str] | None:
    """Address and parameter text of `TO:<…> …`; None if the path is malformed."""
    match = _TO.fullmatch(argument)
    return _checked(match) if match else None


def _checked(match: re.Match[str]) -> tuple[str, str] | None:
    route, address, rest = match.groups()
    local_part, _, domain = address.rpartition("@")
    if route and not address:
        return None
    if len(local_part.encode()) > _MAX_LOCAL_PART or len(domain.encode()) > _MAX_DOMAIN:
        return None
    if domain.endswith("]") and not _is_literal(domain[1:-1]):
        return None
    return address, rest or ""


def _is_literal(text: str) -> bool:
    # RFC 5321 section 4.1.3; general literals name no standard in use.
    try:
        if text[:5].upper() == "IPV6:":
            ipaddress.IPv6Address(text[5:])
        else:
            ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def parse_mail_parameters(text: str) -> MailParameters:
    """The parameters of a MAIL command: SIZE, BODY, SMTPUTF8, AUTH. Raises ParameterError."""
    found: dict[str, str | None] = {}
    for word in text.split():
        match = _PARAMETER.fullmatch(word) or _null_auth(word)
        if match is None:
            raise ParameterError(is_unknown=False)
        keyword = match[1].upper()
        if keyword not in _CHECKS:
            raise ParameterError(is_unknown=True)
        if keyword in found or not _CHECKS[keyword](match[2]):
            raise ParameterError(is_unknown=False)
        found[keyword] = match[2]
    size = found.get("SIZE")
    return MailParameters(int(size) if size else None, smtputf8="SMTPUTF8" in found)


def _null_auth(word: str) -> re.Match[str] | None:
    # esmtp-value may not hold "=", but xtext and old clients' values for AUTH may (RFC 4954 section 5).
    return _AUTH.fullmatch(word)


_AUTH = re.compile(r"((?i:AUTH))=([!-~]++)")


def _is_size(value: str | None) -> bool:
    return (
        value is not None and value.isascii() and value.isdigit() and len(value) <= _MAX_SIZE_DIGITS
    )


def _is_body(value: str | None) -> bool:
    # BINARYMIME (RFC 3030) is not offered.
    return value is not None and value.upper() in ("7BIT", "8BITMIME")


def _is_flag(value: str | None) -> bool:
    return value is None


def _is_given(value: str | None) -> bool:
    return value is not None


_CHECKS = {"SIZE": _is_size, "BODY": _is_body, "SMTPUTF8": _is_flag, "AUTH": _is_given}


def parse_bdat(argument: str) -> tuple[int, bool] | None:
    """Octets of the chunk and whether it is the last one, of `size [LAST]`; None if malformed."""
    match = _BDAT.fullmatch(argument)
    return (int(match[1]), match[2] is not None) if match else None


_BDAT = re.compile(rf"([0-9]{{1,{_MAX_SIZE_DIGITS}}})( +(?i:LAST))?")
