"""Logging: one JSON line per fact on standard error, the event's words first, ids as fields.

Never pass bodies, tokens or full addresses above debug level.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from typing_extensions import override

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object: time, level, logger, event, then its extra fields."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        fact: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        fact.update((k, v) for k, v in vars(record).items() if k not in _PLAIN)
        if record.exc_info:
            fact["trace"] = self.formatException(record.exc_info)
        return json.dumps(fact, default=str, ensure_ascii=False)


def setup(level: str = "INFO") -> None:
    """Send the program's log to standard error as JSON lines."""
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[out], force=True)
    # The access line of every request is not a fact anybody acts on.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
