"""The `obsv` command."""

import sys


def main() -> int:
    """Run the command with the arguments of this process; return its exit code."""
    if sys.argv[1:2] == ["run"]:
        # Bypass the command line library: the program must find as few modules loaded as under `python`.
        from obsv.cli.running.run import run

        return run(sys.argv[2:])
    from obsv.cli.app import main as run_command

    return run_command(sys.argv[1:])
