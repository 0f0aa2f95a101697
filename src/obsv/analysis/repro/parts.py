"""Pieces of source that a generated test may need."""

import re

ADDRESS = re.compile(r"0x[0-9a-f]+")

WARNING = (
    "# WARNING: this test loads a pickle (INPUTS, below), and loading a pickle runs what is in it.",
    "# Run it only if you trust the program that was recorded and the file that it was recorded to.",
    "#",
)

# In the order in which they stand in the file.
HELPERS = {
    "fill_in": '''\
def fill_in(name: str, recorded: str) -> Any:
    """Stands for an input that text could not rebuild: replace the whole call with the value."""
    pytest.fail(f"Replace fill_in({name!r}, ...) with the value; recorded was: {recorded}", pytrace=False)''',
    "member": '''\
def member(text: str) -> Any:
    """The member of an Enum, looked up where the function is defined."""
    kind, _, name = text.partition(".")
    found = getattr(sys.modules[OWNER], kind)
    assert issubclass(found, enum.Enum), text
    return found[name]''',
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
NEEDS = {"fill_in": (), "member": ("enum", "sys"), "first": (), "drain": (), "as_recorded": ("re",)}
