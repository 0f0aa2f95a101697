"""Recorded text in Markdown: whatever it says, it stays text.

Every recorded text stands in a code span or a fenced block whose marks are longer than any run of backticks inside, so
that nothing in it can close it (CommonMark 0.31, 4.5 and 6.1): no markup, no link, no HTML.
"""

import re

_RUNS = re.compile("`+")
# What would end a line, or hide or reorder what follows.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")


def code(text: str, longest: int = 200) -> str:
    """A code span on one line.

    Args:
        text: anything.
        longest: characters shown; a longer text is cut.
    """
    line = " ".join(visible(text).split()) or "(empty)"
    line = line if len(line) <= longest else line[:longest] + "…"
    marks = "`" * (_longest_run(line) + 1)
    # A space beside a backtick is taken off again when it is read.
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{marks}{pad}{line}{pad}{marks}"


def block(text: str, language: str = "", longest: int = 4_000) -> str:
    """A fenced block.

    Args:
        text: anything.
        language: of the text, for colours: `text`, `python`.
        longest: characters shown; the middle of a longer text is left out.
    """
    shown = visible(text).rstrip()
    if len(shown) > longest:
        half = longest // 2
        shown = f"{shown[:half]}\n… {len(shown) - 2 * half:,} characters left out …\n{shown[-half:]}"
    fence = "`" * max(3, _longest_run(shown) + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def visible(text: str) -> str:
    """The text with control characters, and characters that hide or reorder others, written out."""
    return _UNSEEN.sub(_escaped, text.replace("\r\n", "\n"))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _longest_run(text: str) -> int:
    return max(map(len, _RUNS.findall(text)), default=0)
