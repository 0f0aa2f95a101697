"""The compiled core, where it was built: the producer of the record format in C.

`OBSV_CORE` chooses at import: "c" or nothing takes it where it is there, "py" leaves it, "require" fails without it.
"""

from __future__ import annotations

import os
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING

from obsv.capture import Limits, Redactor, is_from_signal
from obsv.capture.shapes import Shapes
from obsv.capture.snapshot import kinds_of
from obsv.errors import ConfigurationError

if TYPE_CHECKING:
    from obsv.record.core import _core

# The compiled code holds a container's items in arrays of this length.
_MOST_ITEMS = 16


def load(wanted: str | None) -> ModuleType | None:
    """The compiled module, or None where Python is to record.

    Args:
        wanted: "c", "py", "require", or None for "c".

    Raises:
        ConfigurationError: another word, or "require" where it was not built.
    """
    if wanted not in (None, "", "c", "py", "require"):
        raise ConfigurationError(f'OBSV_CORE is "c", "py" or "require", not {wanted!r}.')
    if wanted == "py":
        return None
    try:
        from obsv.record.core import _core
    except ImportError as error:
        if wanted == "require":
            raise ConfigurationError(
                f"OBSV_CORE=require, but obsv has no compiled core for this interpreter ({error}). "
                "Install a wheel that has it, or a compiler and then obsv anew; or leave OBSV_CORE unset."
            ) from error
        return None
    return _core


compiled = load(os.environ.get("OBSV_CORE"))
"""The compiled module; None where Python records."""


@lru_cache(maxsize=64)
def encoder_of(limits: Limits, redactor: Redactor) -> _core.Encoder | None:
    """The encoder of "smart" values; functions of equal settings share it, and what it learned about classes.

    Returns:
        None where the compiled core is not there, or the limits are beyond it.
    """
    if compiled is None or limits.max_items > _MOST_ITEMS:
        return None
    encoder: _core.Encoder = compiled.Encoder(
        freeze=kinds_of(limits, redactor).freeze,
        harmless=redactor.harmless,
        is_sensitive=redactor.is_sensitive,
        shape_of=Shapes(limits, redactor).shape_of,
        is_from_signal=is_from_signal,
        max_repr=limits.max_repr,
        max_items=limits.max_items,
        max_depth=limits.max_depth,
    )
    return encoder
