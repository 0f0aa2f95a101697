"""ARIA attributes, whose hyphens Python's keyword arguments cannot contain."""

from typing import Any


def aria(**attributes: str | bool) -> dict[str, Any]:
    """Return Dash properties: `aria(label="Pages", hidden=True)` gives `aria-label` and `aria-hidden`."""
    return {
        f"aria-{name}": str(value).lower() if isinstance(value, bool) else value for name, value in attributes.items()
    }
