"""Names are sensitive by whole words."""

from __future__ import annotations

import pytest

from obsv.capture import DEFAULT_SENSITIVE_FIELDS, Redactor


@pytest.mark.parametrize(
    "name",
    [
        *(
            "password",
            "Password",
            "PASSWORD",
            "db_password",
            "dbPassword",
            "DB-PASSWORD",
            "config.password",
            "password2",
        ),
        *("passWord", "pass_word", "api_key", "apiKey", "APIKey", "API-KEY", "x_api_key", "X-Api-Key", "apikey"),
        *("accessToken", "OAuthToken", "token_value", "auth", "httpAuth", "Authorization", "Set-Cookie", "private key"),
        *("creditCard", "card_number", "ssn", "_secret", "__secret__", "clientSecret", "DATABASE_URL", "session_id"),
    ],
)
def test_sensitive(name):
    """A sensitive word is found in snake, camel, kebab, dotted and screaming names."""
    assert Redactor().is_sensitive(name)


@pytest.mark.parametrize(
    "name",
    [
        *("author", "authority", "tokenizer", "tokens", "max_tokens", "keyboard", "key", "passport_country", "compass"),
        *("secretary", "cookiecutter", "passwordless", "api", "monkey", "", "_", "123", "user", "card", "number"),
        *("api_keyboard", "bypass", "assn", "x" * 10_000),
    ],
)
def test_harmless(name):
    """A word that only holds a sensitive one, or a part of several, is none."""
    assert not Redactor().is_sensitive(name)


def test_defaults_are_sensitive():
    """Every default word is found as it stands."""
    redactor = Redactor()
    assert [field for field in DEFAULT_SENSITIVE_FIELDS if not redactor.is_sensitive(field)] == []


def test_own_fields_come_on_top():
    """A user's words are added to the default ones, however they are written."""
    redactor = Redactor(("pin", "accountNumber"))
    assert redactor.is_sensitive("user_pin")
    assert redactor.is_sensitive("ACCOUNT-NUMBER")
    assert redactor.is_sensitive("password")
    assert not redactor.is_sensitive("pinned")


def test_without_defaults():
    """The default words can be left out."""
    redactor = Redactor(("pin",), defaults=False)
    assert redactor.is_sensitive("pin")
    assert not redactor.is_sensitive("password")
    assert Redactor(defaults=False).redact_text("password=hunter2") == "password=hunter2"


def test_words_of_other_scripts():
    """A word need not be Latin."""
    redactor = Redactor(("пароль", "密码"))
    assert redactor.is_sensitive("user_пароль")
    assert redactor.is_sensitive("密码")
    assert redactor.redact_text("пароль=hunter2") == "пароль=***"


def test_remembered_names_are_bounded():
    """Names without end do not fill the memory, nor does a long one."""
    redactor = Redactor()
    for number in range(20_000):
        redactor.is_sensitive(f"key{number}")
    redactor.is_sensitive("x" * 1_000_000)
    assert len(redactor.harmless) <= 8_192
    assert max(map(len, redactor.harmless)) <= 64


def test_equality():
    """Redactors of the same words are equal, in any order."""
    assert Redactor(("a", "b")) == Redactor(["b", "a"])
    assert hash(Redactor(("a", "b"))) == hash(Redactor(["b", "a"]))
    assert Redactor(("a",)) != Redactor()
    assert Redactor() != "redactor"
