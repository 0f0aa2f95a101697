"""Roles: who may change what, through every endpoint and callback; and the audit of what was changed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from calls import TRACE, call, traceback
from httpx import AsyncClient
from serving import serving

from obsv.acting import ACTOR, Actor
from obsv.errors import Forbidden
from obsv.server import routers
from obsv.store import Writer
from obsv.store.ground import Window
from obsv.store.seam import open_store
from obsv.web.senders import hash_of

pytestmark = pytest.mark.anyio
MakeClient = Callable[..., AsyncClient]
ROLES = ("viewer", "editor", "admin")
SILENCE = {"matchers": ["alertname=x"], "seconds": 60, "comment": "why"}
POSTED = {
    "matchers": [{"name": "alertname", "value": "x", "isRegex": False}],
    "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2026-12-31T00:00:00Z", "createdBy": "me", "comment": "why",
}  # fmt: skip


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A failed call, rules, and a user of each role whose token is the role's name."""
    writer = Writer(tmp_path / "obsv.db")
    writer.write([call(1, at=time.time_ns(), error=traceback("ValueError", "no price"))])
    writer.close()
    (tmp_path / "alerts.toml").write_text('[[alerts.rule]]\nname = "x"\nkind = "error"\n')
    users = [f'[[user]]\nname = "{role}-1"\nrole = "{role}"\ntoken_sha256 = "{hash_of(role)}"\n' for role in ROLES]
    (tmp_path / "users.toml").write_text("".join(users))
    return tmp_path / "obsv.db"


@pytest.fixture
def made(client: MakeClient, db: Path) -> AsyncClient:
    return client(users=db.with_name("users.toml"))


def group_of(db: Path) -> int:
    (group,) = open_store(db).read_error_groups(Window.last("1h", time.time_ns())).groups
    return group.id


def audit(db: Path) -> list[tuple[str, str]]:
    return [(each.actor, each.action) for each in open_store(db).read_audit()]


KEPT = {"trace_id": TRACE}
VIEW = {"name": "mine", "path": "/explorer?range=1h"}
# Each changing endpoint, with a request that an editor may make.
CHANGING: dict[tuple[str, str], tuple[str, Any, str]] = {
    ("POST", "/errors/{group_id}"): ("/api/v1/errors/{group}", {"action": "resolve"}, "resolve error group"),
    ("POST", "/deploys"): ("/api/v1/deploys", {"name": "1.2"}, "report deployment"),
    ("POST", "/alerts/silences"): ("/api/v1/alerts/silences", SILENCE, "silence alerts"),
    ("DELETE", "/alerts/silences/{id}"): ("/api/v1/alerts/silences/{silence}", None, "end silence"),
    ("POST", "/alertmanager/api/v2/silences"): ("/alertmanager/api/v2/silences", POSTED, "silence alerts"),
    ("DELETE", "/alertmanager/api/v2/silence/{id}"): ("/alertmanager/api/v2/silence/{silence}", None, "end silence"),
    ("POST", "/kept"): ("/api/v1/kept", KEPT, "keep trace"),
    ("DELETE", "/kept/{trace_id}"): ("/api/v1/kept/{kept}", None, "remove kept trace"),
    ("POST", "/views"): ("/api/v1/views", VIEW, "save view"),
    ("POST", "/views/{id}"): ("/api/v1/views/{view}", {"name": "other"}, "rename view"),
    ("DELETE", "/views/{id}"): ("/api/v1/views/{view}", None, "remove view"),
}
# What has to be there before, and how it is named in the answer.
BEFORE: dict[str, tuple[str, Any, str]] = {
    "{silence}": ("/api/v1/alerts/silences", SILENCE, "id"),
    "{kept}": ("/api/v1/kept", KEPT, "trace_id"),
    "{view}": ("/api/v1/views", VIEW, "id"),
}
# Those that need an admin.
ADMINS = {("POST", "/forget"): ("/api/v1/forget", {"query": "no price", "yes": True}, "forgot")}
# They read, or are no part of what is stored here: spans that come in have access rules of their own.
READING = {
    ("POST", "/prometheus/api/v1/query"),
    ("POST", "/alertmanager/api/v2/alerts"),  # refused
    *((method, "/v1/{path:path}") for method in ("POST", "PUT", "DELETE")),
}
# Callbacks of the app that change something.
CALLBACKS = {
    "error-state.children": "resolve error group",
    "error-grouping.children": "split error group",
    "alerts-body.children": "end silence",
    "alerts-silenced.children": "silence alerts",
    "alerts-previewed.children": "add rule",
}
READING_CALLBACKS = (
    "..page.", "..repro-dialog.", "..overview-", "errors-list.", "..explorer-", "explorer-", "decisions-",
    "trace-panel.", "flow-", "code-", "compare-", "..compare-",
    "kept-list.", "registry-checked.", "compared-body.",
)  # fmt: skip


def routes(router: Any) -> Iterator[tuple[str, str]]:
    for route in router.routes:
        if inner := getattr(route, "original_router", None):
            yield from routes(inner)
        else:
            yield from ((method, route.path) for method in route.methods or ())


async def test_every_endpoint_is_known_to_read_or_to_change() -> None:
    """A new one that changes something is added to the tests below."""
    found = {each for router in routers() for each in routes(router) if each[0] not in ("GET", "HEAD", "OPTIONS")}
    assert found == READING | set(CHANGING) | set(ADMINS)


async def test_forgetting_is_an_admins(made: AsyncClient, db: Path) -> None:
    """Others may not even count; an admin's request removes the calls, and is in the audit table."""
    ((path, body, action),) = ADMINS.values()
    for role in ("viewer", "editor"):
        for yes in (False, True):
            headers = {"authorization": f"Bearer {role}"}
            assert (await made.post(path, json=body | {"yes": yes}, headers=headers)).status_code == 403
    assert audit(db) == []
    headers = {"authorization": "Bearer admin"}
    counted = (await made.post(path, json=body | {"yes": False}, headers=headers)).json()
    assert (counted["receipt"], counted["counts"]["calls"]) == (None, 1)
    assert audit(db) == []
    done = (await made.post(path, json=body, headers=headers)).json()
    assert (done["receipt"], done["counts"]["calls"]) == (1, 1)
    assert audit(db)[0] == ("admin-1", action)
    assert (await made.post(path, json=body, headers=headers)).json()["counts"]["calls"] == 0


async def ask(made: AsyncClient, db: Path, role: str, which: tuple[str, str]) -> int:
    path, body, _ = CHANGING[which]
    for part, (maker, content, name) in BEFORE.items():
        if part in path:
            await made.delete("/api/v1/views/1", headers={"authorization": "Bearer admin"})
            answer = await made.post(maker, json=content, headers={"authorization": "Bearer admin"})
            path = path.replace(part, str(answer.json()[name]))
    path = path.replace("{group}", str(group_of(db)))
    headers = {"authorization": f"Bearer {role}"}
    return (await made.request(which[0], path, json=body, headers=headers)).status_code


@pytest.mark.parametrize("which", CHANGING, ids=lambda which: " ".join(which))
async def test_an_endpoint_that_changes_is_not_a_viewers(made: AsyncClient, db: Path, which: tuple[str, str]) -> None:
    """An editor's change is in the audit table, a refused one is not made."""
    assert await ask(made, db, "viewer", which) == 403
    assert "viewer-1" not in str(audit(db))
    assert await ask(made, db, "editor", which) in (200, 201, 204)
    assert audit(db)[0] == ("editor-1", CHANGING[which][2])


async def test_every_callback_is_known_to_read_or_to_change(made: AsyncClient) -> None:
    headers = {"authorization": "Bearer viewer"}
    found = {
        each["output"]
        for each in (await made.get("/_dash-dependencies", headers=headers)).json()
        if each["clientside_function"] is None and not each.get("no_output")
    }
    assert {each for each in found if not each.startswith(READING_CALLBACKS)} == set(CALLBACKS)


def body_of(dependency: dict[str, Any], pressed: str, values: dict[str, Any]) -> dict[str, Any]:
    """The request that a page makes when a button is pressed."""

    def filled(each: dict[str, Any]) -> Any:
        if each["id"].startswith("{"):
            shown = json.loads(pressed) if pressed.startswith("{") else None
            return [{"id": shown, "property": each["property"], "value": 1}] if shown else []
        value = 1 if each["id"] == pressed else values.get(each["id"])
        return {"id": each["id"], "property": each["property"], "value": value}

    output = dependency["output"]
    id, _, name = output.rpartition(".")
    changed = (
        f"{json.dumps(json.loads(pressed), sort_keys=True, separators=(',', ':'))}" if pressed[0] == "{" else pressed
    )
    return {
        "output": output, "outputs": {"id": id, "property": name}, "changedPropIds": [f"{changed}.n_clicks"],
        "inputs": [filled(each) for each in dependency["inputs"]],
        "state": [filled(each) for each in dependency["state"]],
    }  # fmt: skip


@pytest.mark.parametrize("output", CALLBACKS)
async def test_a_callback_that_changes_is_not_a_viewers(made: AsyncClient, db: Path, output: str) -> None:
    """And changes of rules are not an editor's."""
    silence = (
        await made.post("/api/v1/alerts/silences", json=SILENCE, headers={"authorization": "Bearer admin"})
    ).json()
    pressed = {
        "error-state.children": "error-resolve", "error-grouping.children": "error-split",
        "alerts-body.children": json.dumps({"id": silence["id"], "type": "alerts-end"}),
        "alerts-silenced.children": "alerts-silence", "alerts-previewed.children": "alerts-add",
    }[output]  # fmt: skip
    values = {
        "error-number": group_of(db), "alerts-matchers": "alertname=x", "alerts-for": "1h", "alerts-comment": "why",
        "alerts-kind": "error", "alerts-name": "new", "alerts-process": "*", "alerts-wait": "0s",
    }  # fmt: skip
    may = "admin" if CALLBACKS[output] == "add rule" else "editor"
    before = audit(db)
    for role in ROLES:
        headers = {"authorization": f"Bearer {role}"}
        found = (await made.get("/_dash-dependencies", headers=headers)).json()
        (dependency,) = [each for each in found if each["output"] == output]
        answer = await made.post("/_dash-update-component", json=body_of(dependency, pressed, values), headers=headers)
        assert answer.status_code in (200, 204), answer.text
        if ROLES.index(role) < ROLES.index(may):
            assert f"needs the role {may}" in answer.text
            assert audit(db) == before
    assert audit(db)[0] == ("admin-1", CALLBACKS[output])


def test_a_command_is_the_work_of_who_runs_it(db: Path) -> None:
    """A user of the machine who can run one can write the file anyway."""
    open_store(db).triage().deploy("1.3", time.time_ns())
    (found,) = open_store(db).read_audit()
    assert (found.role, found.via, found.action, found.subject) == ("admin", "command", "report deployment", "1.3")


def test_limits_are_an_admins(db: Path) -> None:
    """A change of them is told; the same again is none."""
    writer = Writer(db)
    writer.limit(max_age_ns=5)
    writer.limit(max_age_ns=5)
    assert [each[1] for each in audit(db)] == ["change limits"]
    token = ACTOR.set(Actor("ed", "editor", "api"))
    try:
        with pytest.raises(Forbidden, match="ed is an editor, and this needs the role admin"):
            writer.limit(max_age_ns=6)
    finally:
        ACTOR.reset(token)
    assert writer.limits().max_age_ns == 5
    writer.close()


async def test_a_proxy_names_users(client: MakeClient, db: Path) -> None:
    """From its own address only, and once."""
    for place, status in (("127.0.0.1", 201), ("10.9.9.9", 401)):
        db.with_name("users.toml").write_text(
            f'[proxy]\nheader = "X-User"\nfrom = ["{place}"]\n[proxy.roles]\n"ana" = "editor"\n'
        )
        made = client(users=db.with_name("users.toml"))
        answer = await made.post("/api/v1/deploys", json={"name": "1"}, headers={"x-user": "ana"})
        assert answer.status_code == status
        twice = [("x-user", "ana"), ("x-user", "ana")]
        assert (await made.post("/api/v1/deploys", json={"name": "1"}, headers=twice)).status_code == 401
        assert (await made.get("/api/v1/me", headers={"x-user": "ben"})).status_code == 401
    assert audit(db) == [("ana", "report deployment")]


def test_the_address_of_a_proxy_is_that_of_the_connection(db: Path) -> None:
    """Not one that a header claims."""
    headers = {"x-user": "ana", "x-forwarded-for": "10.9.9.9"}
    for place, status in (("127.0.0.1", 200), ("10.9.9.9", 401)):
        users = db.with_name("users.toml")
        users.write_text(f'[proxy]\nheader = "X-User"\nfrom = ["{place}"]\n[proxy.roles]\n"ana" = "editor"\n')
        with serving(db, users=users) as address:
            assert httpx.get(f"{address}/api/v1/me", headers=headers, timeout=120).status_code == status


async def test_the_audit_is_listed(made: AsyncClient, db: Path) -> None:
    headers = {"authorization": "Bearer editor"}
    await made.post("/api/v1/deploys", json={"name": "1.2", "service": "shop"}, headers=headers)
    (found,) = (await made.get("/api/v1/audit", headers=headers)).json()
    assert (found["actor"], found["via"], found["subject"], found["detail"]) == ("editor-1", "api", "1.2", "shop")
    assert (await made.get("/api/v1/me", headers=headers)).json() == {
        "name": "editor-1",
        "role": "editor",
        "sees_values": True,
    }


async def test_without_users_everyone_here_is_an_admin(client: MakeClient, db: Path) -> None:
    assert (await client().get("/api/v1/me")).json() == {"name": "local", "role": "admin", "sees_values": True}
