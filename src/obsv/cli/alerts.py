"""`obsv alerts`: the file of rules is checked and listed."""

from pathlib import Path

from obsv.alerts import AlertsConfig, AlertsFileError, Rule, find_file, read_file
from obsv.alerts.secret import Secret
from obsv.cli.common import FOUND_PROBLEMS
from obsv.cli.output import console, print_json, say, table
from obsv.errors import ConfigurationError, NotFound, ObsvError
from obsv.store.seam import open_store


def check(db: Path, file: Path | None, as_json: bool = False) -> int:
    """Say what is wrong with a file of rules; where there is a database, run its queries.

    Returns:
        The exit code: 1 where something is wrong.
    """
    path = rules_path(db, file)
    try:
        config = read_file(path)
    except AlertsFileError as error:
        return _report(path, [each._asdict() for each in error.mistakes], str(error), as_json)
    wrong = [*_wrong_queries(db, config.rules), *_wrong_secrets(config)]
    if wrong:
        found = [{"line": line, "key": key, "message": text} for line, key, text in wrong]
        return _report(
            path, found, "\n".join(f"{path}, line {line}, key {key}: {t}" for line, key, t in wrong), as_json
        )
    if as_json:
        print_json({"file": path, "rules": len(config.rules), "mistakes": []})
    else:
        say(f"{path}: {len(config.rules)} rules, {len(config.notifiers)} receivers, no mistakes.")
    return 0


def rules_path(db: Path, file: Path | None) -> Path:
    """The file of rules.

    Raises:
        NotFound: there is none.
    """
    path = find_file(db, file)
    if path is None:
        raise NotFound(
            f"There is no file of rules: write {db.parent / 'alerts.toml'} or config/alerts.toml, or name one "
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
    """Print the rules of the file."""
    rules = read_file(rules_path(db, file)).rules
    if as_json:
        print_json(*({"name": rule.name, "kind": rule.kind, "severity": rule.severity, "for_s": rule.for_s,
                      "notify": rule.notify, "line": rule.line} for rule in rules))  # fmt: skip
        return
    if not rules:
        console().print("The file has no rules.")
    rows = [(rule.name, rule.kind, rule.severity, f"{rule.for_s:g} s", ", ".join(rule.notify)) for rule in rules]
    table(("Rule", "Kind", "Severity", "For", "Told"), rows, right=("For",), spare=("For", "Severity"))
