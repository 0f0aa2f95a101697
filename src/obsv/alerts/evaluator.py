"""One evaluation of the rules: samples become states, and state changes become messages, in one transaction."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence

from obsv.alerts.ahead import Ahead
from obsv.alerts.arrivals import CALLS, GROUPS, Arrivals
from obsv.alerts.known import Known, is_open
from obsv.alerts.losses import Losses
from obsv.alerts.measure import Readings, measure
from obsv.alerts.messages import due_messages, labels_of
from obsv.alerts.parts import LookAtRings, no_rings
from obsv.alerts.rules import AlertsConfig, Rule
from obsv.alerts.samples import MOST_SAMPLES, Sample, clean, fingerprint, summary_of
from obsv.alerts.silences import silencing
from obsv.alerts.states import ACTIVE, INACTIVE, RESOLVED, step
from obsv.errors import ObsvError
from obsv.store.seam import Store
from obsv.store.watching import AlertRow, Book, EventRow, MessageRow, RuleRow, SilenceRow

logger = logging.getLogger("obsv")

_NS = 1_000_000_000
# Changing values are saved at this interval, state changes at once.
_KEEP_VALUES_NS = 15 * _NS


class Evaluator:
    """The evaluator of rules, for one thread that holds the lease of `owner`.

    Args:
        store: the watched store.
        book: where states and messages are saved.
        owner: holder of the lease.
        config: the rules.
        look_at_rings: returns the state of the rings.
    """

    def __init__(
        self, store: Store, book: Book, owner: str, config: AlertsConfig, look_at_rings: LookAtRings = no_rings
    ) -> None:
        self._store, self._book, self._owner = store, book, owner
        self._look_at_rings, self._losses = look_at_rings, Losses()
        self._arrivals, self._ahead = Arrivals(store), Ahead()
        self._alerts = Known()
        self._written_ns: dict[str, int] = {}
        self._due_ns: dict[str, int] = {}
        self._health: dict[str, RuleRow] = {}
        self._kept_ns = 0
        self._use(config)

    def _use(self, config: AlertsConfig) -> None:
        self._config = config
        self._rules = {rule.name: rule for rule in config.rules}
        self._arrivals.use(config.rules)

    def load(self, now_ns: int, since_ns: int | None = None) -> None:
        """Continue where the last evaluator ended: with its states, and with the calls that it had not seen.

        Args:
            now_ns: Unix time.
            since_ns: where there was none, calls that began from then on are new; by default those that come.
        """
        before, self._alerts = self._alerts, Known(self._book.alerts())
        at = {name: self._book.cursor(name) for name in (CALLS, GROUPS)}
        begun = self._arrivals.load(at, now_ns, since_ns)
        # The file was replaced. Its messages are gone with it: those about open alerts are sent again, with their IDs.
        kept = [each._replace(notified_ns=0) for each in before if is_open(each)] if at[CALLS] is None else []
        if begun or kept:
            self._book.commit(self._owner, cursors=begun, alerts=kept)
        for alert in kept:
            self._alerts.put(alert)
        self._arrivals.seed(self._alerts, now_ns)

    def change(self, config: AlertsConfig, now_ns: int) -> None:
        """Use other rules from now on. Alerts of removed rules are resolved at the next look."""
        self._use(config)
        self._due_ns = {}
        self._arrivals.seed(self._alerts, now_ns)

    @property
    def alerts(self) -> list[AlertRow]:
        """Return all alerts, as last stored."""
        return list(self._alerts)

    def next_due_ns(self) -> int:
        """Return when the next rule is due, as Unix time."""
        return min((self._due_ns.get(rule.name, 0) for rule in self._config.rules), default=1 << 62)

    def look(self, now_ns: int, *, has_news: bool = True) -> int:
        """Evaluate the rules that are due, and calls that have failed meanwhile.

        Args:
            now_ns: Unix time.
            has_news: whether something was written since the last look.

        Returns:
            The number of messages queued.

        Raises:
            LeaseLost: another process has taken over.
            StoreError: nothing was changed; the next look retries.
        """
        has_failed = has_news and self._arrivals.take(now_ns)
        rules = [rule for rule in self._config.rules if self._is_due(rule, now_ns, has_failed)]
        orphans = self._alerts.orphans(self._rules)
        if not rules and not orphans:
            return 0
        readings = Readings(self._store, now_ns, self._config.slos, self._losses, self._look_at_rings,
                            self._ahead)  # fmt: skip
        silences = self._book.silences(now_ns)
        after: list[AlertRow] = []
        for rule in rules:
            after += self._evaluated(rule, readings, now_ns)
        after += [self._ended(alert, now_ns) for alert in orphans]
        return self._commit(after, silences, now_ns)

    def _is_due(self, rule: Rule, now_ns: int, has_failed: bool) -> bool:
        due_ns = self._due_ns.get(rule.name, 0)
        # A due time far ahead was set before the clock was set back.
        is_due = not now_ns < due_ns <= now_ns + int(2 * rule.every_s * _NS)
        if is_due:
            self._due_ns[rule.name] = now_ns + int(rule.every_s * _NS)
        return is_due or (has_failed and rule.kind == "error")

    def _evaluated(self, rule: Rule, readings: Readings, now_ns: int) -> list[AlertRow]:
        began = time.perf_counter_ns()
        known = self._alerts.of(rule.name)
        try:
            is_told = rule.kind == "error"
            samples = self._arrivals.samples(rule.name, now_ns) if is_told else measure(rule, readings)
            error = ""
        except ObsvError as failure:
            samples, error = [], clean(str(failure))
        except Exception as failure:
            # A fault of ours in one rule must not silence the others.
            samples, error = [], clean(f"{type(failure).__name__}: {failure}")
            if self._health.get(rule.name, RuleRow(rule.name, "", 0, 0, "", 0)).error != error:
                logger.exception("The rule %s failed unexpectedly; the others are evaluated.", rule.name)
        has_data = bool(samples)
        kept, left_out = _bounded(rule, samples, known)
        took_ns = time.perf_counter_ns() - began
        self._health[rule.name] = RuleRow(rule.name, rule.kind, now_ns, took_ns, error, left_out)
        if error:
            return self._without(rule, known, rule.on_error, now_ns, f"Rule {rule.name} cannot be evaluated: {error}")
        found = [self._stepped(rule, sample, known, now_ns) for sample in kept.values()]
        missing = {mark: alert for mark, alert in known.items() if mark not in kept and is_open(alert)}
        text = f"Rule {rule.name} has no data"
        policy = "ok" if rule.kind == "error" else rule.no_data
        return found + self._without(rule, missing, policy, now_ns, text, has_data=has_data)

    def _stepped(self, rule: Rule, sample: Sample, known: Mapping[str, AlertRow], now_ns: int) -> AlertRow:
        mark = fingerprint(rule.name, sample.labels)
        before = known.get(mark) or AlertRow(mark, rule.name, sample.labels, INACTIVE, now_ns)
        after = step(before, sample.holds, now_ns, rule.for_s, rule.keep_firing_s)
        if not sample.holds and before.state in (INACTIVE, RESOLVED):
            return after
        # A resolved message has the same text as the firing one.
        summary = summary_of(rule, sample) if sample.holds else before.summary
        return after._replace(
            value=sample.value, severity=rule.severity, summary=summary, link=sample.link or before.link, kind=rule.kind
        )

    def _without(
        self, rule: Rule, missing: Mapping[str, AlertRow], policy: str, now_ns: int, text: str, has_data: bool = False
    ) -> list[AlertRow]:
        """Return the alerts without a measurement, in their new states."""
        holds = {"ok": False, "keep": None, "alert": True}[policy]
        own = fingerprint(rule.name, ())
        found = []
        if holds and not has_data and own not in missing:
            missing = {
                **missing,
                own: AlertRow(own, rule.name, (), INACTIVE, now_ns, severity=rule.severity, kind=rule.kind),
            }
        for mark, alert in missing.items():
            is_own = mark == own
            # Where there is data, the alert about its absence is over; where there is none, no other one starts.
            is_over = has_data if is_own else bool(holds) and alert.state not in ACTIVE
            after = step(alert, False if is_over else holds, now_ns, rule.for_s, rule.keep_firing_s)
            found.append(after._replace(summary=clean(text)) if holds and is_own and not is_over else after)
        return found

    def _ended(self, alert: AlertRow, now_ns: int) -> AlertRow:
        """Return an alert whose rule was removed, in its new state."""
        return (
            step(alert, False, now_ns, 0, 0)
            if alert.state != "recovering"
            else alert._replace(state=RESOLVED, since_ns=now_ns, ends_ns=now_ns)
        )

    def _commit(self, after: Sequence[AlertRow], silences: Sequence[SilenceRow], now_ns: int) -> int:
        rows: list[AlertRow] = []
        gone: list[str] = []
        events: list[EventRow] = []
        messages: list[MessageRow] = []
        for alert in after:
            before = self._alerts.get(alert.fingerprint) or alert._replace(state=INACTIVE, notified_ns=0)
            rule = self._rules.get(alert.rule) or self._former(alert)
            alert, due = due_messages(before, alert, rule, self._config, now_ns,
                                      is_silenced=self._is_silenced(alert, rule, silences),
                                      told=self._book.told)  # fmt: skip
            messages += due
            if alert.state != before.state:
                events.append(EventRow(now_ns, alert.fingerprint, alert.rule, alert.labels, alert.state,
                                       alert.value, alert.summary, alert.kind))  # fmt: skip
            if alert.state == INACTIVE:
                gone += [alert.fingerprint] if alert.fingerprint in self._alerts else []
            elif self._is_worth_keeping(before, alert, now_ns):
                rows.append(alert)
        self._write(rows, gone, events, messages, now_ns)
        return len(messages)

    def _write(
        self, rows: list[AlertRow], gone: list[str], events: list[EventRow], messages: list[MessageRow], now_ns: int
    ) -> None:
        is_time = not self._kept_ns <= now_ns < self._kept_ns + _KEEP_VALUES_NS
        if not (rows or gone or events or messages or is_time):
            return
        if is_time:
            self._alerts.forget(now_ns)
            gone = [*gone, *self._alerts.surplus()]
        cursors = self._arrivals.moved()
        health = [self._health[name] for name in self._rules if name in self._health] if is_time else []
        self._book.commit(
            self._owner, alerts=rows, gone=gone, events=events, messages=messages, cursors=cursors, rules=health
        )
        self._arrivals.keep(cursors)
        self._kept_ns = now_ns if is_time else self._kept_ns
        for row in rows:
            self._alerts.put(row)
            self._written_ns[row.fingerprint] = now_ns
        for mark in gone:
            self._alerts.drop(mark)
        if is_time:
            self._written_ns = {mark: at_ns for mark, at_ns in self._written_ns.items() if mark in self._alerts}

    def _is_worth_keeping(self, before: AlertRow, alert: AlertRow, now_ns: int) -> bool:
        known = self._alerts.get(alert.fingerprint)
        if known is None or alert.state != before.state or alert.notified_ns != known.notified_ns:
            return True
        age_ns = now_ns - self._written_ns.get(alert.fingerprint, 0)
        return alert != known and not 0 <= age_ns < _KEEP_VALUES_NS

    def _is_silenced(self, alert: AlertRow, rule: Rule, silences: Sequence[SilenceRow]) -> bool:
        return bool(silences) and bool(silencing(silences, labels_of(alert, rule)))

    def _former(self, alert: AlertRow) -> Rule:
        """Return a removed rule, as far as it is needed to tell of the alert's end."""
        return Rule(alert.rule, "sql", severity=alert.severity, notify=())


def _bounded(rule: Rule, samples: Iterable[Sample], known: Mapping[str, AlertRow]) -> tuple[dict[str, Sample], int]:
    """Return the samples of open alerts and those that hold, by fingerprint, and how many of the latter are too many.

    Of samples with the same labels, as after cutting them, one that holds counts.
    """
    found: dict[str, Sample] = {}
    for each in samples:
        mark = fingerprint(rule.name, each.labels)
        if mark not in found or (each.holds and not found[mark].holds):
            found[mark] = each
    kept = {mark: each for mark, each in found.items() if is_open(known.get(mark))}
    starting = [mark for mark, each in found.items() if each.holds and mark not in kept]
    room = max(0, MOST_SAMPLES - sum(each.holds for each in kept.values()))
    return {**kept, **{mark: found[mark] for mark in starting[:room]}}, max(0, len(starting) - room)
