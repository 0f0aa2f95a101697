"""The plainest slips of style stay out of docstrings and documents."""

import ast
import functools
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("src", "tests", "benchmarks", "docs")
# A docstring begins with a verb; that of a class or a module, with a noun phrase.
QUESTIONS = {"What", "Whether", "That", "How", "Which", "Where", "Who", "Whom", "Whose"}
SLIPS = re.compile(r"\b(?:in order to|can not|dont|doesnt|cant|wont|isnt|allows to|informations)\b", re.IGNORECASE)


@functools.cache
def docstrings() -> list[tuple[str, str]]:
    """Return the place and the text of each docstring."""
    found = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    text = ast.get_docstring(node)
                    if text:
                        found.append((f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}", text))
    return found


def test_docstrings_begin_with_a_verb_or_a_noun() -> None:
    """None begins with a question word, such as "What" or "Whether"."""
    found = [f"{place}: {text.splitlines()[0]}" for place, text in docstrings() if text.split()[0] in QUESTIONS]
    assert not found, "\n".join(found)


def test_summaries_have_single_spaces() -> None:
    """The first line of a docstring has no double spaces."""
    found = [f"{place}: {text.splitlines()[0]}" for place, text in docstrings() if "  " in text.splitlines()[0]]
    assert not found, "\n".join(found)


def test_slips_of_wording() -> None:
    """Neither docstrings nor documents have one of the slips listed above."""
    documents = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        *sorted((ROOT / "docs").glob("*.md")),
    ]
    texts = [*docstrings(), *((path.name, path.read_text(encoding="utf-8")) for path in documents)]
    found = [f"{place}: {slip[0]}" for place, text in texts for slip in SLIPS.finditer(text)]
    assert not found, "\n".join(found)
