"""A hit as it came in, before anything is looked up. It may wait on disk, so it holds plain values only."""

import msgspec

from pillarbox.tracking.token import Copy


class RawHit(msgspec.Struct, frozen=True, array_like=True):
    """A load of a pixel, or with `url` a click on a link, `at` microseconds since 1970."""

    message_key: int
    position: int
    at: int
    agent: str
    address: str
    url: str = ""
    location: str = ""

    @property
    def copy(self) -> Copy:
        """The copy that was hit."""
        return Copy(self.message_key, self.position)
