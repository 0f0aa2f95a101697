"""Secrets of a known shape are masked, whatever name they stand under."""

from __future__ import annotations

import base64
import random

import pytest

from obsv.capture import Redactor
from obsv.capture.secrets.secret_shapes import mask_shapes, may_have_shape

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
JWE = "eyJhbGciOiJSU0EtT0FFUCJ9.OKOawDo13gRp2ojaHV7LFpZcgV7T.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzO.XFBoMYUZodetZ"
BASIC = base64.b64encode(b"ann:hunter2").decode()
# Built here, so that no scanner of secrets takes this file for a leak.
PREFIXED = [
    *("AKIA" + "IOSFODNN7EXAMPLE", "ASIA" + "IOSFODNN7EXAMPLE", "ghp_" + "a1" * 18, "ghs_" + "a1" * 18),
    *("github_pat_" + "a1_" * 20, "glpat-" + "a1" * 10, "xoxb-" + "1234-abcd-" * 3, "xapp-1-" + "A1-" * 8),
    *("sk_live_" + "a1" * 12, "rk_test_" + "a1" * 12, "whsec_" + "a1" * 16, "sk-" + "a1" * 24, "sk-ant-" + "a1-" * 10),
    *("hf_" + "a1" * 17, "npm_" + "a1" * 18, "pypi-" + "a1" * 30, "AIza" + "a1" * 18, "ya29." + "a1" * 20),
    *("SG." + "a1" * 11 + "." + "a1" * 20, "shpat_" + "a1" * 16, "dop_v1_" + "a1" * 32, "dckr_pat_" + "a1" * 14),
    *("SK" + "a1" * 16, "123456789:AA" + "a1_" * 11),
    *("hvs." + "a1" * 20, "ATATT3" + "a1" * 20, "glsa_" + "a1" * 16 + "_abcdef01", "dapi" + "a1" * 16, JWT, JWE),
]


@pytest.mark.parametrize("token", PREFIXED)
@pytest.mark.parametrize("around", ["{}", "'{}'", "got {}, and", '{{"a": "{}"}}', "x={}"])
def test_token(token: str, around: str) -> None:
    """A token with a prefix of its own goes, and what stands around it stays."""
    assert mask_shapes(around.format(token)) == around.format("***")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"Bearer {JWT}", "Bearer ***"),
        ("'Bearer hunter2hunter2'", "'Bearer ***'"),
        (f"Basic {BASIC}", "Basic ***"),
        ("Basic aHVudGVyMg==", "Basic ***"),
        ("Bearer abcdefghijklmnopqrstuvwxyz", "Bearer ***"),
        ("Token 9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b", "Token ***"),
        ('Digest username="ann", response="hunter2"', "Digest username=***"),
        ("AWS4-HMAC-SHA256 Credential=AK/2/s3, Signature=abc", "AWS4-HMAC-SHA256 Credential=***"),
        ("postgres://ann:hunter2@db:5432/x", "postgres://ann:***@db:5432/x"),
        ("mongodb+srv://ann:hunt%40er2@c.example.net/db", "mongodb+srv://ann:***@c.example.net/db"),
        ("jdbc:oracle:thin:scott/tiger@//h:1/x", "jdbc:oracle:thin:scott/***@//h:1/x"),
        ("https://h/k?X-Amz-Signature=abc&X-Amz-Date=1", "https://h/k?X-Amz-Signature=***&X-Amz-Date=1"),
        (
            "https://a.blob.core.windows.net/c?sv=1&sig=ab%2Fc&se=2",
            "https://a.blob.core.windows.net/c?sv=1&sig=***&se=2",
        ),
        ("https://hooks.slack.com/services/T00/B00/hunter2x", "https://hooks.slack.com/services/***"),
        ("to=https%3A%2F%2Fann%3Ahunter2%40h%2Fx", "to=https%3A%2F%2Fann%3A***%40h%2Fx"),
        ("https://api.telegram.org/bot123456789:AA" + "a1-" * 11 + "/me", "https://api.telegram.org/***/me"),
        ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
        ("mysql -uroot -phunter2 db", "mysql -uroot -p*** db"),
        ("curl -s -u ann:hunter2 https://x", "curl -s -u ann:*** https://x"),
        ("sshpass -p hunter2 ssh h", "sshpass -p *** ssh h"),
        ("redis-cli -h x -a hunter2", "redis-cli -h x -a ***"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nab\n-----END OPENSSH PRIVATE KEY-----", None),
        ("-----BEGIN EC PRIVATE KEY-----\\nab\\n-----END EC PRIVATE KEY-----", None),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nab", "-----BEGIN PGP PRIVATE KEY BLOCK-----***"),
        ("MIIabcdef\nghi\n-----END RSA PRIVATE KEY-----", "***-----END RSA PRIVATE KEY-----"),
        ("card 4111 1111 1111 1111 ok", "card *** ok"),
        *(("5500-0000-0000-0004", "***"), ("378282246310005", "***"), ("'6011111111111117'", "'***'")),
        *(("3530111333300000", "***"), ("30569309025904", "***"), ("2223003122003222", "***")),
    ],
)
def test_shape(text: str, masked: str | None) -> None:
    """Authorization values, URLs, commands, key blocks and cards lose what is secret."""
    shown = mask_shapes(text)
    if masked is None:
        assert "ab" not in shown.replace("***", "")
    else:
        assert shown == masked


@pytest.mark.parametrize(
    "text",
    [
        *("", "a basic understanding", "Basic Authentication failed", "a bearer of news", "bearer instruments"),
        *("an unexpected token identifier", "4111111111111112", "1700000000000000000", "0.4111111111111111"),
        *("id-4111111111111111", "550e8400-e29b-41d4-a716-446655440000", "2026-11-30T04:44:43.123456+00:00"),
        *("sk-learn-contrib-something-long-name", "https://example.com/a?b=c", "ssh://git@github.com/x", "eyJpZCI6MX0"),
        *(
            "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
            "-----BEGIN PUBLIC KEY-----\na\n-----END PUBLIC KEY-----",
        ),
        *(
            "mkdir -p /a/b",
            "ls -a x",
            "git push -u origin",
            "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg",
            "a" * 1_000,
        ),
        *(
            "/usr/lib/python3/dist-packages/x.py",
            "opentelemetry.instrumentation.requests",
            "4" * 16,
            "0000 0000 0000 0000",
        ),
    ],
)
def test_nothing_secret(text: str) -> None:
    """Text that only resembles a secret stays."""
    assert mask_shapes(text) == text
    assert Redactor().redact_value(text) == text


@pytest.mark.parametrize(
    "text", [*PREFIXED, "4111 1111 1111 1111", "a://b:c@d", f"Basic {BASIC}", "jdbc:oracle:thin:a/b@c"]
)
def test_what_is_masked_is_looked_at(text: str) -> None:
    """The quick look lets nothing through that has a shape."""
    assert may_have_shape(f"'{text}'")
    assert Redactor().redact_value(f"'{text}'") != f"'{text}'"


@pytest.mark.parametrize("before", ["\n", "\t", "\r\n", "\0", "\x1b[31m", "C:\\new ", "C:\\"])
def test_secrets_behind_an_escape(before: str) -> None:
    """In a value's text `\\n` is no part of the word behind it."""
    redact = Redactor().redact_value
    shapes = [*PREFIXED, "4111 1111 1111 1111", f"Basic {BASIC}", "Bearer hunter2hunter2", "mysql -phunter2"]
    texts = [repr(f"line{before}{shape}\nnext") for shape in shapes]
    assert [text for text in texts if redact(text) == text] == []
    assert all(redact(text).startswith(repr(f"line{before}")[:-1]) for text in texts)


@pytest.mark.parametrize(
    "text",
    ["dbpassword=hunter2", "{'text': 'token: hunter2'}", "'--api-key hunter2'", "['mysql', '--password', 'hunter2']"],
)
def test_names_in_values(text: str) -> None:
    """Values of sensitive names within a text are masked."""
    assert "hunter2" not in Redactor().redact_value(text)


LABELLED = [
    *('{"name": "DB_PASSWORD", "value": "hunter2"}', "{'key': 'password', 'type': 'env', 'value': 'hunter2'}"),
    *('<add key="DbPassword" value="hunter2" />', "EnvVar(name='API_TOKEN', value='hunter2')"),
    *('"[{\\"Name\\": \\"authToken\\", \\"Value\\": \\"hunter2\\"}]"', "name: 'password', value: 'hunter2'"),
    'form-data; name="password"\r\n\r\nhunter2\r\n--x',
    'form-data; name="api_key"\r\nContent-Type: text/plain\r\n\r\nhunter2\r\n--x',
    *("%7B%22password%22%3A%22hunter2%22%7D", "q=%257B%2522token%2522%253A%2522hunter2%2522%257D"),
    *("alter user scott identified by hunter2", "CONNECT TO scott IDENTIFIED BY hunter2"),
    *("token: |\r\n  hunter2\r\nx: 1", "token: | # ours\n  hunter2\n\n  hunter2", '"token": |\n\n  hunter2'),
    *("token: !!str |\n  a\n   \n  hunter2", "- token: &a >2-\n    hunter2\n"),
    *("ALTER USER x IDENTIFIED BY 'hunter2'", "identified with caching_sha2_password by 'hunter2'"),
    *("db:\n  password: |\n    hunter2\n    hunter2\n  port: 1", "token: >-\n  hunter2"),
]


@pytest.mark.parametrize("text", LABELLED)
def test_names_apart_from_their_values(text: str) -> None:
    """A name that stands as a value itself, in a form, in a URL, in SQL or above a block of YAML."""
    redactor = Redactor()
    for masked in (redactor.redact_text(text), redactor.redact_value(text), redactor.redact_value(repr(text))):
        assert "hunter2" not in masked
        assert "***" in masked


def test_a_block_without_lines() -> None:
    """Lines that are indented as their key are others."""
    assert Redactor().redact_text("a:\n  token: |\n  port: 1") == "a:\n  token: ***\n  port: 1"


@pytest.mark.parametrize(
    "text",
    [
        *('{"name": "author", "value": "ann"}', '[{"name": "password"}, {"name": "x", "value": "ann"}]'),
        *('form-data; name="title"\r\n\r\nann', "%22author%22%3A%22ann%22", "the user is identified by its name"),
        *("the job identified by id=7 failed", "Resource identified by 'abc' not found"),
        *("passage: |\n  ann", "https%3A%2F%2Fh%3A80%2Fa"),
    ],
)
def test_other_names_apart_from_their_values(text: str) -> None:
    """Harmless ones stay readable."""
    assert Redactor().redact_value(text) == text


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "eyJ",
            "eyJabcdefgh.",
            "-----BEGIN X-----",
            "-----END PRIVATE KEY-----",
            "a://b:",
            "://",
            "Bearer ",
            "basic a",
        ),
        *(
            "4111 ",
            "1",
            "sk-",
            "xoxb-",
            "curl -u ",
            "mysql ",
            "digest username=",
            "?sig=",
            "jdbc:oracle:",
            "%3A%2F%2Fa%3Ab",
            "AKIA",
            "=",
            "a",
        ),
    ],
)
def test_no_text_is_too_long(unit: str) -> None:
    """A text of 300 KB is read in a part of a second; in quadratic time it would take minutes."""
    mask_shapes(unit * (300_000 // len(unit)) + "-----END RSA PRIVATE KEY-----")


@pytest.mark.parametrize(
    "unit",
    [
        *('"name": "password", ', "name='a' value", 'form-data; name="a"\r\n', "password%3A", "%22a", "identified by "),
        *("token: |\n  a\n", "identified with ", f"value: name={'a/' * 64} ", "alter user x identified by "),
    ],
)
def test_no_text_with_names_is_too_long(unit: str) -> None:
    """Likewise where names are looked for."""
    Redactor().redact_text(unit * (100_000 // len(unit)))


def test_random_text_never_raises() -> None:
    """Whatever characters come."""
    letters = random.Random(1)
    for _ in range(300):
        text = "".join(letters.choices("eyJ.-_ 0123456789abc:/@=&?'\"\\\n\ud800é", k=200))
        assert isinstance(mask_shapes(text), str)
