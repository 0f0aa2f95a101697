"""A traceback below its exception, with the frames and the last line distinguished. Text only."""

import re

from dash import dcc, html
from dash.development.base_component import Component

from obsv.dashboards.components.aria import aria
from obsv.store.ground import raised_line

FRAME = re.compile(r'^\s*(\|\s*)*File ".*", line \d+')
# Lines of the exception stand at the margin, or after the bars of an exception group.
ERROR = re.compile(r"^(\s*\|\s*)*[A-Za-z_][\w.]*(:|$)")
HEADS = ("Traceback (most recent", "During handling", "The above exception", "… ")


def traceback(text: str, id: str) -> Component:
    """Return a traceback with a button that copies it.

    Args:
        text: the recorded text.
        id: ID of the text, for the button.
    """
    lines = [html.Span(line or " ", className="tb-text " + _kind(line)) for line in text.rstrip().split("\n")]
    copy = dcc.Clipboard(content=text, title="Copy", className="copy")
    whole = html.Pre(lines, id=id, className="traceback-text", tabIndex=0, **aria(label="Traceback"))
    head = html.P(raised_line(text), className="exception-last")
    return html.Div([head, html.Div([copy, whole], className="traceback-frame")])


def _kind(line: str) -> str:
    if line.startswith(HEADS):
        return "tb-head"
    if FRAME.match(line):
        return "tb-place"
    return "tb-error" if ERROR.match(line) else "tb-code"
