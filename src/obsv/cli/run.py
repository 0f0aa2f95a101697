"""`obsv run`: record a program without touching it.

This file and what it imports stay clear of the command line library: the program finds the modules, and as few of them
loaded, as it would find under `python`.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from types import CodeType

from obsv.cli.children import Children, double_recursion_limit
from obsv.cli.give_way import give_way
from obsv.cli.program import Compile, Kind, NoProgram, Program
from obsv.cli.tracebacks import hide_frames_at_exit
from obsv.instrument.imports import RecordingFinder, code_of
from obsv.instrument.options import Options
from obsv.instrument.targets import FirstParty, NamedModules, Targets, matches
from obsv.instrument.threads import follow_threads
from obsv.program_name import say_program_name
from obsv.trace.provider import stand_in

USAGE_ERROR = 2

_DESCRIPTION = """\
Run a Python program and record its calls, with no change to its code.

Without --include, functions of the script itself are recorded, and those of
modules that lie below its directory or the current one and were not installed
there. With --include it is what the globs name, `__main__` being the script.
A glob without a wildcard means a module and, if it is a package, all inside:
--include shop. Private names (_name) are never recorded. What obsv itself runs
on never is, the rest of the standard library only by name. Processes that it
starts with multiprocessing are recorded likewise."""

_EPILOG = """\
The program's own exit code, output and signals are kept. --db and --service are
handed to the program and its children as OBSV_DB and OTEL_SERVICE_NAME.
Exit code 2: the program cannot be found."""


def run(arguments: Sequence[str]) -> int:
    """Run and record a program.

    Args:
        arguments: those of the command, after `run`.

    Returns:
        0 if the program came to its end, 2 if there is none. Whatever it raises, `SystemExit` among it, comes out.
    """
    parser = make_parser()
    options = parser.parse_args(arguments)
    program = _program(options)
    if program is None:
        parser.error("give a script, or -m and a module's name")
    _hand_over(options)
    compile_main = _install(program, options)
    give_way(_directory(program))
    double_recursion_limit()
    return _run(program, compile_main)


def make_parser() -> argparse.ArgumentParser:
    """The parser of the command's own options; what follows the program is the program's."""
    parser = argparse.ArgumentParser(
        prog="obsv run",
        usage="obsv run [OPTION]… (SCRIPT | -m MODULE | -c CODE | -) [ARGUMENT]…",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--include", action="append", default=[], metavar="GLOB", help="modules to record: shop, 'shop.*', '*.orders'")
    add("--exclude", action="append", default=[], metavar="GLOB", help="modules not to record; goes first")
    add("--db", metavar="FILE", help="the database file [env OBSV_DB, default logs/observability.db]")
    add("--service", metavar="NAME", help="the service's name [env OTEL_SERVICE_NAME]")
    add("-m", dest="module", nargs=argparse.REMAINDER, metavar="MODULE", help="run a module, as python -m does")
    add("-c", dest="code", nargs=argparse.REMAINDER, metavar="CODE", help="run code, as python -c does")
    add(
        "script",
        nargs=argparse.REMAINDER,
        metavar="SCRIPT",
        help="a script, a directory or archive with a __main__.py, or - for stdin",
    )
    return parser


def _program(options: argparse.Namespace) -> Program | None:
    choices: tuple[tuple[Kind, list[str]], ...] = (
        ("module", options.module),
        ("code", options.code),
        ("input", options.script if options.script[:1] == ["-"] else []),
        ("script", options.script),
    )
    return next((Program(kind, words[0], words[1:]) for kind, words in choices if words), None)


def _hand_over(options: argparse.Namespace) -> None:
    # By the environment, since the program may start others that record too.
    if options.db is not None:
        os.environ["OBSV_DB"] = os.path.abspath(options.db)
    if options.service is not None:
        os.environ["OTEL_SERVICE_NAME"] = options.service


def _install(program: Program, options: argparse.Namespace) -> Compile:
    """Have imports recorded; returns what compiles the main module, with marks if it is recorded."""
    try:
        recorded = _records_main(program, options.include, options.exclude)
        say_program_name(program.name)
        main_options = Options(process_group=program.name)
        exclude = options.exclude if recorded else [*options.exclude, *program.main_names]
        finder = RecordingFinder(
            _targets(program, options.include, exclude), program.main_names if recorded else (), main_options
        )
        import obsv.pipeline  # noqa: F401  (before the program's directory is on the path: it may have a queue.py)

        stand_in()
        follow_threads()
        finder.install()
        script = os.path.abspath(program.target)
        Children(finder, main_options if recorded else None, script, _directory(program)).follow()
        return _compiler(main_options if recorded else None)
    except Exception as error:
        print(f"obsv run: the program runs unrecorded ({type(error).__name__}: {error})", file=sys.stderr)
        return _compiler(None)


def _directory(program: Program) -> str:
    """What comes first on the program's `sys.path`."""
    return program.directory or os.getcwd()


def _records_main(program: Program, include: Sequence[str], exclude: Sequence[str]) -> bool:
    names = {"__main__", program.name}
    if any(matches(name, glob) for name in names for glob in exclude):
        return False
    return not include or any(matches(name, glob) for name in names for glob in include)


def _targets(program: Program, include: Sequence[str], exclude: Sequence[str]) -> Targets:
    if include:
        return NamedModules(include, exclude)
    roots = filter(None, (program.directory, os.getcwd(), os.path.realpath(os.getcwd())))
    return FirstParty(tuple(dict.fromkeys(roots)), exclude)


def _compiler(options: Options | None) -> Compile:
    def compile_main(source: bytes | str, filename: str) -> CodeType:
        if options is not None:
            try:
                return code_of(source, filename, "__main__", options)
            except Exception:
                # What is wrong with the source is said below, as the interpreter says it.
                pass
        return compile(source, filename, "exec", dont_inherit=True)

    return compile_main


def _run(program: Program, compile_main: Compile) -> int:
    try:
        program.run(compile_main)
    except NoProgram as error:
        print(f"obsv run: {error}", file=sys.stderr)
        return USAGE_ERROR
    except SystemExit:
        raise
    except BaseException:
        hide_frames_at_exit()
        raise
    return 0
