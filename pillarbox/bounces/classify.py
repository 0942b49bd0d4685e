"""Which type of bounce an answer of another mail system means. Pure: text in, verdict out.

The knowledge is data, in `rules/*.toml`; this file reads it once and applies it. It does not
parse reports (that is `mail.dsn`), and does not act on the verdict.

Source: spec/bounce-classification.md sections 3 and 4; RFC 5321 section 4.2 (basic codes),
RFC 3463 (enhanced codes).
"""

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from pillarbox.bounces.model import BounceType

# What is looked at: the first MATCH_LIMIT characters, made from at most RAW_LIMIT raw ones.
MATCH_LIMIT = 1000
RAW_LIMIT = 4096

_DIAGNOSTIC_TYPE = re.compile(r"(?:(?:smtp|lmtp|x400|dns|unix|local|x-[\w-]{1,40}) ?; ?)+", re.I)
_CODE = r"[245]\.\d{1,3}\.\d{1,3}"
_CONTINUED = re.compile(rf"([245]\d\d)-(?: ?({_CODE})(?= ))?")
_NEXT_LINE = re.compile(rf"(?<= )([245]\d\d)[- ](?: ?({_CODE}) )?")
# Possessive, and only from the start of a word: linear on any text.
_LOCAL = r"[^\s<>()\[\],;:\"@]"
_DOMAIN = r"(?:[^\s<>()\[\],;:\"]++|\[[^\]\s]{1,60}\])"
_ADDRESS = re.compile(rf"(?<!{_LOCAL}){_LOCAL}++@{_DOMAIN}")
_BASIC = re.compile(r"([245]\d\d)(?=[ -]|$)")
# A report in prose quotes the answer: "host mx.example said: 550 5.1.1 ...".
_QUOTED = re.compile(
    r".{0,300}?\b(?:said|says|replied|returned|responded with|response(?: was)?|"
    r"after (?:rcpt to|mail from|end of data|helo|ehlo|data)(?::? ?<[^>]{0,100}>)?):? ?[\"']?"
    r"(?=[245]\d\d[ -])",
    re.I,
)
_ENHANCED = re.compile(rf"(?<![\w.]){_CODE}(?!\.?\d)")
_FOR_NOW = re.compile(r"4\.\d{1,3}\.\d{1,3}(?!\.?\d)")  # whatever it quotes: this is not final
_ENHANCED_WITHIN = 40
_QMAIL_ENHANCED = re.compile(rf"\(#({_CODE})\)")  # stands at the end of qmail's texts

_BEFORE_RCPT = ("connect", "helo", "mail")
_PHASES = (*_BEFORE_RCPT, "rcpt", "data")


@dataclass(frozen=True, slots=True)
class Verdict:
    """A type, and the rule that decided.

    `text:nouser-1`, `enhanced:5.1.1`, `basic:550@rcpt`, `local:null-mx` or `none`. A rule that
    ends in `~4`, `~connect`, `~helo` or `~mail` said HardBounce and was overruled: such an
    answer cannot be final, or cannot be about the recipient.
    """

    type: BounceType
    rule: str


class LocalCause(StrEnum):
    """Failures found on this side, without an answer from the other."""

    NO_SUCH_DOMAIN = "no-such-domain"
    NULL_MX = "null-mx"
    DNS_FAILURE = "dns-failure"
    LOOP = "loop"
    NO_ANSWER = "no-answer"
    TLS_UNAVAILABLE = "tls-unavailable"
    BAD_ADDRESS = "bad-address"


@dataclass(frozen=True, slots=True)
class _TextRule:
    id: str
    type: BounceType
    reply_class: str  # "" for any
    search: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Answer:
    """A normalised answer in lower case, with what its codes say."""

    text: str
    basic: str
    enhanced: str
    reply_class: str


def classify(text: str, *, status: str = "", phase: str = "") -> Verdict:
    """Decide what kind of bounce an SMTP answer or DSN diagnostic is.

    `text`: the answer as received, lines and codes included. `status`: the DSN's Status field,
    used when the text has no enhanced code. `phase`: the command that was answered (connect,
    helo, mail, rcpt, data); anything else means unknown. Total and of bounded time: text beyond
    1000 characters is not looked at.
    """
    answer = _read(text, status)
    phase = phase.lower()
    verdict = (
        _by_text(answer)
        or _by_enhanced(answer)
        or _by_basic(answer, phase)
        or Verdict(BounceType.UNKNOWN, "none")
    )
    return _doubt(verdict, answer, phase) if verdict.type is BounceType.HARD_BOUNCE else verdict


def scan(text: str, *, only: Collection[str] = ()) -> Verdict | None:
    """The first text rule that holds for the first 4096 characters of `text`, a mail body say.

    `only` narrows to rules by id (`virus-1`). Codes are not looked at, and rules bound to a
    class are left out: prose has no class.
    """
    lowered = _ADDRESS.sub("addr", " ".join(text[:RAW_LIMIT].split())).lower()
    for rule in _text_rules():
        if rule.reply_class or (only and rule.id not in only):
            continue
        if rule.search.search(lowered):
            return Verdict(rule.type, f"text:{rule.id}")
    return None


def normalise(text: str) -> str:
    """An answer on one line, as the rules want it: at most 1000 characters.

    White space collapsed, a DSN's diagnostic type and the codes repeated by continuation lines
    dropped, every e-mail address replaced by `addr`.
    """
    flat = " ".join(text[:RAW_LIMIT].split())
    kind = _DIAGNOSTIC_TYPE.match(flat)
    if kind:
        flat = flat[kind.end() :]
    flat = _join_lines(flat)
    if "@" in flat:
        flat = _ADDRESS.sub("addr", flat)
    return flat[:MATCH_LIMIT].rstrip()


def local_verdict(cause: LocalCause) -> Verdict:
    """The verdict on a failure found on this side."""
    return Verdict(BounceType(_local_rules()[cause]["type"]), f"local:{cause}")


def local_details(cause: LocalCause, domain: str) -> str:
    """What to record as the bounce's details.

    `domain`: the recipient's; for BAD_ADDRESS the reason, which then is the whole text.
    """
    return _local_rules()[cause]["details"].replace("{domain}", domain)


def _read(text: str, status: str) -> _Answer:
    line = normalise(text)
    if not _BASIC.match(line) and not _FOR_NOW.match(line):
        quoted = _QUOTED.match(line)
        line = line[quoted.end() :] if quoted else line
    found = _BASIC.match(line)
    basic = found.group(1) if found else ""
    enhanced = _find_enhanced(line, status)
    return _Answer(line.lower(), basic, enhanced, (basic or enhanced or "5")[0])


def _find_enhanced(line: str, status: str) -> str:
    found = _ENHANCED.search(line[: _ENHANCED_WITHIN + 12])
    if found and found.start() < _ENHANCED_WITHIN:
        return found.group()
    if found := _QMAIL_ENHANCED.search(line):
        return found.group(1)
    found = _ENHANCED.match(status.strip())
    return found.group() if found else ""


def _doubt(verdict: Verdict, answer: _Answer, phase: str) -> Verdict:
    """Overrule a HardBounce, the costliest mistake, where it cannot be meant."""
    if answer.reply_class == "4":
        return Verdict(BounceType.TRANSIENT, f"{verdict.rule}~4")
    if phase in _BEFORE_RCPT:
        return Verdict(BounceType.BLOCKED, f"{verdict.rule}~{phase}")
    return verdict


def _join_lines(flat: str) -> str:
    first = _CONTINUED.match(flat)
    if first is None:
        return flat

    def drop(repeated: re.Match[str]) -> str:
        code, enhanced = repeated.groups()
        if code != first.group(1):
            return repeated.group()
        return "" if enhanced in {None, first.group(2)} else f"{enhanced} "

    rest = _NEXT_LINE.sub(drop, f" {flat[4:].lstrip()}")
    return f"{first.group(1)}{rest}"


def _by_text(answer: _Answer) -> Verdict | None:
    for rule in _text_rules():
        if rule.reply_class and rule.reply_class != answer.reply_class:
            continue
        if rule.search.search(answer.text):
            return Verdict(rule.type, f"text:{rule.id}")
    return None


def _by_enhanced(answer: _Answer) -> Verdict | None:
    code = answer.enhanced[2:]
    table = _enhanced_table()
    found = table.get(code) or table.get(f"{code.partition('.')[0]}.*")
    return Verdict(found, f"enhanced:{answer.enhanced}") if found else None


def _by_basic(answer: _Answer, phase: str) -> Verdict | None:
    table = _basic_table()
    generic = f"{answer.reply_class}xx"
    code = answer.basic if answer.basic in table else generic
    if code not in table:
        return None
    column = "rcpt" if phase == "rcpt" else "other" if phase in _PHASES else "unknown"
    place = f"@{phase}" if phase in _PHASES else ""
    return Verdict(table[code][column], f"basic:{code}{place}")


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "rules" / f"{name}.toml").read_text("utf-8"))


@cache
def _text_rules() -> tuple[_TextRule, ...]:
    return tuple(
        _TextRule(
            rule["id"],
            BounceType(rule["type"]),
            rule.get("class", ""),
            re.compile("|".join(rule["any"]), re.DOTALL),
        )
        for rule in _load("text")["rule"]
    )


@cache
def _enhanced_table() -> dict[str, BounceType]:
    return {
        code: BounceType(entry["type"])
        for entry in _load("enhanced")["code"]
        for code in entry["codes"]
    }


@cache
def _basic_table() -> dict[str, dict[str, BounceType]]:
    return {
        code: {column: BounceType(entry[column]) for column in ("rcpt", "other", "unknown")}
        for entry in _load("basic")["code"]
        for code in entry["codes"]
    }


@cache
def _local_rules() -> dict[str, dict[str, str]]:
    return _load("local")
