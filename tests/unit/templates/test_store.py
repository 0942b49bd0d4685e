"""Lists of templates for people: what is there, and what was deleted last."""

from datetime import timedelta

from pillarbox.templates import change, store
from pillarbox.templates.check import read
from pillarbox.templates.model import TemplateDraft


def put(tx, server, name: str) -> int:
    draft = TemplateDraft(name=name, subject=f"About {name}", text="t")
    return change.create(tx, server.id, draft, read(draft), limit=100).id


def test_lists_tell_subjects_and_when_something_was_written(app, server, clock):
    began = clock.now()
    with app.db.transaction() as tx:
        beta, alpha = put(tx, server, "beta"), put(tx, server, "Alpha")
    clock.advance(timedelta(hours=1))
    with app.db.transaction() as tx:
        draft = TemplateDraft(text="new")
        change.edit(tx, server.id, beta, draft, read(draft))
        found = store.list_for_people(tx, server.id)
    assert [(one.id, one.subject, one.changed_at - began) for one in found] == [
        (alpha, "About Alpha", timedelta()),
        (beta, "About beta", timedelta(hours=1)),
    ]


def test_what_was_deleted_last_comes_first(app, server, clock):
    with app.db.transaction() as tx:
        first, second, third = (put(tx, server, name) for name in "abc")
    for one in (second, first):
        clock.advance(timedelta(minutes=1))
        with app.db.transaction() as tx:
            change.delete(tx, server.id, one)
    with app.db.transaction() as tx:
        assert [one.id for one in store.list_deleted(tx, server.id, count=9)] == [first, second]
        assert [one.id for one in store.list_deleted(tx, server.id, count=1)] == [first]
        assert [one.id for one in store.list_for_people(tx, server.id)] == [third]
