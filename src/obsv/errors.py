"""Every error that obsv raises on purpose.

    ObsvError
    ├── ConfigurationError      a setting cannot be used; the message names the setting and what it takes
    ├── StoreError              the database file cannot be used
    │   ├── StoreUnavailable    for now: locked, read-only, disk full; the same call may work later
    │   ├── ForeignFile         the file at the path is no obsv store, or is corrupt
    │   ├── NewerSchema         written by a newer obsv
    │   └── QueryTimeout        a reader's query ran past its limit
    ├── NotFound                no such trace, span or process
    └── InvalidQuery            a search that cannot be read; `position` says where

None of them reaches a monitored function: recording counts and logs, it does not raise.
"""


class ObsvError(Exception):
    """Base of all errors of obsv."""


class ConfigurationError(ObsvError):
    """A setting cannot be used."""


class StoreError(ObsvError):
    """The database file cannot be used."""


class StoreUnavailable(StoreError):
    """The database cannot be written or read for now: locked, read-only, or the disk is full."""


class ForeignFile(StoreError):
    """The file at the path is not an obsv store, or is corrupt."""


class NewerSchema(StoreError):
    """The file was written by a newer version of obsv."""


class QueryTimeout(StoreError):
    """A query ran past its time limit."""


class NotFound(ObsvError):
    """No such trace, span or process in the store."""


class InvalidQuery(ObsvError):
    """A query that cannot be read.

    Args:
        message: what is wrong and what to write instead.
        position: offset in characters of the first that could not be read; None where there is no one place.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position
