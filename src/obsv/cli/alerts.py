"""`obsv alerts`: check and list rules, test receivers, show and silence alerts."""

import logging
import sys
import time
from pathlib import Path

from obsv.alerts import AlertsConfig, AlertsFileError, Rule, read_file
from obsv.alerts.desk import add_silence, end_silence, trial_message
from obsv.alerts.messages import Message
from obsv.alerts.notifiers import notifier_of
from obsv.alerts.notifiers.base import safely, shown
from obsv.alerts.samples import numbered
from obsv.alerts.secret import Secret
from obsv.alerts.silences import parse_matcher
from obsv.cli.common import FOUND_PROBLEMS
from obsv.cli.output import console, print_json, say, table
from obsv.errors import ConfigurationError, NotFound, ObsvError
from obsv.rules_place import find_file
from obsv.store.seam import open_store
from obsv.store.watching import Book
from obsv.times import ts


def check(db: Path, file: Path | None, as_json: bool = False) -> int:
    """Check a rules file and, if there is a database, run its queries.

    Returns:
        The exit code: 1 if something is wrong.
    """
    path = rules_path(db, file)
    try:
        config = read_file(path)
    except AlertsFileError as error:
        return _report(path, [each._asdict() for each in error.mistakes], str(error), as_json)
    wrong = [*_wrong_queries(db, config.rules), *_wrong_levels(db, config), *_wrong_secrets(config)]
    if wrong:
        found = [{"line": line, "key": key, "message": text} for line, key, text in wrong]
        return _report(
            path, found, "\n".join(f"{path}, line {line}, key {key}: {t}" for line, key, t in wrong), as_json
        )
    if as_json:
        print_json({"file": path, "rules": len(config.rules), "mistakes": []})
    else:
        say(f"{path}: {numbered(len(config.rules), 'rule')}, {numbered(len(config.notifiers), 'receiver')}, no errors.")
    return 0


def rules_path(db: Path, file: Path | None) -> Path:
    """Return the path of the rules file.

    Raises:
        NotFound: no rules file was found.
    """
    path = find_file(db, file)
    if path is None:
        raise NotFound(
            f"No rules file was found: create {db.parent / 'alerts.toml'} or config/alerts.toml, or name one "
            "with --alerts or OBSV_ALERTS."
        )
    return path


def _report(path: Path, mistakes: list[dict[str, object]], text: str, as_json: bool) -> int:
    if as_json:
        print_json({"file": path, "rules": 0, "mistakes": mistakes})
    else:
        for line in text.splitlines():
            say(line)
    return FOUND_PROBLEMS


def _wrong_queries(db: Path, rules: tuple[Rule, ...]) -> list[tuple[int, str, str]]:
    if not db.exists():
        return []
    wrong, store = [], open_store(db)
    for rule in rules:
        if rule.kind == "sql":
            try:
                store.run_sql(rule.details["query"], row_limit=1)
            except ObsvError as error:
                wrong.append((rule.line, "query", f"the query of rule {rule.name!r} fails: {error}"))
    store.close()
    return wrong


def _wrong_levels(db: Path, config: AlertsConfig) -> list[tuple[int, str, str]]:
    if not db.exists():
        return []
    wrong, store = [], open_store(db)
    for slo in config.slos:
        try:
            # Only calls from the last one on: this evaluates the condition and counts nothing.
            store.count_level(slo.level, max(0, store.last_call() - 1))
        except ObsvError as error:
            wrong.append((slo.line, "good", f"the condition of service level {slo.name!r} fails: {error}"))
    store.close()
    return wrong


def _wrong_secrets(config: AlertsConfig) -> list[tuple[int, str, str]]:
    wrong = []
    for notifier in config.notifiers.values():
        for name, value in notifier.options.items():
            if isinstance(value, Secret):
                try:
                    value.read()
                except ConfigurationError as error:
                    wrong.append((notifier.line, name, f"receiver {notifier.name!r}: {error}"))
    return wrong


def list_rules(db: Path, file: Path | None, as_json: bool = False) -> None:
    """Print the rules of a rules file."""
    rules = read_file(rules_path(db, file)).rules
    if as_json:
        print_json(*({"name": rule.name, "kind": rule.kind, "severity": rule.severity, "for_s": rule.for_s,
                      "notify": rule.notify, "line": rule.line} for rule in rules))  # fmt: skip
        return
    if not rules:
        console().print("The file contains no rules.")
    rows = [(rule.name, rule.kind, rule.severity, f"{rule.for_s:g} s", ", ".join(rule.notify)) for rule in rules]
    table(("Rule", "Kind", "Severity", "For", "Told"), rows, right=("For",), spare=("For", "Severity"))


def list_alerts(db: Path, as_json: bool = False) -> None:
    """Print alerts that are pending or firing, and those that ended within the last day."""
    store = open_store(db)
    alerts = store.read_alerts()
    store.close()
    if as_json:
        print_json(*({**each._asdict(), "labels": dict(each.labels)} for each in alerts))
        return
    if not alerts:
        console().print("No alerts are pending or firing.")
    rows = [(each.state, each.rule, ts(each.since_ns)[:19], each.summary) for each in alerts]
    table(("State", "Rule", "Since (UTC)", "Summary"), rows)


def send_test(db: Path, file: Path | None, name: str, as_json: bool = False) -> int:
    """Send a test message immediately, from this process.

    Returns:
        The exit code: 1 if the receiver did not accept it.

    Raises:
        NotFound: no receiver has that name.
    """
    config = read_file(rules_path(db, file))
    row = trial_message(config, name, time.time_ns())
    notifier = config.notifiers[name]
    logging.basicConfig(format="obsv: %(message)s", level=logging.INFO, stream=sys.stderr if as_json else sys.stdout)
    answer = safely(lambda: notifier_of(notifier).send(Message.of(row)))
    said = shown(notifier, answer.text)
    if as_json:
        print_json({"receiver": name, "ok": answer.ok, "status": answer.status, "answer": said})
    else:
        say(
            f"{name} {'accepted' if answer.ok else 'did not accept'} the test message: "
            f"{said or answer.status or 'no response'}"
        )
    return 0 if answer.ok else FOUND_PROBLEMS


def silence(db: Path, matchers: list[str], seconds: float, comment: str, by: str, as_json: bool = False) -> None:
    """Silence the alerts that match.

    Raises:
        InvalidQuery: a matcher cannot be parsed, or the silence is invalid.
    """
    now_ns, book = time.time_ns(), Book(db)
    ends_ns = now_ns + int(seconds * 1e9)
    found = add_silence(book, [parse_matcher(each) for each in matchers], now_ns, ends_ns, by, comment, now_ns)
    book.close()
    if as_json:
        print_json({"id": found.id, "ends_ns": found.ends_ns})
    else:
        say(f"Silenced until {ts(found.ends_ns)[:19]} UTC: {found.id}")


def unsilence(db: Path, id: str, as_json: bool = False) -> None:
    """End a silence.

    Raises:
        NotFound: no silence has that ID.
    """
    book = Book(db)
    end_silence(book, id, time.time_ns())
    book.close()
    if as_json:
        print_json({"id": id, "ended": True})
    else:
        say(f"Ended: {id}")
