"""What waits is written down in batches, waits while the database is away, and survives a stop."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from pillarbox.app import App
from pillarbox.errors import Unavailable
from pillarbox.hits import backlog
from pillarbox.hits.backlog import Backlog
from pillarbox.hits.model import RawHit
from pillarbox.storage.tx import Tx


def a_hit(number: int) -> RawHit:
    return RawHit(message_key=number, position=0, at=1, agent="", address="")


class Book:
    """Takes down what is recorded; while `is_away` the database is."""

    def __init__(self) -> None:
        self.is_away = False
        self.batches: list[list[int]] = []
        self.changed = asyncio.Event()

    def __call__(self, tx: Tx, hits: Sequence[RawHit]) -> None:
        if self.is_away:
            raise Unavailable("away")
        self.batches.append([hit.message_key for hit in hits])
        tx.wake("test")

    @property
    def all(self) -> list[int]:
        return [number for batch in self.batches for number in batch]


def files(directory: Path) -> list[Path]:
    return list(directory.glob("hits-*.spool"))


async def run_for(app: App, book: Book, directory: Path, hits: Sequence[RawHit]) -> None:
    """Add hits, and stop at once."""
    waiting = Backlog(app.db, book, directory)
    for hit in hits:
        waiting.add(hit)
    stop = asyncio.Event()
    stop.set()
    await waiting.run(stop)


async def test_what_waits_at_the_end_is_written_in_batches(app: App, tmp_path: Path) -> None:
    book = Book()
    await run_for(app, book, tmp_path, [a_hit(n) for n in range(1200)])
    assert book.all == list(range(1200))
    assert [len(batch) for batch in book.batches] == [500, 500, 200]
    assert files(tmp_path) == []


async def test_what_cannot_be_written_at_the_end_is_spooled_and_read_again(
    app: App, tmp_path: Path
) -> None:
    book = Book()
    book.is_away = True
    await run_for(app, book, tmp_path, [a_hit(1), a_hit(2)])
    assert book.all == []
    assert len(files(tmp_path)) == 1
    book.is_away = False
    await run_for(app, book, tmp_path, [a_hit(3)])
    assert book.all == [1, 2, 3]
    assert files(tmp_path) == []


async def test_more_than_the_limit_are_let_go(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "MOST_WAITING", 3)
    book = Book()
    await run_for(app, book, tmp_path, [a_hit(n) for n in range(5)])
    assert book.all == [0, 1, 2]


async def test_hits_are_written_while_it_runs(app: App, tmp_path: Path) -> None:
    book = Book()
    waiting = Backlog(app.db, book, tmp_path)
    stop = asyncio.Event()
    heard = app.wake.subscribe("test")
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(waiting.run(stop))
        waiting.add(a_hit(1))
        await heard.wait(20)
        assert book.all == [1]
        stop.set()


async def test_a_broken_batch_does_not_stop_the_rest(app: App, tmp_path: Path) -> None:
    seen: list[int] = []

    def record(tx: Tx, hits: Sequence[RawHit]) -> None:
        if not seen:
            seen.append(0)
            raise ValueError("bad")
        seen.extend(hit.message_key for hit in hits)

    waiting = Backlog(app.db, record, tmp_path)
    for number in range(501):
        waiting.add(a_hit(number))
    stop = asyncio.Event()
    stop.set()
    await waiting.run(stop)
    assert seen == [0, 500]


async def test_a_process_that_dies_loses_nothing(app: App, tmp_path: Path) -> None:
    dying = Backlog(app.db, Book(), tmp_path)
    for number in range(501):
        dying.add(a_hit(number))
    assert len(files(tmp_path)) == 2
    book = Book()
    await run_for(app, book, tmp_path, [a_hit(501)])
    assert book.all == list(range(502))
    assert files(tmp_path) == []


async def test_a_hit_that_was_cut_off_is_left_out(app: App, tmp_path: Path) -> None:
    other = Backlog(app.db, Book(), tmp_path)
    other.add(a_hit(1))
    (file,) = files(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:-1])
    book = Book()
    await run_for(app, book, tmp_path, [])
    assert book.all == [1]


async def test_files_of_a_living_process_are_its_own(app: App, tmp_path: Path) -> None:
    other = Backlog(app.db, Book(), tmp_path)
    other.add(a_hit(1))
    (file,) = files(tmp_path)
    kept = file.rename(tmp_path / "hits-1-00000001.spool")  # process 1 always lives
    book = Book()
    await run_for(app, book, tmp_path, [])
    assert book.all == []
    assert files(tmp_path) == [kept]


async def test_a_disk_that_takes_nothing_costs_no_hit(app: App, tmp_path: Path) -> None:
    book = Book()
    await run_for(app, book, tmp_path / "missing", [a_hit(1)])
    assert book.all == [1]
