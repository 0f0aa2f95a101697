"""Values of a span are looked at together: what none of them may contain is looked for in none."""

import random
from typing import Any

import pytest

from obsv.capture import Redactor
from obsv.wire.clean import Cleaner

SECRETS: list[Any] = [
    "password=hunter2", "Authorization: Bearer abcdefghijklmnop", "https://user:secret@host/", "4111 1111 1111 1111",
    4111111111111111, "mysql -psecret", "token: abc", "('api_key', 'x')", "sk-abcdefghijklmnopqrstuvwxyz0123456789ABCD",
    "-----BEGIN PRIVATE KEY-----", {"arrayValue": {"values": [{"stringValue": "password=hunter2"}]}}, ["password=x"],
]  # fmt: skip
PIECES = [
    "buy", "=", "pass", "word", "=hunter2", "\n", " -p", "411111111111", "1111", "://u:p@h", "key", ": ", "'",
    "Bearer ", "é",
]  # fmt: skip


@pytest.mark.parametrize("secret", SECRETS, ids=str)
def test_a_secret_among_other_values_is_seen(secret: Any) -> None:
    """Wherever it stands."""
    cleaner = Cleaner(secrets=Redactor())
    for values in ([secret], ["a", secret, 3], [1.5, "b c", None, secret, "d", True]):
        assert cleaner.may_mask(values)


def test_no_value_is_changed_unseen() -> None:
    """Whatever the texts are made of: a value that would be masked is looked at."""
    cleaner, pick = Cleaner(secrets=Redactor()), random.Random(7)
    seen = 0
    for _ in range(3_000):
        values = ["".join(pick.choices(PIECES, k=pick.randint(0, 4))) for _ in range(pick.randint(1, 4))]
        if any(cleaner.masked(value) != value for value in values):
            seen += 1
            assert cleaner.may_mask(values), values
    assert seen > 100


def test_usual_values_are_left_alone() -> None:
    """And so are all, where nothing is secret."""
    assert not Cleaner(secrets=Redactor()).may_mask(["buy", 7, 2.5, True, None, "GET /a/b"])
    assert not Cleaner().may_mask(["password=hunter2"])
