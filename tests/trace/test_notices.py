"""Log lines about the recorder itself."""

import logging

import pytest

from obsv.trace.notices import Notices


def test_a_kind_is_logged_once_an_episode(caplog: pytest.LogCaptureFixture) -> None:
    """The same trouble is said once until it is over."""
    notices = Notices()
    for _ in range(3):
        notices.once("disk", logging.WARNING, "full: %s", "/x")
        notices.once("other", logging.WARNING, "other")
    assert [record.message for record in caplog.records] == ["full: /x", "other"]
    assert notices.has("disk")
    assert notices.over("disk")
    assert not notices.over("disk")
    notices.once("disk", logging.WARNING, "full again")
    assert caplog.records[-1].message == "full again"


def test_a_reset_ends_all_episodes(caplog: pytest.LogCaptureFixture) -> None:
    """The child of a fork says its own troubles."""
    notices = Notices()
    notices.once("disk", logging.WARNING, "full")
    notices.reset()
    notices.once("disk", logging.WARNING, "full")
    assert len(caplog.records) == 2


def test_a_handler_that_fails_is_the_programs_own_affair(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notice is said by whatever thread comes to it: nothing of it reaches the program's calls."""

    def refuse(self: logging.Handler, record: logging.LogRecord) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(logging.Handler, "handle", refuse)
    handler = logging.NullHandler()
    logging.getLogger("obsv").addHandler(handler)
    try:
        Notices().once("disk", logging.WARNING, "full")
    finally:
        logging.getLogger("obsv").removeHandler(handler)
