"""Targets of keyboard shortcuts on a page (shell/keyboard.js)."""

from typing import Any

# Properties of the page's search field, or of its container: `/` moves the focus there.
SEARCH: dict[str, Any] = {"data-hotkey": "/"}
