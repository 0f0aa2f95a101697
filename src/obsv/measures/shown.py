"""Values of metrics as people read them."""

from __future__ import annotations


def shown(number: float | None, unit: str) -> str:
    """Return a value with its unit; a dash where there is none."""
    if number is None:
        return "–"
    if unit == "count":
        return f"{number:,.0f}"
    if unit == "share":
        return f"{number * 100:,.1f} %"
    text = f"{number:,.2f}" if abs(number) >= 1 or number == 0 else f"{number:.3g}"
    return text if unit in ("ratio", "money") else f"{text} {unit}"
