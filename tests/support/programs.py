"""Running one program twice: under the interpreter, and under `obsv run`."""

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from keepers import settle

from obsv.store import Reader

# What an installer makes of the entry point: a script in a directory of its own.
COMMAND = Path(__file__).parent / "command" / "obsv-command.py"


class Outcome(NamedTuple):
    """The outcome of a program."""

    code: int
    output: str
    errors: str


@dataclass
class Programs:
    """Programs in a directory, with what they record.

    Args:
        directory: where they are and run.
        db: the database that `recorded` fills; by default inside the directory.
    """

    directory: Path
    db: Path = Path()

    def __post_init__(self) -> None:
        if self.db == Path():
            self.db = self.directory / "recorded" / "observability.db"

    def write(self, path: str, source: str) -> Path:
        """Write a file; returns its path."""
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(source))
        return file

    def plain(self, *arguments: str, input: str = "", **environment: str) -> Outcome:
        """Run `python …`."""
        return self._run([sys.executable, *arguments], input, environment)

    def recorded(self, *arguments: str, options: Sequence[str] = (), input: str = "", **environment: str) -> Outcome:
        """Run `obsv run [options] …` with the same arguments."""
        return self._run([sys.executable, str(COMMAND), "run", *options, *arguments], input, environment)

    def rows(self, columns: str = "process", rest: str = "order by ts, depth") -> list[tuple[object, ...]]:
        """Columns of `process_trace`; empty without a database."""
        settle(self.db)
        if not self.db.exists():
            return []
        reader = Reader(self.db)
        try:
            return [tuple(row) for row in reader.query(f"select {columns} from process_trace {rest}")]
        finally:
            reader.close()

    def processes(self) -> set[object]:
        """The names of everything recorded."""
        return {row[0] for row in self.rows("distinct process", "")}

    def _run(self, command: list[str], input: str, environment: dict[str, str]) -> Outcome:
        variables = {**os.environ, "OBSV_DB": str(self.db), "PYTHONDONTWRITEBYTECODE": "1", **environment}
        run = subprocess.run(
            command, cwd=self.directory, env=variables, input=input, capture_output=True, text=True, timeout=600
        )
        return Outcome(run.returncode, _comparable(run.stdout), _comparable(run.stderr))


def _comparable(text: str) -> str:
    """Text without what differs from one run to the next."""
    for pattern, instead in ((r"0x[0-9a-f]+", "0x…"), (r"Thread-\d+", "Thread-…"), (r"in \d+\.\d+s", "in …s")):
        text = re.sub(pattern, instead, text)
    return without_delay(text)


def without_delay(errors: str) -> str:
    """Leave out the line of calls that are still to be stored: a keeper may need more than a program's last second."""
    return re.sub(r"(WARNING: )?About \d+ calls are not stored yet: .*\n", "", errors)
