"""OpenTelemetry's SeverityNumber and its names."""

from obsv.errors import ConfigurationError

TRACE, DEBUG, INFO, WARN, ERROR, FATAL = 1, 5, 9, 13, 17, 21
NAMES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_NUMBERS = {
    f"{name}{step + 1 if step else ''}": 4 * at + 1 + step for at, name in enumerate(NAMES) for step in range(4)
}
_NUMBERS |= {"WARNING": WARN, "CRITICAL": FATAL, "EXCEPTION": ERROR, "SUCCESS": INFO}
MOST = 24


def number_of(severity: int | str) -> int:
    """Return the SeverityNumber, 1 (TRACE) to 24 (FATAL4).

    Args:
        severity: it, also as text, or a name in any case: `"WARN"`, `"warning"`, `"ERROR2"`, `"critical"`.

    Raises:
        ConfigurationError: it is neither.
    """
    if isinstance(severity, str):
        is_number = severity.isdecimal() and len(severity) <= len(str(MOST))
        found = int(severity) if is_number else _NUMBERS.get(severity.upper(), 0)
    else:
        found = severity
    if type(found) is not int:
        found = 0
    if not 1 <= found <= MOST:
        raise ConfigurationError(
            f"severity is one of {', '.join(NAMES)} or a number from 1 to 24, not {severity!r:.100}."
        )
    return found


def name_of(number: int) -> str:
    """Return the name of a SeverityNumber, as OpenTelemetry shows it: `INFO`, `WARN2`; empty for 0."""
    if not 1 <= number <= MOST:
        return ""
    at, step = divmod(number - 1, 4)
    return f"{NAMES[at]}{step + 1 if step else ''}"


def of_level(level: int) -> int:
    """Return the SeverityNumber of a level of the standard library's `logging`: 10 is DEBUG, 50 FATAL."""
    if level < 10:
        return TRACE
    for least, number in ((50, FATAL), (40, ERROR), (30, WARN), (20, INFO)):
        if level >= least:
            return number
    return DEBUG
