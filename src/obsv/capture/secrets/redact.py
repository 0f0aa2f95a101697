"""Secret names, and removal of secrets from text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from obsv.capture.names import words
from obsv.capture.scan import Scanner
from obsv.capture.secrets.mask import MASK
from obsv.capture.secrets.secret_names import is_secret_name
from obsv.capture.secrets.secret_shapes import mask_blocks, mask_shapes, may_have_shape
from obsv.capture.secrets.secret_words import ROOTS, STRONG, TEXT_ROOTS, WEAK

# In any combination. `obsv.capture.secrets.secret_names` defines which adjacent words make them harmless.
DEFAULT_SENSITIVE_FIELDS: Final[tuple[str, ...]] = (*STRONG, *WEAK)

# A longer name is treated as data.
LONGEST_NAME: Final = 64
# A shorter text contains no recognizable secret.
SHORTEST: Final = 8
_MAX_NAMES = 8_192
# This many letters of a word indicate that a text may contain it, even joined to the next word.
_ROOT = 4


# An escape of a control character, or a colour of a terminal, before something that may be a word.
_ESCAPE = re.compile(r"\\(?:[abfnrtv0]|x[0-9a-f]{2}(?:\[[0-9;]{0,16}m)?)(?=[\w\-])")
_BACKSLASH = "\\\\"
# A control character is in no shown text, but in that of a serializer.
_GAP = "\0"

_DEFAULTS = frozenset("".join(words(field)) for field in DEFAULT_SENSITIVE_FIELDS)


class Redactor:
    """Decides which names are secret, and masks their values in text.

    A name is secret if it contains a sensitive word: `password` is found in `db_password`, `userPassword`, `PGPASSWORD`
    and
    `config.password`, but not in `password_policy`, nor `auth` in `author`. Two redactors with the same words are
    equal.

    Args:
        sensitive_fields: words, or joined words as in `api_key`, in addition to the defaults; nothing makes these
            harmless.
        defaults: whether to include `DEFAULT_SENSITIVE_FIELDS`.

    Attributes:
        own, defaults: as given.
        harmless: names found not to be secret, at most 8,192; they need no further check.
        text_roots: one of them is in every text, in lower case, in which a name is that of a secret.
        roots: beginnings of words; any text with a sensitive name contains one of them.
    """

    def __init__(self, sensitive_fields: Iterable[str] = (), *, defaults: bool = True) -> None:
        self.own, self.defaults = tuple(sensitive_fields), defaults
        own_words = [parts for parts in map(words, self.own) if parts]
        self._own = frozenset(map("".join, own_words))
        self._entries = self._own | _DEFAULTS if defaults else self._own
        self.roots = frozenset(parts[0][:_ROOT] for parts in own_words).union(ROOTS if defaults else ())
        self.text_roots = {parts[0][:_ROOT] for parts in own_words}.union(TEXT_ROOTS if defaults else ())
        self.harmless: set[str] = set()
        self._secret: set[str] = set()
        self._scanner = Scanner(self, MASK)

    def is_sensitive(self, name: str) -> bool:
        """Return whether a name contains a sensitive word.

        Args:
            name: name of an argument, attribute or key; its first 64 characters count.
        """
        if name in self.harmless:
            return False
        if name in self._secret:
            return True
        name = name[:LONGEST_NAME]
        found = is_secret_name(name, self._own, defaults=self.defaults)
        names = self._secret if found else self.harmless
        if len(names) >= _MAX_NAMES:
            names.clear()
        names.add(name)
        return found

    def is_exactly(self, name: str) -> bool:
        """Return whether a name is exactly one of the sensitive words."""
        return "".join(words(name[:LONGEST_NAME])) in self._entries

    def redact_text(self, text: str) -> str:
        """Return the text with the values of sensitive names replaced by `***`.

        Recognized are `key=value`, `key: value`, `"key": "value"`, `('key', 'value')`, `--key value`,
        `<key>value</key>`, `name: key, value: value`, YAML's blocks, fields of forms, the same encoded for a URL,
        header lines, bearer tokens, `scheme://user:password@host` and private key blocks. If the end of a value cannot
        be determined, the rest of the line is masked.

        Args:
            text: a message, a traceback or similar text of any length; the time is linear in it.
        """
        return self._scanner.redact(mask_shapes(text))

    def redact_value(self, text: str) -> str:
        """Return the text of a value redacted as by `redact_text`; a text that cannot contain a secret takes 4 µs."""
        if not self.may_redact(text):
            return text
        if "\\" not in text or _GAP in text:
            return self.redact_text(text)
        if _BACKSLASH in text:
            # Of `C:\\token=…` the letter is part of the word; of a text in a text, `'…\\n…'`, it is none.
            text = self.redact_text(text)
        # As it is shown, a line ends with `\n`, whose letter is no part of the word behind it.
        return self.redact_text(_ESCAPE.sub(rf"\g<0>{_GAP}", mask_blocks(text))).replace(_GAP, "")

    def may_redact(self, text: str) -> bool:
        """Return whether a text, or a line of it, may contain a secret: False is certain."""
        return len(text) >= SHORTEST and (may_have_shape(text) or self._may_name(text))

    def _may_name(self, text: str) -> bool:
        # In the order of how often they occur.
        if (
            "=" not in text
            and ":" not in text
            and " '" not in text
            and ' "' not in text
            and "--" not in text
            and ",'" not in text
            and ',"' not in text
            and "</" not in text
            and "%" not in text
        ):
            return False
        lower = text.lower()
        return any(map(lower.__contains__, self.text_roots))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Redactor) and self._entries == other._entries

    def __hash__(self) -> int:
        return hash(self._entries)
