"""Message streams. Source: spec overview 5.5, servers-and-streams 4."""

from pillarbox.errors import Problem
from pillarbox.wire.problems.row import row

ROWS = {
    Problem.STREAM_NOT_FOUND: row(1226, "The message stream for the provided 'ID' was not found."),
}
