"""The digests of files, directories and mappings."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from obsv.registry import content_of, digest_of


def test_directory_is_its_files(tmp_path: Path) -> None:
    """By path, size and digest, in order of their paths; a link is its target's name."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2").write_bytes(b"two")
    (tmp_path / "a").write_bytes(b"one")
    expected = hashlib.sha256()
    for name, content in ((b"a", b"one"), (b"b/2", b"two")):
        expected.update(b"%s %d %s\0" % (hashlib.sha256(content).hexdigest().encode(), len(content), name))
    found = content_of(tmp_path)
    assert (found.artifact_id, found.size, found.form) == (expected.hexdigest(), 6, "directory")
    (tmp_path / "a").rename(tmp_path / "c")
    assert content_of(tmp_path).artifact_id != found.artifact_id
    (tmp_path / "c").rename(tmp_path / "a")
    os.symlink("/", tmp_path / "root")
    assert content_of(tmp_path).size == 7


def test_mapping_is_canonical_json() -> None:
    """The order of its keys does not matter."""
    expected = hashlib.sha256(json.dumps({"a": [1, 2.5], "é": None}, sort_keys=True, separators=(",", ":"),
                                         ensure_ascii=False).encode()).hexdigest()  # fmt: skip
    assert content_of({"é": None, "a": [1, 2.5]}).artifact_id == expected
    assert content_of({"a": [1, 2.5], "é": None}).artifact_id == expected


def test_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    """It would have no end."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="regular file"):
        digest_of(str(tmp_path / "pipe"))
