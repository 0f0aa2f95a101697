"""The compiled core, if it was built: the producer of the record format in C.

`OBSV_CORE` selects it at import: "c" or unset uses it if available, "py" does not, "require" fails without it.
"""

from __future__ import annotations

import os
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING

from obsv.capture import Limits, Redactor, is_from_signal
from obsv.capture.secrets.secret_shapes import MARKS, SCHEMES
from obsv.capture.shapes import Shapes
from obsv.capture.snapshot import kinds_of
from obsv.errors import ConfigurationError

if TYPE_CHECKING:
    from obsv.record.core import _core

# The compiled code keeps a container's items in arrays of this length.
_MOST_ITEMS = 16


def load(wanted: str | None) -> ModuleType | None:
    """Return the compiled module, or None if Python must record.

    Args:
        wanted: "c", "py", "require", or None for "c".

    Raises:
        ConfigurationError: another word, or "require" if it was not built.
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
                "Install a wheel that contains it, or install a compiler and then obsv again; or unset OBSV_CORE."
            ) from error
        return None
    return _core


compiled = load(os.environ.get("OBSV_CORE"))
"""The compiled module; None if Python records."""


@lru_cache(maxsize=64)
def encoder_of(limits: Limits, redactor: Redactor) -> _core.Encoder | None:
    """Return the encoder of "smart" values, shared by functions with equal settings, with its knowledge of classes.

    Returns:
        None if there is no compiled core, or the limits exceed its capacity.
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


@lru_cache(maxsize=64)
def texts_by(redactor: Redactor, max_repr: int) -> _core.Texts | None:
    """Return the maker of stored texts for functions with equal settings.

    Returns:
        None if there is no compiled core, or the user's own words exceed its capacity.
    """
    if compiled is None:
        return None
    try:
        made: _core.Texts = compiled.Texts(marks=MARKS, roots=(*redactor.text_roots, *SCHEMES), limit=max_repr)
    except ValueError:
        return None
    return made
