"""The database file: opening, migrating, reading and protecting it."""

from obsv.store.file.adhoc import Answer, run_sql
from obsv.store.file.audit import AuditRow, note_change, read_audit
from obsv.store.file.checking import count_calls, find_damage, is_damage, is_store
from obsv.store.file.connection import LOG_BYTES, LOG_PAGES, open_reader, open_writer
from obsv.store.file.failures import explain, is_about_the_file
from obsv.store.file.forks import ForkLock, hold_at_fork
from obsv.store.file.misfits import MISREADINGS, find_misfit
from obsv.store.file.parts import LEAST, in_parts, split
from obsv.store.file.place import held_place
from obsv.store.file.reader import ROW_LIMIT, Params, Readable, Reader, Row, Snapshot, at_once
from obsv.store.file.settings import change_settings, limits_of, read_settings
from obsv.store.file.sql_functions import octave_of

__all__ = [
    "LEAST",
    "LOG_BYTES",
    "LOG_PAGES",
    "MISREADINGS",
    "ROW_LIMIT",
    "Answer",
    "AuditRow",
    "ForkLock",
    "Params",
    "Readable",
    "Reader",
    "Row",
    "Snapshot",
    "at_once",
    "change_settings",
    "count_calls",
    "explain",
    "find_damage",
    "find_misfit",
    "held_place",
    "hold_at_fork",
    "in_parts",
    "is_about_the_file",
    "is_damage",
    "is_store",
    "limits_of",
    "note_change",
    "octave_of",
    "open_reader",
    "open_writer",
    "read_audit",
    "read_settings",
    "run_sql",
    "split",
]
