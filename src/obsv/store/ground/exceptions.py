"""The exception in the text that the row of a failed call keeps."""

from __future__ import annotations

import re

_HEADER = re.compile(r"^Traceback\b.*$", re.MULTILINE)
_GROUP = re.compile(r"^  \+ Exception Group Traceback \(most recent call last\):$", re.MULTILINE)
_LINK = re.compile(
    r"\n\n(?:The above exception was the direct cause of the following exception"
    r"|During handling of the above exception, another exception occurred):\n\n"
)
# The line with which recording replaces the middle of a long text; the next line is part of its end.
_LEFT_OUT = re.compile(r"^… [\d,]+ characters left out …$")


def raised(text: str) -> str:
    """Return the end of a traceback: the exception with all lines of its message.

    Args:
        text: a traceback as Python prints it, the stack trace of another language, or only the exception.

    Returns:
        `ValueError: no price`; for an exception group its first line, for other languages the first line of all.
    """
    text = text.strip("\n")
    # Only after the last link of the chain: a message may quote a traceback.
    text = text[max((link.end() for link in _LINK.finditer(text)), default=0) :]
    group, header = _GROUP.search(text), _HEADER.search(text)
    if group and (not header or group.start() < header.start()):
        return _first(text[group.end() :].split("\n"), "  | ").partition("\n")[0]
    if not header:
        return text.partition("\n")[0].strip()
    return _first(text[header.end() :].split("\n"), "").strip()


def _first(lines: list[str], margin: str) -> str:
    """Return the lines from the first one at the margin; the last line if there is none."""
    after_gap = False
    for at, line in enumerate(lines):
        stands = line.startswith(margin) and not line[len(margin) :][:1].isspace() and len(line) > len(margin)
        gap = bool(_LEFT_OUT.match(line))
        if stands and not gap and not after_gap:
            return "\n".join([line[len(margin) :], *lines[at + 1 :]])
        after_gap = gap
    return lines[-1]


def raised_line(text: str) -> str:
    """Return the first line of the exception, for use in a list."""
    return raised(text).partition("\n")[0]


def headline(text: str) -> tuple[str, str]:
    """Return type and message of an exception.

    Args:
        text: as for `raised`.

    Returns:
        `("ValueError", "no price")` for a text that ends in `ValueError: no price`.
    """
    kind, _, message = raised(text).partition(": ")
    return kind, message
