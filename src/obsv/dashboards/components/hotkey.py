"""What the keyboard finds on a page (shell/keyboard.js)."""

from typing import Any

# Properties of the page's search field, or of what surrounds it: `/` goes there.
SEARCH: dict[str, Any] = {"data-hotkey": "/"}
