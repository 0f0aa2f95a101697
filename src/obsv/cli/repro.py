"""`obsv repro SPAN_ID`: turn a recorded call into a pytest file."""

from collections.abc import Callable
from pathlib import Path
from shlex import quote

from obsv.analysis.repro import repro as make
from obsv.cli.common import complain, say_at_once
from obsv.cli.output import json_line
from obsv.cold import open_whole
from obsv.errors import ConfigurationError
from obsv.privacy import write_private
from obsv.store.spans import Call
from obsv.working_directory import absolute, working_directory

_RECEIVED = (
    "This call was not recorded by obsv on this machine, so the test imports nothing and contains only what "
    "the sender reported. "
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
    """Write a test for a recorded call.

    Args:
        db: path of the store.
        span_id: up to 16 hex digits, or `TRACE_ID/SPAN_ID`, which is faster in a large store.
        output: a file that ends in `.py`, or a directory, created if needed, that gets `test_repro_<span>.py`; None
            prints the source instead.
        say: receives the source, or the lines that report what was written.
        note: receives a warning.
        as_json: whether to print one line of JSON.

    Returns:
        The file that was written.

    Raises:
        NotFound: there is no such span.
        InvalidQuery: the span is from other instrumentation, so there is no function to call.
        ConfigurationError: the file cannot be written.
        StoreError: the store cannot be read.
    """
    reader = open_whole(db)
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
    is_directory = output.is_dir() or output.suffix != ".py"
    path = output / found.file_name if is_directory else output
    try:
        if is_directory:
            path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, found.source)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written ({error.strerror}); choose another location.") from error
    if as_json:
        say(json_line({**known, "file": path}))
        return path
    say(f"{path} was written; run it with: {command(path, call, Path(working_directory()))}")
    if found.placeholders:
        say(f"Fill in first: {', '.join(found.placeholders)}")
    if found.exact:
        say("The test loads a pickle: run it only if you trust the recorded data.")
    return path


def command(path: Path, call: Call, here: Path) -> str:
    """Return the command that runs a test from the directory where its function's module can be imported.

    Args:
        path: path of the test.
        call: the call that it repeats.
        here: the working directory.
    """
    root = _root(call)
    if root is None or root == here or not root.is_dir():
        return f"python -m pytest {quote(str(path))}"
    return f"cd {quote(str(root))} && python -m pytest {quote(str(absolute(str(path))))}"


def _root(call: Call) -> Path | None:
    """Return the directory that a function's module is imported from; None if unknown."""
    if call.code is None:
        return None
    file = Path(call.code.file_path)
    if call.process.startswith("__main__."):
        return file.parent
    stem = file.parent.parts if file.stem == "__init__" else file.with_suffix("").parts
    names = tuple(call.process.split("."))
    for count in range(len(names) - 1, 0, -1):
        if stem[-count:] == names[:count]:
            return Path(*stem[:-count])
    return None
