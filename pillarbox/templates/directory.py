"""Templates ready to be filled: parsed once and kept in this process, dropped when the topic `templates` wakes.

Each entry is also dropped after a few seconds, should a wake get lost.
"""

from collections.abc import Callable, Iterable

from pillarbox.ids import ServerId
from pillarbox.storage.db import Database
from pillarbox.storage.tx import Tx
from pillarbox.templates import store
from pillarbox.templates.fill import Source, of_templates
from pillarbox.templates.model import Reference, TemplateType

KEEP_S = 10.0
MAX_CHARACTERS = 32_000_000
"""The texts of all entries together; beyond that everything is forgotten."""

Key = tuple[ServerId, Reference]


class Templates:
    """Finds what sends name."""

    def __init__(self, db: Database, *, monotonic: Callable[[], float]) -> None:
        self._db = db
        self._monotonic = monotonic
        self._changes = db.wake.subscribe(store.TOPIC)
        self._known: dict[Key, tuple[float, Source]] = {}
        self._size = 0
        self._generation = 0

    async def find(
        self, server_id: ServerId, wanted: Iterable[Reference]
    ) -> dict[Reference, Source]:
        """What these name among the templates of a Server that can be sent; what names none is left out."""
        self._forget_old()
        now = self._monotonic()
        found: dict[Reference, Source] = {}
        missing: set[Reference] = set()
        for reference in set(wanted):
            until, source = self._known.get((server_id, reference), (0.0, None))
            if source is not None and until > now:
                found[reference] = source
            else:
                missing.add(reference)
        if missing:
            generation = self._generation
            read = await self._db.read(lambda tx: load(tx, server_id, missing))
            found |= read
            self._remember(server_id, read, generation)
        return found

    def _forget_old(self) -> None:
        if self._changes.is_set:
            self._changes.take()
            self._clear()

    def _clear(self) -> None:
        self._known.clear()
        self._size = 0
        self._generation += 1

    def _remember(
        self, server_id: ServerId, read: dict[Reference, Source], generation: int
    ) -> None:
        """Keep what was read, unless something changed meanwhile."""
        self._forget_old()
        if generation != self._generation:
            return
        size = sum(source.size for source in read.values())
        if self._size + size > MAX_CHARACTERS:
            self._clear()
        if size > MAX_CHARACTERS:
            return
        until = self._monotonic() + KEEP_S
        for reference, source in read.items():
            self._known[server_id, reference] = until, source
        self._size += size


def load(tx: Tx, server_id: ServerId, wanted: Iterable[Reference]) -> dict[Reference, Source]:
    """Active standard templates of a Server, parsed with their layouts."""
    templates = {
        reference: template
        for reference, template in store.find_many(tx, server_id, wanted).items()
        if template.is_active and template.type is TemplateType.STANDARD
    }
    layout_ids = {template.layout_id for template in templates.values() if template.layout_id}
    layouts = store.find_many(tx, server_id, layout_ids)
    return {
        reference: of_templates(template, layouts.get(template.layout_id or 0))
        for reference, template in templates.items()
    }
