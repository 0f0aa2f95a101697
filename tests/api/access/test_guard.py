"""Access control of the server."""

from collections.abc import Callable
from pathlib import Path

import pytest
from httpx import AsyncClient

from obsv.errors import ConfigurationError
from obsv.server import MIN_TOKEN_CHARS, Settings, create_app

pytestmark = pytest.mark.anyio
MakeClient = Callable[..., AsyncClient]
TOKEN = "a-long-enough-token"
LAN = {"host": "192.168.1.5", "token": TOKEN}


@pytest.mark.parametrize("host", ["127.0.0.1:8050", "localhost:8050", "[::1]:8050", "app.localhost", "LOCALHOST."])
async def test_names_of_this_machine_are_served(client: MakeClient, host: str) -> None:
    """Every spelling of loopback is this server."""
    assert (await client().get("/healthz", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8050",
        "127.0.0.1.evil.example",
        "192.168.1.5",
        "",
        "[",
        "localhost@evil.example.org",
    ],
)
async def test_a_rebound_name_is_turned_away(client: MakeClient, host: str) -> None:
    """A page whose domain was pointed at 127.0.0.1 sends its own name in Host and gets nothing."""
    assert (await client().get("/api/v1/status", headers={"host": host})).status_code == 421


async def test_a_name_from_the_settings_is_served(client: MakeClient) -> None:
    """OBSV_ALLOWED_HOSTS adds names."""
    made = client(allowed_hosts=("obsv.test",))
    assert (await made.get("/healthz", headers={"host": "obsv.test"})).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", "::"])
def test_beyond_loopback_needs_a_token(tmp_path: Path, host: str) -> None:
    """Without OBSV_TOKEN the server does not start on an address that others reach, and says why."""
    with pytest.raises(ConfigurationError, match="OBSV_TOKEN"):
        create_app(Settings(tmp_path / "obsv.db", host=host))


def test_a_short_token_is_refused(tmp_path: Path) -> None:
    """A token that is quickly guessed protects nothing."""
    with pytest.raises(ConfigurationError, match="too short"):
        create_app(Settings(tmp_path / "obsv.db", token="x" * (MIN_TOKEN_CHARS - 1)))


async def test_the_token_is_not_shown(tmp_path: Path) -> None:
    """Settings can be logged."""
    assert TOKEN not in repr(Settings(tmp_path / "obsv.db", token=TOKEN))


@pytest.mark.parametrize(
    "path", ["/api/v1/status", "/api/v1/openapi.json", "/_dash-layout", "/_dash-dependencies", "/nope"]
)
async def test_with_a_token_nothing_is_open(client: MakeClient, path: str) -> None:
    """API, layout and callbacks answer 401 and say how to get in."""
    answer = await client("http://192.168.1.5:8050", **LAN).get(path)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="obsv"')


async def test_a_bearer_token_opens_the_api(client: MakeClient) -> None:
    """RFC 6750."""
    made = client("http://192.168.1.5:8050", **LAN)
    right = await made.get("/api/v1/status", headers={"authorization": f"bearer {TOKEN}"})
    wrong = await made.get("/api/v1/status", headers={"authorization": f"Bearer {TOKEN}x"})
    assert (right.status_code, wrong.status_code) == (200, 401)


async def test_a_browser_is_led_to_the_login_page(client: MakeClient) -> None:
    """A page request without credentials ends at the form, which knows where to go after."""
    answer = await client("http://192.168.1.5:8050", **LAN).get("/explorer?status=ERR", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/explorer%3Fstatus%3DERR")


async def _sign_in(made: AsyncClient, **fields: str) -> tuple[int, str, str]:
    answer = await made.post("/login", data={"token": TOKEN, **fields})
    return answer.status_code, answer.headers.get("location", ""), answer.headers.get("set-cookie", "")


async def test_signing_in_sets_a_cookie_that_no_script_reads(client: MakeClient) -> None:
    """HttpOnly, SameSite, and not the token itself."""
    status, location, cookie = await _sign_in(client("http://192.168.1.5:8050", **LAN), next="/explorer")
    assert (status, location) == (303, "/explorer")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert TOKEN not in cookie


async def test_the_cookie_opens_the_app(client: MakeClient) -> None:
    """The cookie from the login page opens all pages."""
    made = client("http://192.168.1.5:8050", **LAN)
    await _sign_in(made)
    assert (await made.get("/_dash-layout")).status_code == 200


async def test_a_forged_cookie_opens_nothing(client: MakeClient) -> None:
    """The signature is checked."""
    made = client("http://192.168.1.5:8050", **LAN)
    made.cookies.set("obsv_session", "9999999999." + "0" * 64)
    assert (await made.get("/_dash-layout")).status_code == 401


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/a\r\nb: c"])
async def test_signing_in_never_leads_elsewhere(client: MakeClient, target: str) -> None:
    """No open redirect."""
    _, location, _ = await _sign_in(client("http://192.168.1.5:8050", **LAN), next=target)
    assert location == "/"


async def test_guessing_is_slowed(client: MakeClient) -> None:
    """After ten wrong tokens within a minute the next one is told to wait, in the form and as a bearer alike."""
    made = client("http://192.168.1.5:8050", **LAN)
    for number in range(10):
        if number % 2:
            assert (await _sign_in(made, token="wrong"))[0] == 401
        else:
            headers = {"authorization": f"Bearer wrong{number}"}
            assert (await made.get("/api/v1/status", headers=headers)).status_code == 401
    assert (await _sign_in(made, token="wrong"))[0] == 429
    assert (await made.get("/api/v1/status", headers={"authorization": "Bearer x"})).status_code == 429
    assert (await made.post("/v1/traces", headers={"authorization": "Bearer x"})).status_code == 429


async def test_guesses_lock_nobody_out(client: MakeClient) -> None:
    """The right token is let in however many wrong ones came before it from the same address."""
    made = client("http://192.168.1.5:8050", **LAN)
    for _ in range(30):
        await _sign_in(made, token="wrong")
    assert (await made.get("/healthz", headers={"authorization": f"Bearer {TOKEN}"})).status_code == 200
    assert (await made.get("/api/v1/openapi.json", headers={"authorization": f"Bearer {TOKEN}"})).status_code == 200
    assert (await _sign_in(made))[0] == 303


async def test_signing_out_ends_the_session(client: MakeClient) -> None:
    """A cookie that was copied is worth nothing once its owner has signed out; other sessions go on."""
    made = client("http://192.168.1.5:8050", **LAN)
    await _sign_in(made)
    copied = made.cookies["obsv_session"]
    made.cookies.clear()
    await _sign_in(made)
    other = made.cookies["obsv_session"]
    assert copied != other
    assert (await made.post("/logout", headers={"cookie": f"obsv_session={copied}"})).status_code == 303
    made.cookies.clear()
    opened = [
        (await made.get("/_dash-layout", headers={"cookie": f"obsv_session={cookie}"})).status_code
        for cookie in (copied, other)
    ]
    assert opened == [401, 200]


@pytest.mark.parametrize("origin", ["http://[bad", "http://[::1", "null", "\\", "http://127.0.0.1:99999999"])
@pytest.mark.parametrize("path", ["/v1/traces", "/logout", "/_dash-update-component"])
async def test_a_malformed_origin_is_foreign(client: MakeClient, origin: str, path: str) -> None:
    """An Origin header that nobody can read is refused, and nothing fails."""
    assert (await client().post(path, headers={"origin": origin})).status_code == 403


async def test_the_form_shows_hostile_addresses_as_text(client: MakeClient) -> None:
    """`next` is escaped."""
    answer = await client("http://192.168.1.5:8050", **LAN).get(
        "/login", params={"next": '/"><script>alert(1)</script>'}
    )
    assert "<script>" not in answer.text


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_pages_of_other_origins_get_nothing(client: MakeClient, method: str) -> None:
    """CORS is closed: no header ever allows it, and what a browser sends for a foreign page is refused."""
    headers = {"origin": "https://evil.example", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
    answer = await client().request(method, "/api/v1/status", headers=headers)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("mode", ["no-cors", "cors", "same-origin"])
async def test_a_page_of_the_same_site_is_foreign(client: MakeClient, mode: str) -> None:
    """Another port or subdomain of the same site is another program: a script or picture of its page gets nothing."""
    headers = {"sec-fetch-site": "same-site", "sec-fetch-mode": mode}
    assert (await client().get("/api/v1/openapi.json", headers=headers)).status_code == 403
    own = {"sec-fetch-site": "same-origin", "sec-fetch-mode": mode}
    assert (await client().get("/api/v1/openapi.json", headers=own)).status_code == 200


async def test_a_link_from_elsewhere_opens_a_page(client: MakeClient) -> None:
    """Navigation from another site is what links do."""
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "accept": "text/html"}
    assert (await client().get("/", headers=headers)).status_code == 200


async def test_a_foreign_form_cannot_post(client: MakeClient) -> None:
    """An old browser without Sec-Fetch headers still sends Origin with a POST."""
    answer = await client().post("/_dash-update-component", headers={"origin": "https://evil.example"}, content="{}")
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/", "/api/v1/status", "/nope"])
async def test_every_answer_carries_the_policy(client: MakeClient, path: str) -> None:
    """A content security policy without inline scripts, no framing, no sniffing, no caching of what was recorded."""
    headers = (await client().get(path)).headers
    policy = headers["content-security-policy"]
    script = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe" not in script
    assert "frame-ancestors 'none'" in policy
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
