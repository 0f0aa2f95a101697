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


def helpers(owner: str) -> list[str]:
    """Return the source of all helpers.

    Args:
        owner: the module whose Enum classes `member` looks up.
    """
    return [helper(name, owner) for name in HELPERS]


def helper(name: str, owner: str) -> str:
    """Return the source of one helper."""
    return HELPERS[name].replace("OWNER", repr(owner))


NEEDS = {"fill_in": (), "member": ("enum", "sys"), "first": (), "drain": (), "as_recorded": ("re",)}
