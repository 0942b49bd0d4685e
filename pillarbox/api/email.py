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

CONTENT = (
    Problem.FROM_MISSING,
    Problem.FROM_INVALID,
    Problem.ADDRESS_INVALID,
    Problem.ADDRESS_WITHOUT_AT,
    Problem.ADDRESS_BAD_DOMAIN,
    Problem.ADDRESS_BAD_MAILBOX,
    Problem.NO_RECIPIENTS,
    Problem.TOO_MANY_RECIPIENTS,
    Problem.NO_BODY,
    Problem.FIELD_TOO_LONG,
    Problem.BODY_FIELD_TOO_LONG,
    Problem.BAD_TRACK_LINKS,
    Problem.BAD_METADATA,
    Problem.BAD_HEADER,
    Problem.HEADER_NOT_ALLOWED,
    Problem.BAD_ATTACHMENT,
    Problem.ATTACHMENTS_TOO_BIG,
    Problem.ATTACHMENT_TYPE_FORBIDDEN,
    Problem.SENDER_UNKNOWN,
    Problem.SENDER_UNCONFIRMED,
)
"""What every message can be refused for: spec sending 2.9, and its sender."""

group = Group("Email", docs="spec sending 2 and 3, templates 7 and 8")


@group.post("/email", refuses=CONTENT)
async def send_email(call: SendingCall, body: SendEmail) -> SendResult:
    """Send one message.

    Refuses SEND_STREAM_UNKNOWN, SEND_STREAM_INBOUND, ALL_RECIPIENTS_INACTIVE.
    """
    (result,) = await _send(call, [body])
    if isinstance(result, Refused):
        raise result
    return result


@group.post("/email/batch", limit=MAX_BATCH_BODY)
async def send_batch(call: SendingCall, body: list[SendEmail]) -> list[SendResult | Failure]:
    """Send up to 500 messages; each is accepted or refused by itself, as if it were sent alone.

    Refuses TOO_MANY_IN_BATCH.
    """
    return [
        failure(result) if isinstance(result, Refused) else result
        for result in await _send(call, body)
    ]


@group.post("/email/withTemplate", refuses=CONTENT)
async def send_with_template(call: SendingCall, body: SendWithTemplate) -> TemplateSendResult:
    """Send one message with the texts of a template. One that does not fit the model is no refusal but a bounce.

    Refuses SEND_STREAM_UNKNOWN, SEND_STREAM_INBOUND, CONTENT_WITH_TEMPLATE, TEMPLATE_NOT_FOUND,
    TEMPLATE_ALIAS_NOT_FOUND, FIELD_REQUIRED, TEMPLATE_FIELD_TOO_LONG, RESERVED_MODEL_KEY, ALL_RECIPIENTS_INACTIVE.
    """
    (result,) = await _send(call, [body])
    if isinstance(result, Refused):
        raise result
    return TemplateSendResult.of(result)


@group.post("/email/batchWithTemplates", limit=MAX_BATCH_BODY)
async def send_batch_with_templates(
    call: SendingCall, body: SendBatchWithTemplates
) -> list[TemplateSendResult | Failure]:
    """Send up to 500 messages with templates; each is accepted or refused by itself, as if it were sent alone.

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
