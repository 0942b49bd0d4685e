"""The way in for every message: prepare each draft, then keep all of them with one commit.

draft -> find its template -> prepare (pure) -> may this sender send? -> accept (transaction) -> answer
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from pillarbox.app import App
from pillarbox.domains.directory import Domains
from pillarbox.domains.model import Standing
from pillarbox.errors import Problem, Refused
from pillarbox.ids import message_id
from pillarbox.mail.address import Address
from pillarbox.outbound.accept import accept
from pillarbox.outbound.check import check
from pillarbox.outbound.model import Accepted, Draft, Prepared
from pillarbox.outbound.prepare import Surroundings, fill_in, prepare
from pillarbox.servers.model import Server
from pillarbox.templates.directory import Templates
from pillarbox.templates.fill import NotQuick
from pillarbox.tracking.personal import own_hosts

Answer = Accepted | Refused

_SENDER_PROBLEMS = {
    Standing.UNKNOWN: Problem.SENDER_UNKNOWN,
    Standing.UNCONFIRMED: Problem.SENDER_UNCONFIRMED,
}


class Submission:
    """Takes messages in for all doors: HTTP and SMTP."""

    def __init__(self, app: App, domains: Domains) -> None:
        self._app = app
        self._domains = domains
        self.templates = Templates(app.db, monotonic=app.monotonic)

    async def submit(self, server: Server | None, drafts: Sequence[Draft]) -> list[Answer]:
        """Take drafts in; one answer each, in order. Without a Server they are only checked (the test token).

        Raises Unavailable when nothing could be kept.
        """
        if server is None:
            return [self._examine(draft) for draft in drafts]
        began = self._app.monotonic()
        await self._find_templates(server, drafts)
        surroundings = await self.surroundings()
        makers = [partial(prepare, server, draft, surroundings) for draft in drafts]
        if any(draft.template for draft in drafts):
            return await self._keep(await _attempt_filling(makers), began)
        return await self._keep(_attempt_all(makers), began)

    async def keep(self, makers: Sequence[Callable[[], Prepared]]) -> list[Answer]:
        """Prepare messages and keep those that are in order; one answer each, in order."""
        began = self._app.monotonic()
        return await self._keep(_attempt_all(makers), began)

    async def _keep(self, prepared: list[Prepared | Refused], began: float) -> list[Answer]:
        for index, message in enumerate(prepared):
            if isinstance(message, Prepared):
                refused = await self.refusal(message.sender, message.sender_text)
                prepared[index] = refused or message
        good = [message for message in prepared if isinstance(message, Prepared)]
        kept = iter(await self._app.db.write_each(accept, good) if good else ())
        self._app.meters.accepting.observe(self._app.monotonic() - began, len(good))
        self._app.meters.refused += len(prepared) - len(good)
        return [next(kept) if isinstance(message, Prepared) else message for message in prepared]

    async def surroundings(self) -> Surroundings:
        """This installation, now."""
        config = self._app.config
        return Surroundings(
            keys=self._app.keys,
            host=config.hostname,
            at=self._app.clock.now(),
            replies=await self._domains.reply_addresses(),
            own_hosts=own_hosts(config.public_url),
        )

    async def _find_templates(self, server: Server, drafts: Sequence[Draft]) -> None:
        """Give drafts that name a template what they are to be filled from; those that name none stay without."""
        named = [(draft, wish) for draft in drafts if (wish := draft.template) and not wish.source]
        wanted = {wish.wanted for _, wish in named if wish.wanted is not None}
        if wanted:
            found = await self.templates.find(server.id, wanted)
            for draft, wish in named:
                if wish.wanted in found:
                    draft.template = replace(wish, source=found[wish.wanted])

    def _examine(self, draft: Draft) -> Answer:
        try:
            check(fill_in(draft)[0])
        except Refused as refused:
            return refused
        return Accepted(message_id(self._app.keys.next()), self._app.clock.now())

    async def refusal(self, sender: Address, text: str) -> Refused | None:
        """SENDER_UNKNOWN or SENDER_UNCONFIRMED for an address that may not send; `text` is it as given."""
        if self._app.config.sender_policy == "open":
            return None
        problem = _SENDER_PROBLEMS.get(await self._domains.standing(sender.key, sender.domain))
        return None if problem is None else Refused(problem, sender=text)


async def _attempt_filling(
    makers: Sequence[Callable[..., Prepared]],
) -> list[Prepared | Refused]:
    """The same with templates. Filling may take long, and most of it lets others run meanwhile: in a thread.

    One small message is done before a thread would have begun.
    """
    if len(makers) == 1:
        try:
            return [_attempt(partial(makers[0], is_hasty=True))]
        except NotQuick:
            pass
    return await asyncio.to_thread(_attempt_all, makers)


def _attempt_all(makers: Sequence[Callable[[], Prepared]]) -> list[Prepared | Refused]:
    return [_attempt(make) for make in makers]


def _attempt(make: Callable[[], Prepared]) -> Prepared | Refused:
    try:
        return make()
    except Refused as refused:
        return refused
