"""The newest calls to the API with a Server's tokens, as far as this process remembers them."""

from itertools import islice

from starlette.responses import Response

from pillarbox.web.area import Area
from pillarbox.web.render import wants_piece
from pillarbox.web.visit import Visit

area = Area("calls")

MOST = 200


@area.show("/ui/servers/{server}/calls")
async def list_calls(visit: Visit) -> Response:
    """The calls, newest first; all of them, or those that were refused or failed."""
    only_failed = visit.query("show") == "failed"
    server = visit.server
    found = (
        call
        for call in reversed(visit.app.meters.calls)
        if call.server_id == server.id and (call.status >= 400 or not only_failed)
    )
    here = f"/ui/servers/{server.id}/calls"
    values = {
        "calls": list(islice(found, MOST)),
        "only_failed": only_failed,
        "here": here,
        "url_here": f"{here}?show=failed" if only_failed else here,
        "hostname": visit.app.config.hostname,
    }
    is_piece = wants_piece(visit.request) == "calls"
    answer = visit.page(f"operator/calls{'_live' if is_piece else ''}.html", values)
    answer.headers["Vary"] = "HX-Request"
    return answer
