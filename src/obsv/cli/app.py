"""Placeholder."""

from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run a command."""
    raise NotImplementedError(arguments)
