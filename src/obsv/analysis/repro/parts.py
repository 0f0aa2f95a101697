"""Pieces of source that a generated test may need."""

import re

ADDRESS = re.compile(r"0x[0-9a-f]+")

# The first two lines of a file may name its encoding (PEP 263): no recorded text stands in them.
HEAD = (
    "# A recorded call as a pytest test, written by obsv. What was recorded stands in it as texts and plain values,",
    "# and in comments.",
    "#",
)
RECEIVED = (
    "# WARNING: obsv did not record this call on this machine: somebody sent it, or it is from another machine's file.",
    "# So nothing of it is imported or unpickled. Its name and values are data that the sender chose: read them, then",
    "# fill in the function that you mean.",
    "#",
)
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
        owner: the module whose enumerations `member` looks up.
    """
    return [helper(name, owner) for name in HELPERS]


def helper(name: str, owner: str) -> str:
    """Return the source of one helper."""
    return HELPERS[name].replace("OWNER", repr(owner))


NEEDS = {"fill_in": (), "member": ("enum", "sys"), "first": (), "drain": (), "as_recorded": ("re",)}
