"""Conversion of a recorded call to a pytest file that calls the function again and asserts the outcome."""

from obsv.analysis.repro.pytest_file import Repro, repro

__all__ = ["Repro", "repro"]
