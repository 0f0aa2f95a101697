"""The person or program on whose behalf something is changed, and what it may change."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Literal, NamedTuple

from obsv.errors import Forbidden

Role = Literal["viewer", "editor", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "editor", "admin")


class Actor(NamedTuple):
    """A person or program.

    Args:
        name: its name.
        role: a viewer reads; an editor also silences alerts, decides about error groups, reports deployments, keeps
            traces and saves views; an admin also changes rules and limits.
        via: the way it came: `app`, `api`, `command` or `program`.
        sees_values: whether it is shown recorded values; masks otherwise.
    """

    name: str
    role: Role
    via: str
    sees_values: bool = True

    def may(self, role: Role) -> bool:
        """Return whether it has a role, or a higher one."""
        return ROLES.index(self.role) >= ROLES.index(role)


# None: a command, or a recording program; whoever can run it can write the file anyway.
ACTOR: ContextVar[Actor | None] = ContextVar("obsv_actor", default=None)


def actor() -> Actor:
    """Return on whose behalf the current code runs."""
    return ACTOR.get() or Actor(_login(), "admin", "command")


def sees_values() -> bool:
    """Return whether recorded values may be shown to whom the current code runs for."""
    found = ACTOR.get()
    return found is None or found.sees_values


def require(role: Role) -> Actor:
    """Return the current actor.

    Raises:
        Forbidden: it does not have the role.
    """
    found = actor()
    if not found.may(role):
        raise Forbidden(
            f"{found.name} is {'an' if found.role != 'viewer' else 'a'} {found.role}, and this needs the role {role}: "
            "ask an admin to change the users file."
        )
    return found


def _login() -> str:
    import getpass  # here, since recorded programs import this module

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no such user, as in a container
        return "unknown"
