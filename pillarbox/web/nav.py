"""The menu: every screen, in groups. Pure."""

from dataclasses import dataclass, replace

from pillarbox.servers.model import Server
from pillarbox.users.model import Role


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


@dataclass(frozen=True, slots=True)
class Place:
    """A screen that the menu does not list, but the palette (Ctrl-K) finds; `needs` is who may see it."""

    group: str
    label: str
    icon: str
    path: str
    needs: Role = Role.DEVELOPER


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
PLACES: tuple[Place, ...] = (
    Place("Sending", "API and SMTP tokens", "key", "/ui/servers/{server}/tokens"),
    Place("Sending", "New template", "plus", "/ui/servers/{server}/templates/new"),
    Place("Sending", "New stream", "plus", "/ui/servers/{server}/new-stream"),
    Place("Sending", "New webhook", "plus", "/ui/servers/{server}/webhooks/new"),
    Place("Messages", "Inbound rules", "ban", "/ui/servers/{server}/inbound/rules", Role.SUPPORT),
    Place("Messages", "Inbound simulator", "play", "/ui/servers/{server}/inbound/simulator"),
    Place("Quality", "Import suppressions", "ban", "/ui/servers/{server}/suppressions/add"),
    Place(
        "Quality", "Unsubscribe page", "eye", "/ui/servers/{server}/unsubscribe-page", Role.SUPPORT
    ),
    Place("Quality", "Data removals", "trash", "/ui/removals", Role.OWNER),
    Place("Account", "New server", "plus", "/ui/servers/new"),
    Place("Account", "Add a domain", "plus", "/ui/domains/new"),
    Place("Account", "New sender signature", "plus", "/ui/signatures/new"),
    Place("Operator", "Add a user", "plus", "/ui/team/new", Role.OWNER),
)


def menu(section: str, here: Server | None) -> list[tuple[str, list[Item]]]:
    """The groups for a page of a section; without any Server, what needs one is left out."""
    return [
        (label, items)
        for label, entries in GROUPS
        if (items := [_item(entry, section, here) for entry in entries if _can(entry, here)])
    ]


def places(here: Server | None, role: Role) -> list[Place]:
    """What else the palette offers to somebody of this role."""
    server = str(here.id) if here is not None else ""
    return [
        replace(one, path=one.path.replace("{server}", server))
        for one in PLACES
        if role.includes(one.needs) and (server or "{server}" not in one.path)
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
