"""The websocket of the live parts is guarded like the rest."""

import json
from pathlib import Path

import httpx
import pytest
from serving import serving
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from obsv.api.access.session import COOKIE

TOKEN = "a-long-enough-token"


def speak(path: Path, *, origin: str | None = None, signed_in: bool = False, **settings: str) -> None:
    """Connect as a browser would, and be answered."""
    with serving(path / "obsv.db", **settings) as address:
        headers = {"Cookie": f"{COOKIE}={sign_in(address)}"} if signed_in else {}
        host = address.removeprefix("http://")
        socket = f"ws://{host}/_dash-ws-callback"
        given = {"origin": origin or address, "additional_headers": headers, "proxy": None, "open_timeout": 120}
        with connect(socket, **given) as connection:
            connection.send(json.dumps({"type": "heartbeat"}))
            assert json.loads(connection.recv(120)) == {"type": "heartbeat_ack"}


def sign_in(address: str) -> str:
    answer = httpx.post(f"{address}/login", data={"token": TOKEN}, trust_env=False, timeout=120)
    return answer.cookies[COOKIE]


def test_the_app_of_this_origin_connects(tmp_path: Path) -> None:
    """From the page that this server gave."""
    speak(tmp_path)


def test_a_page_of_another_origin_does_not(tmp_path: Path) -> None:
    """No cross-site websocket."""
    with pytest.raises(InvalidStatus, match="403"):
        speak(tmp_path, origin="https://evil.example")


def test_with_a_token_the_cookie_is_needed(tmp_path: Path) -> None:
    """A browser cannot send a bearer token with a websocket; the cookie of the login page goes along."""
    with pytest.raises(InvalidStatus, match="403"):
        speak(tmp_path, token=TOKEN)
    speak(tmp_path, signed_in=True, token=TOKEN)
