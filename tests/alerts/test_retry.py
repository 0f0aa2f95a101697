"""When a message is tried again."""

import pytest

from obsv.alerts.retry import of_http, pause_s


def test_pauses_double_up_to_a_quarter_of_an_hour() -> None:
    assert [pause_s(count, None, lambda: 0.0) for count in (1, 2, 3, 10, 11, 1_000)] == [1, 2, 4, 512, 900, 900]


def test_up_to_half_of_a_pause_is_left_to_chance() -> None:
    assert pause_s(4, None, lambda: 1.0) == 4


def test_a_receiver_is_never_tried_earlier_than_it_asks_but_not_later_than_in_an_hour() -> None:
    assert pause_s(1, 30, lambda: 1.0) >= 30
    assert pause_s(1, 30, lambda: 0.0) == 30
    assert pause_s(1, 10**9, lambda: 0.0) == 3_600


@pytest.mark.parametrize(
    ("status", "ok", "final"),
    [(200, True, False), (202, True, False), (301, False, True), (400, False, True), (404, False, True),
     (408, False, False), (429, False, False), (500, False, False), (503, False, False)],
)  # fmt: skip
def test_a_status_says_whether_there_is_use_in_trying_again(status: int, ok: bool, final: bool) -> None:
    answer = of_http(status, "", None, 0)
    assert (answer.ok, answer.is_final) == (ok, final)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120), (" 1 ", 1), ("Thu, 01 Jan 1970 00:01:40 GMT", 100), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
     ("soon", None), ("", None), (None, None), ("-5", None), ("1.5", 1.5), ("1e9", None), ("nan", None),
     ("Thu, 01 Jan 9999999 00:00:00 GMT", None), ("Thu, 01 Jan 1970 00:01:40 +99999999", None),
     ("9" * 500, 999_999_999)],
)  # fmt: skip
def test_retry_after_is_read_in_both_its_forms(header: str | None, seconds: float | None) -> None:
    assert of_http(429, "", header, 0).retry_after_s == seconds
