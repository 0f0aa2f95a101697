"""`obsv run`: record a program without changing it.

This module and its imports avoid the command line library, so that the program finds the same modules, and as few of
them loaded, as under `python`.
"""

import atexit
import dataclasses
import os
import sys
from collections.abc import Collection, Sequence
from types import CodeType

from obsv.cli.running.children import Children, double_recursion_limit
from obsv.cli.running.end import Summary, has_recorded, say_nothing_was_found
from obsv.cli.running.give_way import give_way, load_pipeline
from obsv.cli.running.installed import find_command, package_of_module
from obsv.cli.running.options import hand_over, make_parser, names_of_environment, program_of
from obsv.cli.running.program import Compile, NoProgram, Program
from obsv.cli.running.tracebacks import hide_frames_at_exit
from obsv.instrument.importing.imports import RecordingFinder, code_of
from obsv.instrument.options import Options
from obsv.instrument.selection import Names
from obsv.instrument.targets import FirstParty, NamedModules, Targets, matches, may_hold
from obsv.instrument.threads import follow_threads
from obsv.own_time import unix_ns
from obsv.program_name import say_program_name
from obsv.trace.provider import stand_in
from obsv.trace.recording import recording
from obsv.working_directory import normal, working_directory

USAGE_ERROR = 2


def run(arguments: Sequence[str]) -> int:
    """Run and record a program.

    Args:
        arguments: the command's arguments after `run`.

    Returns:
        0 if the program ran to its end, 2 if it was not found. Its exceptions, including `SystemExit`, propagate.
    """
    parser = make_parser()
    options = parser.parse_args(arguments)
    program = program_of(options)
    if program is None:
        parser.error("name a script, or a module with -m")
    hand_over(options)
    names = names_of_environment()
    package = package_of_module(program.target) if program.kind == "module" else None
    if program.kind == "script" and (command := find_command(program.target)) is not None:
        program = dataclasses.replace(program, target=command.path)
        package = command.package
    packages = () if package is None else (package,)
    if options.children:
        _inherit()
    if options.summary:
        # Registered before recording starts, so that it runs after everything is stored.
        atexit.register(Summary().say)
    before, since_ns, pid = frozenset(sys.modules), unix_ns(), os.getpid()
    compile_main, finder = _install(program, names, packages)
    give_way(_directory(program))
    double_recursion_limit()
    try:
        return _run(program, compile_main)
    finally:
        # What is installed as a command has no functions in its main module.
        is_bare = bool(packages) or not _records_main(program, names)
        if os.getpid() == pid and is_bare and (names.include or not names.exclude):
            _hint(finder, bool(packages), before, since_ns)


def _inherit() -> None:
    """Make Python programs started by this one run under `obsv run` with the same options."""
    os.environ["OBSV_CHILDREN"] = "1"
    own = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inherit")
    rest = [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each and each != own]
    os.environ["PYTHONPATH"] = os.pathsep.join([own, *rest])


def _install(program: Program, names: Names, packages: Sequence[str]) -> tuple[Compile, RecordingFinder | None]:
    """Install recording of imports; return the compiler of the main module, recording if requested, and the finder."""
    try:
        recorded = _records_main(program, names)
        say_program_name(program.name)
        main_options = Options(process_group=program.name)
        exclude = names.exclude if recorded else [*names.exclude, *program.main_names]
        finder = RecordingFinder(
            _targets(program, names.include, exclude, packages),
            program.main_names if recorded else (),
            main_options,
            names,
        )
        load_pipeline(_directory(program))
        stand_in()
        follow_threads()
        finder.install()
        script = normal(program.target)
        Children(finder, main_options if recorded else None, script, _directory(program), names).follow()
        return _compiler(main_options if recorded else None, names, program.name), finder
    except Exception as error:
        _complain(f"the program runs unrecorded ({type(error).__name__}: {error})")
        return _compiler(None, names, program.name), None


def _hint(finder: RecordingFinder | None, is_installed: bool, before: Collection[str], since_ns: int) -> None:
    """Say so where nothing was recorded since no module matched, or since what is installed called nothing that did."""
    # The first recorded call starts recording.
    if finder is None or (finder.found and not is_installed) or recording.start is None:
        return
    if not has_recorded(since_ns):
        say_nothing_was_found([name for name in sys.modules if name not in before])


def _directory(program: Program) -> str:
    """Return the first entry of the program's `sys.path`."""
    return program.directory or working_directory()


def _records_main(program: Program, names: Names) -> bool:
    called = {"__main__", program.name}
    if any(matches(name, glob) for name in called for glob in names.exclude):
        return False
    return not names.include or any(
        matches(name, glob) or may_hold(name, glob) for name in called for glob in names.include
    )


def _targets(program: Program, include: Sequence[str], exclude: Sequence[str], packages: Sequence[str]) -> Targets:
    if include:
        return NamedModules(include, exclude)
    here = working_directory()
    roots = filter(None, (program.directory, here, here and os.path.realpath(here)))
    return FirstParty(tuple(dict.fromkeys(roots)), exclude, packages)


def _compiler(options: Options | None, names: Names, program_name: str) -> Compile:
    def compile_main(source: bytes | str, filename: str) -> CodeType:
        if options is not None:
            try:
                return code_of(source, filename, "__main__", options, names, (program_name,))
            except Exception:
                # Errors in the source are reported below, as the interpreter reports them.
                pass
        return compile(source, filename, "exec", dont_inherit=True)

    return compile_main


def _run(program: Program, compile_main: Compile) -> int:
    try:
        program.run(compile_main)
    except NoProgram as error:
        _complain(str(error))
        return USAGE_ERROR
    except SystemExit:
        raise
    except BaseException:
        hide_frames_at_exit()
        raise
    return 0


def _complain(text: str) -> None:
    from obsv.analysis.markdown import visible  # loaded only now: the program finds as few modules as possible

    print(f"obsv run: {visible(text)}", file=sys.stderr)
