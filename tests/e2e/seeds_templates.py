"""Templates and layouts for the screens: usual ones, hostile ones, one that went wrong, one that is gone."""

from typing import TYPE_CHECKING

from pillarbox.ids import ServerId
from pillarbox.servers import manage
from pillarbox.servers.model import NewServer, Settings
from pillarbox.servers.store import servers
from pillarbox.storage.tx import Tx
from pillarbox.templates import change, store
from pillarbox.templates.check import read
from pillarbox.templates.model import TemplateDraft, TemplateType, Values
from pillarbox.web.editor.starters import LAYOUT, NAMES, starter
from tests.conftest import Running
from tests.e2e import mailroom
from tests.e2e.seeds import HOSTILE, LONG, RIGHT_TO_LEFT

if TYPE_CHECKING:
    from tests.e2e.screens import Facts


async def templates(running: Running, facts: "Facts") -> None:
    """Fill the first Server; the second one has none, and a third one has what a push would change."""
    app = running.app
    server = await mailroom.first_server(app)
    others = await app.db.read(servers.list_servers)
    other = next(one for one in others if one.id != server.id)
    new = NewServer(name="Shop, production")
    target = await app.db.write(lambda tx: manage.create(tx, new, Settings(), limit=None))
    facts.ids |= {"other_server": str(other.id), "production": str(target.id)}

    def put(tx: Tx, draft: TemplateDraft, server_id: ServerId = server.id) -> int:
        return change.create(tx, server_id, draft, read(draft), limit=100).id

    def fill(tx: Tx) -> dict[str, int]:
        made = {"layout": put(tx, _draft(LAYOUT, type="Layout"))}
        for name in NAMES:
            made["template"] = put(tx, _draft(name, layout=LAYOUT))
        made["hostile_template"] = put(
            tx,
            TemplateDraft(
                name=HOSTILE,
                subject=HOSTILE + RIGHT_TO_LEFT,
                html=f"<p>Hello</p><!-- </textarea></pre>{HOSTILE} -->",
                text=f"</textarea></pre>{HOSTILE}\n{RIGHT_TO_LEFT}\n{LONG}{{{{ {'x' * 60} }}}}",
            ),
        )
        put(tx, _draft(LAYOUT, type="Layout"), target.id)
        older = TemplateDraft(
            name="Welcome",
            alias="welcome",
            subject="Welcome!",
            layout=LAYOUT,
            html=(starter("welcome").html or "").replace("Welcome", f"Hello{HOSTILE}"),
        )
        put(tx, older, target.id)
        gone = put(tx, TemplateDraft(name=LONG[:255], alias="x" * 255, subject="s", text="t"))
        change.delete(tx, server.id, gone)
        put(tx, TemplateDraft(name=LONG[:255], alias="x" * 255, subject=LONG, text="t"))
        # What an older version let through can still be opened, and says what is wrong.
        values = Values(
            name="Written by hand",
            subject="Order {{ #number }}",
            html="<p>Hello {{ name }},</p>\n<p>{{#each lines}}{{ title }}</p>\n<p>{{ total-sum }}</p>\n",
            text="Hello {{ name }}",
            alias=None,
            layout_id=None,
        )
        wrong = store.insert_template(tx, server.id, TemplateType.STANDARD, values)
        return made | {"deleted_template": gone, "wrong_template": wrong}

    made = await app.db.write(fill)
    facts.ids |= {name: str(template_id) for name, template_id in made.items()}


def _draft(name: str, **more: str) -> TemplateDraft:
    one = starter(name)
    return TemplateDraft(
        name=one.name,
        alias=one.alias,
        subject=one.subject or None,
        html=one.html,
        text=one.text,
        **more,
    )
