"""A Django project that receives webhooks with the views of django-anymail.

It prints its port, then a line of JSON for each signal that anymail sends, until its input ends.
"""

import json
import sys
import threading
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings

SECRET = "anymail:a-secret"

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ANYMAIL={"WEBHOOK_SECRET": SECRET},
    DEFAULT_CHARSET="utf-8",
    INSTALLED_APPS=["anymail"],
    ROOT_URLCONF="anymail.urls",
    SECRET_KEY="not secret",
    USE_TZ=True,
)
django.setup()

from anymail.signals import inbound, tracking  # noqa: E402 - Django must know its settings first
from django.core.wsgi import get_wsgi_application  # noqa: E402

FACTS = (
    "event_type",
    "reject_reason",
    "recipient",
    "message_id",
    "event_id",
    "tags",
    "metadata",
    "description",
    "mta_response",
    "user_agent",
    "click_url",
)


def say(value: Any) -> None:
    """One line for whoever started this."""
    print(json.dumps(value, default=str), flush=True)


def facts(part: Any) -> list[str]:
    """Name, type and content of an attachment."""
    content = part.get_content_bytes().decode()
    return [part.get_filename(), part.get_content_type(), content]


def tracked(event: Any, **_: Any) -> None:
    """Anymail has read a tracking webhook."""
    told = {name: getattr(event, name) for name in FACTS}
    say(told | {"timestamp": event.timestamp and event.timestamp.isoformat()})


def came_in(event: Any, **_: Any) -> None:
    """Anymail has read an inbound webhook."""
    message = event.message
    say(
        {
            "event_type": event.event_type,
            "event_id": event.event_id,
            "from": str(message.from_email),
            "to": [str(one) for one in message.to],
            "subject": message.subject,
            "date": message.date and message.date.isoformat(),
            "text": message.text,
            "html": message.html,
            "envelope_sender": message.envelope_sender,
            "envelope_recipient": message.envelope_recipient,
            "attachments": [facts(one) for one in message.attachments],
            "inlines": [facts(one) for one in message.inlines],
        }
    )


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


def main() -> None:
    """Serve until the input ends."""
    tracking.connect(tracked)
    inbound.connect(came_in)
    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say(server.server_port)
    sys.stdin.read()
    server.shutdown()


main()
