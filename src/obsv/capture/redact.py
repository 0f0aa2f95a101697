"""Which names are secret, and how secrets are taken out of text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from obsv.capture.mask import MASK
from obsv.capture.names import words
from obsv.capture.scan import Scanner
from obsv.capture.secret_names import is_secret_name
from obsv.capture.secret_shapes import mask_shapes, may_have_shape
from obsv.capture.secret_words import ROOTS, STRONG, TEXT_ROOTS, WEAK

# However they are joined. `obsv.capture.secret_names` says which other words beside them make them harmless.
DEFAULT_SENSITIVE_FIELDS: Final[tuple[str, ...]] = (*STRONG, *WEAK)

# A name is looked at no further than this; a longer one is data.
LONGEST_NAME: Final = 64
# A shorter text has no secret that is known for one.
SHORTEST: Final = 8
_MAX_NAMES = 8_192
# As many letters of a word show that a text may have it, however it is joined to the next.
_ROOT = 4


_DEFAULTS = frozenset("".join(words(field)) for field in DEFAULT_SENSITIVE_FIELDS)


class Redactor:
    """Knows which names are secret, and masks their values in text.

    A name is secret when it has a sensitive word: `password` is found in `db_password`, `userPassword`, `PGPASSWORD`
    and `config.password`, but not in `password_policy`, nor `auth` in `author`. Two redactors of the same words are
    equal.

    Args:
        sensitive_fields: words, or words joined as in `api_key`, beside the default ones; nothing makes these harmless.
        defaults: False leaves `DEFAULT_SENSITIVE_FIELDS` out.

    Attributes:
        own, defaults: what it was made with.
        harmless: names found not to be secret, at most 8,192; a member of it needs no further look.
        roots: beginnings of words, one of which stands in any text with a sensitive name.
    """

    def __init__(self, sensitive_fields: Iterable[str] = (), *, defaults: bool = True) -> None:
        self.own, self.defaults = tuple(sensitive_fields), defaults
        own_words = [parts for parts in map(words, self.own) if parts]
        self._own = frozenset(map("".join, own_words))
        self._entries = self._own | _DEFAULTS if defaults else self._own
        self.roots = frozenset(parts[0][:_ROOT] for parts in own_words).union(ROOTS if defaults else ())
        self._text_roots = self.roots.intersection(TEXT_ROOTS) | {parts[0][:_ROOT] for parts in own_words}
        self.harmless: set[str] = set()
        self._secret: set[str] = set()
        self._scanner = Scanner(self, MASK)

    def is_sensitive(self, name: str) -> bool:
        """Whether a name has a sensitive word.

        Args:
            name: of an argument, attribute or key; its first 64 characters count.
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
        """Whether a name is one of the sensitive words, with nothing beside it."""
        return "".join(words(name[:LONGEST_NAME])) in self._entries

    def redact_text(self, text: str) -> str:
        """The text with `***` in place of what belongs to a sensitive name.

        Known are `key=value`, `key: value`, `"key": "value"`, `('key', 'value')`, `--key value`, `<key>value</key>`,
        header lines, bearer tokens, `scheme://user:password@host` and private key blocks. Where the end of a value
        cannot be told, the rest of the line goes.

        Args:
            text: a message, a traceback or the like, of any length; the time taken grows with it and no faster.
        """
        return self._scanner.redact(mask_shapes(text))

    def redact_value(self, text: str) -> str:
        """The text of a value as `redact_text` has it; one that cannot have a secret is looked at for 2 µs."""
        if len(text) < SHORTEST or not (may_have_shape(text) or self._may_name(text)):
            return text
        return self.redact_text(text)

    def _may_name(self, text: str) -> bool:
        if "=" not in text and ":" not in text and "--" not in text and " '" not in text and ' "' not in text:
            return False
        lower = text.lower()
        return any(map(lower.__contains__, self._text_roots))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Redactor) and self._entries == other._entries

    def __hash__(self) -> int:
        return hash(self._entries)
