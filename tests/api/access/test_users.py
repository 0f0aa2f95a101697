"""The file of users, and a proxy's word for them."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from obsv.api.access.session import Sessions
from obsv.api.access.users import Users, UsersFile, parse
from obsv.errors import ConfigurationError
from obsv.web.senders import Senders, hash_of

TOKEN, OTHER = "token-of-ana", "token-of-ben"
USERS = f"""
[[user]]
name = "ana"
role = "editor"
token_sha256 = "{hash_of(TOKEN)}"
[[user]]
name = "ben"
role = "viewer"
token_sha256 = "{hash_of(OTHER)}"
[proxy]
header = "X-Forwarded-User"
from = ["127.0.0.1", "10.1.0.0/16", "::1"]
[proxy.roles]
"carl@example.org" = "admin"
"*" = "viewer"
"""


def test_a_user_is_found_by_token_and_name() -> None:
    users = parse(USERS, "users.toml")
    ana = users.by_token(TOKEN)
    assert ana is not None
    assert (ana.name, ana.role) == ("ana", "editor")
    assert users.by_name("ana") == ana
    assert users.by_token("token") is None
    assert users.by_token("\udcff") is None


def test_no_hash_is_shown() -> None:
    assert hash_of(TOKEN) not in repr(parse(USERS, "users.toml"))


@pytest.mark.parametrize(
    ("address", "trusted"),
    [("127.0.0.1", True), ("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("::1", True), ("10.2.0.1", False),
     ("", False), ("unix:", False)],
)  # fmt: skip
def test_a_proxy_is_believed_at_its_addresses_only(address: str, trusted: bool) -> None:
    proxy = parse(USERS, "users.toml").proxy
    assert proxy is not None
    assert proxy.is_trusted(address) is trusted


def test_a_user_of_the_proxy_has_the_role_of_the_name_or_of_all_others() -> None:
    proxy = parse(USERS, "users.toml").proxy
    assert proxy is not None
    assert (proxy.role_of("carl@example.org"), proxy.role_of("dora")) == ("admin", "viewer")
    few = parse(USERS.replace('"*" = "viewer"', ""), "users.toml").proxy
    assert few is not None
    assert few.role_of("dora") is None


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('role = "editor"', 'role = "owner"', "viewer, editor, admin"),
        ('role = "editor"', "", "viewer, editor, admin"),
        (hash_of(TOKEN), TOKEN, "64 hex digits"),
        (hash_of(TOKEN), hash_of(OTHER), "the same token_sha256"),
        ('name = "ben"', 'name = "ana"', "the same name"),
        ('name = "ben"', 'name = "a\\nb"', "printable"),
        ('name = "ben"', 'nane = "ben"', "needs a name"),
        ('"10.1.0.0/16"', '"example.org"', "from of proxy"),
        ('"10.1.0.0/16"', '"10.1.2.3/16"', "host bits"),
        ("X-Forwarded-User", "X Y", "name of a header"),
        ("[proxy.roles]", "[proxy.rules]", "unknown key 'rules'"),
        ("[[user]]", "[user]", "not valid TOML"),
        ("[proxy]", "[[proxy]]", "[proxy]"),
    ],
)
def test_a_mistake_is_told(before: str, after: str, says: str) -> None:
    """With the file, and without any hash."""
    with pytest.raises(ConfigurationError) as told:
        parse(USERS.replace(before, after), "users.toml")
    assert "users.toml" in str(told.value)
    assert says in str(told.value)
    assert hash_of(TOKEN) not in str(told.value)


def write(path: Path, text: str) -> None:
    """Replace a file, so that it differs whatever the clock's grain."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    os.replace(beside, path)


def test_a_changed_file_counts_at_once(tmp_path: Path) -> None:
    path = tmp_path / "users.toml"
    write(path, USERS)
    file = UsersFile(path)
    write(path, USERS.replace('name = "ana"\nrole = "editor"', 'name = "ana"\nrole = "viewer"'))
    ana = file.users.by_name("ana")
    assert ana is not None
    assert ana.role == "viewer"


def test_who_is_slow_to_read_does_not_bring_back_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request on another thread sees a second change while the first is parsed."""
    path = tmp_path / "users.toml"
    write(path, USERS)
    file = UsersFile(path)
    others: list[threading.Thread] = []

    def parsed(text: str, name: str) -> Users:
        if not others:
            write(path, "")
            others.append(threading.Thread(target=lambda: file.users))
            others[0].start()
            others[0].join(0.2)
        return parse(text, name)

    monkeypatch.setattr("obsv.api.access.users.parse", parsed)
    write(path, USERS + "# changed\n")
    assert file.users.by_name("ana")
    others[0].join()
    assert file.users == Users()


@pytest.mark.parametrize("content", ["[[user", None])
def test_a_file_that_became_invalid_lets_nobody_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str | None
) -> None:
    """A removed user must not stay because of a mistake in another line; it is said once."""
    path = tmp_path / "users.toml"
    write(path, USERS)
    file = UsersFile(path)
    path.unlink()
    if content is not None:
        write(path, content)
    assert file.users == file.users == Users(senders=Senders(is_readable=False))
    assert len(caplog.records) == 1
    write(path, USERS)
    assert file.users.by_name("ana")


def test_a_file_that_is_wrong_from_the_beginning_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        UsersFile(tmp_path / "none.toml")


def test_a_session_is_its_users_until_the_token_changes() -> None:
    """Or the user is removed; the token of the server is another user."""
    now = [parse(USERS, "u")]
    sessions = Sessions("token-of-the-server", users=lambda: now[0])
    ana, server = sessions.issue("ana"), sessions.issue()
    assert (sessions.who(None, ana), sessions.who(None, server)) == (
        ("ana", "editor", "api", True),
        ("token", "admin", "api", True),
    )
    assert sessions.who(f"Bearer {OTHER}", None) == ("ben", "viewer", "api", False)
    now[0] = parse(USERS.replace(hash_of(TOKEN), hash_of("new")), "u")
    assert sessions.who(None, ana) is None
    now[0] = Users()
    assert (sessions.who(None, ana), sessions.who(f"Bearer {OTHER}", None)) == (None, None)
    assert sessions.who(None, server)


def test_a_session_cannot_take_another_name() -> None:
    """The name is signed; without a token of the server nobody is its bearer."""
    sessions = Sessions(None, users=lambda: parse(USERS, "u"))
    parts = sessions.issue("ben").split(".")
    assert sessions.who(None, ".".join([*parts[:2], b"ana".hex(), parts[3]])) is None
    assert sessions.who(None, sessions.issue("")) is None
    assert sessions.who("Bearer ", None) is None


def test_a_user_who_is_removed_meanwhile_is_nobody() -> None:
    """The file changes between the look at the token and the look at the role: the proof is not the admin's token."""
    before, after = parse(USERS, Path("users.toml")), Users()
    answers = iter([before, after])
    who = Sessions("a-long-enough-token", lambda: 0.0, users=lambda: next(answers, after)).who(f"Bearer {TOKEN}", None)
    assert who is None


def test_a_viewer_sees_values_where_the_file_says_so() -> None:
    """Others always, but an editor may be denied them."""
    lines = [
        f'[[user]]\nname = "{name}"\nrole = "{role}"\n{values}token_sha256 = "{hash_of(name)}"\n'
        for name, role, values in (
            ("a", "viewer", ""), ("b", "viewer", "values = true\n"), ("c", "editor", ""),
            ("d", "editor", "values = false\n"), ("e", "admin", ""),
        )
    ]  # fmt: skip
    assert [each.sees_values for each in parse("".join(lines), "users.toml").users] == [False, True, True, False, True]
    proxy = parse(f'{USERS}[proxy.values]\n"dora" = true\n', "users.toml").proxy
    assert proxy is not None
    assert [proxy.sees_values(name) for name in ("dora", "ed", "carl@example.org")] == [True, False, True]


def test_all_others_are_masked_but_admins() -> None:
    """An admin cannot be masked by name, so not as one of the others either."""
    proxy = parse(f'{USERS}[proxy.values]\n"*" = false\n', "users.toml").proxy
    assert proxy is not None
    assert [proxy.sees_values(name) for name in ("ed", "carl@example.org")] == [False, True]


@pytest.mark.parametrize(
    "text",
    [
        USERS.replace('role = "viewer"\n', 'role = "viewer"\nvalues = "yes"\n'),
        USERS.replace('role = "viewer"\n', 'role = "admin"\nvalues = false\n'),
        f"{USERS}[proxy.values]\n" + '"carl@example.org" = false\n',
        USERS.replace("[proxy.roles]", "values = true\n[proxy.roles]"),
    ],
)
def test_a_wrong_line_about_values_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="values"):
        parse(text, "users.toml")
