"""Programs that record: run as processes of their own, as users run them."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from keepers import end_keeper, settle

from obsv.keeper.files import KeeperFiles

# Long enough for a loaded machine; a test that waits so long has failed.
TIMEOUT_S = 240


class Program:
    """A program under observation, and its store.

    Args:
        directory: where it runs; its store is `store.db` there.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.db = directory / "store.db"

    def start(self, source: str, **environment: str) -> "subprocess.Popen[str]":
        """Start a program of this source, stdin and stdout piped."""
        path = self.directory / "program.py"
        path.write_text(textwrap.dedent(source))
        return subprocess.Popen(
            [sys.executable, str(path)],
            cwd=self.directory,
            env={**os.environ, "OBSV_DB": str(self.db), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, source: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end, and see that it ended well."""
        process = self.start(source, **environment)
        out, err = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 0, err
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def end_keeper(self) -> None:
        """End the keeper, when all is stored."""
        settle(self.db)
        end_keeper(KeeperFiles.of(self.db), signal.SIGTERM)

    def query(self, sql: str, *parameters: Any) -> list[Any]:
        """Rows of the store, once all that was recorded is in it."""
        settle(self.db)
        return self.query_now(sql, *parameters)

    def query_now(self, sql: str, *parameters: Any) -> list[Any]:
        """Rows of the store as it is."""
        connection = sqlite3.connect(f"file:{self.db}?mode=ro", uri=True)
        try:
            return connection.execute(sql, parameters).fetchall()
        finally:
            connection.close()

    def count(self, where: str = "1") -> int:
        """Calls in the store."""
        return int(self.query(f"select count(*) from process_trace where {where}")[0][0])


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


@pytest.fixture
def programs(tmp_path: Path) -> Callable[[str], Program]:
    """Several programs that write one store."""

    def make(name: str) -> Program:
        directory = tmp_path / name
        directory.mkdir()
        made = Program(directory)
        made.db = tmp_path / "store.db"
        return made

    return make
