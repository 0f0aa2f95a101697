"""Texts that refer to facts: `{{key}}`. A text with a number that is not a reference is refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping

from obsv.reports.facts import Fact

REFERENCE = re.compile(r"\{\{([^{}]{1,200})\}\}")
# What is counted stands in the plural; "1 decisions" is none.
_COUNTED = re.compile(REFERENCE.pattern + r"( (?:decision|outcome|refusal|trade))s\b")
MOST_CHARS = 4_000
# Numbers in words, and what compares without a number that could be checked.
_WORDS = re.compile(
    r"\b(?:zero|nil|nought|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|"
    r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:-\w+)?|hundred\w*|thousand\w*|\w+illions?|dozens?|score|once|twice|"
    r"thrice|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|half|halves|halved|halving|quarter\w*|"
    r"(?:thir|fif|six|seven|eigh|nin|ten|twelf|\w+teen|\w+tie)ths|\w+teens|teens|(?:twen|thir|for|fif|six|seven|eigh|nine)ties|"
    r"both|single\w*|sole\w*|solo|solitary|lone|duo|trio|quartet|quintet|sextet|septet|octet|nonet|deuce|ace|treble|"
    r"\w+tuple\w*|naught|zilch|grand|lakhs?|crores?|gross|myriad\w*|umpteen\w*|squared|cubed|bps|basis points?|"
    r"fortnight\w*|decades?|century|centuries|millenni\w+|several|few|many|everyone|everybody|entire\w*|whole\w*|unanimous\w*|"
    r"doubl\w*|tripl\w*|quadrupl\w*|\w+fold|couple|pair|percent\w*|per cent|permille|majority|minority|most|"
    r"none|all|every|nobody|nothing|no|minus|negative|plus|times|multiplied|[kmb]|[bmt]n|mm)\b",
    re.IGNORECASE,
)
# A sign, a digit's separator or a unit that touches a reference would change its number.
_TOUCHED = re.compile(r"[^\s(]\{\{|\}\}(?![.,;:!?)]*(?:\s|$))")
_ROMAN = re.compile(r"\b[IVXLCDM]{2,}\b")
_FORBIDDEN = "<>&`[]|\\*_#~^$%‰€£¥"


def references(text: str) -> Iterator[str]:
    """Yield the keys that a text refers to."""
    for found in REFERENCE.finditer(text):
        yield found[1].strip()


def fill(text: str, facts: Mapping[str, Fact], write: Callable[[Fact], str]) -> str:
    """Return a text with its references replaced; what is counted stands in the singular behind a one."""
    text = _COUNTED.sub(lambda found: found[0][:-1] if facts[found[1].strip()].value == 1 else found[0], text)
    return REFERENCE.sub(lambda found: write(facts[found[1].strip()]), text)


def problems(text: str, facts: Mapping[str, Fact]) -> list[str]:
    """Return why a text of our own cannot be printed: unknown references, and digits outside any."""
    found = [f"unknown reference {key!r}" for key in references(text) if key not in facts]
    bare = REFERENCE.sub(" ", text)
    digits = [each for each in bare if _is_numeric(each)]
    if digits:
        found.append(f"a digit that is not a reference: {digits[0]!r}")
    if "{{" in bare or "}}" in bare:
        found.append("a reference that is not closed")
    return found


def problems_of_model(text: str, facts: Mapping[str, Fact]) -> list[str]:
    """Return why a language model's text cannot be printed.

    It may have ASCII words and references, but no numbers in words, no signs of units and no markup: a number that
    does not come from a statement has no way into a report.
    """
    found = problems(text, facts)
    bare = REFERENCE.sub(" ", text)
    if not text.strip() or len(text) > MOST_CHARS:
        found.append(f"a text has 1 to {MOST_CHARS:,} characters")
    if not bare.isascii() or any(each in bare for each in _FORBIDDEN) or "://" in bare:
        found.append("only plain English words may stand between references")
    word = _WORDS.search(bare) or _ROMAN.search(bare)
    if word:
        found.append(f"a number in words: {word[0]!r}")
    if _TOUCHED.search(text):
        found.append("a reference that something touches")
    if not any(True for _ in references(text)):
        found.append("it refers to nothing")
    return found


def _is_numeric(character: str) -> bool:
    # Digits of all scripts, fractions, circled and Roman numerals, and what they are composed of.
    return any(unicodedata.numeric(each, None) is not None for each in unicodedata.normalize("NFKC", character)) or (
        unicodedata.numeric(character, None) is not None
    )
