"""The first time that a variable's values were of some form."""

from __future__ import annotations

import json
from typing import Any

from store_rows import START_NS, call

from obsv.store import Reader, Signature, Writer
from obsv.store.ground import MANY, MOST_VALUES, VALUE

RATE = Signature("shop", "shop.rate", "shop", 1, (("return", "OUTPUT"),))


def store(writer: Writer, *values: Any, first: int = 0) -> None:
    """Calls whose values are these, in one batch."""
    rows = [
        call(first + at, RATE, data=json.dumps([value], separators=(",", ":")), start_ns=START_NS + first + at)
        for at, value in enumerate(values)
    ]
    writer.write(rows)


def forms(reader: Reader) -> dict[str, int]:
    """When each was first seen, since the first call."""
    return {form: first - START_NS for form, first in reader.query("select form, first_ns from value_form")}


def test_new_form_is_kept_with_its_call(writer: Writer, reader: Reader) -> None:
    """The region whose rate became None."""
    store(writer, "1.5", "1.5", "None")
    assert forms(reader) == {"a number": 0, "= 1.5": 0, "None": 2, "= None": 2}


def test_form_that_is_known_is_written_once(writer: Writer, reader: Reader) -> None:
    """Also by another writer."""
    store(writer, "1.5")
    store(writer, "1.5", "2.5", first=10)
    other = Writer(writer.path)
    store(other, "1.5", "7", first=20)
    other.close()
    assert forms(reader) == {"a number": 0, "= 1.5": 0, "= 2.5": 11, "a whole number": 21, "= 7": 21}


def test_none_among_thousands_is_seen(writer: Writer, reader: Reader) -> None:
    """Of the others a few are looked at."""
    store(writer, *["1.5"] * 1_000, "None", *["1.5"] * 1_000)
    assert forms(reader)["None"] == 1_000


def test_variable_of_many_values_is_told_by_forms_alone(writer: Writer, reader: Reader) -> None:
    """An order's number is new each time."""
    store(writer, *map(str, range(1, MOST_VALUES + 4)))
    store(writer, "50", "'x'", first=100)
    found = forms(reader)
    assert MANY in found
    assert len([form for form in found if form.startswith(VALUE)]) == MOST_VALUES
    assert found["text"] == 101


def test_values_of_other_instrumentation_have_forms(writer: Writer, reader: Reader) -> None:
    """JSON's own kinds, not texts of `repr`."""
    store(writer, 1, None, True, [1], "", 'a "b"')
    assert {"a whole number", "None", "a truth value", "a list", "empty"} <= set(forms(reader))
