"""The users of a server, from a file: their roles, the hashes of their tokens, the proxy that names them, and senders.

[[user]]
name = "ana"
role = "viewer"
values = true                 # shows recorded values, which are masked for a viewer otherwise
token_sha256 = "…"            # `obsv token ana --role viewer --values` makes these lines

[proxy]
header = "X-Forwarded-User"
from = ["127.0.0.1", "10.1.0.0/16"]
[proxy.roles]
"ben@example.org" = "admin"
"*" = "viewer"                # everyone else whom the proxy names; without it, they are refused
[proxy.values]
"*" = true                    # as `values` of a user

[[sender]] and [limits]: see `obsv.web.senders`.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from obsv.acting import ROLES, Role
from obsv.errors import ConfigurationError
from obsv.own_files import read_settings
from obsv.web.senders import UNLIMITED, Sender, SenderLimits, Senders, hash_of, hashes_in, limits_in

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

logger = logging.getLogger("obsv")

_MOST_CHARS = 200
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_NO_SENDERS = Senders()
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class User:
    """A user: name, role, the hash of the token, and whether recorded values are shown to the user."""

    name: str
    role: Role
    token_sha256: str = field(repr=False)
    sees_values: bool = True


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that authenticates users.

    Attributes:
        header: the header with a user's name.
        networks: addresses from which it is believed.
        roles: roles by name; `*` stands for all others.
        values: whether recorded values are shown, likewise.
    """

    header: str
    networks: tuple[Network, ...]
    roles: Mapping[str, Role]
    values: Mapping[str, bool] = field(default_factory=dict)

    def is_trusted(self, address: str) -> bool:
        """Return whether a request from this address may name its user."""
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
        return any((mapped or found) in network for network in self.networks)

    def role_of(self, name: str) -> Role | None:
        """Return the role of a user; None if the file names none."""
        return self.roles.get(name, self.roles.get("*"))

    def sees_values(self, name: str) -> bool:
        """Return whether recorded values are shown to a user; without a line about it, to all but viewers.

        The line of all others is none about admins: they write alert rules, which read values.
        """
        role = self.role_of(name)
        return role == "admin" or self.values.get(name, self.values.get("*", role != "viewer"))


@dataclass(frozen=True, slots=True)
class Users:
    """The content of a users file."""

    users: tuple[User, ...] = ()
    proxy: Proxy | None = None
    senders: Senders = _NO_SENDERS

    def by_token(self, token: str) -> User | None:
        """Return the user with a token, in a time that does not depend on which one matches."""
        given = hash_of(token)
        matching = [each for each in self.users if hmac.compare_digest(each.token_sha256, given)]
        return matching[0] if matching else None

    def by_name(self, name: str) -> User | None:
        """Return the user with a name."""
        return next((each for each in self.users if each.name == name), None)


def parse(text: str, path: str) -> Users:
    """Return the content of a users file given as text.

    Raises:
        ConfigurationError: the text is invalid; the message says where and never contains a hash.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}") from error
    _known(path, "the file", document, ("user", "proxy", "sender", "limits"))
    users = [_user(path, each) for each in _tables(path, document, "user")]
    senders = _senders(path, document)
    names = [[each.name for each in members] for members in (users, senders.members)]
    hashes = [each.token_sha256 for each in users] + [one for each in senders.members for one in each.hashes]
    if any(len(set(each)) < len(each) for each in names):
        raise ConfigurationError(f"{path}: two users or two senders have the same name.")
    if len(set(hashes)) < len(hashes):
        raise ConfigurationError(f"{path}: two users or senders have the same token_sha256.")
    proxy = document.get("proxy")
    return Users(tuple(users), None if proxy is None else _proxy(path, proxy), senders)


def _tables(path: str, document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = document.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ConfigurationError(f"{path}: {name}s are tables that begin with [[{name}]].")
    return found


def _senders(path: str, document: Mapping[str, Any]) -> Senders:
    table = document.get("limits", {})
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path}: limits must be a table that begins with [limits].")
    _known(path, "limits", table, SenderLimits._fields)
    usual = limits_in(path, "limits", table, UNLIMITED)
    members = []
    for each in _tables(path, document, "sender"):
        name = _text(path, "sender", each, "name")
        of = f"sender {name!r}"
        _known(path, of, each, ("name", "token_sha256", *SenderLimits._fields))
        hashes = hashes_in(path, of, each.get("token_sha256"))
        members.append(Sender(name, hashes, limits_in(path, of, each, usual)))
    return Senders(tuple(members), usual)


def _user(path: str, table: Mapping[str, Any]) -> User:
    name = _text(path, "user", table, "name")
    _known(path, f"user {name!r}", table, ("name", "role", "values", "token_sha256"))
    digest = table.get("token_sha256")
    if isinstance(digest, list):
        raise ConfigurationError(f"{path}: token_sha256 of user {name!r} must be one text; only senders may have two.")
    (digest,) = hashes_in(path, f"user {name!r}", digest)
    role = _role(path, f"user {name!r}", table.get("role"))
    values = table.get("values", role != "viewer")
    return User(name, role, digest, _values(path, f"user {name!r}", role, values))


def _proxy(path: str, table: Any) -> Proxy:
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path}: proxy must be a table that begins with [proxy].")
    _known(path, "proxy", table, ("header", "from", "roles", "values"))
    header = _text(path, "proxy", table, "header")
    if not _HEADER.fullmatch(header):
        raise ConfigurationError(f"{path}: header of proxy must be the name of a header such as X-Forwarded-User.")
    places, roles = table.get("from"), table.get("roles")
    if not isinstance(places, list) or not places:
        raise ConfigurationError(f'{path}: from of proxy must list the addresses of the proxy, such as ["10.0.0.5"].')
    if not isinstance(roles, dict) or not roles:
        raise ConfigurationError(f'{path}: proxy needs a table [proxy.roles], such as "*" = "viewer".')
    named = {str(name): _role(path, f"{name!r} in proxy.roles", role) for name, role in roles.items()}
    return Proxy(header, _networks(path, places), named, _proxy_values(path, table.get("values", {}), named))


def _proxy_values(path: str, found: Any, roles: Mapping[str, Role]) -> dict[str, bool]:
    if not isinstance(found, dict):
        raise ConfigurationError(f'{path}: values of proxy must be a table [proxy.values], such as "*" = true.')
    return {
        str(name): _values(path, f"{name!r} in proxy.values", roles.get(name, roles.get("*", "viewer")), each)
        for name, each in found.items()
    }


def _values(path: str, of: str, role: Role, found: Any) -> bool:
    if not isinstance(found, bool):
        raise ConfigurationError(f"{path}: values of {of} must be true or false.")
    if role == "admin" and not found:
        raise ConfigurationError(
            f"{path}: values of {of} is false, but an admin writes alert rules, which read values: choose another role."
        )
    return found


def _networks(path: str, places: Sequence[Any]) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(str(each)) for each in places)
    except ValueError as error:
        raise ConfigurationError(f"{path}: from of proxy: {error}.") from error


def _role(path: str, of: str, found: Any) -> Role:
    for role in ROLES:
        if role == found:
            return role
    raise ConfigurationError(f"{path}: the role of {of} must be one of {', '.join(ROLES)}.")


def _text(path: str, of: str, table: Mapping[str, Any], key: str) -> str:
    found = table.get(key)
    if not isinstance(found, str) or not found.strip() or len(found) > _MOST_CHARS or not found.isprintable():
        raise ConfigurationError(f"{path}: a {of} needs a {key} of one printable line.")
    return found


def _known(path: str, of: str, table: Mapping[str, Any], keys: Sequence[str]) -> None:
    for name in table:
        if name not in keys:
            raise ConfigurationError(f"{path}: {of} has an unknown key {name!r}; there are {', '.join(keys)}.")


class UsersFile:
    """The current users file: read again when it changes; while it is invalid, nobody is let in by it.

    Args:
        path: the file.

    Raises:
        ConfigurationError: the file cannot be read or is invalid.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()  # guards all below: of two that read at once, the later content stays
        self._seen = self._state()
        self._had_senders = False
        self._users = self._read()

    @property
    def users(self) -> Users:
        """Return the users now."""
        with self._lock:
            seen = self._state()
            if seen != self._seen:
                self._seen = seen
                try:
                    self._users = self._read()
                except ConfigurationError as error:
                    # Not the previous ones: who was removed must not stay because of a mistake in another line.
                    logger.error("The users file is invalid, so it lets nobody in: %s", error)
                    former = self._users.senders.members or self._users.senders.former
                    self._users = self._remembering(Users(senders=Senders(is_readable=False, former=former)))
            return self._users

    def _remembering(self, users: Users) -> Users:
        self._had_senders = self._had_senders or bool(users.senders.members)
        return replace(users, senders=replace(users.senders, were_there=self._had_senders))

    def _read(self) -> Users:
        return self._remembering(self._parsed())

    def _parsed(self) -> Users:
        try:
            return parse(read_settings(self._path).decode("utf-8-sig"), str(self._path))
        except OSError as error:
            raise ConfigurationError(f"The users file {self._path} cannot be read ({error.strerror}).") from error
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"The users file {self._path} is not UTF-8 text.") from error

    def _state(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
