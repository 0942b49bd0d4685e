"""Which processes there are, and which of them live."""

from datetime import timedelta

from pillarbox.storage import nodes


async def test_a_node_is_seen_until_it_leaves_or_has_long_been_silent(app, clock) -> None:
    await app.db.write(
        lambda tx: nodes.announce(tx, app.node, roles=("api", "web"), version="1.2", workers=3)
    )
    (found,) = await app.db.read(nodes.seen)
    assert (found.id, found.roles, found.version, found.workers) == (
        app.node,
        ("api", "web"),
        "1.2",
        3,
    )
    clock.advance(timedelta(seconds=30))
    await app.db.write(lambda tx: nodes.beat(tx, app.node))
    (found,) = await app.db.read(nodes.seen)
    assert found.seen_at == clock.now()
    clock.advance(nodes.FORGOTTEN_AFTER)
    # Alone on SQLite, a process gives no sign of life.
    assert len(await app.db.read(nodes.seen)) == int(app.db.is_sqlite)
    await app.db.write(lambda tx: nodes.leave(tx, app.node))
    assert await app.db.read(nodes.seen) == []


async def test_who_is_alone_takes_the_place_of_all_before(app) -> None:
    node = await app.db.write(lambda tx: nodes.register_alone(tx, "later"))
    await app.db.write(lambda tx: nodes.announce(tx, node, roles=(), version="1", workers=1))
    (found,) = await app.db.read(nodes.seen)
    assert (found.id, found.hostname) == (node, "later")
