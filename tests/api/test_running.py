"""Calls that run now, over HTTP."""

from pathlib import Path

from recorded import Program

from obsv.api.running import running_calls
from obsv.keeper.files import KeeperFiles


def test_running_calls_come_with_arguments(tmp_path: Path) -> None:
    """Before anything is stored, oldest first, with how many ended ones are to be stored."""
    files = KeeperFiles.of(tmp_path / "calls.db")
    files.make()
    program = Program(files.rings)
    function = program.function("shop.order", ("item",))
    program.begin(function, ("tea",))
    program.begin(function, ("cup",))
    program.call(function)
    answer = running_calls(files.db)
    (process,) = answer.processes
    assert answer.pending == 1
    assert (process.service, process.is_alive) == ("shop", True)
    assert [call.inputs[0].text for call in process.calls] == ["'tea'", "'cup'"]
    assert process.calls[0].age_ms >= process.calls[1].age_ms > 0


def test_nothing_runs_where_nobody_records(tmp_path: Path) -> None:
    """No database is no error."""
    answer = running_calls(tmp_path / "none.db")
    assert (answer.pending, answer.processes) == (0, [])
