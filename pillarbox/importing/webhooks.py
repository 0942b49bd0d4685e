"""Keeping webhooks that were read. They are known by stream and URL; none is called, they worked before."""

from collections import defaultdict
from collections.abc import Sequence

from pillarbox.config import Config
from pillarbox.errors import Refused
from pillarbox.importing.model import Action, Choice, Outcome
from pillarbox.mail.egress import Egress
from pillarbox.servers.model import Server
from pillarbox.storage.tx import Tx
from pillarbox.webhooks import save
from pillarbox.webhooks.model import DEFAULT_STREAM, Edit, Webhook
from pillarbox.webhooks.save import Change, Verify
from pillarbox.webhooks.store import webhooks as store
from pillarbox.wire.errors import describe
from pillarbox.wire.imported import FoundWebhook

_NO_PASSWORD = "its password was not shown: set it here"  # noqa: S105 - a text


def keep_webhooks(
    config: Config, server: Server, found: Sequence[FoundWebhook], choice: Choice, tx: Tx
) -> list[Outcome]:
    """Keep webhooks; what became of each."""
    here: dict[tuple[str, str], list[Webhook]] = defaultdict(list)
    for old in reversed(store.list_of_server(tx, server.id)):
        here[old.stream, old.url].append(old)
    outcomes = []
    for one in found:
        slug, note, kept = (one.MessageStream or DEFAULT_STREAM).lower(), "", None
        try:
            edit = one.to_whole()
            verify = Verify.SKIP if (one.Status or "").lower() == "unverified" else Verify.TRUST
            change = Change(edit=edit, egress=Egress(config.egress_allow), verify=verify)
            alike = here[slug, one.Url or ""]
            if alike:
                kept = alike.pop().id
                action = _settle(tx, server, kept, change, choice)
            else:
                kept, action = save.create(tx, server, slug, change).id, Action.CREATED
                note = _NO_PASSWORD if _lacks_password(edit) else ""
        except Refused as refused:
            action, note = Action.FAILED, describe(refused)[2]
        name = f"{slug} {_shown(one.Url or '')}"
        outcomes.append(
            Outcome(part="webhook", name=name, action=action, note=note, id=kept, source_id=one.ID)
        )
    return outcomes


def _settle(tx: Tx, server: Server, webhook_id: int, change: Change, choice: Choice) -> Action:
    """Leave what is like the one that comes, else change it if that is wished. Refuses what `save.update` does."""
    before, after = save.edited(tx, server, webhook_id, change)
    if before == after:
        return Action.SAME
    if not choice.updates:
        return Action.DIFFERS
    save.update(tx, server, webhook_id, change)
    return Action.UPDATED


def _lacks_password(edit: Edit) -> bool:
    return edit.auth is not None and bool(edit.auth.username) and not edit.auth.password


def _shown(url: str) -> str:
    """A URL without what may be secret in it: name, password and query."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"
