"""`obsv token`, `obsv audit`, `obsv senders`: users of a server and what they changed, senders and what they sent."""

from __future__ import annotations

import json
import os
import secrets
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from obsv.api.access.users import parse
from obsv.cli.output import console, print_json, say, table
from obsv.errors import ConfigurationError, StoreUnavailable
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


def list_senders(url: str, as_json: bool = False) -> None:
    """Print what each sender has sent to a server since its start, its limits, and what was refused to it.

    Args:
        url: address of the server; `OBSV_TOKEN` is sent to it.
        as_json: whether to print JSON.

    Raises:
        ConfigurationError: the address or the token is none, or the server refuses it.
        StoreUnavailable: no server answers, or something else does.
    """
    found = _asked(f"{url.rstrip('/')}/api/v1/senders")
    if as_json:
        print_json(*found)
        return
    if not found:
        say("Nothing was received since the server was started.")
        return
    names = ("Sender", "Requests", "Spans", "Bytes", "Refused", "Limits", "Last seen (UTC)", "From")
    table(names, [_sender(each) for each in found], right=names[1:4], spare=("From", "Bytes", "Requests"))


class _NoRedirects(HTTPRedirectHandler):
    """Redirects are errors: urllib would send the token on to wherever they point."""

    def redirect_request(self, *_: Any) -> None:
        return None


_open = build_opener(_NoRedirects).open


def _asked(url: str) -> list[dict[str, Any]]:
    token = os.environ.get("OBSV_TOKEN", "").strip()
    if not url.startswith(("http://", "https://")):
        raise ConfigurationError(f"{url!r:.200} is not the address of a server, such as http://127.0.0.1:8050.")
    if not (token.isascii() and token.isprintable()):
        raise ConfigurationError("OBSV_TOKEN is not a token: expected what obsv token has printed.")
    try:
        with _open(Request(url, headers={"authorization": f"Bearer {token}"} if token else {}), timeout=10) as answer:
            found = json.load(answer)
    except HTTPError as error:
        with error:
            raise ConfigurationError(_refusal(url, error.code)) from error
    except (OSError, HTTPException, ValueError) as error:
        raise StoreUnavailable(f"No obsv serve answers at {url}: {error}; name it with --server.") from error
    if not isinstance(found, list) or not all(isinstance(each, dict) and each.keys() >= _FIELDS for each in found):
        raise StoreUnavailable(f"{url} does not answer like obsv serve; name its address with --server.")
    return found


def _refusal(url: str, code: int) -> str:
    if code in (401, 403):
        return f"The server at {url} answers {code}: set OBSV_TOKEN to the token of one of its users."
    return f"The server at {url} answers {code}: name the address of an obsv serve of this version with --server."


def _sender(each: dict[str, Any]) -> tuple[str, ...]:
    limits = [f"{each[name]:,} {text}" for name, text in _LIMITS if each[name] is not None]
    share = [] if each["queue_share"] is None else [f"{each['queue_share']:.0%} of the queue"]
    refused = ", ".join(f"{reason} {count:,}" for reason, count in sorted(each["refused"].items()))
    numbers = [f"{each[name]:,}" for name in ("requests", "spans", "bytes")]
    seen = ts(each["last_ns"])[:19] if each["last_ns"] else "never"
    told = refused or "–", ", ".join(limits + share) or "–"
    return each["name"] or "(no name)", *numbers, *told, seen, each["address"]


_LIMITS = (("spans_per_second", "spans/s"), ("bytes_per_second", "bytes/s"))
_FIELDS = frozenset(
    (
        "name",
        "requests",
        "spans",
        "bytes",
        "refused",
        "queue_share",
        "last_ns",
        "address",
        *(name for name, _ in _LIMITS),
    )
)
