"""Proof of the token."""

import pytest

from obsv.api.access.session import LIFETIME_S, Sessions

NOW = 1_790_000_000.0


def sessions(token: str = "a-long-enough-token", now: float = NOW) -> Sessions:
    return Sessions(token, lambda: now)


def test_a_cookie_is_good_for_its_lifetime() -> None:
    """And not a second longer."""
    cookie = sessions().issue()
    assert sessions(now=NOW + LIFETIME_S - 1).who(None, cookie)
    assert not sessions(now=NOW + LIFETIME_S + 1).who(None, cookie)


def test_a_new_token_ends_all_sessions() -> None:
    """The cookie was signed with the old one."""
    assert not sessions("another-long-token").who(None, sessions().issue())


@pytest.mark.parametrize("cookie", ["", ".", "9999999999", "9999999999.", "x.y", "٣.٣", "9999999999.\udcff"])
def test_what_is_no_cookie_admits_nobody(cookie: str) -> None:
    """Whatever a client sends."""
    assert not sessions().who(None, cookie)


def test_an_expiry_cannot_be_moved() -> None:
    """The signature is of the expiry."""
    expires, _, mac = sessions().issue().partition(".")
    assert not sessions().who(None, f"{int(expires) + 1}.{mac}")


@pytest.mark.parametrize("header", ["Bearer a-long-enough-token", "bearer  a-long-enough-token "])
def test_the_scheme_is_bearer_in_any_case(header: str) -> None:
    """RFC 6750, and RFC 9110 on schemes."""
    assert sessions().who(header, None)


@pytest.mark.parametrize("header", ["a-long-enough-token", "Basic a-long-enough-token", "Bearer", "Bearer é"])
def test_other_headers_admit_nobody(header: str) -> None:
    """No other scheme, and no crash on any text."""
    assert not sessions().who(header, None)


def test_a_session_that_was_ended() -> None:
    """Signing out voids the cookie, and only it; one that was never issued changes nothing."""
    made = sessions()
    one, other = made.issue(), made.issue()
    for cookie in (one, "9999999999.abc.def", None):
        made.end(cookie)
    assert (made.who(None, one), made.who(None, other)) == (None, ("token", "admin", "api", True))


def test_sign_outs_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """More sign-outs than are kept end all sessions, rather than let one come back."""
    monkeypatch.setattr("obsv.api.access.session.MOST_ENDED", 3)
    made = sessions()
    cookies = [made.issue() for _ in range(6)]
    for cookie in cookies[:5]:
        made.end(cookie)
    assert not any(made.who(None, cookie) for cookie in cookies)
    assert made.who(None, made.issue())


def test_a_restart_ends_all_sessions() -> None:
    """Another process has another key."""
    first = Sessions("a-long-enough-token", lambda: NOW, b"1")
    assert not Sessions("a-long-enough-token", lambda: NOW, b"2").who(None, first.issue())
