"""The pytest file of a recorded call.

The file is always valid Python: recorded text appears in it only as the `repr` of a string, and in comments without
line
breaks. A pickle is included as base64 and loaded only by the test. Only a call recorded on this machine imports or
unpickles anything; for any other call, the file contains only data. The result is parsed and compared with the intent
(`check`).
"""

from __future__ import annotations

import base64
import builtins
import re
from collections.abc import Iterable
from typing import NamedTuple

from obsv.analysis.markdown import visible
from obsv.analysis.repro import parts
from obsv.analysis.repro.arguments import Argument, arguments
from obsv.analysis.repro.check import Meant, check
from obsv.analysis.repro.literal import rebuild
from obsv.analysis.repro.outcome import Raised, raised
from obsv.analysis.repro.target import Target, nothing_of, target_of
from obsv.errors import InvalidQuery
from obsv.store.ground import read_object
from obsv.store.spans import Call
from obsv.times import iso

SCOPE = "obsv"
OUTPUTS = ("return", "yield")
MODULES = {"asyncio", "base64", "enum", "pickle", "pytest", "re", "sys"}
OWN = {"Any", "INPUTS", "args", "caught", "function", "kind", "kwargs", "render", "result", "snapshot", *parts.HELPERS}
LINE = 88


class Repro(NamedTuple):
    """A generated test.

    Attributes:
        file_name: suggested file name.
        source: Python source.
        placeholders: names of inputs to fill in before it runs.
        exact: whether the test loads its inputs from a pickle.
        received: whether the call was not recorded on this machine; the test then imports nothing.
    """

    file_name: str
    source: str
    placeholders: tuple[str, ...]
    exact: bool
    received: bool


def repro(call: Call, exact: bytes | dict[str, str] | None = None) -> Repro:
    """Return a test for a recorded call.

    Args:
        call: the recorded call.
        exact: what was kept of its inputs beside its values: `(args, kwargs)` pickled, or exact texts by name.

    Raises:
        InvalidQuery: the span is from other instrumentation, so there is no function to call.
    """
    is_ours = _scope_name(call) == SCOPE
    if call.code is None and not is_ours:
        raise InvalidQuery(f"{call.process!r} was recorded by other instrumentation, so there is no function to call.")
    if call.received or not is_ours:
        # A pickle of somebody else runs code; texts are read as literals, as recorded values are.
        call, exact = call._replace(received=True), exact if isinstance(exact, dict) else None
    target = nothing_of(call.process) if call.received else target_of(call.process, call.code)
    pickled = exact if isinstance(exact, bytes) else None
    made = [] if pickled is not None else arguments(call, target, exact if isinstance(exact, dict) else None)
    placeholders = [argument.missing for argument in made if argument.missing]
    if target.module is None:
        placeholders.append("the function")
    file = _File(call, target, made, pickled)
    source = file.source(placeholders)
    check(source, file.meant)
    return Repro(f"test_repro_{call.span_id[:8]}.py", source, tuple(placeholders), pickled is not None, call.received)


def _scope_name(call: Call) -> object:
    return read_object(call.scope).get("name")


def comment(text: str) -> str:
    """Return a comment on one line."""
    line = " ".join(visible(text).split())
    return f"# {line if len(line) <= 300 else line[:300] + '…'}"


class _File:
    """The pieces of one file. The test is written first: it determines the helpers and imports."""

    def __init__(self, call: Call, target: Target, made: list[Argument], exact: bytes | None) -> None:
        self.call, self.target, self.made, self.exact = call, target, made, exact
        self.raised = raised(call) if call.failed else None
        self.output = next((value for value in call.outputs if value.name in OUTPUTS), None)
        rebuilt = rebuild(self.output.text) if self.output and not call.failed else None
        # A value that is not equal to itself, or that must be looked up, is compared by its text.
        self.expected = None if rebuilt is None or rebuilt.helpers or "nan" in rebuilt.source else rebuilt
        self.imports = {name for argument in made for name in argument.imports}
        self.imports |= self.expected.imports if self.expected else frozenset()
        self.helpers = {name for argument in made for name in argument.helpers}
        self.helpers |= {"class_of"} if self.helpers & {"made", "member"} else set()
        self.helpers |= {"hints_of"} if "made" in self.helpers else set()

    def source(self, placeholders: list[str]) -> str:
        """Return the whole file."""
        if placeholders:
            self.helpers.add("fill_in")
        test = "\n".join(self._test())
        head = "\n".join([*self._head(placeholders), *self._imports()])
        owner = self.target.module or ""
        helpers = [parts.helper(name, owner) for name in parts.HELPERS if name in self.helpers]
        return "\n\n\n".join([head, *helpers, *self._pickle(), test]) + "\n"

    @property
    def meant(self) -> Meant:
        """Return the content that the file may have besides values."""
        target = self.target
        if target.module is None:
            return Meant(None, None, self._function())
        folder = None if target.script is None else _folder(target.script)
        return Meant((target.module, target.path[0], self._name()), folder, self._function())

    def _head(self, placeholders: list[str]) -> Iterable[str]:
        call = self.call
        yield from parts.RECEIVED if call.received else parts.HEAD if self.exact is None else parts.WARNING
        yield comment(f"A recorded call of {call.process}, as a test.")
        yield comment(f"Recorded {iso(call.start_ns)} by {call.service}, trace {call.trace_id}, span {call.span_id}.")
        yield comment(self._ending())
        if placeholders:
            yield comment(
                f"Some inputs could not be rebuilt from text: replace fill_in(...) for {', '.join(placeholders)}."
            )
        yield ""

    def _ending(self) -> str:
        if not self.call.failed:
            return "It returned."
        return f"It raised {self.raised.kind}." if self.raised else "It failed; the exception is unknown."

    def _imports(self) -> Iterable[str]:
        names = self.imports | {module for helper in self.helpers for module in parts.NEEDS[helper]}
        names |= {"base64", "pickle"} if self.exact is not None else set()
        names |= {"asyncio"} if self.target.is_async else set()
        names |= {"sys"} if self.target.script else set()
        yield from (f"import {name}" for name in sorted(names))
        if self.helpers:
            yield "from typing import Any"
        yield from ["", "import pytest"] if names or self.helpers else ["import pytest"]
        if "as_recorded" in self.helpers:
            yield from ["", "from obsv.capture import render, snapshot"]
        yield from self._target_import()

    def _target_import(self) -> Iterable[str]:
        target = self.target
        if target.module is None:
            return
        yield ""
        if target.script:
            yield "# The function ran in a script; here its file is imported as a module."
            yield f"sys.path.insert(0, {_folder(target.script)!r})"
        name, known_as = target.path[0], self._name()
        yield f"from {target.module} import {name}" + ("" if name == known_as else f" as {known_as}")

    def _name(self) -> str:
        """Return the name of the function, or of its class, in the file."""
        name = self.target.path[0]
        return "recorded_function" if name in MODULES | OWN | self.imports or name in vars(builtins) else name

    def _function(self) -> str:
        """Return the called expression."""
        return "function" if self.target.module is None else ".".join([self._name(), *self.target.path[1:]])

    def _pickle(self) -> Iterable[str]:
        if self.exact is not None:
            text = base64.b64encode(self.exact).decode()
            lines = [f'    "{text[at : at + LINE]}"' for at in range(0, len(text), LINE)] or ['    ""']
            yield "\n".join(["# (args, kwargs), pickled.", "INPUTS = (", *lines, ")"])

    def _test(self) -> list[str]:
        name = re.sub(r"\W+", "_", self.target.path[-1][:80], flags=re.ASCII).strip("_")
        lines = [*self._setup(), *(self._raising() if self.call.failed else self._returning())]
        return [f"def test_{name or 'call'}() -> None:", *("    " + line for line in lines)]

    def _setup(self) -> Iterable[str]:
        if self.target.module is None:
            yield f'function = fill_in("the function", {self.call.process[:200]!r})'
        if self.exact is not None:
            yield "args, kwargs = pickle.loads(base64.b64decode(INPUTS))"

    def _returning(self) -> list[str]:
        value = self.output
        lines = self._run(to_first_item=value is not None and value.name == "yield")
        if value is None:
            return [*lines, "# The result was not recorded: the test only checks that the call does not raise."]
        lines = ["result = " + lines[0], *lines[1:]]
        if self.expected is not None:
            compare = "is" if value.text in ("None", "True", "False") else "=="
            return [*lines, f"assert result {compare} {self.expected.source}"]
        self.helpers.add("as_recorded")
        note = "# The text depends on the serializer and on max_repr; these are the defaults."
        return [*lines, note, f"assert as_recorded(result) == {parts.ADDRESS.sub('0x', value.text)!r}"]

    def _raising(self) -> list[str]:
        kind = self.raised.builtin if self.raised else None
        base = "BaseException" if kind and not issubclass(kind, Exception) else "Exception"
        head = f"with pytest.raises({kind.__name__ if kind else base}) as caught:"
        lines = [head, *("    " + line for line in self._run(to_first_item=False))]
        if self.raised is None:
            return lines
        asked = _asked_message(self.raised)
        self.helpers |= {"as_recorded"} if any("as_recorded" in line for line in asked) else set()
        return [*lines, *_asked_type(self.raised), *asked]

    def _run(self, *, to_first_item: bool) -> list[str]:
        """Return the statements that call the function and run it to its end, or to its first item."""
        if not self.target.is_generator:
            return self._call("asyncio.run(", ")") if self.target.is_async else self._call()
        if not self.target.is_async:
            return self._call("next(" if to_first_item else "list(", ")")
        helper = "first" if to_first_item else "drain"
        self.helpers.add(helper)
        return self._call(f"asyncio.run({helper}(", "))")

    def _call(self, opening: str = "", closing: str = "") -> list[str]:
        name = self._function()
        if self.exact is not None:
            bound = "[1:]" if self.target.is_class_method else ""
            return [f"{opening}{name}(*args{bound}, **kwargs){closing}"]
        if not self.made:
            return [f"{opening}{name}(){closing}"]
        return [f"{opening}{name}(", *(f"    {argument.source}," for argument in self.made), f"){closing}"]


def _folder(path: str) -> str:
    return re.sub(r"[^/\\]*$", "", path)


def _asked_type(found: Raised) -> list[str]:
    if found.builtin:
        return [f"assert type(caught.value) is {found.kind}"]
    name = "." + found.kind.removeprefix("__main__.")
    return ["kind = type(caught.value)", f"assert f'.{{kind.__module__}}.{{kind.__qualname__}}'.endswith({name!r})"]


def _asked_message(found: Raised) -> list[str]:
    if found.message is None:
        return []
    if found.exact and (found.kind == "KeyError" or "<" in found.message):
        # Of a key, or of several arguments, the text was made without calling their own repr.
        return ["said = caught.value.args[0] if len(caught.value.args) == 1 else caught.value.args",
                f"assert {found.message!r} in (str(caught.value), as_recorded(said))"]  # fmt: skip
    if found.exact:
        return [f"assert str(caught.value) == {found.message!r}"]
    if "***" in found.message:
        pattern = "(?s)" + ".*".join(re.escape(part) for part in found.message.split("***"))
        return ["# A part of the message was masked.", f"assert caught.match({pattern!r})"]
    # Text after the message, such as notes, cannot be distinguished from it.
    return [f"assert {found.message!r}.startswith(str(caught.value))"]
