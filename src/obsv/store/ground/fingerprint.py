"""Identity of errors: `v1:` and a digest of the compared data.

1. The attribute `error.fingerprint` of the call, if it has one.
2. Otherwise the exception, its direct cause, and the frames of the program: module, function and the running statement,
   without line numbers and in a form that reformatting does not change. Frames of the interpreter and of installed
   packages are skipped, and a recursion of any depth counts with its innermost turn.
3. If no frame belongs to the program: the exception, its cause, the call, and the message without numbers, IDs,
   quoted parts, addresses, and paths of files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from pathlib import PurePath
from typing import Any, NamedTuple

from obsv.store.ground.fault import Fault, Frame, is_library
from obsv.store.ground.rows import Code
from obsv.store.ground.statement import normal

VERSION = "v1"
ATTRIBUTE = "error.fingerprint"

# File, line, and the function's own source at the time of the call, if known.
Statements = Callable[[str, int], "str | None"]

_PLAIN_VALUE = r"(?:[a-z]?'…'|#|None|True|False|null|true|false)"
# Of files: routes such as /api/orders are no values.
_PATH = re.compile(
    r"(?<![\w.:/\\])(?:[A-Za-z]:[\\/][^\s'\",;]*|/(?:tmp|var|home|Users|root|mnt|opt|srv|data|private)/[^\s'\",;:)]*"
    r"|(?:~|\.\.?)?(?:/[\w@%+~.-]+)+\.[A-Za-z]\w{0,7}\b)"
)
_VARYING = (
    (re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|`[^`\n]*`|«[^»\n]*»"), "'…'"),
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "#"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), "#"),
    (re.compile(r"\b0[xX][0-9a-fA-F]+\b|\b(?=[0-9a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b|\b[0-9a-f]{12,}\b"), "#"),
    # IDs as others make them, `01HF3XKQ7Z` or `ORD-1234-AB`: of eight and more, digits between letters or the reverse.
    (re.compile(r"\b(?=[\w-]{8})(?:[A-Za-z_-]{1,40}\d[\d_-]{0,40}[A-Za-z]|\d{1,40}[A-Za-z_-]{1,40}\d)[\w-]*"), "#"),
    (re.compile(r"[+-]?\d(?:[\d.,:_]*\d)?(?:[eE][+-]?\d+)?"), "#"),
    (re.compile(rf"[\[{{(]{_PLAIN_VALUE}(?:[,:] ?{_PLAIN_VALUE})+[\]}})]"), "[…]"),
    (re.compile(r"\s+"), " "),
)
# A function's name has no variable parts; the name of a request may, as in `GET /orders/42`.
_NAME = re.compile(r"[\w.<>]+")
_MOST_CHARS = 300
_MOST_FRAMES = 60
_SHOWN_CHARS = 400


class Fingerprint(NamedTuple):
    """The identity of an error.

    Args:
        key: `v1:` and 32 hex digits.
        why: the compared data, for people.
    """

    key: str
    why: dict[str, Any]


def fingerprint(
    fault: Fault, process: str, code: Code | None, statements: Statements, chosen: str | None = None, part: str = ""
) -> Fingerprint:
    """Return the fingerprint of an error.

    Args:
        fault: the exception.
        process: name of the call in which it originated.
        code: code of that call.
        statements: returns the normal form of a statement.
        chosen: value of the attribute that overrides everything.
        part: additional distinction, if its group was split.
    """
    if chosen is not None:
        return _of(
            {"rule": "attribute", "type": fault.type, "value": chosen[:_MOST_CHARS]}, [chosen[:_MOST_CHARS]], part
        )
    own = [frame for frame in fault.frames if not is_library(frame.file) or (code and frame.file == code.file_path)]
    raised = [fault.type, fault.cause]
    if own:
        places = _places(own, process, code)
        path = _without_cycles(places)[-_MOST_FRAMES:]
        compared = [(places[at], statements(own[at].file, own[at].line) or normal(own[at].text)) for at in path]
        shown = [{"in": places[at], "line": own[at].text.partition("\n")[0][:_SHOWN_CHARS]} for at in path]
        why = {"rule": "frames", "frames": shown, "library_frames": len(fault.frames) - len(own)}
        return _of({**why, "type": fault.type, "cause": fault.cause}, [*raised, compared], part)
    if fault.stack:
        stack = list(dict.fromkeys(fault.stack))[:_MOST_FRAMES]
        why = {"rule": "stack", "frames": [{"in": frame, "line": ""} for frame in stack]}
        return _of({**why, "type": fault.type, "cause": fault.cause}, [*raised, stack], part)
    text = without_varying(_PATH.sub("#", fault.message[: 4 * _MOST_CHARS]))
    where = process if _NAME.fullmatch(process) else without_varying(process)
    why = {"rule": "message", "type": fault.type, "cause": fault.cause, "message": text, "process": where}
    return _of(why, [*raised, where, text], part)


def without_varying(message: str) -> str:
    """Return a message without the parts that vary between errors of one kind."""
    for pattern, instead in _VARYING:
        message = pattern.sub(instead, message[: 4 * _MOST_CHARS])
    return message.strip()[:_MOST_CHARS]


def _without_cycles(places: list[str]) -> list[int]:
    """Return the positions of the frames left after removing recursion: the path from outermost to innermost."""
    path: dict[str, int] = {}
    for at, place in enumerate(places):
        if place in path:
            for later in list(path)[list(path).index(place) :]:
                del path[later]
        path[place] = at
    return list(path.values())


def _of(why: dict[str, Any], compared: list[Any], part: str) -> Fingerprint:
    if part:
        compared, why = [*compared, part], {**why, "split_by": part}
        why["split_from"] = _key([why["rule"], *compared[:-1]])
    return Fingerprint(_key([why["rule"], *compared]), why)


def _key(compared: list[Any]) -> str:
    text = json.dumps(compared, ensure_ascii=False)
    return f"{VERSION}:{blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


def _places(frames: list[Frame], process: str, code: Code | None) -> list[str]:
    """Return `module.function` of each frame."""
    file_path = code.file_path if code else ""
    module, root = _module_and_root(process, file_path)
    return [f"{module if frame.file == file_path else _module(frame.file, root)}.{frame.function}" for frame in frames]


@lru_cache(4_096)
def _module_and_root(process: str, file_path: str) -> tuple[str, str]:
    """Return the module of a recorded function, and the directory from which its packages are imported."""
    if not file_path:
        return "", ""
    path = PurePath(file_path).with_suffix("")
    names = process.split(".")
    for count in range(len(names) - 1, 0, -1):
        parts = tuple(names[:count])
        for tail in (parts, (*parts, "__init__")):
            if path.parts[-len(tail) :] == tail:
                return ".".join(parts), str(PurePath(*path.parts[: -len(tail)]))
    return path.name, str(path.parent)


@lru_cache(4_096)
def _module(file: str, root: str) -> str:
    parts = PurePath(file).with_suffix("").parts if not file.startswith("<") else (file,)
    top = PurePath(root).parts if root else ()
    inside = bool(top) and parts[: len(top)] == top and len(parts) > len(top)
    parts = parts[len(top) :] if inside else parts[-1:]
    return ".".join(parts[:-1] if parts[-1:] == ("__init__",) and len(parts) > 1 else parts)
