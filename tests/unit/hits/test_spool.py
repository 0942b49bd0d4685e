"""The files of hits, on a disk that is full."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pillarbox.hits.model import RawHit
from pillarbox.hits.spool import Spool


@contextmanager
def no_file_beyond(octets: int) -> Iterator[None]:
    """Writes beyond end as on a full disk: first in part, then not at all."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def a_hit(number: int) -> RawHit:
    return RawHit(message_key=number, position=0, at=1, agent="x" * 100, address="")


def test_what_a_full_disk_took_by_half_does_not_spoil_what_follows(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    batch = spool.open()
    spool.append(batch, a_hit(1))
    size = batch.path.stat().st_size
    with no_file_beyond(size + size // 2):
        spool.append(batch, a_hit(2))
    assert batch.path.stat().st_size == size
    spool.append(batch, a_hit(3))
    spool.close()
    assert [hit.message_key for hit in batch.hits] == [1, 2, 3], "in memory all of them"
    (found,) = Spool(tmp_path).left()
    assert [hit.message_key for hit in found.hits] == [1, 3]
