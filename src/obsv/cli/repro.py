"""`obsv repro SPAN_ID`: a recorded call as a pytest file."""

from collections.abc import Callable
from pathlib import Path

from obsv.analysis.repro import repro as make
from obsv.cli.common import complain, say_at_once
from obsv.cli.output import json_line
from obsv.errors import ConfigurationError
from obsv.store.seam import open_store

_RECEIVED = (
    "This call was not recorded by obsv on this machine, so the test imports nothing: it holds what the sender says. "
    "Read it before you fill in the function."
)


def repro(
    db: Path,
    span_id: str,
    output: Path | None = None,
    say: Callable[[str], None] = say_at_once,
    note: Callable[[str], None] = complain,
    as_json: bool = False,
) -> Path | None:
    """Write the test of a recorded call.

    Args:
        db: path of the store.
        span_id: up to 16 hex digits, or `TRACE_ID/SPAN_ID`, which is found faster in a large store.
        output: the file, or a directory that gets `test_repro_<span>.py`; None says the source instead.
        say: takes the source, or the lines that tell what was written.
        note: takes a warning.
        as_json: whether that is one line of JSON.

    Returns:
        the file that was written.

    Raises:
        NotFound: no such span.
        InvalidQuery: another instrumentation recorded it: there is no function to call.
        ConfigurationError: the file cannot be written.
        StoreError: the store cannot be read.
    """
    reader = open_store(db)
    try:
        trace, _, span = span_id.rpartition("/")
        with reader.view() as snapshot:
            call = snapshot.read_call(trace, span) if trace else snapshot.find_call(span)
            found = make(call, snapshot.read_exact(call))
    finally:
        reader.close()
    known = {
        "span_id": call.span_id, "placeholders": found.placeholders, "exact": found.exact, "received": found.received
    }  # fmt: skip
    if found.received:
        note(_RECEIVED)
    if output is None:
        say(json_line({**known, "source": found.source}) if as_json else found.source)
        return None
    path = output / found.file_name if output.is_dir() else output
    try:
        path.write_text(found.source, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written ({error.strerror}); choose another place.") from error
    if as_json:
        say(json_line({**known, "file": path}))
        return path
    say(f"{path} written; run it with: pytest {path}")
    if found.placeholders:
        say(f"To be filled in first: {', '.join(found.placeholders)}")
    if found.exact:
        say("It loads a pickle: run it only if you trust what was recorded.")
    return path
