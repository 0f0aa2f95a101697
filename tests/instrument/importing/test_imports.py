"""Recording of modules when they are imported."""

import asyncio
import importlib
import importlib.resources
import importlib.util
import inspect
import os
import pickle
import py_compile
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
from sample_module import SOURCE
from source_modules import SourceModules

from obsv.instrument.importing import imports
from obsv.instrument.importing.imports import RecordingFinder
from obsv.instrument.monitor import is_monitored, monitor
from obsv.instrument.never import is_never_recorded
from obsv.instrument.targets import FirstParty, NamedModules, Targets
from obsv.trace.span import Span

Install = Callable[..., RecordingFinder]


@pytest.fixture
def install() -> Iterator[Install]:
    installed: list[RecordingFinder] = []

    def install(targets: Targets) -> RecordingFinder:
        finder = RecordingFinder(targets)
        installed.append(finder)
        finder.install()
        return finder

    yield install
    for finder in installed:
        finder.uninstall()


@pytest.fixture
def everything(modules: SourceModules, install: Install) -> SourceModules:
    """Modules of the test's directory, recorded as they are imported."""
    install(FirstParty((str(modules.directory),)))
    return modules


def names(spans: list[Span]) -> list[str]:
    return [span.name for span in spans]


def test_takes_functions_as_they_are_defined(everything: SourceModules, spans: list[Span]) -> None:
    """Tables, default arguments and calls made during the import see the recorded function."""
    module = everything.load("sample", SOURCE)
    assert module.HANDLERS["handler"](1) == 2
    assert module.calls_back()
    assert names(spans) == ["sample.registers", "sample.handler", "sample.calls_back"]


def test_calls_during_the_import(everything: SourceModules, spans: list[Span]) -> None:
    """A module that calls itself while it is imported is recorded."""
    everything.load("early", "def setup(): return 1\nVALUE = setup()\n")
    assert names(spans) == ["early.setup"]


def test_everything_still_works(everything: SourceModules, spans: list[Span]) -> None:
    """The sample's parts give what they gave."""
    module = everything.load("sample", SOURCE)
    assert (module.generic(1), module.generic("x")) == ("int", "object")
    assert (module.cached(2), module.cached(2), module.cached.cache_info().hits) == (20, 20, 1)
    assert module.Base.registry == [module.Order, module.Special]
    assert module.Order.field == "field"
    assert module.Special(1).run(1) == 3
    assert module.Colour.RED.lower() == "red"
    assert asyncio.run(module.coroutine(2)) == 4
    assert pickle.loads(pickle.dumps(module.plain)) is module.plain


def test_cached_function_is_recorded_when_it_runs(everything: SourceModules, spans: list[Span]) -> None:
    """Of a function with a cache the misses are recorded: hits do not call it."""
    module = everything.load("sample", SOURCE)
    assert (module.cached(2), module.cached(2)) == (20, 20)
    assert names(spans) == ["sample.registers", "sample.cached"]


def test_definitions_inside_blocks(everything: SourceModules, spans: list[Span]) -> None:
    """A function that is defined conditionally is recorded, one inside a function is not."""
    module = everything.load(
        "blocks",
        """
        import contextlib
        try:
            import nothing_of_that_name
        except ImportError:
            def in_handler(): return inner()
        if True:
            for _ in range(1):
                with contextlib.suppress(ValueError):
                    class InClass:
                        def method(self): return 1
        def inner():
            def innermost(): return 1
            return innermost()
        """,
    )
    module.in_handler()
    module.InClass().method()
    assert names(spans) == ["blocks.inner", "blocks.in_handler", "blocks.InClass.method"]


def test_namespace_is_unchanged(modules: SourceModules, install: Install) -> None:
    """A recorded module has the names, in the order, that it has otherwise."""
    plain = list(vars(modules.load("sample", SOURCE)))
    del sys.modules["sample"]
    install(NamedModules(["sample"]))
    assert list(vars(modules.load("sample"))) == plain


def test_lines_and_source(modules: SourceModules, install: Install) -> None:
    """First lines, sources and documentation of functions and classes are those of the unrecorded module."""

    def facts() -> list[object]:
        module = modules.load("sample", SOURCE)
        functions = [getattr(module, name) for name in ("plain", "cached", "managed", "handler")]
        return [
            *(inspect.unwrap(function).__code__.co_firstlineno for function in functions),
            *map(inspect.getsource, [*functions, module.Order, module.Line, module.Order.of]),
        ]

    plain = facts()
    del sys.modules["sample"]
    install(NamedModules(["sample"]))
    assert facts() == plain


def test_traceback_shows_the_module_s_lines(everything: SourceModules) -> None:
    """An exception tells the line it came from."""
    module = everything.load("fails", "\n\ndef fail():\n    raise ValueError('no')\n")
    with pytest.raises(ValueError, match="no") as caught:
        module.fail()
    assert caught.traceback[-1].lineno == 3


def test_spec_and_loader(everything: SourceModules) -> None:
    """`__spec__`, `__loader__` and `__file__` are what the import system made."""
    module = everything.load("sample", SOURCE)
    assert type(module.__loader__) is SourceFileLoader
    assert module.__spec__ is not None
    assert module.__spec__.loader is module.__loader__
    assert module.__spec__ == sys.meta_path[0].find_spec("sample", None)
    assert module.__spec__.origin == module.__file__ == str(everything.directory / "sample.py")


def test_python_s_compiled_files_are_left_alone(everything: SourceModules, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recorded import neither reads nor writes them: there are others beside them."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    module = everything.load("sample", SOURCE)
    assert not list(everything.directory.rglob(f"sample.{sys.implementation.cache_tag}.pyc"))
    py_compile.compile(str(module.__file__))
    assert is_monitored(importlib.reload(module).plain)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were compiled, in a process that may keep what it compiles."""
    files: list[str] = []

    def compile_planned(source: bytes, filename: str, *rest: Any) -> Any:
        files.append(Path(filename).stem)
        return planned(source, filename, *rest)

    planned = imports.compile_planned
    monkeypatch.setattr(imports, "compile_planned", compile_planned)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return files


def test_module_is_compiled_once(everything: SourceModules, spans: list[Span], compiled: list[str]) -> None:
    """The next import takes its code from a file, and records the same calls."""
    everything.load("sample", SOURCE)
    before = names(spans)
    del sys.modules["sample"], spans[:]
    module = everything.load("sample")
    assert compiled == ["sample"]
    assert names(spans) == before == ["sample.registers"]
    assert module.Order.add(1, 2) == 3
    assert names(spans)[-1] == "sample.Order.add"


def test_changed_module_is_compiled_anew(everything: SourceModules, compiled: list[str]) -> None:
    """The current source is what runs."""
    everything.load("changing", "def value(): return 1\n")
    del sys.modules["changing"]
    assert everything.load("changing", "def value(): return 22\n").value() == 22
    assert compiled == ["changing", "changing"]


def test_threads_call_a_function_first_at_once(everything: SourceModules, spans: list[Span]) -> None:
    """Each call is recorded, and all of one function."""
    module = everything.load("first", "def f(x): return x\n")
    barrier = threading.Barrier(8)

    def call() -> None:
        barrier.wait()
        module.f(1)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(spans) == ["first.f"] * 8
    assert len({id(span.function) for span in spans}) == 1


def test_monitor_over_a_recorded_function(everything: SourceModules, spans: list[Span]) -> None:
    """`@monitor` on a function replaces its automatic recording."""
    module = everything.load(
        "both", "import obsv\n@obsv.monitor(process_group='own')\ndef f(): return 1\ndef g(): pass\n"
    )
    again = monitor(process_group="later")(module.g)
    module.f(), again()
    assert [(span.name, span.function.process_group) for span in spans] == [("both.f", "own"), ("both.g", "later")]


def test_function_that_was_never_called_can_be_sent(everything: SourceModules, spans: list[Span]) -> None:
    """By value, as cloudpickle does it: it is recorded where it arrives."""
    module = everything.load("sent", "def f(x): return x\n")
    cloudpickle.register_pickle_by_value(module)
    try:
        sent = cloudpickle.dumps(module.f)
    finally:
        cloudpickle.unregister_pickle_by_value(module)
    assert pickle.loads(sent)(3) == 3
    assert [(span.name, dict(span.input_values())) for span in spans] == [("sent.f", {"x": 3})]


def test_place_and_text_of_a_function(everything: SourceModules, spans: list[Span]) -> None:
    """A recorded function shows its file, its first line and its source, with decorators and without what follows."""
    text = "@functools.wraps(print)\ndef f():\n    return 1\n"
    module = everything.load("placed", f"import functools\n\n{text}\n# more\nVALUE = 1\n")
    module.f()
    assert spans[0].function.code == (str(module.__file__), 3, text)
    everything.load("later", "def g(): return 1\n")
    path = everything.write("later", "def g(): return 2  # newer\n")
    os.utime(path, ns=(2**62, 2**62))
    sys.modules["later"].g()
    assert spans[1].function.code == (str(path), 1, "")


def test_reload(everything: SourceModules, spans: list[Span]) -> None:
    """A reloaded module is recorded once a call, with its new code."""
    module = everything.load("changing", "def value(): return 1\n")
    everything.write("changing", "def value(): return 'other'\n")
    importlib.reload(module)
    assert module.value() == "other"
    assert names(spans) == ["changing.value"]


def test_syntax_error_is_the_interpreter_s(everything: SourceModules) -> None:
    """A module that cannot be compiled fails as it would otherwise."""
    path = everything.write("broken", "def f(:\n    pass\n")
    with pytest.raises(SyntaxError) as caught:
        everything.load("broken")
    assert (caught.value.filename, caught.value.lineno) == (str(path), 1)


def test_error_during_the_import(everything: SourceModules) -> None:
    """A module that raises while it is imported is not left behind."""
    with pytest.raises(ZeroDivisionError):
        everything.load("raises", "def f(): return 1 / 0\nf()\n")
    assert "raises" not in sys.modules


def test_missing_module(everything: SourceModules) -> None:
    """A module that does not exist is reported as always."""
    with pytest.raises(ModuleNotFoundError, match="No module named 'nothing_of_that_name'"):
        importlib.import_module("nothing_of_that_name")


def test_package_with_circular_imports(everything: SourceModules, spans: list[Span]) -> None:
    """Modules that import each other see each other's recorded functions."""
    everything.write("ring/__init__", "from .first import one\n")
    everything.write("ring/first", "def one(): return 1\nfrom .second import two\n")
    everything.write("ring/second", "from .first import one\ndef two(): return one() + 1\n")
    package = everything.load("ring")
    assert package.first.two() == 2
    assert names(spans) == ["ring.first.one", "ring.second.two"]


def test_resources(everything: SourceModules) -> None:
    """Files of a recorded package can be read as resources."""
    everything.write("data_package/__init__", "def f(): return 1\n")
    (everything.directory / "data_package" / "note.txt").write_text("hello")
    package = everything.load("data_package")
    assert importlib.resources.files(package).joinpath("note.txt").read_text() == "hello"


def test_namespace_package(everything: SourceModules, spans: list[Span]) -> None:
    """Modules of a package without `__init__` are recorded."""
    everything.write("spread/part", "def f(): return 1\n")
    assert everything.load("spread.part").f() == 1
    assert names(spans) == ["spread.part.f"]


def test_zip_archive(modules: SourceModules, install: Install, spans: list[Span]) -> None:
    """A module in a zip archive is recorded, and keeps its loader."""
    archive = modules.directory / "modules.zip"
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("zipped.py", "def f(x): return x\n")
    sys.path.insert(0, str(archive))
    try:
        install(NamedModules(["zipped"]))
        module = modules.load("zipped")
    finally:
        sys.path.remove(str(archive))
    assert module.f(1) == 1
    assert type(module.__loader__).__name__ == "zipimporter"
    assert module.__spec__ is not None
    assert module.__spec__.loader is module.__loader__
    assert names(spans) == ["zipped.f"]


def test_compiled_module_without_source(modules: SourceModules, install: Install, spans: list[Span]) -> None:
    """A module of which only the compiled file exists is recorded."""
    path = modules.write("compiled", "def f(x): return x\n")
    py_compile.compile(str(path), cfile=str(modules.directory / "compiled.pyc"))
    path.unlink()
    install(NamedModules(["compiled"]))
    assert modules.load("compiled").f(1) == 1
    assert names(spans) == ["compiled.f"]


def test_lazily_loaded_module(everything: SourceModules, spans: list[Span]) -> None:
    """A module behind `importlib.util.LazyLoader` is recorded when it is first used."""
    everything.write("lazy", "def f(): return 1\n")
    spec = importlib.util.find_spec("lazy")
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules["lazy"] = module
    spec.loader.exec_module(module)
    assert module.f() == 1
    assert names(spans) == ["lazy.f"]


def test_module_that_is_not_in_sys_modules(everything: SourceModules, spans: list[Span]) -> None:
    """A module loaded by hand, as plugins are, is recorded with its classes."""
    everything.write("plugin", "class Plugin:\n    def run(self): return 1\n")
    spec = importlib.util.find_spec("plugin")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.Plugin().run() == 1
    assert names(spans) == ["plugin.Plugin.run"]


def test_imports_in_threads(everything: SourceModules, spans: list[Span]) -> None:
    """Threads that import the same modules at once get one recorded module each."""
    for number in range(8):
        everything.write(f"shared{number}", "def f(): return 1\n")
    seen: list[object] = []

    def load() -> None:
        seen.extend(importlib.import_module(f"shared{number}").f for number in range(8))

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 32
    assert len(set(seen)) == 8
    assert all(map(is_monitored, seen))


def test_imported_before(modules: SourceModules, install: Install, spans: list[Span]) -> None:
    """Modules imported before the finder are recorded too."""
    module = modules.load("before", "def f(): return 1\n")
    install(NamedModules(["before"]))
    assert module.f() == 1
    assert names(spans) == ["before.f"]


def test_uninstall(modules: SourceModules, install: Install) -> None:
    """Without the finder, imports are as they were."""
    install(NamedModules(["after"])).uninstall()
    assert not is_monitored(modules.load("after", "def f(): return 1\n").f)


def test_standard_library_by_name(install: Install) -> None:
    """A module of the standard library is recorded where it is named, and never because of where it lies."""
    program = """
import sys
from obsv.instrument.importing.imports import RecordingFinder
from obsv.instrument.targets import FirstParty, NamedModules
from obsv.instrument.monitor import is_monitored
import os
RecordingFinder(FirstParty((os.path.dirname(os.__file__),))).install()
import graphlib, colorsys
assert not is_monitored(colorsys.rgb_to_hsv)
RecordingFinder(NamedModules(["colorsys", "sqlite3.*", "wave"])).install()
import wave, sqlite3.dump
assert is_monitored(colorsys.rgb_to_hsv) and is_monitored(wave.open)
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True)


def test_nothing_that_obsv_runs_on() -> None:
    """All modules that recording and writing load are on the list of those never recorded."""
    program = """
import sys, tempfile
import obsv
with tempfile.TemporaryDirectory() as directory:
    obsv.configure(db=directory + "/x.db", writer="thread")
    @obsv.monitor
    def f(x): return 1 / x
    for x in (1, 0):
        try: f(x)
        except ZeroDivisionError: pass
    assert obsv.force_flush(120)
    obsv.shutdown()
print(*{name.partition(".")[0] for name in sys.modules} - {"__main__", *sys.builtin_module_names})
"""
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    # Put there by the environment, not by obsv.
    beside = {"_distutils_hack", "sitecustomize", "usercustomize", "_virtualenv", "site", "_sitebuiltins"}
    loaded = {name for name in run.stdout.split() if not _is_extension(name)} - beside
    assert sorted(name for name in loaded if not is_never_recorded(name)) == []


def _is_extension(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    return spec is None or spec.origin is None or not spec.origin.endswith(".py")


@pytest.mark.parametrize(
    ("glob", "name", "expected"),
    [
        ("shop", "shop", True),
        ("shop", "shop.orders", True),
        ("shop.*", "shop", True),
        ("shop.*", "shop.orders.lines", True),
        ("shop", "shopping", False),
        ("*.orders", "shop.orders", True),
        ("*.orders", "orders", False),
        ("sh?p.*", "shop", True),
        ("shop.orders", "shop", True),  # which may define something of that name
        ("shop.orders.Order.to_*", "shop.orders", True),
        ("shop.orders.Order.to_*", "shop.prices", False),
        ("shop.*.Order.total", "shop.orders", True),
        ("*.Order.total", "shop.orders", False),
    ],
)
def test_globs(glob: str, name: str, expected: bool) -> None:
    """A plain name means a module and all inside it, a wildcard what it always means."""
    assert NamedModules([glob]).match(name, None) is expected


def test_exclude_goes_first(tmp_path: Path) -> None:
    """Excluded names are not recorded even if included or first-party."""
    assert not NamedModules(["shop.*"], ["shop.tests"]).match("shop.tests.orders", None)
    assert not FirstParty((str(tmp_path),), ["shop.*"]).match("shop.orders", str(tmp_path / "shop" / "orders.py"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("shop/orders.py", True),
        ("orders.py", True),
        ("lib/site-packages/other.py", False),
        (".venv/lib/other.py", False),
        ("../other.py", False),
    ],
)
def test_first_party(tmp_path: Path, path: str, expected: bool) -> None:
    """First-party is what lies below the program's directories and was not installed there."""
    root = tmp_path / "project"
    (root / ".venv").mkdir(parents=True)
    (root / ".venv" / "pyvenv.cfg").touch()
    assert FirstParty((str(root),)).match("some_module", str(root / path)) is expected


TABLES = """
import abc

registry = {}

class Base:
    def __init_subclass__(cls):
        registry.update({name: member for name, member in vars(cls).items() if callable(member)})

class Slot:
    def __init__(self, function):
        self.function = function
    def __set_name__(self, owner, name):
        registry["slot"] = self.function
    def __get__(self, instance, owner=None):
        return self.function.__get__(instance, owner)

class Parser(Base):
    def word(self, text):
        return text.upper()

    table = {"w": word}

    @staticmethod
    def twice(number):
        return 2 * number

    @Slot
    def slotted(self, text):
        return text

    @property
    def name(self):
        return "parser"

    class Inner:
        def deep(self, text):
            return text
        deeper = deep
"""


def test_whatever_sees_a_method_while_its_class_is_made(everything: SourceModules, spans: list[Span]) -> None:
    """Tables in class bodies, registries and descriptors hold the recorded functions; receivers are not arguments."""
    module = everything.load("tables", TABLES)
    parser = module.Parser()
    parser.table["w"](parser, "a")
    module.registry["word"](parser, "b")
    module.registry["slot"](parser, "c")
    parser.slotted("d")
    module.Parser.Inner().deeper("e")
    assert parser.twice(4) == 8
    assert parser.name == "parser"
    named = [(span.name.removeprefix("tables.Parser."), dict(span.input_values())) for span in spans]
    assert named == [
        ("word", {"text": "a"}),
        ("word", {"text": "b"}),
        ("slotted", {"text": "c"}),
        ("slotted", {"text": "d"}),
        ("Inner.deep", {"text": "e"}),
        ("twice", {"number": 4}),
    ]
