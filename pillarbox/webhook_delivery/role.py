"""The role `webhooks`: reads the event log, and calls those who want to hear of it.

events -> fan_out (transaction) -> calls -> Deliverer <- Handover <- inbound mail
"""

import asyncio
import logging
import ssl

from pillarbox.app import App
from pillarbox.errors import Unavailable
from pillarbox.events import store as events
from pillarbox.mail.egress import Egress
from pillarbox.outgoing.http import Client
from pillarbox.webhook_delivery.deliver import Deliverer
from pillarbox.webhook_delivery.event_desk import EventDesk
from pillarbox.webhook_delivery.fanout import Step, fan_out
from pillarbox.webhook_delivery.handover import Handover
from pillarbox.webhook_delivery.inbound_desk import InboundDesk
from pillarbox.webhook_delivery.schedule import INBOUND_MINUTES, INBOUND_TIMEOUT_S, Ladder
from pillarbox.wire.events import NO_MESSAGE

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
GATHER_S, GATHER_UNHEARD_S = 0.02, 0.2
"""How long events gather before the next look at the log; longer while nobody hears of any."""
HELD_UP_S = 0.01
PAUSE_AFTER_OUTAGE_S = 1.0


class Webhooks:
    """The role of one process. `secret` is that of the installation."""

    def __init__(self, app: App, secret: bytes) -> None:
        self._app = app
        self._event_desk = EventDesk(
            ladder=Ladder(app.config.webhooks_retry_minutes),
            timeout_s=app.config.webhooks_timeout_s,
            secret=secret,
        )
        self._inbound_desk = InboundDesk(
            ladder=Ladder(INBOUND_MINUTES), timeout_s=INBOUND_TIMEOUT_S, secret=secret
        )
        self._no_message = NO_MESSAGE if app.config.webhooks_zero_message_id else None
        self._news = app.wake.subscribe(events.TOPIC)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop."""
        config = self._app.config
        client = Client(
            dns_servers=config.dns_servers,
            egress=Egress(config.egress_allow),
            tls=None if config.webhooks_verify_tls else _trusting(),
            connections=(0, 0),  # the lanes count
        )
        async with client, asyncio.TaskGroup() as tasks:
            inbound = Deliverer(self._app, self._inbound_desk, client)
            Handover(self._app, self._inbound_desk, inbound)
            for deliverer in (Deliverer(self._app, self._event_desk, client), inbound):
                tasks.create_task(deliverer.run(stop))
            reading = tasks.create_task(self._read_log())
            await stop.wait()
            reading.cancel()

    async def _read_log(self) -> None:
        step = Step()
        while True:
            self._news.take()
            try:
                step = await self.read_on(step)
            except Unavailable:
                await asyncio.sleep(PAUSE_AFTER_OUTAGE_S)
                continue
            except Exception:
                log.exception("event log not read")
                await asyncio.sleep(LOOK_EVERY_S)
                continue
            if step.is_held_up:
                await asyncio.sleep(HELD_UP_S)
            elif step.horizon is None:
                await self._pause(step)

    async def read_on(self, step: Step) -> Step:
        """Take the next step over the log."""
        return await self._app.db.write(
            lambda tx: fan_out(tx, step.horizon, no_message=self._no_message)
        )

    async def _pause(self, step: Step) -> None:
        await self._news.wait(LOOK_EVERY_S)
        await asyncio.sleep(GATHER_S if step.made else GATHER_UNHEARD_S)


def _trusting() -> ssl.SSLContext:
    """TLS with whoever answers."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
