"""What was raised, from the text that the row of a failed call keeps."""

from __future__ import annotations

import re

_HEADER = re.compile(r"^Traceback\b.*$", re.MULTILINE)
_GROUP = re.compile(r"^  \+ Exception Group Traceback \(most recent call last\):$", re.MULTILINE)
_LINK = re.compile(
    r"\n\n(?:The above exception was the direct cause of the following exception"
    r"|During handling of the above exception, another exception occurred):\n\n"
)
# What recording writes where it takes the middle out of a long text; the line after it is the end of one.
_LEFT_OUT = re.compile(r"^… [\d,]+ characters left out …$")


def raised(text: str) -> str:
    """The end of a traceback: what was raised, with all lines of its message.

    Args:
        text: a traceback as Python prints it, the stack trace of another language, or only what was raised.

    Returns:
        `ValueError: no price`; for an exception group its first line, for other languages the first line of all.
    """
    text = text.strip("\n")
    # Only behind the last link of the chain: a message may quote a traceback of its own.
    text = text[max((link.end() for link in _LINK.finditer(text)), default=0) :]
    group, header = _GROUP.search(text), _HEADER.search(text)
    if group and (not header or group.start() < header.start()):
        return _first(text[group.end() :].split("\n"), "  | ").partition("\n")[0]
    if not header:
        return text.partition("\n")[0].strip()
    return _first(text[header.end() :].split("\n"), "").strip()


def _first(lines: list[str], margin: str) -> str:
    """From the first line that stands at the margin; the last line where none does."""
    after_gap = False
    for at, line in enumerate(lines):
        stands = line.startswith(margin) and not line[len(margin) :][:1].isspace() and len(line) > len(margin)
        gap = bool(_LEFT_OUT.match(line))
        if stands and not gap and not after_gap:
            return "\n".join([line[len(margin) :], *lines[at + 1 :]])
        after_gap = gap
    return lines[-1]


def raised_line(text: str) -> str:
    """The first line of what was raised: what fits into a list."""
    return raised(text).partition("\n")[0]


def headline(text: str) -> tuple[str, str]:
    """Type and message of an exception.

    Args:
        text: as for `raised`.

    Returns:
        `("ValueError", "no price")` for a text that ends in `ValueError: no price`.
    """
    kind, _, message = raised(text).partition(": ")
    return kind, message
