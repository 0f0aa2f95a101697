"""Which names are secret, and how secrets are taken out of text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from obsv.capture.names import words
from obsv.capture.scan import Scanner

MASK: Final = "***"

# Whole words; those of several match however they are joined. `token` is not `tokens`, which language models count.
DEFAULT_SENSITIVE_FIELDS: Final[tuple[str, ...]] = (
    *("password", "passwords", "passwd", "passphrase", "passcode", "pwd", "db_pass", "user_pass", "smtp_pass"),
    *("secret", "secrets", "credential", "credentials", "creds"),
    *("token", "access_tokens", "refresh_tokens", "auth_tokens", "api_tokens", "jwt", "bearer", "csrf", "xsrf"),
    *("auth", "authorization", "cookie", "cookies", "session_id", "session_key", "otp", "totp"),
    *("api_key", "api_keys", "access_key", "access_keys", "private_key", "private_keys", "secret_key", "ssh_key"),
    *("signing_key", "encryption_key", "master_key", "account_key", "shared_key", "shared_access_key"),
    *("card_number", "credit_card", "cvv", "cvc", "ssn", "social_security_number"),
    *("dsn", "connection_string", "database_url", "db_url", "redis_url", "broker_url", "mongo_uri", "mongodb_uri"),
)

# A name is looked at no further than this; a longer one is data.
LONGEST_NAME: Final = 64
_MAX_NAMES = 8_192
_MAX_RUN = 4
# As many letters of a word show that a text may have it, however it is joined to the next.
_ROOT = 4


class Redactor:
    """Knows which names are secret, and masks their values in text.

    A name is secret when it has a sensitive word: `password` is found in `db_password`, `userPassword`, `X-PASSWORD`
    and `config.password`, but `auth` not in `author`. Two redactors of the same words are equal.

    Args:
        sensitive_fields: words, or words joined as in `api_key`, beside the default ones.
        defaults: False leaves `DEFAULT_SENSITIVE_FIELDS` out.

    Attributes:
        own, defaults: what it was made with.
        harmless: names found not to be secret, at most 8,192; a member of it needs no further look.
        roots: beginnings of words, one of which stands in any text with a sensitive name.
    """

    def __init__(self, sensitive_fields: Iterable[str] = (), *, defaults: bool = True) -> None:
        self.own, self.defaults = tuple(sensitive_fields), defaults
        fields = [*self.own, *(DEFAULT_SENSITIVE_FIELDS if defaults else ())]
        self._entries = frozenset("".join(words(field)) for field in fields) - {""}
        self.roots = frozenset(parts[0][:_ROOT] for parts in map(words, fields) if parts)
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
        found = self._has_sensitive_word(name)
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
        return self._scanner.redact(text)

    def _has_sensitive_word(self, name: str) -> bool:
        parts, entries = words(name), self._entries
        for start in range(len(parts)):
            run = ""
            for part in parts[start : start + _MAX_RUN]:
                run += part
                if run in entries:
                    return True
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Redactor) and self._entries == other._entries

    def __hash__(self) -> int:
        return hash(self._entries)
