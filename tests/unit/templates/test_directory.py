"""The copy in the process: parsed once, dropped by changes and by time."""

from pillarbox.templates import change
from pillarbox.templates.check import read
from pillarbox.templates.directory import KEEP_S, Templates
from pillarbox.templates.fill import fill
from pillarbox.templates.model import TemplateDraft


class Seconds:
    """A monotonic clock that is set."""

    def __init__(self) -> None:
        self.at = 1.0

    def __call__(self) -> float:
        return self.at


async def create(app, server, **changes):
    values = {"name": "n", "subject": "s", "text": "{{a}}"}
    draft = TemplateDraft(**values | changes)
    return await app.db.write(
        lambda tx: change.create(tx, server.id, draft, read(draft), limit=100)
    )


async def test_it_is_parsed_once_and_again_after_a_change(app, server):
    templates = Templates(app.db, monotonic=Seconds())
    made = await create(app, server, alias="Welcome")
    first = await templates.find(server.id, [made.id, "welcome", "nowhere", 1])
    assert set(first) == {made.id, "welcome"}
    second = await templates.find(server.id, [made.id, "welcome"])
    assert all(second[name] is first[name] for name in second)
    draft = TemplateDraft(text="new")
    await app.db.write(lambda tx: change.edit(tx, server.id, made.id, draft, read(draft)))
    third = await templates.find(server.id, [made.id])
    assert fill(third[made.id], {}).text == "new"


async def test_it_is_read_again_after_a_while(app, server):
    seconds = Seconds()
    templates = Templates(app.db, monotonic=seconds)
    made = await create(app, server)
    first = await templates.find(server.id, [made.id])
    seconds.at += KEEP_S - 1
    assert (await templates.find(server.id, [made.id]))[made.id] is first[made.id]
    seconds.at += 2
    assert (await templates.find(server.id, [made.id]))[made.id] is not first[made.id]


async def test_layouts_and_deleted_templates_cannot_be_sent(app, server):
    templates = Templates(app.db, monotonic=Seconds())
    layout = await create(app, server, type="Layout", subject=None, text="{{{@content}}}")
    made = await create(app, server)
    await app.db.write(lambda tx: change.delete(tx, server.id, made.id))
    assert await templates.find(server.id, [layout.id, made.id, layout.alias or ""]) == {}


async def test_many_at_once(app, server):
    templates = Templates(app.db, monotonic=Seconds())
    names = [f"t{number}" for number in range(40)]
    ids = [(await create(app, server, alias=name)).id for name in names]
    found = await templates.find(server.id, [*ids, *names, *(name.upper() for name in names)])
    assert len(found) == 120
