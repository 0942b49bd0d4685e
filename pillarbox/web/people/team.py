"""The team: who may log in, and as what."""

from starlette.exceptions import HTTPException
from starlette.responses import Response

from pillarbox.users import manage, passwords
from pillarbox.users.model import Role, User, UserProblem, checked_password
from pillarbox.users.store import people, sessions
from pillarbox.web.area import Area
from pillarbox.web.forms import Form
from pillarbox.web.return_to import LOGIN
from pillarbox.web.visit import Visit

area = Area("team")

TEAM = "/ui/team"
ROLES = (
    (Role.OWNER, "Owner: everything, users too"),
    (Role.DEVELOPER, "Developer: everything but users"),
    (Role.SUPPORT, "Support: looks, changes nothing, sees no tokens"),
)
_LONGEST_ID = 9


@area.show(TEAM)
async def list_users(visit: Visit) -> Response:
    """Everybody, with role and when last seen."""
    found, counts = await visit.read(lambda tx: (people.list_all(tx), sessions.count_by_user(tx)))
    return visit.page("people/team.html", {"found": found, "counts": counts})


@area.show(f"{TEAM}/new", needs=Role.OWNER)
async def new_user(visit: Visit) -> Response:
    """The form for one more."""
    return _new(visit, Form({}))


@area.act(f"{TEAM}/new", needs=Role.OWNER)
async def add_user(visit: Visit) -> Response:
    """Create a user. A password that was made up here is shown this once."""
    form = visit.form
    email, role = form.line("email"), _role(form)
    try:
        password = _password(form)
        hashed = await visit.site.hashing.hash(password)
        made = await visit.write(
            lambda tx: manage.add(
                tx, email=email, name=form.text("name"), role=role, password_hash=hashed
            ),
            did=f"Added the user {email} ({role})",
        )
    except UserProblem as problem:
        return _new(visit, form, str(problem))
    if not form.text("password"):
        return _show_once(visit, made, password)
    if visit.who.is_open:
        return visit.go(LOGIN, "Log in with the password you have just set.")
    return visit.go(TEAM, f"{made.called} may log in now.")


@area.show(f"{TEAM}/{{user:int}}", needs=Role.OWNER)
async def show_user(visit: Visit) -> Response:
    """One user: role, password, removal."""
    return await _page(visit, await _find(visit))


@area.act(f"{TEAM}/{{user:int}}/role", needs=Role.OWNER)
async def save_role(visit: Visit) -> Response:
    """Change what a user may do."""
    user, role = await _find(visit), _role(visit.form)
    try:
        await visit.write(
            lambda tx: manage.set_role(tx, user.id, role),
            did=f"Changed the role of {user.email} from {user.role} to {role}",
        )
    except UserProblem as problem:
        return await _page(visit, user, str(problem))
    return visit.go(TEAM, f"{user.called} is {_a(role)} now.")


@area.act(f"{TEAM}/{{user:int}}/password", needs=Role.OWNER)
async def save_password(visit: Visit) -> Response:
    """Set a user's password, which logs the user out everywhere. One that was made up is shown this once."""
    user, form = await _find(visit), visit.form
    try:
        password = _password(form)
        hashed = await visit.site.hashing.hash(password)
        await visit.write(
            lambda tx: manage.set_password(tx, user.id, hashed),
            did=f"Set a new password for {user.email}",
        )
    except UserProblem as problem:
        return await _page(visit, user, str(problem))
    if not form.text("password"):
        return _show_once(visit, user, password)
    return visit.go(TEAM, f"{user.called} has a new password and is logged out everywhere.")


@area.act(f"{TEAM}/{{user:int}}/remove", needs=Role.OWNER)
async def remove_user(visit: Visit) -> Response:
    """Remove a user."""
    user = await _find(visit)
    try:
        await visit.write(
            lambda tx: manage.remove(tx, user.id), did=f"Removed the user {user.email}"
        )
    except UserProblem as problem:
        return await _page(visit, user, str(problem))
    return visit.go(TEAM, f"{user.called} is removed.")


async def _find(visit: Visit) -> User:
    text = visit.path("user")
    user_id = int(text) if len(text) <= _LONGEST_ID else 0
    user = await visit.read(lambda tx: people.find(tx, user_id))
    if user is None:
        raise HTTPException(404, "gone")
    return user


def _role(form: Form) -> Role:
    """The chosen role; the least one for what is none."""
    text = form.line("role")
    return Role(text) if text in set(Role) else Role.SUPPORT


def _password(form: Form) -> str:
    """The chosen password, or a new one when the field was left empty."""
    chosen = form.text("password")
    return checked_password(chosen) if chosen else passwords.generate()


def _a(role: Role) -> str:
    return f"an {role}" if role is Role.OWNER else f"a {role}"


def _new(visit: Visit, form: Form, problem: str = "") -> Response:
    roles = ROLES[:1] if visit.who.is_open else ROLES
    values = {"form": form, "problem_text": problem, "roles": roles}
    return visit.page("people/user_new.html", values, status=422 if problem else 200)


def _show_once(visit: Visit, user: User, password: str) -> Response:
    answer = visit.page("people/password.html", {"user": user, "password": password})
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def _page(visit: Visit, user: User, problem: str = "") -> Response:
    values = {"user": user, "roles": ROLES, "problem_text": problem}
    return visit.page("people/user.html", values, status=422 if problem else 200)
