"""Functions and classes that are sent by value are recorded where they arrive, with what that process has."""

import functools
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import dill
import pytest
from programs import Programs

from obsv import monitor
from obsv.instrument.monitor import is_monitored
from obsv.testing import captured_spans
from obsv.trace.span import Span

SENDERS = pytest.mark.parametrize(
    "send", [lambda value: pickle.loads(cloudpickle.dumps(value)), lambda value: dill.loads(dill.dumps(value))]
)


@pytest.fixture
def spans() -> Iterator[list[Span]]:
    with captured_spans() as recorded:
        yield recorded


@SENDERS
def test_a_closure_is_recorded_after_the_way(spans: list[Span], send: Any) -> None:
    """With its name, its arguments, what is masked, and what it closes over."""
    step = 2

    @monitor(sensitive_fields=("badge",))
    def add(number: int, badge: str) -> int:
        return number + step

    arrived = send(add)
    assert arrived is not add
    assert is_monitored(arrived)
    assert arrived(1, badge="b7") == 3
    assert dict(spans[0].input_values())["number"] == 1
    assert "b7" not in str(spans[0].attributes)
    assert spans[0].name == "tests.instrument.test_sent.test_a_closure_is_recorded_after_the_way.<locals>.add"
    assert spans[0].attributes["code.line.number"] == spans[0].function.code.line_number  # type: ignore[union-attr]


@SENDERS
def test_copies_of_a_function_are_one_in_the_record(spans: list[Span], send: Any) -> None:
    """A pool sends the function with each task; its spans have one function."""

    @monitor
    def twice(number: int) -> int:
        return 2 * number

    for copy in (send(twice), send(twice)):
        copy(1)
    assert spans[0].function is spans[1].function


@SENDERS
def test_instances_of_a_class_with_recorded_methods(spans: list[Span], send: Any) -> None:
    """The class goes with its instance, and records there too."""

    class Desk:
        def __init__(self, size: int) -> None:
            self.size = size

        @monitor
        def total(self, more: int) -> int:
            return self.size + more

        @monitor
        def legs(self) -> Iterator[int]:
            yield self.size

    arrived = send(Desk(3))
    assert arrived.total(1) == 4
    assert list(arrived.legs()) == [3]
    assert [span.name.rpartition(".")[2] for span in spans] == ["total", "legs"]


@SENDERS
def test_lambdas_partials_and_coroutines(spans: list[Span], send: Any) -> None:
    """Whatever kind of callable it is."""
    assert send(monitor(lambda x: x + 1))(1) == 2
    assert send(monitor(functools.partial(max, 3)))(4) == 4
    assert len(spans) == 2


PROGRAM = """\
from joblib import Parallel, delayed
DECORATOR
def square(number):
    return number * number

if __name__ == "__main__":
    print(Parallel(n_jobs=2)(delayed(square)(number) for number in range(4)))
"""


@pytest.mark.parametrize("decorator", ["from obsv import monitor\n@monitor", ""])
def test_a_pool_of_joblib_records_its_tasks(tmp_path: Path, decorator: str) -> None:
    """Its processes get the function by value: under `@monitor`, and undecorated under `obsv run`."""
    programs = Programs(tmp_path)
    programs.write("squares.py", PROGRAM.replace("DECORATOR", decorator))
    run = programs.plain if decorator else programs.recorded
    outcome = run("squares.py", OBSV_DB=str(programs.db))
    assert outcome.output == "[0, 1, 4, 9]\n", outcome.errors
    assert programs.rows("process, status", "where process like '%square'") == [("__main__.square", "OK")] * 4
