"""Email addresses as callers write them: the one parser of this house, and the form in which they are shown.

Strict by intention; what strangers put into received headers is read by received_addresses.py.
Grammar: spec sending 2.2 (no groups, no comments, ASCII mailboxes, domains with a dot).
"""

import re
from collections.abc import Iterator
from enum import StrEnum

import idna
from msgspec import Struct

from pillarbox.mail import words

_QUOTED = r'"[^"\\]*+(?:\\.[^"\\]*+)*"'
_ATEXT = r"[A-Za-z0-9!#$%&'`*+\-/=^_{}|~]"
_LABEL = r"[A-Za-z0-9\-]"

_plain = re.compile(
    rf"{_ATEXT}++(?:\.{_ATEXT}++)*@{_LABEL}++(?:\.{_LABEL}++)+",
).fullmatch
_mailbox = re.compile(r"[A-Za-z0-9.!#$%&'`*+\-/=^_{}|~]++").fullmatch
_domain = re.compile(r"(?:\.?[A-Za-z0-9\-])+").fullmatch
_item = re.compile(rf'(?:[^",<]++|{_QUOTED}|<[^<>]*+>)*', re.DOTALL)
_named = re.compile(rf'([^"<]*+(?:{_QUOTED}[^"<]*+)*)<([^<>]*+)>', re.DOTALL).fullmatch
_quoted = re.compile(_QUOTED, re.DOTALL).fullmatch
_phrase_piece = re.compile(rf'({_QUOTED})|[^"]++', re.DOTALL)
_escape = re.compile(r"\\(.)", re.DOTALL)
_encoded_word = re.compile(r"=\?[^?\s]+\?[BbQq]\?[^?]*+\?=")
_special = re.compile(r"[()\[\]:;@\\>]")
_bare_name = re.compile(
    r"[^()<>\[\]:;@\\,.\"\x00-\x20\x7f]++(?: [^()<>\[\]:;@\\,.\"\x00-\x20\x7f]++)*"
).fullmatch
_unfit = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]+")
_surrogate = re.compile("[\ud800-\udfff]")
_blanks = re.compile(" {2,}")

_LONGEST = 254  # RFC 5321 section 4.5.3.1.3: a path is 256 octets with its brackets
_LONGEST_LABEL = 63
_SHOWN = 1000  # characters of an offending item that an error repeats


class Address(Struct, frozen=True, gc=False):
    """One mailbox: address as supplied (domain in ASCII), display name decoded or empty."""

    email: str
    name: str = ""

    @property
    def local(self) -> str:
        """What stands before the @, case as supplied."""
        return self.email.rpartition("@")[0]

    @property
    def domain(self) -> str:
        """The domain, lower case."""
        return self.email.rpartition("@")[2].lower()

    @property
    def key(self) -> str:
        """The form in which addresses are compared and searched."""
        return self.email.lower()


class AddressProblem(StrEnum):
    """What is wrong with an address, as far as callers are told apart. Source: spec sending 2.9."""

    NO_AT = "no_at"
    BAD_DOMAIN = "bad_domain"
    BAD_MAILBOX = "bad_mailbox"
    INVALID = "invalid"


class AddressError(ValueError):
    """An item is no address. `address` is the item to show, `part` its bad domain or mailbox."""

    def __init__(self, problem: AddressProblem, address: str, part: str = "") -> None:
        self.problem = problem
        self.address = _tidy(address[:_SHOWN])
        self.part = _tidy(part[:_SHOWN])
        super().__init__(f"{problem}: {self.address}")


def parse_list(text: str) -> list[Address]:
    """The addresses of a comma-separated list; empty items are skipped.

    Names come back without quotes, escapes, encoded words and control characters. Time is linear in
    the length of `text`. Raises AddressError for the first item that is no address.
    Source: spec sending 2.2, 2.9.
    """
    # Below 65 characters no part can be too long.
    if len(text) < 65 and _plain(text):
        return [Address(text)]
    return [_parse_item(item) for item in _items(text)]


def parse_one(text: str) -> Address:
    """The first address of a list.

    Raises AddressError if any item is no address, and INVALID if there is none at all.
    """
    found = parse_list(text)
    if not found:
        raise AddressError(AddressProblem.INVALID, text.strip())
    return found[0]


def is_valid(email: str) -> bool:
    """Whether this is one bare address, without a name and without blanks around it."""
    try:
        _checked(email)
    except AddressError:
        return False
    return True


def bare_key(text: str) -> str | None:
    """The key of one bare address, blanks around it ignored; None when it is none."""
    try:
        return _checked(text.strip()).lower()
    except AddressError:
        return None


def header_form(address: Address) -> str:
    """The address with its name in Unicode, as people read it: `Joe Doe <joe@example.com>`.

    The name is quoted where it must be; `parse_one` gives back an equal address.
    """
    name = address.name
    if not name:
        return address.email
    if _bare_name(name) and "=?" not in name:
        return f"{name} <{address.email}>"
    return f"{quoted(_tidy(name))} <{address.email}>"


def quoted(name: str) -> str:
    """A quoted-string of RFC 5322; what looks like an encoded word is broken up by an escape."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("=?", "=\\?")
    return f'"{escaped}"'


def to_ascii(domain: str) -> str:
    """A domain in its ASCII (punycode) form. Raises ValueError if it has none."""
    if domain.isascii():
        return domain
    if len(domain) > _LONGEST:
        raise ValueError("domain too long")
    return idna.encode(domain, uts46=True).decode("ascii")


def _items(text: str) -> Iterator[str]:
    position, size = 0, len(text)
    while position < size:
        found = _item.match(text, position)
        assert found is not None  # the pattern matches the empty string
        end = found.end()
        if end < size and text[end] != ",":
            comma = text.find(",", end)
            rest = text[position : comma if comma >= 0 else size]
            raise AddressError(AddressProblem.INVALID, rest.strip())
        item = text[position:end].strip()
        if item:
            yield item
        position = end + 1


def _parse_item(item: str) -> Address:
    named = _named(item)
    if named is None:
        return Address(_checked(_bare(item)))
    phrase, email = named.group(1).strip(), named.group(2).strip()
    if not email:
        raise AddressError(AddressProblem.INVALID, item)
    if not phrase:
        return Address(_checked(email))
    try:
        return Address(_checked(email), _name(phrase))
    except AddressError:
        raise AddressError(AddressProblem.INVALID, item) from None


def _bare(item: str) -> str:
    """An item without `<…>` at its end: the address itself, perhaps wholly quoted."""
    if _quoted(item):
        email = _escape.sub(r"\1", item[1:-1]).strip()
        if email:
            return email
    elif "<" not in item:
        return item
    raise AddressError(AddressProblem.INVALID, item)


def _checked(email: str) -> str:
    """The address with its domain in ASCII. Raises AddressError in the order of spec sending 2.9."""
    if _plain(email) and _fits(email):
        return email
    local, at, domain = email.rpartition("@")
    if not at:
        raise AddressError(AddressProblem.NO_AT, email)
    try:
        ascii_domain = to_ascii(domain)
    except ValueError:
        ascii_domain = ""
    if not _domain(ascii_domain):
        raise AddressError(AddressProblem.BAD_DOMAIN, email, domain)
    if local and not _mailbox(local) and not _has_blank(local):
        raise AddressError(AddressProblem.BAD_MAILBOX, email, local)
    whole = f"{local}@{ascii_domain}"
    if _plain(whole) and _fits(whole):
        return whole
    raise AddressError(AddressProblem.INVALID, email)


def _has_blank(text: str) -> bool:
    return any(map(str.isspace, text))


def _fits(email: str) -> bool:
    if len(email) < 65:
        return True
    labels = email.rpartition("@")[2].split(".")
    return len(email) <= _LONGEST and len(max(labels, key=len)) <= _LONGEST_LABEL


def _name(phrase: str) -> str:
    """The text of a display name. Raises AddressError for punctuation that needs quotes."""
    if '"' not in phrase:
        return _tidy(_unquoted(phrase))
    pieces = [
        _inside(piece.group()[1:-1]) if piece.group(1) else _unquoted(piece.group())
        for piece in _phrase_piece.finditer(phrase)
    ]
    return _tidy("".join(pieces))


def _inside(text: str) -> str:
    """Quoted text: escapes undone. Many senders quote encoded words, which RFC 2047 forbids."""
    return _escape.sub(r"\1", text) if "\\" in text else words.decode(text)


def _unquoted(text: str) -> str:
    if "=?" not in text:
        without = text
    else:
        without = _encoded_word.sub("", text)
        text = words.decode(text)
    if _special.search(without):
        raise AddressError(AddressProblem.INVALID, text)
    return _blanks.sub(" ", _unfit.sub(" ", text))


def _tidy(text: str) -> str:
    """Without control characters, line breaks, lone surrogates and blanks at the ends."""
    if not text.isprintable():
        text = _surrogate.sub("\ufffd", _unfit.sub(" ", text))
    return text.strip()
