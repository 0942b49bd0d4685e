"""Sending messages. Source: spec sending 2 and 3."""

from pillarbox.api.callers import SendingCall
from pillarbox.api.endpoint import MAX_BATCH_BODY, Group
from pillarbox.errors import Problem, Refused
from pillarbox.wire.email import SendEmail, SendResult
from pillarbox.wire.errors import Failure, failure

MAX_BATCH = 500

group = Group("Email", docs="spec sending 2 and 3")


@group.post("/email")
async def send_email(call: SendingCall, body: SendEmail) -> SendResult:
    """Send one message.

    Refuses what outbound.submit refuses.
    """
    (answer,) = await call.submission.submit(call.server, [body.to_draft()])
    if isinstance(answer, Refused):
        raise answer
    return SendResult.of(answer, body, is_test=call.server is None)


@group.post("/email/batch", limit=MAX_BATCH_BODY)
async def send_batch(call: SendingCall, body: list[SendEmail]) -> list[SendResult | Failure]:
    """Send up to 500 messages; each is accepted or refused by itself.

    Refuses TOO_MANY_IN_BATCH.
    """
    if len(body) > MAX_BATCH:
        raise Refused(Problem.TOO_MANY_IN_BATCH)
    if not body:
        return []
    answers = await call.submission.submit(call.server, [email.to_draft() for email in body])
    is_test = call.server is None
    return [
        failure(answer)
        if isinstance(answer, Refused)
        else SendResult.of(answer, email, is_test=is_test)
        for answer, email in zip(answers, body, strict=True)
    ]
