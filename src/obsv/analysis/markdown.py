"""Recorded text in Markdown that stays text, whatever it contains.

All recorded text is placed in a code span or a fenced block whose marks are longer than any run of backticks inside,
so that its content cannot close it (CommonMark 0.31, 4.5 and 6.1): no markup, no link, no HTML.
"""

import re

_RUNS = re.compile("`+")
# Characters that move a terminal's cursor or end a line (C0 except tab and newline, C1), hide text, or reorder what
# follows: format characters, bidirectional marks, fillers, tags, halves of surrogate pairs (Unicode 16: Cc, Cf, Zl, Zp,
# Cs and the default-ignorable ones, except the variation selectors of emoji).
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def code(text: str, longest: int = 200) -> str:
    """Return a code span on one line.

    Args:
        text: any text.
        longest: number of characters shown; a longer text is cut.
    """
    line = " ".join(visible(text).split()) or "(empty)"
    line = line if len(line) <= longest else line[:longest] + "…"
    marks = "`" * (_longest_run(line) + 1)
    # A Markdown reader removes a space beside a backtick.
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{marks}{pad}{line}{pad}{marks}"


def block(text: str, language: str = "", longest: int = 4_000) -> str:
    """Return a fenced block.

    Args:
        text: any text.
        language: language for highlighting: `text`, `python`.
        longest: number of characters shown; the middle of a longer text is left out.
    """
    shown = visible(text).rstrip()
    if len(shown) > longest:
        half = longest // 2
        shown = f"{shown[:half]}\n… {len(shown) - 2 * half:,} characters left out …\n{shown[-half:]}"
    fence = "`" * max(3, _longest_run(shown) + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def visible(text: str) -> str:
    """Return text that is safe for a terminal: control, hiding and reordering characters are escaped."""
    return _UNSEEN.sub(_escaped, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """Return text that is safe for a terminal, on one line."""
    return visible(text).replace("\n", "⏎").replace("\t", " ")


def visible_json(line: str) -> str:
    """Return JSON that is safe for a terminal: the same characters as JSON escapes, so that it has the same meaning."""
    return _UNSEEN.sub(_json_escaped, line)


def _json_escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD7C0 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _longest_run(text: str) -> int:
    return max(map(len, _RUNS.findall(text)), default=0)
