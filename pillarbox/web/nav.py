"""The menu: every screen, in groups. Pure."""

from dataclasses import dataclass

from pillarbox.servers.model import Server


@dataclass(frozen=True, slots=True)
class Entry:
    """A screen of the menu; `{server}` in its path stands for the Server that is looked at."""

    section: str
    label: str
    icon: str
    path: str


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as one page shows it."""

    entry: Entry
    url: str
    is_here: bool


GROUPS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "Messages",
        (
            Entry("activity", "Activity", "list", "/"),
            Entry("inbound", "Inbound", "inbox", "/ui/servers/{server}/inbound"),
        ),
    ),
    (
        "Sending",
        (
            Entry("templates", "Templates", "file", "/ui/servers/{server}/templates"),
            Entry("streams", "Streams", "send", "/ui/servers/{server}/streams"),
            Entry("webhooks", "Webhooks", "hook", "/ui/servers/{server}/webhooks"),
            Entry("calls", "API calls", "code", "/ui/servers/{server}/calls"),
            Entry("settings", "Server settings", "gear", "/ui/servers/{server}/settings"),
        ),
    ),
    (
        "Quality",
        (
            Entry("statistics", "Statistics", "chart", "/ui/servers/{server}/statistics"),
            Entry("bounces", "Bounces", "cross", "/ui/servers/{server}/bounces"),
            Entry("suppressions", "Suppressions", "ban", "/ui/servers/{server}/suppressions"),
        ),
    ),
    (
        "Account",
        (
            Entry("servers", "Servers", "servers", "/ui/servers"),
            Entry("domains", "Domains", "globe", "/ui/domains"),
            Entry("signatures", "Sender signatures", "pen", "/ui/signatures"),
            Entry("tokens", "Account tokens", "key", "/ui/tokens"),
        ),
    ),
    (
        "Operator",
        (
            Entry("queue", "Queue", "clock", "/ui/queue"),
            Entry("health", "Health", "pulse", "/ui/health"),
            Entry("golive", "Go-live check", "check", "/ui/go-live"),
            Entry("team", "Team", "people", "/ui/team"),
            Entry("audit", "Audit log", "book", "/ui/audit"),
        ),
    ),
)


def menu(section: str, here: Server | None) -> list[tuple[str, list[Item]]]:
    """The groups for a page of a section; without any Server, what needs one is left out."""
    return [
        (label, items)
        for label, entries in GROUPS
        if (items := [_item(entry, section, here) for entry in entries if _can(entry, here)])
    ]


def same_section(section: str, server_id: int) -> str:
    """Where to go for the same screen of another Server."""
    entry = next(
        (e for _, entries in GROUPS for e in entries if e.section == section), GROUPS[0][1][0]
    )
    if "{server}" in entry.path:
        return entry.path.replace("{server}", str(server_id))
    return f"/ui/servers/{server_id}/streams"


def _can(entry: Entry, here: Server | None) -> bool:
    return here is not None or "{server}" not in entry.path


def _item(entry: Entry, section: str, here: Server | None) -> Item:
    url = entry.path.replace("{server}", str(here.id)) if here is not None else entry.path
    return Item(entry, url, entry.section == section)
