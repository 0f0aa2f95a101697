"""Pieces of source that a generated test may need."""

import re

ADDRESS = re.compile(r"0x[0-9a-f]+")

# The first two lines of a file may declare its encoding (PEP 263): they contain no recorded text.
HEAD = (
    "# A recorded call as a pytest test, written by obsv. Recorded data appears in it as strings and plain values,",
    "# and in comments.",
    "#",
)
RECEIVED = (
    "# WARNING: obsv did not record this call on this machine: it was received, or comes from another machine's file.",
    "# Therefore nothing is imported or unpickled. Its name and values were chosen by the sender: read them, then",
    "# fill in the function.",
    "#",
)
WARNING = (
    "# WARNING: this test loads a pickle (INPUTS, below), and loading a pickle can run code.",
    "# Run it only if you trust the recorded program and the database file.",
    "#",
)

# In the order in which they appear in the file.
HELPERS = {
    "fill_in": '''\
def fill_in(name: str, recorded: str) -> Any:
    """Stands for an input that text could not rebuild: replace the whole call with the value."""
    pytest.fail(f"Replace fill_in({name!r}, ...) with the value; recorded was: {recorded!r}", pytrace=False)''',
    "class_of": '''\
def class_of(name: str, fits: Any) -> Any:
    """The class of that name, looked up where the function is defined, then in other modules."""
    places = [vars(sys.modules[OWNER]), *(getattr(each, "__dict__", {}) for each in list(sys.modules.values()))]
    found = (place.get(name) for place in places)
    return next(each for each in found if isinstance(each, type) and fits(each))''',
    "member": '''\
def member(text: str) -> Any:
    """The member of an Enum."""
    kind, _, name = text.partition(".")
    return class_of(kind, lambda each: issubclass(each, enum.Enum) and name in each.__members__)[name]''',
    "made": '''\
def made(name: str, fields: dict[str, Any]) -> Any:
    """An object with these fields: as its class makes it, or else without that."""
    try:
        kind = class_of(name, lambda each: not fields or all(map({*dir(each), *hints_of(each)}.__contains__, fields)))
    except StopIteration:
        kind = class_of(name, lambda each: True)  # its attributes are set in its methods
    for field, value in fields.items():
        if "Decimal" in str(hints_of(kind).get(field)) and type(value) in (int, float):
            fields[field] = decimal.Decimal(str(value))
    try:
        return kind(**fields)
    except Exception:
        value = kind.__new__(kind)
        for field in fields:
            object.__setattr__(value, field, fields[field])
        return value''',
    "hints_of": '''\
def hints_of(kind: type) -> dict[str, Any]:
    """The annotations of a class and its bases."""
    found = {}
    for each in reversed(kind.__mro__):
        found.update(vars(each).get("__annotations__", {}))
    return found''',
    "zeros": '''\
def zeros(dtype: str, shape: tuple[int, ...]) -> Any:
    """An array of that type and shape; what it contained was not recorded."""
    return pytest.importorskip("numpy").zeros(shape, dtype)''',
    "array": '''\
def array(dtype: str, shape: tuple[int, ...], values: list[Any]) -> Any:
    """An array with these first values; zeros stand for those that were not recorded."""
    made = pytest.importorskip("numpy").zeros(shape, dtype)
    made.flat[: len(values)] = values
    return made''',
    "frame": '''\
def frame(rows: int, columns: list[Any], dtypes: list[str], index: list[Any] | None, values: list[list[Any]]) -> Any:
    """A data frame with these first rows, repeated in place of those that were not recorded."""
    pandas = pytest.importorskip("pandas")
    made = pandas.DataFrame({at: pandas.Series(each, dtype=dtypes[at]) for at, each in enumerate(values)})
    made.columns = columns
    if len(made) < rows:
        return made.iloc[[at % len(made) for at in range(rows)]].reset_index(drop=True) if len(made) else made
    if index is not None:
        made.index = index
    return made''',
    "series": '''\
def series(rows: int, name: Any, dtype: str, index: list[Any] | None, values: list[Any]) -> Any:
    """A series with these first values, repeated in place of those that were not recorded."""
    made = pytest.importorskip("pandas").Series(values, dtype=dtype, name=name)
    if len(made) < rows:
        return made.iloc[[at % len(made) for at in range(rows)]].reset_index(drop=True) if len(made) else made
    if index is not None:
        made.index = index
    return made''',
    "first": '''\
async def first(items: Any) -> Any:
    """The first item of an asynchronous generator."""
    async for item in items:
        return item''',
    "drain": '''\
async def drain(items: Any) -> None:
    """Runs an asynchronous generator to its end."""
    async for _ in items:
        pass''',
    "as_recorded": '''\
def as_recorded(value: Any) -> str:
    """The value's text as obsv records it by default, without addresses."""
    return re.sub("0x[0-9a-f]+", "0x", render(snapshot(value)))''',
}


def helpers(owner: str) -> list[str]:
    """Return the source of all helpers.

    Args:
        owner: the module whose Enum classes `member` looks up.
    """
    return [helper(name, owner) for name in HELPERS]


def helper(name: str, owner: str) -> str:
    """Return the source of one helper."""
    return HELPERS[name].replace("OWNER", repr(owner))


NEEDS = {
    "fill_in": (),
    "class_of": ("sys",),
    "member": ("enum",),
    "made": ("decimal",),
    "hints_of": (),
    "zeros": (),
    "array": (),
    "frame": (),
    "series": (),
    "first": (),
    "drain": (),
    "as_recorded": ("re",),
}
