"""`obsv token` and `obsv audit`: users of a server, and what they changed."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from obsv.api.access.users import parse
from obsv.cli.output import console, print_json, say, table
from obsv.store.seam import open_store
from obsv.times import ts
from obsv.web.senders import hash_of


def new_token(name: str, role: str | None, shows_values: bool = False, as_json: bool = False) -> None:
    """Print a new token, and the lines for the users file.

    Args:
        name: of the user or sender.
        role: of the user; None for a sender.
        shows_values: whether the user sees recorded values even as a viewer.
        as_json: whether to print one line of JSON.

    Raises:
        ConfigurationError: the name or the role is invalid.
    """
    made = secrets.token_urlsafe(32)
    digest = hash_of(made)
    # A TOML string is a JSON string.
    kind = "sender" if role is None else "user"
    roles = "" if role is None else f"\nrole = {json.dumps(role)}"
    values = "\nvalues = true" if shows_values else ""
    lines = f'[[{kind}]]\nname = {json.dumps(name)}{roles}{values}\ntoken_sha256 = "{digest}"'
    parse(lines, "These settings")
    if as_json:
        print_json({"name": name, "role": role or kind, "token": made, "token_sha256": digest})
        return
    say(f"Token of {name}, which is not shown again: {made}")
    say("Add to the users file:")
    say(lines)


def list_changes(db: Path, limit: int, as_json: bool = False) -> None:
    """Print changes and their authors, latest first."""
    store = open_store(db)
    found = store.read_audit(limit)
    store.close()
    if as_json:
        print_json(*(each._asdict() for each in found))
        return
    if not found:
        console().print("Nothing was changed.")
    rows = [(ts(each.at_ns)[:19], each.actor, each.role, each.via, each.action, each.subject, each.detail)
            for each in found]  # fmt: skip
    names = ("When (UTC)", "Who", "Role", "By", "Action", "Subject", "Detail")
    table(names, rows, spare=("Detail", "Role"))
