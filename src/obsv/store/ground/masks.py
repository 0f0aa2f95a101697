"""Masks in place of recorded values, for readers who may not see them: pure functions on the texts of rows.

The shape stays, so that everything that reads rows reads these: names, types of exceptions, places in the source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

MASK = "(masked)"

_HEADER = re.compile(r"[\s|+]*(?:Exception Group )?Traceback \(most recent call last\):")
_FRAME = re.compile(r'[\s|]*  File "[^"]*", line \d+, in .+')
_SOURCE = re.compile(r"[\s|]* {4}\s*\S.*|[\s|]*  \[Previous line repeated \d+ more times?\]")
_RULE = re.compile(r"[\s|]*\+[+-]*-{8,}(?: (?:\d+|\.\.\.) -+)?")
_LINK = re.compile(
    r"[\s|]*(?:The above exception was the direct cause of the following exception"
    r"|During handling of the above exception, another exception occurred):"
)
_LEFT_OUT = re.compile(r"… [\d,]+ characters left out …")
_CLASS = re.compile(r"[^\W\d]\w*(?:\.\w+|::\w+|<\w+>)*")
# Attributes of a program, not of its data, by the semantic conventions.
_OF_THE_PROGRAM = (
    "service.", "telemetry.", "host.", "os.", "process.pid", "process.runtime.", "deployment.", "container.", "k8s.",
    "cloud.", "otel.",
)  # fmt: skip
_KEPT_LOG_ATTRIBUTES = ("obsv.schema", "exception.type", "log.logger", "code.")
_KEPT_WHY = ("rule", "frames", "library_frames", "process", "split_from")
_CLASSES_OF_WHY = ("type", "cause")
_KEPT_SAMPLE = ("trace_id", "span_id", "start_ns", "duration_ns", "process", "service", "fields")
_NO_BODY: dict[str, Any] = {
    "labels": {},
    "severity": "",
    "summary": MASK,
    "value": None,
    "starts_ns": 0,
    "ends_ns": 0,
    "link": "",
}

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def masked_text(text: object) -> str | None:
    """Return the mask in place of any text or number that is not empty."""
    return text if isinstance(text, str | None) and not text else MASK


def masked_values(text: object) -> str:
    """Return the values of a call, a JSON array, as many masks."""
    found = _loaded(text)
    return _encode([MASK] * len(found)) if isinstance(found, list) else "[]"


def masked_members(text: object) -> str:
    """Return a JSON object with its values masked, an array with its elements masked, and nothing of other JSON."""
    found = _loaded(text)
    if isinstance(found, dict):
        return _encode(dict.fromkeys(found, MASK))
    return masked_values(text)


def masked_body(text: object) -> str | None:
    """Return the body of a log record."""
    return None if text is None else _encode(MASK)


def masked_log_attributes(text: object) -> str:
    """Return the attributes of a log record with their values masked, except those that say where it comes from."""
    found = _loaded(text)
    if not isinstance(found, dict):
        return "{}"
    return _encode({key: value if key.startswith(_KEPT_LOG_ATTRIBUTES) else MASK for key, value in found.items()})


def masked_inputs(text: object) -> str:
    """Return the inputs of a decision with their values masked; their times stay."""
    found = _loaded(text)
    if not isinstance(found, dict):
        return "{}"
    return _encode({key: {**each, "value": MASK} if isinstance(each, dict) else MASK for key, each in found.items()})


def masked_violations(text: object) -> str:
    """Return broken rules as one that says nothing; none stay none."""
    return "[]" if text in (None, "", "[]") else _encode([MASK])


def masked_origin(text: object) -> str:
    """Return a resource or a scope, OTLP JSON, with attributes masked that are not the program's own."""
    found = _loaded(text)
    if not isinstance(found, dict):
        return "{}"
    if "attributes" in found:
        found["attributes"] = _pairs(found["attributes"], _OF_THE_PROGRAM)
    return _encode(found)


def masked_detail(text: object) -> str | None:
    """Return the rare parts of a span: the names of its events stay."""
    if text is None:
        return None
    found = _loaded(text)
    if not isinstance(found, dict):
        return "{}"
    found.pop("traceState", None)
    if found.get("statusMessage"):
        found["statusMessage"] = MASK
    for part in ("events", "links"):
        each_part = found.get(part)
        for each in each_part if isinstance(each_part, list) else ():
            if isinstance(each, dict):
                each.pop("traceState", None)
                if "attributes" in each:
                    each["attributes"] = _pairs(each["attributes"], ("exception.type",))
    return _encode(found)


def masked_why(text: object) -> str:
    """Return what was compared to group an error, without its message."""
    found = _loaded(text)
    if not isinstance(found, dict):
        return "{}"
    kept = {key: value if key in _KEPT_WHY else MASK for key, value in found.items()}
    return _encode(kept | {key: masked_class(found[key]) for key in _CLASSES_OF_WHY if key in found})


def masked_sample(text: object) -> str:
    """Return the sample call of an error group."""
    found = _loaded(text)
    if not isinstance(found, dict):
        return "{}"
    kept = {key: found[key] for key in _KEPT_SAMPLE if key in found}
    kept["exception"] = masked_exception(found.get("exception") or "")
    kept["data"] = masked_values(found.get("data"))
    return _encode(kept)


def masked_notice(text: object) -> str:
    """Return the content of a message about an alert: only when and how severe."""
    found = _loaded(text)
    kept = {key: found[key] for key in ("severity", "starts_ns", "ends_ns") if key in found} if found else {}
    return _encode({**_NO_BODY, **kept})


def masked_class(text: object) -> str:
    """Return the type of an exception, and the mask in place of a text that is not the name of a class."""
    return text if isinstance(text, str) and (not text or _CLASS.fullmatch(text)) else MASK


def masked_headline(text: str) -> str:
    """Return `ValueError: (masked)` for `ValueError: no price`, and the mask alone if it names no class."""
    kind, separator, _ = text.partition(": ")
    if masked_class(kind.strip()) in ("", MASK):
        return MASK
    return f"{kind}: {MASK}" if separator else kind


def masked_exception(text: object) -> str | None:
    """Return a traceback with its frames and classes; every message, note and text in another form is masked."""
    if not isinstance(text, str):
        return None
    lines = text.strip("\n").split("\n")
    if not any(_HEADER.fullmatch(line) for line in lines):
        return masked_headline(lines[0].strip())
    return "\n".join(_masked_lines(lines)) + ("\n" if text.endswith("\n") else "")


def _masked_lines(lines: list[str]) -> list[str]:
    shown: list[str] = []
    in_frames = has_frame = is_framed = False
    for line in lines:
        if _LEFT_OUT.fullmatch(line):
            # What follows may be the rest of a message.
            return [*shown, line, MASK]
        if _HEADER.fullmatch(line):
            # Anywhere else a message quotes it, and what follows is a traceback only if it has frames.
            is_framed = not shown or not shown[-1] or _RULE.fullmatch(shown[-1]) is not None
            shown.append(line)
            in_frames, has_frame = True, False
        elif in_frames and _FRAME.fullmatch(line):
            shown.append(line)
            has_frame = is_framed = True
        elif in_frames and has_frame and _SOURCE.fullmatch(line):
            shown.append(line)
        elif in_frames and line.lstrip(" |").startswith('File "'):
            has_frame = False  # the text that a SyntaxError quotes is often a value
        elif in_frames and _stands(line):
            margin = line[: len(line) - len(line.lstrip(" |"))]
            if is_framed:
                shown.append(margin + masked_headline(line[len(margin) :]))
            else:
                shown.pop()
            in_frames = False
        elif not in_frames and _LINK.fullmatch(line):
            shown += ["", line, ""]
        elif not in_frames and _RULE.fullmatch(line):
            shown.append(line)
    return shown


def _stands(line: str) -> bool:
    """Return whether a line begins at the margin, as the line of an exception does."""
    _margin, _, rest = line.rpartition("| ") if line.lstrip().startswith("|") else ("", "", line)
    return bool(rest) and not rest[0].isspace()


def _pairs(found: Any, kept: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        each if str(each.get("key")).startswith(kept) else {"key": each.get("key"), "value": {"stringValue": MASK}}
        for each in (found if isinstance(found, list) else [])
        if isinstance(each, dict)
    ]


def _loaded(text: object) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None


MASKS: dict[str, Callable[[object], str | None]] = {
    "masked_text": masked_text,
    "masked_values": masked_values,
    "masked_members": masked_members,
    "masked_body": masked_body,
    "masked_log_attributes": masked_log_attributes,
    "masked_inputs": masked_inputs,
    "masked_violations": masked_violations,
    "masked_origin": masked_origin,
    "masked_detail": masked_detail,
    "masked_class": masked_class,
    "masked_why": masked_why,
    "masked_sample": masked_sample,
    "masked_notice": masked_notice,
    "masked_exception": masked_exception,
}
