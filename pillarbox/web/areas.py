"""All areas of the pages, in the order of the menu."""

from pillarbox.web.area import Area
from pillarbox.web.messages import activity, message
from pillarbox.web.sending import servers

AREAS: tuple[Area, ...] = (
    activity.area,
    message.area,
    servers.area,
    servers.of_server,
)
