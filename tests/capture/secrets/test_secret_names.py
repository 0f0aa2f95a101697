"""Names of real software are told to be secret or harmless."""

from __future__ import annotations

import random
import string

import pytest
from tests.capture.secret_names import HARMLESS, SECRET

from obsv.capture import DEFAULT_SENSITIVE_FIELDS, Redactor
from obsv.capture.names import words
from obsv.capture.secrets.secret_names import is_secret_name
from obsv.capture.secrets.secret_words import ROOTS


def test_secret_names_are_masked() -> None:
    """However their words are joined and written."""
    redactor = Redactor()
    assert [name for name in SECRET if not redactor.is_sensitive(name)] == []
    assert len(set(SECRET)) >= 400


def test_harmless_names_stay_readable() -> None:
    """Words that hold a secret one, or say something about one."""
    redactor = Redactor()
    assert [name for name in HARMLESS if redactor.is_sensitive(name)] == []
    assert len(set(HARMLESS)) >= 400


FORMS = ("{}={}", "{}: {}", "--{} {}", "<{0}>{1}</{0}>", "('{}', '{}')", '["{}","{}"]', "'{}': '{}'")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", ["", "\n", "\t", "\x1b[1m", "C:\\", "a\\n"])
def test_secret_names_are_masked_in_values(form: str, before: str) -> None:
    """The quick look at a value's text lets none of them through, in no line of it."""
    redact = Redactor().redact_value
    texts = [repr(f"call\n{before}" + form.format(name, "hunter2")) for name in SECRET]
    assert [text for text in texts if "hunter2" in redact(text)] == []


@pytest.mark.parametrize("form", FORMS)
def test_values_of_harmless_names_stay_readable(form: str) -> None:
    """So do they in texts, but for `PWD` before anything that is no directory."""
    redact = Redactor().redact_value
    texts = [form.format(name, "seven_7") for name in HARMLESS if name != "PWD"]
    assert [text for text in texts if "seven_7" not in redact(text)] == []


@pytest.mark.parametrize("form", [str.lower, str.upper, str.title, lambda name: name.replace("_", "-")])
def test_any_case_is_the_same(form) -> None:
    """A name without capitals of its own means the same in any case and with any separator."""
    redactor = Redactor()
    # But PWD: the shell's variable is a directory.
    plain = [name for name in SECRET if name == name.lower() and name.replace("_", "").isalpha() and name != "pwd"]
    assert [name for name in plain if not redactor.is_sensitive(form(name))] == []
    plain = [name for name in HARMLESS if name == name.lower() and name.replace("_", "").isalpha()]
    assert [name for name in plain if redactor.is_sensitive(form(name))] == []


def test_every_word_has_a_root() -> None:
    """Names without a root are not looked at further."""
    joined = ["".join(words(field)) for field in DEFAULT_SENSITIVE_FIELDS]
    assert [field for field in joined if not any(root in field for root in ROOTS)] == []


def test_users_words_are_not_made_harmless() -> None:
    """Names given by the user are masked in any combination."""
    redactor = Redactor(("account", "token"))
    assert redactor.is_sensitive("account_type")
    assert redactor.is_sensitive("next_token")
    assert not redactor.is_sensitive("accounting")


def test_random_names_are_harmless() -> None:
    """Letters in no order hold a secret word by no chance."""
    letters = random.Random(5)
    names = ["".join(letters.choices(string.ascii_lowercase, k=letters.randint(3, 20))) for _ in range(2_000)]
    assert [name for name in names if is_secret_name(name, (), defaults=True)] == []
