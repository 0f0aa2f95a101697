"""A secret as the rules file names it: given directly, in the environment, or in a separate file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from obsv.errors import ConfigurationError

_MAX_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Secret:
    """The location of a secret. It is read when needed, so a rotated secret applies from the next message on.

    Attributes:
        source: whether `place` is the secret itself, a variable's name or a file's path.
        place: never displayed if it is the secret.
    """

    source: Literal["value", "env", "file"]
    place: str = field(repr=False)

    def read(self, environment: Mapping[str, str] = os.environ) -> str:
        """Return the secret.

        Raises:
            ConfigurationError: the variable is not set, or the file cannot be read; the message does not contain the
                secret.
        """
        found = self._found(environment).strip()
        if not found:
            raise ConfigurationError(f"{self} is empty: set it to the secret.")
        return found

    def _found(self, environment: Mapping[str, str]) -> str:
        if self.source == "value":
            return self.place
        if self.source == "env":
            if self.place not in environment:
                raise ConfigurationError(f"{self} is not set: set it in the environment of obsv.")
            return environment[self.place]
        try:
            with Path(self.place).expanduser().open(encoding="utf-8") as file:
                return file.read(_MAX_BYTES)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{self} cannot be read ({type(error).__name__}).") from error

    def __str__(self) -> str:
        """Return where the secret is, never the secret itself."""
        if self.source == "value":
            return "The value in the rules file"
        return f"The {'environment variable' if self.source == 'env' else 'file'} {self.place}"
