"""Answers for assistants: eight questions about a store, each answered in Markdown of a bounded size.

Pure functions over `Store`; `obsv.api.mcp` and the command offer them over the Model Context Protocol. Every recorded
text stands in code marks and is announced as data (`answer`): it was made by the recorded program and by whoever sends
it input, and may well read like an instruction.
"""

from obsv.agents.explain import explain_error
from obsv.agents.tools import INSTRUCTIONS, TOOLS, Asked, Tool

__all__ = ["INSTRUCTIONS", "TOOLS", "Asked", "Tool", "explain_error"]
