"""Logging in. The only page that is for those who are not logged in."""

import math

from starlette.responses import Response

from pillarbox.users.login import Attempt, Denied
from pillarbox.web import cookies, forms
from pillarbox.web.area import Area
from pillarbox.web.return_to import LOGIN, safe
from pillarbox.web.visit import Visit

area = Area("login", is_public=True)

_LONGEST_URL = 2000
_WRONG = "This email address and password do not belong together."


@area.show(LOGIN)
async def show_login(visit: Visit) -> Response:
    """The form; whoever needs none goes on."""
    return_to = safe(visit.query("return_to", most=_LONGEST_URL))
    if visit.who.actor is not None:
        return visit.go(return_to)
    return _form(visit, return_to)


@area.act(LOGIN)
async def log_in(visit: Visit) -> Response:
    """Begin a session, and go back to the page that was wanted."""
    form = visit.form
    email, return_to = form.line("email"), safe(form.text("return_to"))
    if visit.who.is_open:
        return visit.go(return_to)
    attempt = Attempt(
        email=email,
        password=form.text("password"),
        ip=visit.who.ip,
        agent=visit.request.headers.get("user-agent", ""),
    )
    try:
        token = await visit.site.logins.log_in(attempt)
    except Denied as denied:
        answer = _form(visit, return_to, email=email, problem=told(denied), wait_s=denied.wait_s)
        if denied.wait_s:
            answer.headers["Retry-After"] = str(math.ceil(denied.wait_s))
        return answer
    answer = visit.go(return_to)
    cookies.set_session(answer, visit.request, visit.app.config, token)
    answer.delete_cookie(forms.COOKIE, path="/")  # what was known before is worth nothing now
    return answer


def told(denied: Denied, wrong: str = _WRONG) -> str:
    """Why somebody was not let in, in words."""
    if not denied.wait_s:
        return wrong
    seconds = math.ceil(denied.wait_s)
    when = "in a second" if seconds == 1 else f"in {seconds} seconds"
    return f"There were too many attempts. Try again {when}."


def _form(
    visit: Visit, return_to: str, *, email: str = "", problem: str = "", wait_s: float = 0
) -> Response:
    values = {"email": email[:320], "return_to": return_to, "problem_text": problem}
    status = 429 if wait_s else 422 if problem else 200
    answer = visit.page("people/login.html", values, status=status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
