"""Keeping suppressions that were read, with reason, origin and time as they were; nobody is told of them."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pillarbox.importing.model import Action, Outcome
from pillarbox.outbound.suppress import take_over
from pillarbox.servers.model import Stream
from pillarbox.storage.tx import Tx
from pillarbox.suppressions import store
from pillarbox.suppressions.model import Reason, Suppression
from pillarbox.wire.imported import FoundSuppression

AT_ONCE = 1000
"""A transaction keeps no more: others wait for the database meanwhile."""

Run = Callable[[Callable[[Tx], Any]], Any]


def keep_suppressions(
    run: Run, stream: Stream | None, slug: str, found: Sequence[FoundSuppression]
) -> list[Outcome]:
    """Keep the suppressions of a stream; how many were new, known and unusable."""
    if not found:
        return []
    if stream is None:
        return [_outcome(slug, Action.FAILED, len(found), "their stream is not in use here")]
    counts = dict.fromkeys((Action.CREATED, Action.SAME, Action.FAILED), 0)
    for start in range(0, len(found), AT_ONCE):
        some = found[start : start + AT_ONCE]
        usable, new = run(partial(_keep, stream, some))
        counts[Action.CREATED] += new
        counts[Action.SAME] += usable - new
        counts[Action.FAILED] += len(some) - usable
    notes = {Action.FAILED: "not an address"}
    return [
        _outcome(slug, action, count, notes.get(action, ""))
        for action, count in counts.items()
        if count
    ]


def _outcome(slug: str, action: Action, count: int, note: str) -> Outcome:
    return Outcome(part="suppressions", name=slug, action=action, count=count, note=note)


def _keep(stream: Stream, found: Sequence[FoundSuppression], tx: Tx) -> tuple[int, int]:
    """How many were usable, and how many new."""
    read = [one.to_suppression(stream.key, tx.now) for one in found]
    usable = [one for one in read if one is not None]
    known = store.find_all(tx, stream.key, [one.address for one in usable])
    new = [one for one in usable if _is_news(one, known.get(one.address))]
    take_over(tx, new)
    return len(usable), len(new)


def _is_news(one: Suppression, known: Suppression | None) -> bool:
    if known is None:
        return True
    return one.reason is Reason.SPAM_COMPLAINT and known.reason is not Reason.SPAM_COMPLAINT
