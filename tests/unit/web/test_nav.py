"""What the palette offers, to whom."""

from pillarbox.users.model import Role
from pillarbox.web.nav import places


def labels(role: Role) -> set[str]:
    return {one.label for one in places(None, role)}


def test_nobody_is_offered_what_the_role_may_not_see() -> None:
    assert "Data removals" in labels(Role.OWNER)
    assert "Data removals" not in labels(Role.DEVELOPER)
    assert "Add a domain" in labels(Role.DEVELOPER)
    assert "Add a domain" not in labels(Role.SUPPORT)


def test_without_a_server_nothing_of_one_is_offered() -> None:
    assert all("{server}" not in one.path for one in places(None, Role.OWNER))
    assert "API and SMTP tokens" not in labels(Role.OWNER)
