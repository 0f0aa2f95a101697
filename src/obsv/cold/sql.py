"""One SQL statement over the rows of a database and of its archive, run by DuckDB in a process of its own.

Nothing but Python's own SQLite opens the database: its rows are handed over as one more Parquet file.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from obsv.archive import Targets, kind_named
from obsv.errors import ForeignFile, InvalidQuery, QueryTimeout, StoreUnavailable
from obsv.store.figures import ArchivedPart
from obsv.store.ground import Range
from obsv.store.seam import ROW_LIMIT, Answer, SQLiteStore, open_store
from obsv.store.writing import CALLS, DECISIONS, OUTCOMES
from obsv.temporary import make_temporary
from obsv.times import MAX_NS

TIME_LIMIT_S = 60
_MEMORY_MB = 1_024
_ANSWER_BYTES = 64 << 20
# Of an object store the files are fetched first.
_FETCHED_BYTES = 4 << 30
_CHILD = Path(__file__).with_name("sql_child.py")
_LAST_ID = 2**63 - 1
KINDS = (CALLS, DECISIONS, OUTCOMES)
# Those of other statements are not handed over.
_DECIDED = ("decision", "gate_result", "outcome", "counterfactual")


def run_over_both(db: Path, statement: str, part: Range, time_limit_s: int = TIME_LIMIT_S) -> Answer:
    """Run one SELECT over views of the database and its archive together: `process_trace`, `data_trace`, `decision`,
    `gate_result`, `outcome` and `counterfactual`.

    Args:
        db: path of the database.
        statement: in DuckDB's dialect; `datetime('now', '-30 seconds')` works as in SQLite.
        part: range of the starts of calls, and of the times of decisions.
        time_limit_s: seconds that DuckDB may take.

    Raises:
        InvalidQuery: it cannot be parsed or run, or is not a SELECT, or needs too much memory.
        QueryTimeout: it exceeded the time limit.
        StoreError: the database or the archive cannot be read.
    """
    directory, store = make_temporary(db), open_store(db)
    try:
        kinds = KINDS if any(view in statement.casefold() for view in _DECIDED) else (CALLS,)
        files = {kind: [directory / f"{kind}.parquet"] for kind in kinds}
        # One snapshot: a row is in a part up to the watermark, or behind it in the database.
        with store.view() as view:
            # What came of a decision may be told long after.
            found = view.archived_parts(
                part.first_ns, MAX_NS if DECISIONS in kinds else min(part.last_ns, MAX_NS - 1) + 1
            )
            for kind, (hot,) in files.items():
                hot.write_bytes(kind_named(kind).columns.write(_hot(view, kind, part)))
        for kind, some in files.items():
            some += _files([each for each in found if each.kind == kind], directory)
        return _asked(files, statement, part, time_limit_s)
    finally:
        store.close()
        shutil.rmtree(directory, ignore_errors=True)


def _hot(view: SQLiteStore, kind: str, part: Range) -> Iterator[list[Any]]:
    """Yield the rows that are only in the database."""
    rows = kind_named(kind)
    time_of = rows.value(rows.time)
    last_ns = part.last_ns if kind != OUTCOMES else MAX_NS
    for chunk in rows.between(view, view.archive_watermark(kind), _LAST_ID):
        yield [each for each in chunk if part.first_ns <= time_of(each) <= last_ns]


def _files(parts: Sequence[ArchivedPart], directory: Path) -> Iterator[Path]:
    """Yield the files of parts; those of an object store are fetched."""
    targets, fetched = Targets(), 0
    for number, part in enumerate(parts):
        target = targets.at(part.url)
        file = target.local(part.name)
        if file is None:
            fetched += part.bytes
            if fetched > _FETCHED_BYTES:
                raise InvalidQuery(
                    f"The archived files of this range have more than {_FETCHED_BYTES >> 30} GB: choose a shorter one "
                    "with --since and --until."
                )
            content, file = target.get(part.name), directory / f"{number}.parquet"
            if content is not None:
                file.write_bytes(content)
        if not file.is_file():
            raise ForeignFile(f"A part of the archive is missing: {part.name} in {part.url}.")
        yield file


def request(
    files: Mapping[str, Sequence[Path]], statement: str, part: Range, time_limit_s: int = TIME_LIMIT_S
) -> dict[str, Any]:
    """Return what the child process is told; `files` by kind: calls, or all."""
    return {
        "statement": statement,
        "files": {kind: [str(file) for file in some] for kind, some in files.items()},
        "first_ns": part.first_ns,
        "last_ns": part.last_ns,
        "megabytes": _MEMORY_MB,
        "seconds": time_limit_s,
        "rows": ROW_LIMIT,
        "bytes": _ANSWER_BYTES,
    }


def _asked(files: Mapping[str, Sequence[Path]], statement: str, part: Range, time_limit_s: int) -> Answer:
    told = request(files, statement, part, time_limit_s)
    command = [sys.executable, "-I", str(_CHILD)]
    try:
        child = subprocess.run(
            command, input=json.dumps(told).encode(), capture_output=True, timeout=time_limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise QueryTimeout(
            f"The statement ran longer than {time_limit_s} s: narrow it, or choose a shorter range with --since."
        ) from None
    except OSError as error:
        raise StoreUnavailable(f"DuckDB cannot be started: {error}.") from error
    try:
        answer = json.loads(child.stdout)
    except ValueError as error:
        raise InvalidQuery(
            f"DuckDB ended without an answer (exit code {child.returncode}): the statement needs too much memory or "
            "time."
        ) from error
    if "error" in answer:
        raise InvalidQuery(str(answer["error"]))
    return Answer(answer["columns"], [tuple(row) for row in answer["rows"]], answer["truncated"])
