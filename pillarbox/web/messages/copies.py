"""A message as one of its recipients gets it: with a pixel, tracked links and an unsubscribe link of its own."""

from dataclasses import dataclass

from pillarbox.config import Config
from pillarbox.domains.directory import origin_in
from pillarbox.outbound.store import messages, overview, to_send
from pillarbox.outbound.store.queue import Claimed
from pillarbox.relay.wishes import Wishing
from pillarbox.servers.store import servers
from pillarbox.storage.tx import Tx
from pillarbox.tracking.personal import Personalizer, Wishes
from pillarbox.tracking.token import Copy, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """What a copy is made of."""

    raw: bytes
    copy: Copy
    wishes: Wishes | None
    secret: bytes
    public_url: str

    def made(self) -> bytes:
        """The source as it is delivered, but for the signature."""
        if self.wishes is None:
            return self.raw
        return Personalizer(self.secret, self.public_url).copy(self.raw, self.copy, self.wishes)


def find(tx: Tx, message_id: str, position: int, config: Config) -> Personal | None:
    """The copy of the recipient at a position; None when there is no such copy, or its content is not kept."""
    message = overview.find(tx, message_id)
    if message is None:
        return None
    raw = messages.find_raw(tx, message.key)
    email = next(
        (one.email for one in overview.copies(tx, message.key) if one.position == position), None
    )
    if raw is None or email is None:
        return None
    claimed = Claimed(
        message_key=message.key,
        position=position,
        lease=0,
        server_id=message.server_id,
        stream_key=message.stream_key,
        email=email,
        lane="",
        attempts=0,
    )
    secret = servers.secret(tx)
    _, origin = origin_in(tx, message.sender.email.rpartition("@")[2], config)
    kept = to_send.load(tx, [message.key])[message.key]
    return Personal(
        raw=raw,
        copy=Copy(message.key, position),
        wishes=Wishing(Tokens(secret), config.public_url).of(claimed, kept, origin.tracking_host),
        secret=secret,
        public_url=config.public_url,
    )
