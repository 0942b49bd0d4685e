"""Return paths that name the recipient they were made for (VERP), protected by a MAC.

Pure: what a returned mail means and whether the recipient still exists is decided elsewhere.
"""

import hmac
import re
from base64 import b32decode, b32encode
from binascii import Error as NotBase32
from itertools import islice

_MAC_OCTETS = 10  # 80 bits: guessing one needs 2**80 mails, and the local part stays short
_ID_OCTETS = 9
_MOST_CANDIDATES = 50
_PREFIX = re.compile(r"[a-z0-9][a-z0-9_.-]{0,31}")


class ReturnPaths:
    """Makes and reads the envelope senders of this installation.

    secret: at least 16 octets, the same for all processes; a new one orphans what is under way.

    Raises ValueError: a short secret, or a prefix that is no plain lower-case local part.
    """

    __slots__ = ("_anywhere", "_lead", "_secret")

    def __init__(self, *, secret: bytes, prefix: str = "pm_bounces") -> None:
        if len(secret) < 16:
            raise ValueError("the secret needs at least 16 octets")
        if not _PREFIX.fullmatch(prefix):
            raise ValueError(f"not a usable prefix: {prefix!r}")
        self._secret = secret
        self._lead = prefix + "+"
        self._anywhere = re.compile(re.escape(self._lead) + r"[a-z2-7]{16,31}@[a-z0-9-]")

    def make(self, recipient_id: int, host: str) -> str:
        """The return path for one recipient: `pm_bounces+<base32 of id and MAC>@host`, lower-case.

        The local part has at most 64 characters. The host is not under the MAC: it may change
        while mail is under way.

        Raises ValueError: the id is not from 0 to 2**72 - 1.
        Source: spec/bounce-classification.md 6.1.
        """
        if not 0 <= recipient_id < 1 << 8 * _ID_OCTETS:
            raise ValueError(f"not a recipient id: {recipient_id}")
        return f"{self._lead}{self._token(recipient_id)}@{host}"

    def read(self, address: str) -> int | None:
        """The recipient an address was made for; None for anything this secret did not make.

        Letter case does not matter; angle brackets, blanks and everything else do.
        """
        local, _, host = address.partition("@")
        local = local.lower()
        if not host or not local.isascii() or not local.startswith(self._lead):
            return None
        token = local[len(self._lead) :]
        number = _number(token)
        if number is None:
            return None
        # Comparing the whole token also refuses other spellings of the same octets.
        genuine = hmac.compare_digest(self._token(number), token)
        return number if genuine else None

    def find(self, text: str) -> int | None:
        """The recipient of the first genuine return path that stands somewhere in a text; None when there is none.

        Letter case does not matter. Only the first candidates of an endless text are looked at.
        """
        for found in islice(self._anywhere.finditer(text.lower()), _MOST_CANDIDATES):
            number = self.read(found.group())
            if number is not None:
                return number
        return None

    def _token(self, number: int) -> str:
        octets = number.to_bytes((number.bit_length() + 7) // 8 or 1, "big")
        mac = hmac.digest(self._secret, b"return-path\0" + octets, "sha256")[:_MAC_OCTETS]
        return b32encode(octets + mac).rstrip(b"=").decode("ascii").lower()


def _number(token: str) -> int | None:
    if len(token) > 31:
        return None
    try:
        octets = b32decode(token.upper() + "=" * (-len(token) % 8))
    except NotBase32:
        return None
    size = len(octets) - _MAC_OCTETS
    return int.from_bytes(octets[:size], "big") if 1 <= size <= _ID_OCTETS else None
