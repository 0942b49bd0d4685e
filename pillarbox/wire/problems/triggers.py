"""Triggers. Source: spec triggers-suppressions-data-removal 1.5 and 2."""

from pillarbox.errors import Problem
from pillarbox.wire.problems.row import BAD_COUNT, BAD_FILTER, BAD_OFFSET, row

ROWS = {
    Problem.TRIGGERS_BAD_COUNT: row(800, BAD_COUNT),
    Problem.TRIGGERS_BAD_OFFSET: row(800, BAD_OFFSET),
    Problem.TRIGGERS_TOO_MANY: row(800, "You may only request up to 500 triggers per call."),
    Problem.TRIGGERS_BAD_FILTER: row(800, BAD_FILTER),
    Problem.TAG_TRIGGER_NOT_FOUND: row(800, "This trigger was not found."),
    Problem.NO_TRIGGER_DATA: row(809, "No trigger data received."),
    Problem.INBOUND_RULE_EXISTS: row(810, "This inbound rule already exists."),
    Problem.INBOUND_RULE_NOT_FOUND: row(812, "This inbound rule was not found."),
    Problem.INBOUND_RULE_INVALID: row(813, "Not a valid email address or domain."),
}
