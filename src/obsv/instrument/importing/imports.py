"""Recording of modules when they are imported."""

import importlib.machinery as machinery
import logging
import os
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, FunctionType, ModuleType
from typing import Any

from obsv.instrument.after_import import spec_of_others
from obsv.instrument.compilers import follow_compilers
from obsv.instrument.importing.automatic import Automatic
from obsv.instrument.importing.code_files import CodeFiles
from obsv.instrument.importing.module import record_module
from obsv.instrument.importing.rewritten import follow_pytest
from obsv.instrument.importing.source import Wanted, compile_planned, plan_compiled, recording_code
from obsv.instrument.never import is_never_recorded
from obsv.instrument.options import Options
from obsv.instrument.selection import Names
from obsv.instrument.targets import Targets
from obsv.own_time import unix_ns

logger = logging.getLogger("obsv")

_files, _private_files = CodeFiles(), CodeFiles("p")

# Modules without Python functions of their own.
_LEFT_LOADERS = (machinery.ExtensionFileLoader, machinery.BuiltinImporter, machinery.FrozenImporter)
# A loader that overrides one of these has its own way from source to code.
_SOURCE_METHODS = ("get_code", "exec_module", "source_to_code")


class RecordingFinder(MetaPathFinder):
    """A meta path finder that lets the others find modules, and makes matching ones record.

    It never fails an import: a module that cannot be recorded is imported normally.

    Args:
        targets: which modules.
        main_names: names under which `python -m` may look up the main module, which is recorded whatever `targets`
            says;
            packages of these names are not it.
        main_options: recording options of the main module.
        names: which names of a module are recorded.

    Attributes:
        found: number of matching modules.
    """

    def __init__(
        self,
        targets: Targets,
        main_names: Sequence[str] = (),
        main_options: Options | None = None,
        names: Names | None = None,
    ) -> None:
        self._targets, self._main_names, self._names = targets, main_names, names or Names()
        self.found = 0
        self._options = Options()
        self._main_options = main_options or self._options

    def __reduce__(self) -> tuple[Any, ...]:
        # Spawned processes get it, and follow imports themselves.
        return type(self), (self._targets, self._main_names, self._main_options)

    def install(self) -> None:
        """Register before all other finders, and record matching modules that are already imported."""
        follow_compilers()
        follow_pytest(self._prepare)
        sys.meta_path.insert(0, self)
        for name, module in list(sys.modules.items()):
            if name != "__main__" and isinstance(module, ModuleType) and self._matches(name, _file_of(module)):
                self.found += 1
                record_module(module, self._options, self._names.of_module(name))

    def uninstall(self) -> None:
        """Let later imports pass; recorded modules stay recorded."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec that the finders behind this one give, with a loader that records where the module matches."""
        if fullname not in self._main_names and not self._may_match(fullname):
            return None
        spec = spec_of_others(self, fullname, path, target)
        if spec is not None and (self._is_main(spec) or self._matches(fullname, spec.origin)):
            self._hook(spec)
        return spec

    def _is_main(self, spec: ModuleSpec) -> bool:
        return spec.name in self._main_names and spec.submodule_search_locations is None

    def _may_match(self, name: str) -> bool:
        try:
            return self._targets.may_match(name)
        except Exception:
            logger.debug("Matching %s failed.", name, exc_info=True)
            return False

    def _matches(self, name: str, file: str | None) -> bool:
        try:
            return not is_never_recorded(name) and self._targets.match(name, file)
        except Exception:
            logger.debug("Matching %s failed.", name, exc_info=True)
            return False

    def _prepare(self, code: CodeType, namespace: dict[str, Any]) -> CodeType:
        """Return the code to run for a module that something else compiled."""
        try:
            name, file = str(namespace.get("__name__")), namespace.get("__file__")
            if file is None or not self._matches(name, file):
                return code
            with open(file, "rb") as source:
                planned = plan_compiled(code, source.read(), _wanted(self._names))
            self.found += 1
            return _ready(planned, code.co_filename, name, self._options, self._names)
        except Exception:
            logger.debug("%s is left unrecorded.", code.co_filename, exc_info=True)
            return code

    def _hook(self, spec: ModuleSpec) -> None:
        loader: Any = spec.loader
        options = self._main_options if self._is_main(spec) else self._options
        if loader is None or isinstance(loader, (type, *_LEFT_LOADERS)):
            return
        self.found += 1
        if _is_plain_source_loader(loader):
            # On the loader itself: it stays the object, with the type, that everyone expects in `__loader__`.
            loader.get_code = MarkedCode(loader, options, self._names)
        elif hasattr(loader, "exec_module"):
            spec.loader = PatchingLoader(loader, options, spec, self._names)


class MarkedCode:
    """`get_code` of a source loader: recording code, from separate files beside Python's."""

    def __init__(self, loader: SourceFileLoader, options: Options, names: Names) -> None:
        self._loader, self._options, self._names = loader, options, names

    def __call__(self, fullname: str) -> CodeType | None:
        loader = self._loader
        try:
            path = loader.get_filename(fullname)
            return _kept_code_of(loader, path, fullname, self._options, self._names)
        except Exception:
            # The loader reports errors in the source itself.
            return type(loader).get_code(loader, fullname)

    def __eq__(self, other: object) -> bool:
        # Loaders, and therefore specs, compare by their attributes, of which this is one.
        return isinstance(other, MarkedCode) and other._options == self._options

    __hash__ = None  # type: ignore[assignment]


class PatchingLoader(Loader):
    """A loader around one with its own way to a module: records the module afterwards.

    Args:
        inner: the loader; it gets its place back before the module runs.
        options: recording options.
        spec: the module's spec.
        names: which names of it are recorded.
    """

    def __init__(self, inner: Any, options: Options, spec: ModuleSpec, names: Names) -> None:
        self._inner, self._options, self._spec, self._names = inner, options, spec, names

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        create = getattr(self._inner, "create_module", None)
        return None if create is None else create(spec)

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the code for `runpy`: the main module of an archive."""
        self._spec.loader = self._inner
        try:
            source, path = self._inner.get_source(fullname), self._inner.get_filename(fullname)
            return code_of(source, path, fullname, self._options, self._names)
        except Exception:
            code: CodeType | None = self._inner.get_code(fullname)
            return code

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        if spec is not None and spec.loader is self:
            spec.loader = self._inner
        if getattr(module, "__loader__", None) is self:
            module.__loader__ = self._inner
        self._inner.exec_module(module)
        record_module(module, self._options, self._names.of_module(module.__name__))


def _kept_code_of(loader: SourceFileLoader, path: str, name: str, options: Options, names: Names) -> CodeType:
    """Return the same as `code_of`, from a file compiled before, if available."""
    files = _private_files if names.wants_private else _files
    code = files.read(path)
    if code is None:
        status = os.stat(path)
        code = compile_planned(loader.get_data(path), path, _wanted(names))
        files.write(path, status, code)
    return _ready(code, path, name, options, names)


def _wanted(names: Names) -> Wanted:
    return Wanted(private=names.wants_private)


def code_of(
    source: bytes | str, filename: str, name: str, options: Options, names: Names, also: Sequence[str] = ()
) -> CodeType:
    """Return a module's code, which records what it defines.

    Args:
        name: the module's name.
        names: which names of it are recorded.
        also: further names of the module, by which it may be selected.

    Raises:
        SyntaxError, ValueError: as `compile`.
    """
    return _ready(compile_planned(source, filename, _wanted(names)), filename, name, options, names, also)


def _ready(
    code: CodeType, filename: str, name: str, options: Options, names: Names, also: Sequence[str] = ()
) -> CodeType:
    automatic = Automatic(options, names.of_module(name, *also), lambda function: _is_of(function, filename))
    return recording_code(code, name, automatic, unix_ns())


def _is_of(function: FunctionType, filename: str) -> bool:
    return function.__code__.co_filename == filename


def _is_plain_source_loader(loader: Any) -> bool:
    return isinstance(loader, SourceFileLoader) and all(
        getattr(type(loader), name) is getattr(SourceFileLoader, name) for name in _SOURCE_METHODS
    )


def _file_of(module: ModuleType) -> str | None:
    return getattr(module, "__file__", None)
