"""When the role that calls hooks takes messages past the queue."""

import asyncio

from pillarbox.mail.egress import Egress
from pillarbox.outgoing.http import Client
from pillarbox.webhook_delivery import deliver
from pillarbox.webhook_delivery.deliver import Deliverer
from pillarbox.webhook_delivery.handover import Handover
from pillarbox.webhook_delivery.inbound_desk import InboundDesk
from pillarbox.webhook_delivery.schedule import Ladder

SERVER = 1001


async def test_a_message_is_taken_only_while_calls_are_made(app, monkeypatch) -> None:
    desk = InboundDesk(ladder=Ladder((1,)), timeout_s=1.0, secret=b"secret")
    stop = asyncio.Event()
    async with Client(dns_servers=(), egress=Egress(())) as client:
        deliverer = Deliverer(app, desk, client)
        handover = Handover(app, desk, deliverer)
        assert handover.lease(SERVER, 0) is None
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(deliverer.run(stop))
            await asyncio.sleep(0)
            assert handover.lease(SERVER, 0) != handover.lease(SERVER, 0)
            assert handover.lease(SERVER, 10_000) is None
            with monkeypatch.context() as patch:
                patch.setattr(deliver, "HANDED_BYTES", 0)
                assert handover.lease(SERVER, 0) is None
            stop.set()
        assert handover.lease(SERVER, 0) is None
