"""Builds the compiled core beside the pure package: a wheel with it where a compiler works, else one without it.

`OBSV_CORE` says what must be: "c" (the default) builds it and warns where that fails, "require" fails, "py" leaves it
out. Interpreters without the interpreter lock, and others than CPython, get the pure wheel.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
FOLDER = Path("src/obsv/record/core")
MODULE = "obsv.record.core._core"


class CoreBuildHook(BuildHookInterface[Any]):
    """hatchling's hook: adds the compiled core to a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before the wheel is packed; into the source folder where the install is editable."""
        wanted = os.environ.get("OBSV_CORE") or "c"
        in_place = ROOT / FOLDER / _file_name()
        if version == "editable":
            in_place.unlink(missing_ok=True)
        reason = _unsuitable(wanted)
        if reason:
            if wanted == "require":
                raise RuntimeError(f"OBSV_CORE=require, but {reason}.")
            return
        self._folder = tempfile.TemporaryDirectory(prefix="obsv-core-")
        try:
            built = compile_core(Path(self._folder.name))
        except BaseException as error:  # a compiler that is not there ends in SystemExit
            if wanted == "require" or isinstance(error, KeyboardInterrupt):
                raise
            self.app.display_warning(f"The compiled core was not built, obsv records by Python alone: {error}")
            return
        if version == "editable":
            shutil.move(built, in_place)
        else:
            build_data["force_include"][str(built)] = f"{FOLDER.relative_to('src')}/{built.name}"
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def compile_core(folder: Path) -> Path:
    """Compile the core into a folder and return the file; `CC` and `CFLAGS` count as usual."""
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    windows = sys.platform == "win32"
    extension = Extension(
        MODULE,
        sources=[str(path) for path in sorted((ROOT / FOLDER).glob("*.c"))],
        depends=[str(path) for path in sorted((ROOT / FOLDER).glob("*.h"))],
        extra_compile_args=["/O2"] if windows else ["-O3", "-fvisibility=hidden", "-fno-strict-aliasing"],
        # mingw has it, MSVC does not need it
        libraries=[] if windows else ["pthread"],
    )
    command = build_ext(Distribution({"name": "obsv", "ext_modules": [extension]}))
    command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "temp")
    command.ensure_finalized()
    command.run()
    return Path(command.get_ext_fullpath(MODULE))


def _file_name() -> str:
    return f"_core{sysconfig.get_config_var('EXT_SUFFIX')}"


def _unsuitable(wanted: str) -> str | None:
    if wanted == "py":
        return "OBSV_CORE=py leaves the compiled core out"
    if wanted not in ("c", "require"):
        raise RuntimeError(f'OBSV_CORE is "c", "py" or "require" at build, not {wanted!r}.')
    if sys.implementation.name != "cpython":
        return f"{sys.implementation.name} is not CPython"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "this interpreter has no interpreter lock, which the compiled core relies on"
    return None


if __name__ == "__main__":
    # In place, as an editable install does; or into another copy of src.
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "src"
    with tempfile.TemporaryDirectory(prefix="obsv-core-") as temporary:
        shutil.move(compile_core(Path(temporary)), source / FOLDER.relative_to("src") / _file_name())
