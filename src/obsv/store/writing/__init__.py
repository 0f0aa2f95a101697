"""Writing to the file: batches, rollups, retention."""

from obsv.store.writing.artifacts import Registration, register_artifact
from obsv.store.writing.copied import Copied, CopiedCalls, CopiedFeed, CopiedVariable
from obsv.store.writing.keeping.archive_book import (
    CALLS,
    DECISIONS,
    KEEP_NS,
    LOGS,
    OUTCOMES,
    ArchiveBook,
    ArchiveFacts,
    Part,
    Waiting,
)
from obsv.store.writing.keeping.forget_book import ForgetBook, Receipt, Search
from obsv.store.writing.keeping.kept_texts import decision_call, log_call, outcome_call
from obsv.store.writing.kept_book import KeptBook
from obsv.store.writing.metrics import MOST_SERIES
from obsv.store.writing.packed_trace import unpack
from obsv.store.writing.reports import KeptReport, ReportBook
from obsv.store.writing.saved_view_book import MOST_NAME_CHARS, MOST_VIEWS, SavedViewBook
from obsv.store.writing.sent import Sent, SentBook
from obsv.store.writing.triage import Triage
from obsv.store.writing.upkeep import Upkeep
from obsv.store.writing.writer import AS_KEPT, Writer

__all__ = [
    "AS_KEPT",
    "CALLS",
    "DECISIONS",
    "KEEP_NS",
    "LOGS",
    "MOST_NAME_CHARS",
    "MOST_SERIES",
    "MOST_VIEWS",
    "OUTCOMES",
    "ArchiveBook",
    "ArchiveFacts",
    "Copied",
    "CopiedCalls",
    "CopiedFeed",
    "CopiedVariable",
    "ForgetBook",
    "KeptBook",
    "KeptReport",
    "Part",
    "Receipt",
    "Registration",
    "ReportBook",
    "SavedViewBook",
    "Search",
    "Sent",
    "SentBook",
    "Triage",
    "Upkeep",
    "Waiting",
    "Writer",
    "decision_call",
    "log_call",
    "outcome_call",
    "register_artifact",
    "unpack",
]
