"""The unsubscribe page as a recipient sees it, in each language and state; looking at it changes nothing."""

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from pillarbox.servers.model import StreamType, Unsubscribe
from pillarbox.tracking.unsubscribe_page import STYLE_HASH, State, UnsubscribeLook
from pillarbox.tracking.unsubscribe_texts import LANGUAGES
from pillarbox.web.area import Area
from pillarbox.web.quality import filters
from pillarbox.web.quality.filters import Filters
from pillarbox.web.visit import Visit

area = Area("suppressions")

NAMES = ("messagestream", "language", "state")
SPOKEN = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "it": "Italiano",
    "pt": "Português",
    "nl": "Nederlands",
}
STATES = (
    (State.ASK, "The link was opened"),
    (State.DONE, "Unsubscribed"),
    (State.SUBSCRIBED, "Subscribed again"),
    (State.HELD_BACK, "Suppressed for another reason"),
    (State.UNKNOWN, "The link is not valid"),
    (State.LATER, "Out of order"),
)
_EXAMPLE = "ann@example.com"
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'self'; sandbox"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}
_look = UnsubscribeLook()


@area.show("/ui/servers/{server}/unsubscribe-page")
async def show_preview(visit: Visit) -> Response:
    """The page in a frame, with a choice of languages and states."""
    asked = Filters.of(visit, f"/ui/servers/{visit.server.id}/unsubscribe-page", NAMES)
    slug = asked["messagestream"]
    streams = filters.sending_streams(visit.server)
    stream = visit.server.stream(slug) if slug else next(iter(streams), None)
    if stream is None or stream.type is StreamType.INBOUND:
        raise HTTPException(404, "gone")
    language, state = _chosen(visit)
    values = {
        "asked": asked,
        "stream": stream,
        "streams": streams,
        "is_ours": stream.unsubscribe is Unsubscribe.POSTMARK,
        "languages": [(code, SPOKEN.get(code, code)) for code in LANGUAGES],
        "states": STATES,
        "language": language,
        "state": state,
    }
    return visit.page("quality/unsubscribe.html", values)


@area.show("/ui/servers/{server}/unsubscribe-page/shown")
async def show_page(visit: Visit) -> Response:
    """The page itself, for the frame; its button is dead."""
    language, state = _chosen(visit)
    headers = _HEADERS | {"Content-Language": language}
    return HTMLResponse(_look.render(language, state, _EXAMPLE), headers=headers)


def _chosen(visit: Visit) -> tuple[str, State]:
    language, state = visit.query("language"), visit.query("state")
    known = language if language in LANGUAGES else "en"
    return known, State(state) if state in set(State) else State.ASK
