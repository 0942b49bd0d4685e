"""Bytes of unknown worth to text: the charsets mail really uses, and what to do when they lie.

Only names in the table below ever reach Python's codec machinery: mail chooses the name, and some
codecs there are quadratic, warn, or transform instead of decode.
"""

from encodings.aliases import aliases
from functools import lru_cache

_UNFIT = frozenset(
    "base64_codec bz2_codec hex_codec quopri_codec rot_13 uu_codec zlib_codec mbcs oem punycode idna"
    " undefined unicode_escape raw_unicode_escape".split()
)
_EXTRA = "cp720 cp856 cp874 cp1006 koi8_t koi8_u utf_8_sig mac_arabic mac_farsi".split()

# Names mail uses that Python lacks, and small charsets that senders declare while writing the larger
# superset (GB2312 with GBK characters, EUC-KR with the Windows extension).
_HABITS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x_gbk": "gb18030",
    "euc_kr": "cp949",
    "windows_874": "cp874",
    "x_sjis": "cp932",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "unicode_1_1_utf_7": "utf_7",
    "utf8mb4": "utf_8",
}
# The same, where the larger one reads some characters differently: tried when the declared one fails.
_LARGER = {"shift_jis": "cp932"}


def _table() -> dict[str, str]:
    table = {name: codec for name, codec in aliases.items() if codec not in _UNFIT}
    for codec in [*table.values(), *_EXTRA]:
        table.setdefault(codec, codec)
    for name, codec in table.items():
        table[name] = _HABITS.get(codec, codec)
    table.update(_HABITS)
    return table


_CODECS = _table()


def is_known(charset: str) -> bool:
    """Whether mail may name this charset; case and punctuation do not matter."""
    return _codec(charset) is not None


@lru_cache(256)
def _codec(charset: str) -> str | None:
    if len(charset) > 40:
        return None
    name = charset.lower().translate(_PLAIN)
    return _CODECS.get(name) or _CODECS.get(name.replace("_", ""))


_PLAIN = {ord(character): "_" for character in "-. :/"}


def decode(data: bytes, charset: str = "") -> str:
    """Text of `data` in `charset`; never raises.

    An unknown charset, or bytes the charset does not have, are read as UTF-8 if they are UTF-8; else
    in the declared charset with replacement characters; else as UTF-8 with replacement characters if
    at least one longer character is good, and as Latin-1 if none is. What is written as Latin-1 is read
    as its larger sister of Windows.
    """
    codec = _codec(charset) if charset else None
    if codec is None or codec == "utf_8":  # nearly all
        try:
            return data.decode()
        except ValueError:
            return _guessed(data, codec)
    for attempt in (codec, "utf_8", _LARGER.get(codec, codec)):
        try:
            text = data.decode(attempt)
        except ValueError:
            continue
        if attempt == "latin_1":
            return _latin(data)
        return storable(text) if attempt == "utf_7" else text  # it can spell half a character
    return _guessed(data, codec)


def _guessed(data: bytes, codec: str | None) -> str:
    if codec is not None and codec not in ("ascii", "utf_8"):
        text = data.decode(codec, "replace")
        return storable(text) if codec == "utf_7" else text
    # Good multi-byte sequences among the bad ones say that this is damaged UTF-8; without any, the
    # bytes are some single-byte charset.
    if not data.decode("utf-8", "ignore").isascii():
        return data.decode("utf-8", "replace")
    return _latin(data)


def _latin(data: bytes) -> str:
    """Latin-1, but quotes, dashes and the euro sign of Windows where it has controls that no text contains."""
    try:
        return data.decode("cp1252")
    except ValueError:
        return data.decode("latin-1")


def storable(text: str) -> str:
    """Text without what cannot be kept or sent as UTF-8 everywhere: NUL and lone surrogates."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
