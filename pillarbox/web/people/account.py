"""The own account: name, password, sessions, and leaving. Everybody may change these."""

from starlette.exceptions import HTTPException
from starlette.responses import Response

from pillarbox.storage.tx import Tx
from pillarbox.users import manage
from pillarbox.users.login import Denied
from pillarbox.users.model import Role, Session, User, UserProblem, checked_password
from pillarbox.users.store import sessions
from pillarbox.web import cookies, forms
from pillarbox.web.area import Area
from pillarbox.web.people.login import told
from pillarbox.web.return_to import LOGIN, LOGOUT
from pillarbox.web.visit import Visit

area = Area("account")

ACCOUNT = "/ui/account"


@area.show(ACCOUNT)
async def show_account(visit: Visit) -> Response:
    """Name, password and sessions."""
    return await _page(visit)


@area.act(f"{ACCOUNT}/name", needs=Role.SUPPORT)
async def save_name(visit: Visit) -> Response:
    """Change how others see this user."""
    user, name = _user(visit), visit.form.text("name")
    try:
        await visit.write(lambda tx: manage.rename(tx, user.id, name), did="Changed their own name")
    except UserProblem as problem:
        return await _page(visit, name_problem=str(problem))
    return visit.go(ACCOUNT, "Saved.")


@area.act(f"{ACCOUNT}/password", needs=Role.SUPPORT)
async def save_password(visit: Visit) -> Response:
    """Change the password. All sessions end; this browser gets a new one."""
    user, form = _user(visit), visit.form
    try:
        password = _new_password(form)
        if not await visit.site.logins.knows(user, form.text("current"), ip=visit.who.ip):
            raise UserProblem("The current password is another one.")
    except Denied as denied:
        return await _page(visit, password_problem=told(denied))
    except UserProblem as problem:
        return await _page(visit, password_problem=str(problem))
    hashed = await visit.site.hashing.hash(password)
    agent = visit.request.headers.get("user-agent", "")

    def change(tx: Tx) -> str:
        manage.set_password(tx, user.id, hashed)
        return sessions.open_new(tx, user.id, ip=visit.who.ip, agent=agent)

    token = await visit.write(change, did="Changed their own password")
    answer = visit.go(ACCOUNT, "The password is changed. You are logged out everywhere else.")
    cookies.set_session(answer, visit.request, visit.app.config, token)
    return answer


@area.act(f"{ACCOUNT}/sessions/end", needs=Role.SUPPORT)
async def end_others(visit: Visit) -> Response:
    """Log out everywhere but here."""
    user, session = _user(visit), _session(visit)
    await visit.write(
        lambda tx: sessions.end_all(tx, user.id, but=session.token_hash),
        did="Logged out everywhere else",
    )
    return visit.go(ACCOUNT, "You are logged out everywhere else.")


@area.act(LOGOUT, needs=Role.SUPPORT)
async def log_out(visit: Visit) -> Response:
    """End this session."""
    if visit.who.session is None:
        return visit.go("/")
    session = _session(visit)
    await visit.write(lambda tx: sessions.end(tx, session.token_hash), did="Logged out")
    answer = visit.go(LOGIN, "You are logged out.")
    cookies.drop_session(answer, visit.request, visit.app.config)
    answer.delete_cookie(forms.COOKIE, path="/")
    return answer


def _new_password(form: forms.Form) -> str:
    password = checked_password(form.text("password"))
    if form.text("again") != password:
        raise UserProblem("The new password was typed in two ways.")
    return password


async def _page(visit: Visit, *, name_problem: str = "", password_problem: str = "") -> Response:
    user = _user(visit)
    values = {
        "name": visit.form.text("name") if name_problem else user.name,
        "name_problem": name_problem,
        "password_problem": password_problem,
        "sessions": await visit.read(lambda tx: sessions.list_of_user(tx, user.id)),
        "this": _session(visit).token_hash,
    }
    is_refused = bool(name_problem or password_problem)
    return visit.page("people/account.html", values, status=422 if is_refused else 200)


def _user(visit: Visit) -> User:
    """Who asks. 404 where there are no users."""
    if visit.who.user is None:
        raise HTTPException(404, "gone")
    return visit.who.user


def _session(visit: Visit) -> Session:
    assert visit.who.session is not None
    return visit.who.session
