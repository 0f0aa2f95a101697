"""One request: counted first, then removed from the file, the archive, the rings and the temporary stores."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from obsv.errors import ConfigurationError, InvalidQuery, StoreUnavailable
from obsv.forgetting.kept import kept_with
from obsv.forgetting.outcome import Outcome
from obsv.forgetting.rings import overwrite, store_all
from obsv.keeper.looking import readers
from obsv.store import SpanRow
from obsv.store.finding import Filters, Matcher, sought_texts
from obsv.store.ground import LogRow, Range
from obsv.store.seam import SQLiteStore, open_store
from obsv.store.spans import ArchivedDecision, ArchivedOutcome
from obsv.store.writing import (
    CALLS,
    DECISIONS,
    LOGS,
    OUTCOMES,
    ArchiveBook,
    ForgetBook,
    Search,
    decision_call,
    log_call,
    outcome_call,
)
from obsv.temporary import remove_temporary
from obsv.times import MAX_NS

if TYPE_CHECKING:
    from obsv.archive import Rewriter

_LOG_KEPT = (
    "The write-ahead log beside the database still has old pages, because a reader did not end: repeat the command "
    "when no long query runs."
)
_RUNNING = (
    "Calls that were running are not searched: repeat the command after they have ended. What a running program has "
    "said of its functions and of itself stays in its files until it ends."
)
_SENT = "Calls were sent to {}, and are not forgotten there: run `obsv forget` there too."
_DAMAGED = "Damaged databases that were put aside cannot be searched, delete them: {}."
_LETTERS = "Messages of Kafka that could not be stored are not searched, look at them and delete them: {}."
_EXTRA = "Parts of an archive are to be searched, which needs an extra package: pip install 'obsv[archive]'."


class Asked(NamedTuple):
    """A request.

    Args:
        query: in the language of the explorer; not empty.
        range: of the calls' starts.
    """

    query: str
    range: Range = Range(0, MAX_NS)

    def condition_hash(self) -> str:
        """Return `salt:hash`, from which the query cannot be looked up in a table."""
        salt = secrets.token_hex(8)
        text = f"{salt}\n{self.query}\n{self.range.first_ns}\n{self.range.last_ns}"
        return f"{salt}:{hashlib.sha256(text.encode()).hexdigest()}"


class _Request:
    """A request while it is worked on."""

    def __init__(self, db: Path, asked: Asked, stack: ExitStack) -> None:
        if not asked.query.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in asked.query):
            raise InvalidQuery("The query has bytes that are not UTF-8, which no stored text has: write it in UTF-8.")
        filters = Filters.parse({"where": asked.query})
        if not filters.query:
            raise InvalidQuery("Nothing was named: write what to forget, such as 'customer=4711' or '\"Jane Doe\"'.")
        self.db, self.asked, self.condition = db, asked, filters.condition
        self.matcher = Matcher(self.condition)
        stack.callback(self.matcher.close)
        self.book = ForgetBook(db)
        stack.callback(self.book.close)
        self.store: SQLiteStore = open_store(db)
        stack.callback(self.store.close)
        self.identities: set[bytes] = set()
        self.moments: set[tuple[str, int]] = set()
        self.decided: set[str] = set()
        self.texts = sought_texts(self.condition)
        self.ids: list[int] = []
        self.kept_traces: list[str] = []
        self.kept: dict[str, list[tuple[Any, ...]]] = {}
        archive_book = ArchiveBook(db)
        stack.callback(archive_book.close)
        self.catalog = archive_book
        self.archive = self._archive(archive_book) if archive_book.parts() or archive_book.facts() else None

    def _archive(self, book: ArchiveBook) -> Rewriter:
        try:
            from obsv.archive import Rewriter, Sought
        except ModuleNotFoundError as error:
            raise ConfigurationError(_EXTRA) from error
        others = self.matcher.others
        sought = Sought(
            self.matcher.calls,
            lambda rows: others(list(map(_log_as_call, rows))),
            lambda rows: others(list(map(_decision_as_call, rows))),
            lambda rows: others(list(map(_outcome_as_call, rows))),
            self.asked.range,
            self._belongs,
            self._note,
        )
        return Rewriter(book, sought)

    def find(self) -> dict[str, int]:
        """Return what is found, by place, without removing anything."""
        for found in self.store.matching_calls(self.condition, self.asked.range):
            self.ids += [each.id for each in found]
            self.identities |= {each.identity for each in found}
            self.moments |= {(each.process, each.start_ns) for each in found}
        counts = {"calls": len(self.ids)}
        if self.archive is not None:
            counts["archived_calls"] = self.archive.count(CALLS)
            counts["archived_log_records"] = self.archive.count(LOGS)
        search = Search(self.matcher.calls, self.matcher.others, self.identities, self.moments, self.asked.range)
        self.kept = self.book.find(search)
        self.kept_traces = kept_with(self.store, self.condition, search, self.texts)
        counts["kept_traces"] = len(self.kept_traces)
        here = self.book.decision_ids(self.kept["decisions"])
        self.decided |= here
        if self.archive is not None:
            counts["archived_decisions"] = self.archive.count(DECISIONS)
            counts["archived_outcomes"] = self.archive.count(OUTCOMES)
            self.kept["outcomes"] = sorted({*self.kept["outcomes"], *self.book.outcomes_of(self.decided - here)})
        counts |= {name: len(keys) for name, keys in self.kept.items()}
        counts["texts"] = self.book.replace_texts(self.texts, is_dry=True)
        return counts

    def remove(self, condition: str, until_ns: int, clock: Callable[[], int]) -> Outcome:
        """Remove everything."""
        book = self.book
        receipt = book.begin(condition, until_ns, clock())
        counts = self.find()
        book.remove(self.kept)
        book.remove_kept_traces(self.kept_traces)
        if self.archive is not None:
            counts["parts"] = self.archive.remove(LOGS, book.steps(), clock())
        book.remove_calls(self.ids)
        if self.archive is not None:
            unneeded = book.unneeded_files()
            for kind in (LOGS, OUTCOMES, DECISIONS, CALLS):  # what was archived meanwhile, too
                counts["parts"] += self.archive.remove(kind, book.steps(), clock())
            # Parts that were merged meanwhile, too.
            self.archive.remove_files(unneeded | self.catalog.replaced(MAX_NS, with_begun=False))
        book.remove_exact(self.identities)
        counts["error_groups"] = book.remove_groups()
        book.replace_texts(self.texts, is_dry=False)
        overwrite(self.db, book, self.identities)
        remarks = self.remarks()
        book.end(counts, remarks, clock())
        remove_temporary(self.db)
        if not book.rebuild():
            remarks.append(_LOG_KEPT)
        return Outcome(receipt, until_ns, counts, tuple(remarks))

    def remarks(self) -> list[str]:
        """Return what may be left."""
        damaged = sorted(path.name for path in self.db.parent.glob(f"{self.db.name}.damaged-*"))
        letters = self.db.with_name(f"{self.db.name}.dead")  # of `obsv.otlp.dead_letters`, which stands above
        receivers = self.book.receivers()
        return [
            *([_RUNNING] if any(reader.is_alive() for reader in readers(self.db)) else ()),
            *([_SENT.format(", ".join(receivers))] if receivers else ()),
            *([_DAMAGED.format(", ".join(damaged))] if damaged else ()),
            *([_LETTERS.format(letters.name)] if any(letters.glob("*.otlp")) else ()),
        ]

    def _belongs(self, kind: str, row: Any) -> bool:
        if kind == LOGS:
            return row.trace_id + row.span_id in self.identities
        if kind == DECISIONS:
            return row.row.trace_id + row.row.span_id in self.identities
        return kind == OUTCOMES and row.row.decision_id in self.decided

    def _note(self, kind: str, row: Any) -> None:
        if kind == CALLS:
            self.identities.add(row.trace_id + row.span_id)
            self.moments.add((row.signature.name, row.start_ns))
        elif kind == DECISIONS:
            self.decided.add(row.row.decision_id)


def forget(db: Path, asked: Asked, *, is_dry: bool, clock: Callable[[], int] = time.time_ns) -> Outcome:
    """Forget what a search finds, and all that is left of it; or count it.

    Args:
        db: path of the database.
        asked: what.
        is_dry: whether to count only.
        clock: Unix time in ns.

    Raises:
        InvalidQuery: the query has no meaning, or is empty.
        Forbidden: the current actor is not an admin.
        ConfigurationError: the archive cannot be opened.
        StoreError: a part of what is kept cannot be read or written now: repeat the request; what is gone stays gone.
    """
    if not db.exists():
        raise StoreUnavailable(f"There is no database at {db}; name another one with --db or OBSV_DB.")
    with ExitStack() as stack:
        until_ns = store_all(db)
        request = _Request(db, asked, stack)
        if is_dry:
            return Outcome(None, until_ns, request.find(), tuple(request.remarks()))
        return request.remove(asked.condition_hash(), until_ns, clock)


def _log_as_call(log: LogRow) -> SpanRow:
    return log_call(
        log.body,
        log.attributes,
        log.process or log.event_name,
        trace_id=log.trace_id,
        service=log.source.service,
        thread=log.thread,
        start_ns=log.time_ns,
    )


def _decision_as_call(decision: ArchivedDecision) -> SpanRow:
    row = decision.row
    return decision_call(
        row.time_ns,
        row.kind,
        row.subject,
        row.mode,
        row.verdict,
        row.action,
        row.actor,
        row.inputs,
        row.attributes,
        row.violations,
        row.exception,
        row.trace_id,
        service=row.service,
        gates=[(gate.name, gate.observed, gate.threshold, gate.text) for gate in row.gates],
    )


def _outcome_as_call(outcome: ArchivedOutcome) -> SpanRow:
    row = outcome.row
    return outcome_call(row.time_ns, row.alternative, row.judgement, row.metrics, row.violations, row.service)
