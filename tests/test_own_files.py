"""Files of settings that are something else: each reader says so at once, whatever somebody put there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from obsv.alerts.rules_file import read_file
from obsv.api.access.users import UsersFile
from obsv.decisions.gates_file import load_gates
from obsv.errors import ObsvError
from obsv.measures.metrics_file import load as load_metrics
from obsv.own_files import MOST_SETTINGS, NotOurs, read_settings
from obsv.reports.routing import routes
from obsv.reports.schedule import plans
from obsv.rules_place import named_variables

READERS: dict[str, Callable[[Path], object]] = {
    "alerts.toml": read_file,
    "users.toml": UsersFile,
    "gates.yaml": lambda path: load_gates(path, is_registered=False),
    "metrics.yaml": load_metrics,
    "models.yaml": lambda path: routes(path, "daily", 1),
    "reports.toml": plans,
}


def pipe(path: Path) -> None:
    os.mkfifo(path)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(200 << 30)


KINDS = {"a named pipe": pipe, "a directory": Path.mkdir, "200 GB": sparse}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", READERS)
def test_nothing_but_a_file_of_settings_is_read(name: str, kind: str, tmp_path: Path) -> None:
    """No reader waits for the other end of a pipe, or reads more than a megabyte; the message names the file."""
    path = tmp_path / name
    KINDS[kind](path)
    with pytest.raises(ObsvError, match=name):
        READERS[name](path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_recorded_program_starts_beside_such_rules(kind: str, tmp_path: Path) -> None:
    """It looks for the variables that rules name before it starts a keeper."""
    path = tmp_path / "alerts.toml"
    KINDS[kind](path)
    assert named_variables(path) == frozenset()


def test_a_file_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    """Behind a link, too, as deployments mount it."""
    path, link = tmp_path / "settings", tmp_path / "link"
    link.symlink_to(path)
    path.write_bytes(b"x" * MOST_SETTINGS)
    assert len(read_settings(link)) == MOST_SETTINGS
    path.write_bytes(b"x" * (MOST_SETTINGS + 1))
    with pytest.raises(NotOurs, match="more than"):
        read_settings(link)
