"""ARIA attributes, whose dashes Python's keywords cannot carry."""

from typing import Any


def aria(**attributes: str | bool) -> dict[str, Any]:
    """Properties for a Dash component: `aria(label="Pages", hidden=True)` gives `aria-label` and `aria-hidden`."""
    return {
        f"aria-{name}": str(value).lower() if isinstance(value, bool) else value for name, value in attributes.items()
    }
