"""Code of recorded modules that is kept in files from one run to the next."""

import marshal
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType

import pytest

from obsv.instrument.importing import code_files
from obsv.instrument.importing.code_files import CodeFiles

IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture(autouse=True)
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Files are written, whatever the environment says, and nothing outside the test's directory."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    code_files._own_directory.cache_clear()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "module.py"
    path.write_text("VALUE = 1\n")
    return path


def keep(source: Path, files: CodeFiles) -> CodeType:
    code = compile(source.read_text(), str(source), "exec")
    files.write(str(source), os.stat(source), code)
    return code


def kept(source: Path) -> CodeType | None:
    return CodeFiles().read(str(source))


def only_file(directory: Path) -> Path:
    (found,) = (path for path in directory.rglob("*") if path.is_file() and path.suffix == ".pyc")
    return found


def test_code_is_kept_beside_python_s(source: Path) -> None:
    """It is read back as it was, from `__pycache__`, by other objects of the kind."""
    code = keep(source, CodeFiles())
    assert kept(source) == code
    assert only_file(source.parent).parent.name == "__pycache__"


def test_variants_stand_beside_each_other(source: Path) -> None:
    """Code that was made another way is neither read nor overwritten."""
    keep(source, CodeFiles("m"))
    assert kept(source) is None
    assert CodeFiles("m").read(str(source)) is not None


def test_changed_source_makes_it_worthless(source: Path) -> None:
    """By its size, or by the time of its last change to the nanosecond."""
    keep(source, CodeFiles())
    status = os.stat(source)
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert kept(source) is None
    source.write_text("VALUE = 10\n")
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert kept(source) is None


def test_change_of_obsv_makes_it_worthless(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version would make other code."""
    keep(source, CodeFiles())
    monkeypatch.setattr(code_files, "_maker", lambda: 1)
    assert kept(source) is None


def test_moved_directory_makes_it_worthless(source: Path) -> None:
    """Code tells its file, which is another one now."""
    keep(source, CodeFiles())
    moved = source.parent.rename(source.parent.with_name("moved"))
    assert kept(moved / source.name) is None


def change_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def replace_by_other_data(path: Path) -> None:
    path.write_bytes(marshal.dumps(compile("1", "", "exec")))


def let_others_write(path: Path) -> None:
    path.chmod(0o646)


def let_others_write_beside(path: Path) -> None:
    path.parent.chmod(0o777)


def link(path: Path) -> None:
    path.rename(path.with_suffix(".real"))
    path.symlink_to(path.with_suffix(".real"))


def make_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "harm",
    [
        *(change_a_byte, cut, empty, replace_by_other_data),
        *(let_others_write, let_others_write_beside, link, make_a_pipe),
    ],
)
def test_what_may_not_be_ours_is_not_executed(source: Path, harm: Callable[[Path], None]) -> None:
    """Nor what is damaged: such a file is as good as none."""
    keep(source, CodeFiles())
    harm(only_file(source.parent))
    assert kept(source) is None


@pytest.mark.skipif(not IS_ROOT, reason="only root can give a file away")
def test_other_user_s_file_is_not_executed(source: Path) -> None:
    """It could hold anything."""
    keep(source, CodeFiles())
    os.chown(only_file(source.parent), 12_345, 12_345)
    assert kept(source) is None


def test_where_it_cannot_be_kept_beside_the_source(source: Path, tmp_path: Path) -> None:
    """It is kept in a directory of the user's."""
    (source.parent / "__pycache__").write_text("no directory")
    code = keep(source, CodeFiles())
    assert kept(source) == code
    assert only_file(tmp_path / "cache").stat().st_mode & 0o022 == 0


def test_where_it_cannot_be_kept_at_all(source: Path, tmp_path: Path) -> None:
    """Nothing happens."""
    (source.parent / "__pycache__").write_text("no directory")
    (tmp_path / "cache").write_text("no directory")
    keep(source, CodeFiles())
    assert kept(source) is None


def test_who_wants_no_such_files_gets_none(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python has it: `-B`, PYTHONDONTWRITEBYTECODE."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    keep(source, CodeFiles())
    assert list(source.parent.iterdir()) == [source]


def test_half_a_file_is_never_seen(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written under another name, which does not stay behind when that fails."""

    def fail(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "replace", fail)
    keep(source, CodeFiles())
    assert [path for path in source.parent.rglob("*") if path.is_file()] == [source]
