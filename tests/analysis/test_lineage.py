"""Paths of values."""

from __future__ import annotations

import pytest

from obsv.analysis.lineage import Handover, is_telling, lineage
from obsv.store.spans.values import ValuedCall, ValuedCalls

PROCESSES = {number: (f"f{number}", "s" if number < 9 else "other", "g", 1) for number in range(12)}


def valued(process: int, start: int, end: int, *, trace: bytes = b"t", **values: str) -> ValuedCall:
    """A call; names that begin with `out` are outputs."""
    named = [(name, "OUTPUT" if name.startswith("out") else "INPUT", value) for name, value in values.items()]
    return ValuedCall(trace, bytes([process, start]), start, end, process, named)


def found(*calls: ValuedCall) -> list[tuple[int, str, int, str]]:
    return [each[:4] for each in lineage(ValuedCalls(list(calls), PROCESSES, False))]


def test_an_output_that_comes_in_elsewhere_is_an_edge() -> None:
    """From the call that put it out to the one that took it."""
    assert found(valued(1, 0, 5, out="'AAPL'"), valued(2, 6, 9, symbol="'AAPL'")) == [(1, "out", 2, "symbol")]


def test_the_last_to_put_it_out_gave_it() -> None:
    """A call that passed a value on is nearer than the one that created it."""
    calls = valued(1, 0, 2, out="12.50"), valued(2, 3, 5, out="12.50"), valued(3, 6, 9, price="12.50")
    assert found(*calls) == [(2, "out", 3, "price")]


def test_nothing_comes_from_what_has_not_ended() -> None:
    """A caller has not put anything out while it calls; nor does a call feed itself, or what is long over by then."""
    assert found(valued(1, 0, 9, out="'AAPL'"), valued(2, 3, 5, symbol="'AAPL'")) == []
    assert found(valued(1, 0, 5, symbol="'AAPL'", out="'AAPL'")) == []
    assert found(valued(1, 6, 9, out="'AAPL'"), valued(2, 0, 5, symbol="'AAPL'")) == []


def test_another_services_clock_may_be_late() -> None:
    """Across services it is enough that the giver began first."""
    assert found(valued(10, 0, 9, out="'AAPL'"), valued(2, 3, 5, symbol="'AAPL'")) == [(10, "out", 2, "symbol")]


def test_traces_are_apart() -> None:
    """The same value in another trace says nothing."""
    assert found(valued(1, 0, 5, out="'AAPL'"), valued(2, 6, 9, trace=b"u", symbol="'AAPL'")) == []


def test_none_is_followed_inside_one_trace() -> None:
    """By the name that it went by, or from the call just before; a name that it never had says nothing."""

    def inside(*calls: ValuedCall) -> list[tuple[int, str, int, str]]:
        return [each[:4] for each in lineage(ValuedCalls(list(calls), named, False), True)]

    named = PROCESSES | {3: ("shop.find_rate", "s", "g", 1)}
    taker = valued(5, 8, 9, rate="None")
    other = valued(4, 5, 7, out="7")
    assert inside(valued(1, 0, 2, out="{'eu': 1, 'rate': None}"), other, taker) == [(1, "out.rate", 5, "rate")]
    assert inside(valued(3, 0, 2, out="None"), other, taker) == [(3, "out", 5, "rate")]
    assert inside(valued(1, 0, 2, out="None"), taker) == [(1, "out", 5, "rate")]
    assert inside(valued(1, 0, 2, out="None"), other, taker) == []
    assert inside(valued(1, 0, 2, out="{'eu': None}"), other, taker) == []
    assert inside(valued(1, 0, 2, out="{'id': 'A-100'}"), valued(5, 8, 9, order="'A-100'")) == [
        (1, "out.id", 5, "order")
    ]
    assert found(valued(1, 0, 2, out="None"), taker) == []


def test_handovers_are_counted_with_their_last_example() -> None:
    """One edge a pair of variables."""
    first = [valued(1, 0, 5, out="111"), valued(2, 6, 9, price="111")]
    second = [valued(1, 0, 5, trace=b"u", out="222"), valued(2, 6, 9, trace=b"u", price="222")]
    handovers = lineage(ValuedCalls([*first, *second], PROCESSES, False))
    assert handovers == [Handover(1, "out", 2, "price", 2, "222", b"u".hex(), "0100", "0206")]


@pytest.mark.parametrize(
    "text",
    ["None", "True", "''", "[]", "{}", "()", "0", "42", "'ok'", "***", "'a***b'", "'long…' (9,999 characters)", ""],
)
def test_values_that_everybody_has_do_not_count(text: str) -> None:
    """Nor do those whose text does not say which value it was."""
    assert not is_telling(text)


@pytest.mark.parametrize("text", ["'AAPL'", "123", "12.5", "<Order at 0x7f3c>", "[1, 2]", "{'id': 7}"])
def test_values_that_tell(text: str) -> None:
    """Three characters and more."""
    assert is_telling(text)


@pytest.mark.parametrize(
    ("given", "taken", "output"),
    [
        ("[10.25, 'GBPUSD']", "'GBPUSD'", "out[1]"),
        ("Quote(rate=None, source='ecb')", "None", "out.rate"),
        ("Order(lines=[Line(rate=1)])", "1", "out.lines[0].rate"),
    ],
)
def test_members_of_lists_and_records_are_followed(given: str, taken: str, output: str) -> None:
    """None and short ones too, where the name is the same."""
    calls = [valued(1, 0, 2, out=given), valued(2, 4, 5, out="7"), valued(3, 8, 9, rate=taken)]
    each = next(iter(lineage(ValuedCalls(calls, PROCESSES, False), True)))
    assert each[:4] == (1, output, 3, "rate")


def inside(*calls: ValuedCall, processes: dict[int, tuple[str, str, str, int]] = PROCESSES) -> list[Handover]:
    return lineage(ValuedCalls(list(calls), processes, False), True)


@pytest.mark.parametrize(
    ("taken", "name"),
    [
        ("{'id': 7, 'rate': 1.375}", "order.rate"),
        ("Order(id=7, lines=[Line(rate=1.375)])", "order.lines[0].rate"),
        ("[(7, 1.375)]", "order[0][1]"),
    ],
)
def test_members_of_an_argument_are_followed(taken: str, name: str) -> None:
    """A value that was put into a container on its way."""
    assert [each[:4] for each in inside(valued(1, 0, 2, out="1.375"), valued(2, 4, 9, order=taken))] == [
        (1, "out", 2, name)
    ]


def test_none_in_an_argument_comes_from_the_function_of_its_name() -> None:
    """Not from any that returned None, and a short name is in many others."""
    named = PROCESSES | {3: ("shop.find_rate", "s", "g", 1), 4: ("shop.validate", "s", "g", 1)}
    calls = valued(3, 0, 2, out="None"), valued(4, 3, 5, out="None")
    found = inside(*calls, valued(5, 8, 9, order="{'rate': None, 'id': None}"), processes=named)
    assert [each[:4] for each in found] == [(3, "out", 5, "order.rate")]


def test_argument_that_came_as_a_whole_is_one_value() -> None:
    """Its members are not told besides."""
    given = "{'rate': 1.375, 'day': 'monday'}"
    assert [each[:4] for each in inside(valued(1, 0, 2, out=given), valued(2, 4, 9, order=given))] == [
        (1, "out", 2, "order")
    ]


def test_equal_values_of_two_sources_are_told() -> None:
    """Either may be the one; the last is shown, and the other is named."""
    calls = valued(1, 0, 2, out="12.50"), valued(3, 3, 5, out="12.50"), valued(2, 6, 9, price="12.50")
    assert [(each.source, each.also) for each in inside(*calls)] == [(3, (1,))]


def test_value_that_was_passed_on_has_one_source() -> None:
    """Through a call that took it, or that it was returned by to its caller."""
    passed = valued(1, 0, 2, out="12.50"), valued(3, 3, 5, price="12.50", out="12.50"), valued(2, 6, 9, x="12.50")
    assert [each.also for each in inside(*passed)] == [(), ()]
    returned = valued(1, 1, 2, out="12.50"), valued(3, 0, 5, out="12.50"), valued(2, 6, 9, x="12.50")
    assert [(each.source, each.also) for each in inside(*returned)] == [(3, ())]


def test_common_members_of_many_calls_are_looked_up_by_function() -> None:
    """Each call takes what each had put out: of three thousand, that many squared were 37 s."""
    compared = []

    class Id(bytes):
        def __eq__(self, other: object) -> bool:
            compared.append(1)
            return bytes.__eq__(self, other)

        def __ne__(self, other: object) -> bool:
            return not self == other

        __hash__ = bytes.__hash__

    row = str({f"key{number}": number % 2 == 0 for number in range(20)})
    calls = [
        ValuedCall(b"t", Id([number]), 10 * number, 10 * number + 5, number % 12, values)
        for number in range(200)
        for values in [[("out", "OUTPUT", row), ("taken", "INPUT", row.replace("key1", "key0"))]]
    ]
    assert lineage(ValuedCalls(calls, PROCESSES, False), one_trace=True)
    assert len(compared) < 200 * 20 * 5
