"""Selection of the core at import."""

from __future__ import annotations

import sys

import pytest

from obsv.errors import ConfigurationError
from obsv.record import core


def test_python_by_choice() -> None:
    """`OBSV_CORE=py` leaves the compiled core alone."""
    assert core.load("py") is None


@pytest.mark.parametrize("wanted", [None, "", "c", "require"])
def test_compiled_where_it_is(wanted: str | None) -> None:
    """The compiled core is taken where it was built."""
    assert core.load(wanted) is core.compiled is not None


def test_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the compiled core Python records, unless it was required: then the message says what to do."""
    monkeypatch.delattr(core, "_core")
    monkeypatch.setitem(sys.modules, "obsv.record.core._core", None)
    assert core.load(None) is core.load("c") is None
    with pytest.raises(ConfigurationError, match=r"no compiled core for this interpreter .* Install"):
        core.load("require")


def test_unknown_word() -> None:
    """A word that `OBSV_CORE` does not take is named."""
    with pytest.raises(ConfigurationError, match="'fast'"):
        core.load("fast")
