"""Sending messages. Source: spec sending 2 and 3, templates 7 and 8."""

from collections.abc import Sequence

from pillarbox.api.callers import SendingCall
from pillarbox.api.endpoint import MAX_BATCH_BODY, Group
from pillarbox.errors import Problem, Refused
from pillarbox.wire.email import (
    SendBatchWithTemplates,
    SendEmail,
    SendResult,
    SendWithTemplate,
    TemplateSendResult,
)
from pillarbox.wire.errors import Failure, failure

MAX_BATCH = 500

group = Group("Email", docs="spec sending 2 and 3, templates 7 and 8")


@group.post("/email")
async def send_email(call: SendingCall, body: SendEmail) -> SendResult:
    """Send one message.

    Refuses what outbound.submit refuses.
    """
    (result,) = await _send(call, [body])
    if isinstance(result, Refused):
        raise result
    return result


@group.post("/email/batch", limit=MAX_BATCH_BODY)
async def send_batch(call: SendingCall, body: list[SendEmail]) -> list[SendResult | Failure]:
    """Send up to 500 messages; each is accepted or refused by itself.

    Refuses TOO_MANY_IN_BATCH.
    """
    return [
        failure(result) if isinstance(result, Refused) else result
        for result in await _send(call, body)
    ]


@group.post("/email/withTemplate")
async def send_with_template(call: SendingCall, body: SendWithTemplate) -> TemplateSendResult:
    """Send one message with the texts of a template.

    Refuses what outbound.submit refuses. A template that does not fit the model is no refusal but a bounce.
    """
    (result,) = await _send(call, [body])
    if isinstance(result, Refused):
        raise result
    return TemplateSendResult.of(result)


@group.post("/email/batchWithTemplates", limit=MAX_BATCH_BODY)
async def send_batch_with_templates(
    call: SendingCall, body: SendBatchWithTemplates
) -> list[TemplateSendResult | Failure]:
    """Send up to 500 messages with templates; each is accepted or refused by itself.

    Refuses WRONG_FIELDS, TOO_MANY_IN_BATCH.
    """
    return [
        failure(result) if isinstance(result, Refused) else TemplateSendResult.of(result)
        for result in await _send(call, body.messages())
    ]


async def _send(call: SendingCall, emails: Sequence[SendEmail]) -> list[SendResult | Refused]:
    """Take messages in; the answers in order. Refuses TOO_MANY_IN_BATCH."""
    if len(emails) > MAX_BATCH:
        raise Refused(Problem.TOO_MANY_IN_BATCH)
    if not emails:
        return []
    answers = await call.submission.submit(call.server, [email.to_draft() for email in emails])
    is_test = call.server is None
    return [
        answer if isinstance(answer, Refused) else SendResult.of(answer, email, is_test=is_test)
        for answer, email in zip(answers, emails, strict=True)
    ]
