"""Masked texts: what stays of the shape, and that nothing stays of the values."""

from __future__ import annotations

import json
import traceback

import pytest

from obsv.store.ground import headline
from obsv.store.ground.masks import MASK, MASKS, masked_detail, masked_exception, masked_headline, masked_values

SECRET = "s3cret"


def raised(make: object) -> str:
    try:
        exec(str(make), {"SECRET": SECRET})
    except BaseException as error:
        return "".join(traceback.format_exception(error))
    raise AssertionError


GROUP = 'ExceptionGroup("two: " + SECRET, [ValueError(SECRET), KeyError(SECRET + "\\n  x\\n" + SECRET)])'


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        ("raise ValueError(SECRET)", "ValueError"),
        ("raise ValueError('a\\n' + SECRET + '\\n\\n  ' + SECRET)", "ValueError"),
        ("try:\n  {}[SECRET]\nexcept KeyError as e:\n  raise RuntimeError(SECRET) from e", "RuntimeError"),
        ("try:\n  {}[SECRET]\nfinally:\n  int(SECRET)", "ValueError"),
        ("eval(SECRET + ' $')", "SyntaxError"),
        ("e = ValueError(SECRET); e.add_note(SECRET + '\\nnote ' + SECRET); raise e", "ValueError"),
        ("raise ValueError('a\\nTraceback (most recent call last):\\n' + SECRET)", "ValueError"),
        (f"raise {GROUP}", "ExceptionGroup"),
        ("import traceback as t\ntry:\n  int(SECRET)\nexcept ValueError:\n  raise OSError(t.format_exc())", "OSError"),
    ],
)  # fmt: skip
def test_the_text_of_an_exception(made: str, kind: str) -> None:
    """Classes and frames stay, whatever the form of the message."""
    if "Group" in made or "add_note" in made:
        pytest.importorskip("asyncio.taskgroups")
    text = raised(made)
    found = masked_exception(text)
    assert SECRET in text
    assert found is not None
    assert SECRET not in found
    assert 'File "<string>", line' in found
    assert f"{kind}: {MASK}" in found
    if kind != "ExceptionGroup":
        assert headline(found) == (kind, MASK)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ValueError: s3cret", f"ValueError: {MASK}"),
        ("KeyboardInterrupt", "KeyboardInterrupt"),
        ("java.lang.Error: s3cret\n\tat a.B(C.java:3)", f"java.lang.Error: {MASK}"),
        ("order s3cret failed", MASK),
        (
            "Traceback (most recent call last):\nKeyError: s3cret",
            f"Traceback (most recent call last):\nKeyError: {MASK}",
        ),
        ("", MASK),
    ],
)
def test_one_without_a_traceback(text: str, expected: str) -> None:
    assert masked_exception(text) == expected


def test_after_a_gap_everything_is_masked() -> None:
    """The rest of a message may follow it."""
    head = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    x\n'
    found = masked_exception(f"{head}… 1,000 characters left out …\ns3cret: more\nValueError: s3cret")
    assert found == f"{head}… 1,000 characters left out …\n{MASK}"


def test_a_headline() -> None:
    assert masked_headline("s3cret text: more") == MASK


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("text", [None, "", "[]", "{}", "null", "s3cret x", '"s3cret"', '["s3cret"', 7, "[" * 9_999])
def test_any_text_is_taken(name: str, text: object) -> None:
    """A damaged row is no error, and tells nothing."""
    assert "s3cret" not in str(MASKS[name](text))


def test_values_keep_their_number() -> None:
    assert json.loads(masked_values('["a", null, {"b": [1]}]')) == [MASK] * 3


def test_of_a_spans_detail_names_and_times_stay() -> None:
    event = {"name": "retry", "timeUnixNano": "7", "attributes": [{"key": "k", "value": {"intValue": "77"}}]}
    found = json.loads(str(masked_detail(json.dumps({"events": [event, 3], "links": 4, "flags": 1}))))
    assert found["flags"] == 1
    assert found["events"][0]["name"] == "retry"
    assert "77" not in json.dumps(found)
