"""Which names of a module are recorded."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from obsv.errors import ConfigurationError

# Special methods run inside the interpreter, and while a value is turned into text; these are called like functions.
_CALLED = frozenset({"__call__"})
_NAMEABLE = _CALLED | {"__init__", "__post_init__", "__enter__", "__exit__", "__aenter__", "__aexit__"}


@dataclasses.dataclass(frozen=True)
class Selection:
    """Public names, unless told otherwise.

    Args:
        include: searched in the qualified name (`Order.total`); names what is recorded, private names too. None takes
            all names without a leading underscore, and `__call__`.
        exclude: globs (`Order`, `Order.*`, `parse_*`); what they match is not recorded, nor what stands inside it.
    """

    include: re.Pattern[str] | None = None
    exclude: tuple[str, ...] = ()

    @classmethod
    def of(cls, include_regex: str | None, exclude: Sequence[str]) -> "Selection":
        """A selection of a regular expression and globs.

        Raises:
            ConfigurationError: the expression cannot be read, or `exclude` is one text.
        """
        if isinstance(exclude, str):
            raise ConfigurationError(f"exclude is a sequence of names: write ({exclude!r},).")
        try:
            return cls(None if include_regex is None else re.compile(include_regex), tuple(exclude))
        except re.error as error:
            raise ConfigurationError(f"include_regex {include_regex!r} cannot be read: {error}.") from error

    def takes(self, qualname: str) -> bool:
        """Whether a function of this qualified name is recorded."""
        if self.excludes(qualname):
            return False
        parts = qualname.split(".")
        if parts[-1].startswith("__") and parts[-1].endswith("__"):
            return parts[-1] in (_CALLED if self.include is None else _NAMEABLE) and self._names(parts[:-1], qualname)
        return self._names(parts, qualname)

    def excludes(self, qualname: str) -> bool:
        """Whether a function or class, or a class around it, is excluded."""
        return any(
            fnmatchcase(prefix, glob) or fnmatchcase(prefix.rpartition(".")[2], glob)
            for prefix in _prefixes(qualname)
            for glob in self.exclude
        )

    def _names(self, parts: Sequence[str], qualname: str) -> bool:
        if self.include is not None:
            return self.include.search(qualname) is not None
        return not any(part.startswith("_") for part in parts)


def _prefixes(qualname: str) -> Iterator[str]:
    parts = qualname.split(".")
    return (".".join(parts[: count + 1]) for count in range(len(parts)))
