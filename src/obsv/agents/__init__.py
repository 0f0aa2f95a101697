"""Answers for assistants: eight queries on a store, each answered in Markdown of limited size.

These are pure functions over `Store`; `obsv.api.mcp` and the command line offer them over the Model Context Protocol.
All recorded text is placed in code marks and announced as data (`answer`): it comes from the recorded program and from
whoever sends it input, and may read like an instruction.
"""

from obsv.agents.explain import explain_error
from obsv.agents.tools import INSTRUCTIONS, TOOLS, Asked, Tool

__all__ = ["INSTRUCTIONS", "TOOLS", "Asked", "Tool", "explain_error"]
