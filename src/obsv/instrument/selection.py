"""Selection of the names of a module to record."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from obsv.errors import ConfigurationError
from obsv.instrument.targets import matches, may_hold

# Special methods run inside the interpreter, and while a value is converted to text; these are called like functions.
_CALLED = frozenset({"__call__"})
_NAMEABLE = _CALLED | {"__init__", "__post_init__", "__enter__", "__exit__", "__aenter__", "__aexit__"}


@dataclasses.dataclass(frozen=True)
class Selection:
    """A selection of names; public ones by default.

    Args:
        include: searched in the qualified name (`Order.total`); selects names to record, including private ones. None
            selects
            all names without a leading underscore, and `__call__`.
        exclude: globs (`Order`, `Order.*`, `parse_*`); matching names and everything inside them are not recorded.
        modules: names of the module, for matching the next two.
        named: globs of modules and full names (`shop.orders.Order.total`); if none matches the module, only functions
            that
            match are recorded. None selects all.
        left: likewise; matching names are not recorded.
        private: whether to record names with a leading underscore too.
    """

    include: re.Pattern[str] | None = None
    exclude: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    private: bool = False

    @classmethod
    def of(cls, include_regex: str | None, exclude: Sequence[str]) -> "Selection":
        """Return a selection from a regular expression and globs.

        Raises:
            ConfigurationError: the expression cannot be parsed, or `exclude` is a single string.
        """
        if isinstance(exclude, str):
            raise ConfigurationError(f"exclude must be a sequence of names: write ({exclude!r},).")
        try:
            return cls(None if include_regex is None else re.compile(include_regex), tuple(exclude))
        except re.error as error:
            raise ConfigurationError(f"include_regex {include_regex!r} cannot be parsed: {error}.") from error

    def takes(self, qualname: str) -> bool:
        """Return whether a function with this qualified name is recorded."""
        if self.excludes(qualname) or self._is_one_of(self.left, qualname):
            return False
        if self.named and not any(matches(module, glob) for module in self.modules for glob in self.named):
            # By its own name, so private names only if spelled out.
            return any(
                matches(f"{module}.{qualname}", glob) and (self._is_shown(qualname) or _spells(glob, qualname))
                for module in self.modules
                for glob in self.named
            )
        parts = qualname.split(".")
        if parts[-1].startswith("__") and parts[-1].endswith("__"):
            return parts[-1] in (_CALLED if self.include is None else _NAMEABLE) and self._names(parts[:-1], qualname)
        return self._names(parts, qualname)

    def excludes(self, qualname: str) -> bool:
        """Return whether a function or class, or a class around it, is excluded."""
        return any(
            fnmatchcase(prefix, glob) or fnmatchcase(prefix.rpartition(".")[2], glob)
            for prefix in _prefixes(qualname)
            for glob in self.exclude
        )

    def _names(self, parts: Sequence[str], qualname: str) -> bool:
        if self.include is not None:
            return self.include.search(qualname) is not None
        return self.private or not any(part.startswith("_") for part in parts)

    def _is_shown(self, qualname: str) -> bool:
        parts = qualname.split(".")
        if parts[-1] in _CALLED:
            parts.pop()
        return self.private or not any(part.startswith("_") for part in parts)

    def _is_one_of(self, globs: Sequence[str], qualname: str) -> bool:
        return any(matches(f"{module}.{qualname}", glob) for module in self.modules for glob in globs)


@dataclasses.dataclass(frozen=True)
class Names:
    """The names to record in modules, by globs of modules and functions.

    Args:
        include: `shop`, `shop.*`, `shop.orders.Order.total`; empty selects all.
        exclude: likewise; takes precedence.
        private: whether to record names with a leading underscore too.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    private: bool = False

    @property
    def wants_private(self) -> bool:
        """Return whether functions whose names begin with an underscore may be recorded."""
        return self.private or any(part.startswith("_") for glob in self.include for part in _own_parts(glob))

    def of_module(self, *names: str) -> Selection:
        """Return the selection for one module, which has these names."""
        include = tuple(
            glob for glob in self.include if any(matches(name, glob) or may_hold(name, glob) for name in names)
        )
        # A module recorded for another reason than a glob, such as a script, is recorded as a whole.
        return Selection(modules=names, named=include, left=self.exclude, private=self.private)


def _own_parts(glob: str) -> list[str]:
    return [part for part in glob.split(".") if not part.startswith("__")]


def _spells(glob: str, qualname: str) -> bool:
    return glob.split(".")[-1].startswith("_") and qualname.split(".")[-1].startswith("_")


def _prefixes(qualname: str) -> Iterator[str]:
    parts = qualname.split(".")
    return (".".join(parts[: count + 1]) for count in range(len(parts)))
