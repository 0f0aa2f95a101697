"""The text that replaces a secret."""

from typing import Final

MASK: Final = "***"
