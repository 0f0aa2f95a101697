"""A recorded call as a pytest file that calls the function again and asserts what happened."""

from obsv.analysis.repro.pytest_file import Repro, repro

__all__ = ["Repro", "repro"]
