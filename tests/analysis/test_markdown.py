"""Recorded text in Markdown stays text."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from calls import call, span_id, traceback
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from obsv.analysis.markdown import block, code
from obsv.analysis.trace_markdown import of_spans, trace_markdown
from obsv.store import SpanRow
from obsv.store.spans.call import Call, Value
from obsv.store.spans.trace import TraceSpans

Stored = Callable[[Iterable[SpanRow]], TraceSpans]
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "```\n# a heading\n[a](javascript:alert(1))",
    "`x` **b** \\`",
    "a\n\n<script>alert(1)</script>\n",
    "\u202egnp.exe",
    "~~~\n|a|b|\n|-|-|",
    "\x1b[31mred\x00",
]


def kinds(markdown: str) -> set[str]:
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown)
    inline = [child.type for token in tokens for child in token.children or ()]
    return {token.type for token in tokens} | set(inline)


@given(st.text(alphabet="`~ \n\\<>[]()*_#|!a\t-", max_size=60))
def test_a_code_span_holds_any_text(text: str) -> None:
    """Whatever stands in it, nothing but one code span comes out."""
    assert kinds(f"a {code(text)} b") == {"paragraph_open", "paragraph_close", "inline", "text", "code_inline"}


@given(st.text(alphabet="`~ \n\\<>[]()*_#|!a\t-", max_size=60))
def test_a_block_holds_any_text(text: str) -> None:
    """Whatever stands in it, nothing but one fenced block comes out."""
    assert kinds(block(text)) == {"fence"}


def test_unseen_characters_are_written_out() -> None:
    """Control characters and those that turn text around would hide what it says."""
    assert code("a\x00\u202eb") == "`a\\x00\\u202eb`"


def test_long_text_is_cut_in_the_middle() -> None:
    """A traceback's head and its last line both matter."""
    shown = block("head " + "x" * 10_000 + " tail", longest=100)
    assert shown.startswith("```\nhead ")
    assert shown.endswith(" tail\n```")
    assert "characters left out" in shown


def markdown_of(spans: TraceSpans, *failures: Call) -> str:
    return trace_markdown(spans, of_spans(spans)[0], failures)


def failed(process: str, value: str, exception: str) -> Call:
    blank = dict.fromkeys(Call._fields)
    known = {"process": process, "exception": exception, "values": (Value("order", "INPUT", value),), "detail": {}}
    return Call(**blank | known | {"span_id": span_id(2), "duration_ns": 5_000_000})  # type: ignore[arg-type]


def test_it_tells_what_failed_with_what(stored: Stored) -> None:
    """Names, inputs, traceback and a tree with the failing call marked."""
    spans = stored([call(1, ms=8, name="shop.buy"), call(2, 1, start=1, ms=4, name="shop.price", error="boom")])
    text = markdown_of(spans, failed("shop.price", "7", traceback("ValueError", "no price")))
    assert text.startswith(
        "### `shop.buy`\n\n**8.00 ms** · 2 spans · 1 failed · service `shop` · started 2026-09-21T14:13"
    )
    assert "#### Failed: `shop.price`" in text
    assert "- `order`: `7`" in text
    assert "ValueError: no price\n```" in text
    assert "* shop.buy  " in text
    assert "!   shop.price  " in text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(stored: Stored, text: str) -> None:
    """In names, values and exceptions: no markup of its own comes out."""
    spans = stored([call(1, name=text, service=text, error=text)])
    found = kinds(markdown_of(spans, failed(text, text, text)))
    markup = {
        "html_block",
        "html_inline",
        "link_open",
        "image",
        "em_open",
        "strong_close_",
        "table_open",
        "blockquote_open",
    }
    assert not found & markup


def test_of_a_long_trace_what_failed_and_what_took_long_is_shown(stored: Stored) -> None:
    """The rest is counted."""
    many = [call(10 + number, 1, start=number, ms=0.5) for number in range(200)]
    spans = stored([call(1, ms=300), *many, call(5, 1, start=250, ms=0.1, name="shop.fails", error="boom")])
    lines = markdown_of(spans).splitlines()
    assert sum("█" in line for line in lines) <= 61 + 1
    assert any("shop.fails" in line for line in lines)
    assert any("more" in line for line in lines)


def test_first_failures_are_the_deepest(stored: Stored) -> None:
    """Calls that failed because of another failure are not listed."""
    rows = [call(1, error="e"), call(2, 1, error="e"), call(3, 2, start=1, error="e"), call(4, 1, start=5, error="e")]
    assert of_spans(stored(rows))[1] == [span_id(3), span_id(4)]
