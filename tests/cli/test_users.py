"""`obsv token` and `obsv audit`: users of a server, and what they changed."""

import json
from pathlib import Path
from typing import Any

import pytest
from calls import call

from obsv.api.access.users import parse
from obsv.cli.app import main
from obsv.store import Writer


def test_a_token_comes_with_the_lines_that_admit_it(capsys: Any) -> None:
    """Whatever the name contains; each token is another one."""
    assert main(["token", 'an"a', "--role", "editor"]) == 0
    out = capsys.readouterr().out
    token = out.split("not shown again: ")[1].split()[0]
    user = parse(out[out.index("[[user]]") :], "users.toml").by_token(token)
    assert user is not None
    assert (user.name, user.role) == ('an"a', "editor")
    assert main(["token", "ana", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["role"] == "viewer"
    assert main(["token", "ana", "--values"]) == 0
    assert "values = true\n" in capsys.readouterr().out
    assert found["token"] != token


def test_a_sender_has_a_token_and_no_role(capsys: Any) -> None:
    assert main(["token", "web-1", "--sender"]) == 0
    out = capsys.readouterr().out
    token = out.split("not shown again: ")[1].split()[0]
    sender = parse(out[out.index("[[sender]]") :], "users.toml").senders.by_token(token)
    assert sender is not None
    assert sender.name == "web-1"


@pytest.mark.parametrize("arguments", [["ana", "--role", "owner"], ["a\nb"], [""]])
def test_a_user_that_the_file_would_refuse_gets_no_token(arguments: list[str], capsys: Any) -> None:
    assert main(["token", *arguments]) > 0
    assert "token_sha256" not in capsys.readouterr().out


def test_changes_are_printed_with_their_authors(tmp_path: Path, capsys: Any) -> None:
    """Latest first; there may be none."""
    db = tmp_path / "o.db"
    Writer(db).write([call(1)])
    assert main(["audit", "--db", str(db)]) == 0
    assert "Nothing was changed." in capsys.readouterr().out
    for name in ("1.2", "1.3"):
        main(["deploy", name, "--db", str(db)])
    capsys.readouterr()
    assert main(["audit", "--db", str(db), "--json", "--limit", "1"]) == 0
    (found,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (found["action"], found["subject"], found["via"]) == ("report deployment", "1.3", "command")
    assert main(["audit", "--db", str(db)]) == 0
    assert "report deployment" in capsys.readouterr().out
