"""Exceptions that obsv raises on purpose.

    ObsvError
    ├── ConfigurationError      a setting is invalid; the message names the setting and the accepted values
    ├── StoreError              the database file cannot be used
    │   ├── StoreUnavailable    temporarily: locked, read-only, disk full; the same call may work later
    │   ├── ForeignFile         the file at the path is not an obsv database, or is corrupt
    │   ├── NewerSchema         written by a newer version of obsv
    │   └── QueryTimeout        a query exceeded its time limit
    ├── Forbidden               the user's role does not allow the change
    ├── NotFound                no such trace, span or process
    ├── InvalidEvent            an event or a decision breaks its schema or a rule of time, and `on_invalid="raise"`
    └── InvalidQuery            a query that cannot be parsed; `position` says where

None of them reaches a monitored function: recording counts and logs its errors, but does not raise them.
"""


class ObsvError(Exception):
    """Base of all errors of obsv."""


class ConfigurationError(ObsvError):
    """A setting is invalid."""


class StoreError(ObsvError):
    """The database file cannot be used."""


class StoreUnavailable(StoreError):
    """The database cannot be written or read at the moment: it is locked or read-only, or the disk is full."""


class ForeignFile(StoreError):
    """The file at the path is not an obsv database, or is corrupt."""


class NewerSchema(StoreError):
    """The file was written by a newer version of obsv."""


class QueryTimeout(StoreError):
    """A query exceeded its time limit."""


class Forbidden(ObsvError):
    """The role of a user does not allow a change."""


class NotFound(ObsvError):
    """No such trace, span or process in the store."""


class InvalidEvent(ObsvError):
    """An event or a decision breaks its schema or a rule of time; raised only with `on_invalid="raise"`."""


class InvalidQuery(ObsvError):
    """A query cannot be parsed.

    Args:
        message: what is wrong and what to write instead.
        position: offset in characters of the first invalid character; None if there is no single position.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position
