"""Servers. Source: spec overview 5.5, servers-and-streams 1 to 3."""

from pillarbox.errors import Problem
from pillarbox.wire.problems.row import Row, row

ROWS = {
    Problem.SERVERS_BAD_PAGE: row(
        600, "You must provide 'count' (1 to 500) and 'offset' (0 or greater)."
    ),
    Problem.SERVER_NOT_FOUND: Row(601, 404, "Server does not exist.", "554 5.6.0"),
    Problem.INBOUND_DOMAIN_TAKEN: row(602, "This inbound domain is already in use."),
    Problem.SERVER_NAME_TAKEN: row(603, "This server name already exists."),
    Problem.SERVER_REMOVAL_FORBIDDEN: row(
        604, "You do not have permission to delete servers using the API."
    ),
    Problem.HOOK_URL_INVALID: row(606, "Invalid webhook URL: '{field}'."),
    Problem.SERVER_COLOR_INVALID: row(607, "Invalid server color."),
    Problem.SERVER_NAME_INVALID: row(608, "Invalid server name."),
    Problem.NO_SERVER_DATA: row(609, "No server data received."),
    Problem.NO_INBOUND_MX: row(610, "No MX record found for this inbound domain."),
    Problem.SPAM_THRESHOLD_INVALID: row(
        611, "Invalid 'InboundSpamThreshold'. Use a number between 0 and 30."
    ),
    Problem.TRACK_LINKS_INVALID: row(
        612, "Invalid 'TrackLinks' value. Use None, HtmlAndText, HtmlOnly or TextOnly."
    ),
    Problem.DELIVERY_TYPE_INVALID: row(613, "Invalid 'DeliveryType' value. Use Live or Sandbox."),
    Problem.SERVER_LIMIT_REACHED: row(614, "Your account has reached its server limit."),
}
