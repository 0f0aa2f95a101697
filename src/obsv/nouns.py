"""Nouns and verbs in the form that a count asks for."""


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: `1 call`, `2,000 calls`."""
    return f"{count:,} {plural(count, noun)}"


def plural(count: int, noun: str) -> str:
    """Return a regular noun in the form for a count."""
    return noun if count == 1 else f"{noun}s"


def are(count: int) -> str:
    """Return `is` for one, `are` for any other count."""
    return "is" if count == 1 else "are"
