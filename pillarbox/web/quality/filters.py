"""What an address asks a list for, under the names of the API's own queries; and links that ask for a bit else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from pillarbox.errors import Refused
from pillarbox.servers.model import Server, Stream, StreamType
from pillarbox.web.visit import Visit, words
from pillarbox.wire.query import Query, QueryString

T = TypeVar("T", bound=Query)


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a page as they were written."""

    path: str
    texts: Mapping[str, str]

    @classmethod
    def of(cls, visit: Visit, path: str, names: Iterable[str]) -> "Filters":
        """Those of these names that the address of a page has."""
        return cls(path, {name: visit.query(name, most=320) for name in names})

    def __getitem__(self, name: str) -> str:
        return self.texts[name]

    @property
    def is_any(self) -> bool:
        """Whether anything is asked for."""
        return any(self.texts.values())

    def url(self, **changes: object) -> str:
        """The address of the same list with some filters changed; "" takes one away."""
        return link(self.path, {**self.texts, **changes})


def link(path: str, wanted: Mapping[str, object]) -> str:
    """An address with a query string of what is not empty."""
    query = urlencode({name: value for name, value in wanted.items() if value})
    return f"{path}?{query}" if query else path


def read(visit: Visit, query: QueryString[T]) -> tuple[T | None, str]:
    """The address read as the API reads it, or why it cannot be: that in its words."""
    try:
        return query.read(visit.request.scope["query_string"]), ""
    except Refused as refused:
        return None, words(refused)


def sending_streams(server: Server) -> list[Stream]:
    """The streams that mail goes out in, the default one first."""
    found = [one for one in server.streams.values() if one.type is not StreamType.INBOUND]
    return sorted(found, key=lambda one: (one.slug != "outbound", one.name.lower()))
