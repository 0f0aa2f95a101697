"""`obsv run --logs LEVEL`: what a program logs is recorded, and the program notices nothing."""

import re

import pytest
from keepers import settle
from programs import Programs

from obsv.store import Reader

PROGRAM = """
import logging, sys

print(logging.getLogger().hasHandlers())
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(levelname)s %(name)s %(message)s %(lineno)d")
log = logging.getLogger("shop")


class Loud(logging.Filter):
    def filter(self, record):
        return "quiet" not in record.getMessage()


def place(n):
    log.info("placing %d", n)
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("no stock for %s", n, extra={"order": n})


place(7)
log.debug("never made")
log.addFilter(Loud())
log.warning("quiet")
log.propagate = False
log.warning("no handler takes it")
print(log.hasHandlers())
"""


def _said(programs: Programs) -> list[tuple[object, ...]]:
    settle(programs.db)
    if not programs.db.exists():
        return []
    reader = Reader(programs.db)
    try:
        return [tuple(row) for row in reader.query("select severity_text, body, process from log order by ts")]
    finally:
        reader.close()


@pytest.mark.parametrize(("level", "first"), [("warning", 1), ("INFO", 0), ("9", 0)])
def test_records_from_a_level_on(programs: Programs, level: str, first: int) -> None:
    """In the call that made them, after the logger's level and filters; the output stays what it was."""
    programs.write("app.py", PROGRAM)
    plain, recorded = programs.plain("app.py"), programs.recorded("app.py", options=["--logs", level])
    assert (recorded.code, recorded.errors) == (plain.code, plain.errors)
    # The program shows all that is logged; obsv says so where calls are not stored yet.
    output = re.sub(r"WARNING obsv (About .*\n)?", "", recorded.output)
    assert output == plain.output
    said = [("INFO", "placing 7", "__main__.place"), ("ERROR", "no stock for 7", "__main__.place")]
    assert _said(programs) == [*said[first:], ("WARNING", "no handler takes it", None)]


@pytest.mark.parametrize("options", [[], ["--logs", "off"]])
def test_nothing_without_a_level(programs: Programs, options: list[str]) -> None:
    """Calls are recorded, log records are not."""
    programs.write("app.py", PROGRAM)
    programs.recorded("app.py", options=options)
    assert _said(programs) == []
    assert programs.processes() == {"__main__.place", "__main__.Loud.filter"}


def test_children_too(programs: Programs) -> None:
    """A process of multiprocessing is a part of the program."""
    source = """
    import logging, multiprocessing

    def work(n):
        logging.getLogger("child").warning("at %d", n)

    if __name__ == "__main__":
        process = multiprocessing.get_context("spawn").Process(target=work, args=(3,))
        process.start()
        process.join()
    """
    programs.write("app.py", source)
    programs.recorded("app.py", options=["--logs", "WARN"])
    assert [body for _, body, _ in _said(programs)] == ["at 3"]


def test_program_with_a_module_of_that_name(programs: Programs) -> None:
    """Its `logging.py` is its own."""
    programs.write("logging.py", "def warning(text):\n    print(text)\n")
    programs.write("app.py", "import logging\nlogging.warning('mine')\n")
    assert programs.recorded("app.py", options=["--logs", "INFO"]).output == programs.plain("app.py").output == "mine\n"


def test_wrong_level_is_refused(programs: Programs) -> None:
    """Before anything runs, with what it may be."""
    programs.write("app.py", "print('ran')")
    outcome = programs.recorded("app.py", options=["--logs", "loud"])
    assert (outcome.code, outcome.output) == (2, "")
    assert "--logs: severity is one of TRACE, DEBUG, INFO" in outcome.errors


def test_a_message_that_cannot_be_formatted(programs: Programs) -> None:
    """The program goes on as it does without recording, whatever its objects say of themselves."""
    source = """
    import logging

    class Bad:
        def __repr__(self):
            raise RuntimeError("no text")

    logging.raiseExceptions = False
    logging.getLogger("x").warning("%d", Bad())
    logging.getLogger("x").warning(Bad())
    print("went on")
    """
    programs.write("app.py", source)
    plain, recorded = programs.plain("app.py"), programs.recorded("app.py", options=["--logs", "INFO"])
    assert (recorded.code, recorded.output) == (plain.code, plain.output) == (0, "went on\n")
    assert [body for _, body, _ in _said(programs)] == ["(its message cannot be formatted)"] * 2
