"""Secrets are found in free text: messages, tracebacks, headers, command lines."""

from __future__ import annotations

import traceback

import pydantic
import pytest

from obsv.capture import Redactor

KEY = "-----BEGIN RSA PRIVATE KEY-----\nhunter2\nhunter2\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        # key=value
        ("password=hunter2", "password=***"),
        ("user=bob password=hunter2 db=x", "user=bob password=*** db=x"),
        ("f(user='bob', password='hunter2', n=3)", "f(user='bob', password='***', n=3)"),
        ("f(user=bob, password=hunter2, n=3)", "f(user=bob, password=***, n=3)"),
        ("password=hunt,er2 n=3", "password=*** n=3"),
        ("(password=hunter2)", "(password=***)"),
        ("password=", "password="),
        ('password="hunt\\"er2" n=3', 'password="***" n=3'),
        ('password="""hunt"er2""" n=3', 'password="""***""" n=3'),
        ("password=b'hunter2'", "password=b'***'"),
        ("password='hunt\ner2' n=3", "password='***' n=3"),
        ("password='hunter2\nn=3", "password='***\nn=3"),
        ("Authorization=Bearer hunter2", "Authorization=***"),
        ("token=Token('hunter2', x=(1, 2)) n=3", "token=*** n=3"),
        ("token=<Token hunter2 at 0x1> n=3", "token=*** n=3"),
        ("token=['hunter2',\n 'hunter2'] n=3", "token=*** n=3"),
        ("?api_key=hunter2&page=2", "?api_key=***&page=2"),
        ("secretKey=hunter2;other=3", "secretKey=***;other=3"),
        ("mysql --password=hunter2 -u x", "mysql --password=*** -u x"),
        ("if password != 'hunter2':", "if password != '***':"),
        ('os.environ["API_TOKEN"] = "hunter2"', 'os.environ["API_TOKEN"] = "***"'),
        ("    token = get_token(user)", "    token = ***"),
        ("password = correct horse\nn = 1", "password = ***\nn = 1"),
        # the name in one field, the value in another
        ('Field(name="password", value="hunter2")', 'Field(name="password", value="***")'),
        ('{"key": "api_key", "value": "hunter2"}', '{"key": "api_key", "value": "***"}'),
        (
            '{\\"key\\": \\"api_key\\", \\"value\\": \\"hunter2\\"}',
            '{\\"key\\": \\"api_key\\", \\"value\\": \\"***\\"}',
        ),
        (
            "[{'name': 'PGPASSWORD', 'value': 'hunter2'}, {'name': 'PGHOST', 'value': 'a'}]",
            "[{'name': 'PGPASSWORD', 'value': '***'}, {'name': 'PGHOST', 'value': 'a'}]",
        ),
        ('{"value": "hunter2", "name": "password"}', '{"value": "***", "name": "password"}'),
        (
            "- name: DB_PASSWORD\n  value: hunter2\n- name: HOST\n  value: a",
            "- name: DB_PASSWORD\n  value: ***\n- name: HOST\n  value: a",
        ),
        (
            '{"ParameterKey": "MasterPassword", "ParameterValue": "hunter2"}',
            '{"ParameterKey": "MasterPassword", "ParameterValue": "***"}',
        ),
        (
            '<input type="password" name="password" value="hunter2">',
            '<input type="password" name="password" value="***">',
        ),
        ("(name='token', default=None, value=b'hunter2')", "(name='token', default=None, value=b'***')"),
        ('[{"name": "password"}, {"name": "color", "value": "red"}]',) * 2,
        ("name=password\nname=color value=red",) * 2,
        ('{"name": "author", "value": "Ann"}',) * 2,
        ('{"key": "size", "value": 3}',) * 2,
        # key: value
        ("password: hunter2", "password: ***"),
        ("password:hunter2 n", "password:*** n"),
        ("password: correct horse\nuser: bob", "password: ***\nuser: bob"),
        ("password: 'hunter2' for bob", "password: '***' for bob"),
        ("Authorization: Bearer hunter2\nHost: x", "Authorization: ***\nHost: x"),
        ("Cookie: a=hunter2; b=hunter2\nHost: x", "Cookie: ***\nHost: x"),
        ("API key: hunter2", "API key: ***"),
        ("Incorrect API key provided: hunter2", "Incorrect API key provided: ***"),
        ("the password is: hunter2", "the password is: ***"),
        ("def f(password: str = 'hunter2'):", "def f(password: ***"),
        # as people say it
        ("password 'hunter2' is wrong", "password '***' is wrong"),
        ('wrong password "hunter2" for bob', 'wrong password "***" for bob'),
        ("invalid token 'hunter2'", "invalid token '***'"),
        ("raise ValueError(\"password 'hunter2' is wrong\")", "raise ValueError(\"password '***' is wrong\")"),
        ("PGPASSWORD=hunter2 psql", "PGPASSWORD=*** psql"),
        ("Server=x;Uid=sa;Pwd=hunter2;Database=y", "Server=x;Uid=sa;Pwd=***;Database=y"),
        ("pwd=hunter2", "pwd=***"),
        # quoted keys
        ("{'password': 'hunter2', 'user': 'bob'}", "{'password': '***', 'user': 'bob'}"),
        ('{"password": "hunt\\"er2", "n": 1}', '{"password": "***", "n": 1}'),
        ('"{\\"password\\": \\"hunter2\\", \\"n\\": 1}"', '"{\\"password\\": \\"***\\", \\"n\\": 1}"'),
        ("{b'token': 12345, 'n': 1}", "{b'token': ***, 'n': 1}"),
        ("{'auth': {'a': ['hunter2']}, 'n': 1}", "{'auth': ***, 'n': 1}"),
        ("{'auth': <Auth hunter2>, 'n': 1}", "{'auth': ***, 'n': 1}"),
        ('{"token":"hunter2"}', '{"token":"***"}'),
        # pairs, options, elements
        ("[(b'authorization', b'Bearer hunter2'), (b'host', b'x')]", "[(b'authorization', b'***'), (b'host', b'x')]"),
        ("['mysql', '--password', 'hunter2', '-u']", "['mysql', '--password', '***', '-u']"),
        ("mysql --password hunter2 -u x", "mysql --password *** -u x"),
        ("<password>hunter2</password><user>b</user>", "<password>***</password><user>b</user>"),
        # URLs, schemes, keys
        ("postgres://user:hunter2@db:5432/x?y=a@b", "postgres://user:***@db:5432/x?y=a@b"),
        ("redis://:hunter2@h/0", "redis://:***@h/0"),
        ("amqp://u:hunt/er2@h", "amqp://u:***@h"),
        ("amqp://u:hunt@er2@h", "amqp://u:***@h"),
        ("https://hunter2@github.com/x", "https://***@github.com/x"),
        ("Bearer hunter2hunter2 was refused", "Bearer *** was refused"),
        ("Basic aHVudGVyMg== was refused", "Basic *** was refused"),
        (KEY, "-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----"),
        (KEY[:40], "-----BEGIN RSA PRIVATE KEY-----***"),
        # in the repr of a text
        ("'a\\npassword=hunter2 b'", "'a\\npassword=*** b'"),
    ],
)
def test_secret(text, redacted):
    """The secret is masked, and what stands around it is kept as far as its end is known."""
    assert Redactor().redact_text(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain text",
        "author=bob tokenizer=x keyboard: y passport_country=z max_tokens=5",
        "KeyError: 'password'",
        "jwt.exceptions.InvalidTokenError: Signature verification failed",
        "cryptography.fernet.InvalidToken: too short",
        "auth.py:12: error",
        "secrets.json: no such file",
        'File "/app/auth.py", line 10, in token',
        "tests/test_auth.py::test_token::x",
        "http://localhost:8000/@vite/client",
        "https://auth.example.com:8443/x",
        "ssh://git@github.com/x",
        "unexpected keyword argument 'token'",
        "no token, no password",
        "a basic understanding, a bearer of news",
        "x = {'a': 1}",
        "unexpected token '<'",
        "Unexpected token: X",
        "next_page_token=abc token_count=5",
        'secret "db-creds" not found',
        "print('token ', x)",
        "PWD=/home/x",
        "pwd='/home/x' n=1",
        "{'token_ids': [1, 2], 'eos_token': '</s>'}",
    ],
)
def test_nothing_secret(text):
    """Text without a secret stays as it is."""
    assert Redactor().redact_text(text) == text


def test_traceback():
    """A traceback keeps its frames and loses its secrets."""

    def login(password):
        raise PermissionError(
            f"cannot log in: user=bob password={password} host=db\nheaders: {{'Cookie': '{password}'}}"
        )

    try:
        login(password="hunter2")
    except PermissionError:
        text = Redactor().redact_text(traceback.format_exc())
    assert "hunter2" not in text
    assert "password=*** host=db" in text
    assert "'Cookie': '***'" in text
    assert f'File "{__file__}", line' in text
    assert "in test_traceback" in text


def test_validation_error():
    """pydantic shows a field's value in the line below its name."""

    class Login(pydantic.BaseModel):
        user: int
        password: int

    with pytest.raises(pydantic.ValidationError) as caught:
        Login(user="bob", password="hunter2")
    text = Redactor().redact_text(str(caught.value))
    assert "hunter2" not in text
    assert "input_value='bob', input_type=str" in text
    assert "input_value=***, input_type=str" in text


@pytest.mark.parametrize(
    "unit",
    [
        *("a", "a=", "password=", "password=(", "password='", 'password="\\"', "token: ", "word ", "a.b-", "://a:b"),
        *("://", "'\"", "\\", "<token>", " ", "token\n", "--token ", "https://", "password={'a':", "basic "),
        *("token\n input_value=", "'token', ", "token=,", "-----BEGIN PRIVATE KEY-----", "token=a,b", "token=f(\n"),
    ],
)
def test_no_text_is_too_long(unit):
    """A text of 300 KB is read in a part of a second; in quadratic time it would take minutes."""
    text = unit * (300_000 // len(unit)) + "\npassword=hunter2"
    assert "hunter2" not in Redactor().redact_text(text)
