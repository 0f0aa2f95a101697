"""A program that ends at the worst moment."""

import pytest
from recorded import Program

from obsv.keeper import Options
from obsv.keeper.files import KeeperFiles
from obsv.keeper.recording import Recording
from obsv.keeper.work import DatabaseWork
from obsv.store import Reader


@pytest.mark.parametrize("lane", ["take_errors", "take_calls"])
def test_calls_made_behind_the_keepers_look_are_stored(
    files: KeeperFiles, lane: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keeper has found a lane empty, and sees the end next: what came in between is not removed with the ring."""
    program = Program(files.rings)
    function = program.function("shop.price")
    program.call(function)
    work = DatabaseWork(files, Options())
    while work.step():
        pass
    looked = getattr(Recording, lane)

    def look(recording: Recording, *, is_final: bool) -> object:
        found = looked(recording, is_final=is_final)
        if not program.ring.about.closed:
            program.call(function)
            program.fail(function, ValueError("x"))
            program.ring.close()
        return found

    monkeypatch.setattr(Recording, lane, look)
    while work.step():
        pass
    assert not work.is_needed()
    work.close()
    reader = Reader(files.db)
    assert [tuple(row) for row in reader.query("select status, count(*) from process_trace group by 1 order by 1")] == [
        ("ERR", 1),
        ("OK", 2),
    ]
    reader.close()
