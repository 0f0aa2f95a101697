"""Modules to record, and where their calls go."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from source_modules import SourceModules

from obsv.testing import captured_spans
from obsv.trace.span import Span


@pytest.fixture
def modules(tmp_path: Path) -> Iterator[SourceModules]:
    modules = SourceModules(tmp_path)
    yield modules
    modules.close()


@pytest.fixture
def spans() -> Iterator[list[Span]]:
    with captured_spans() as spans:
        yield spans
