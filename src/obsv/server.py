"""One ASGI app that combines the JSON API, the browser app and the other HTTP interfaces.

A part that serves HTTP provides a FastAPI router and is listed in `routers()`. It finds what it needs in
`request.app.state`: `reader` (a `Store` of `obsv.store.seam`), `pulse` (`obsv.store.figures.Pulse`), `settings`
(`Settings`) and `receiver` (`obsv.otlp.receiver.Receiver`). A part that starts and stops something (a gRPC port, a
writer) gives its router a `lifespan`. Paths in use: `/api/v1` (JSON API), `/v1` (OTLP), `/api` (Jaeger), `/tempo`,
`/prometheus`, `/alertmanager`, `/metrics`, `/mcp`, `/login`, `/healthz`, `/assets`, `/_dash-*`, the pages.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from obsv.agents import Asked
from obsv.alerts.watch import Watch
from obsv.api import problems
from obsv.api.access.door import DashDoor
from obsv.api.access.guard import Guard
from obsv.api.access.login import router as login_router
from obsv.api.access.session import Sessions
from obsv.api.access.users import Users, UsersFile
from obsv.api.jaeger.v1 import router as jaeger_router
from obsv.api.jaeger.v3 import router as jaeger_v3_router
from obsv.api.mcp import Door
from obsv.api.metrics import router as metrics_router
from obsv.api.prometheus import router as prometheus_router
from obsv.api.tempo.routes import probes as tempo_probes
from obsv.api.tempo.routes import router as tempo_router
from obsv.api.v1 import router as api_router
from obsv.api.watch.alertmanager import router as alertmanager_router
from obsv.clickhouse import Inserter
from obsv.clickhouse import open_store as open_clickhouse
from obsv.cold import open_whole
from obsv.dashboards.app import DashApp
from obsv.dashboards.pages import PAGES
from obsv.dashboards.shell.frame import mount
from obsv.errors import ConfigurationError
from obsv.hosts import is_loopback
from obsv.keeper import Options
from obsv.keeper.errands import Errands
from obsv.keeper.hosted import HostedKeeper
from obsv.keeper.lagging import ring_state
from obsv.otlp.kafka import KafkaAddress
from obsv.otlp.receiver import Receiver
from obsv.otlp.router import router as otlp_router
from obsv.otlp.settings import Address, ReceiverSettings, split
from obsv.quantities import count
from obsv.store.figures import Pulse
from obsv.store.writing import MOST_SERIES
from obsv.web.attempts import Attempts
from obsv.web.root_path import ROOT_PATH, RootPath, root_path
from obsv.web.senders import Senders
from obsv.web.tls import Certificate

# Routes that pages of other origins may call under separate rules (a browser's OTLP exporter).
CROSS_ORIGIN = ("/v1/",)
MIN_TOKEN_CHARS = 8


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the server.

    Attributes:
        db: path of the store; it may not exist yet.
        host: address to bind.
        port: TCP port.
        token: the secret that readers must present; None allows everyone on this machine.
        allowed_hosts: additional host names of the server.
        otlp_grpc: address for OTLP over gRPC; None disables it.
        otlp_http: address for OTLP over HTTP, in addition to `/v1/traces` on the main port; None disables it.
        cors_origins: origins of web pages that may send spans.
        alerts: the rules file; None looks for one beside the database.
        root_path: the path under which a proxy publishes the server, as `/obsv`; empty for none.
        users: the file of users and their roles; None if there is none.
        kafka: brokers and topics to read; None reads none.
        tls: the certificate of all ports; None serves without TLS.
        store: address of a store in ClickHouse, which is read instead of the database file; None reads the file.
        write: whether what is received is inserted into `store`.
        most_series: series of metrics that are kept of one service.
        federate: patterns of names of received metrics that `/metrics` has too.
    """

    db: Path
    host: str = "127.0.0.1"
    port: int = 8050
    token: str | None = field(default=None, repr=False)
    allowed_hosts: tuple[str, ...] = ()
    otlp_grpc: Address | None = None
    otlp_http: Address | None = None
    cors_origins: tuple[str, ...] = ()
    alerts: Path | None = None
    root_path: str = ""
    users: Path | None = None
    store: str | None = field(default=None, repr=False)
    kafka: KafkaAddress | None = field(default=None, repr=False)
    tls: Certificate | None = None
    write: bool = False
    most_series: int = MOST_SERIES
    federate: tuple[str, ...] = ()

    @classmethod
    def from_environment(
        cls,
        db: Path,
        host: str,
        port: int,
        environment: Mapping[str, str],
        otlp_grpc: Address | None = None,
        otlp_http: Address | None = None,
        alerts: Path | None = None,
        prefix: str | None = None,
        users: Path | None = None,
        store: str | None = None,
        kafka: KafkaAddress | None = None,
        tls: Certificate | None = None,
        write: bool = False,
    ) -> "Settings":
        """Return settings with `OBSV_TOKEN`, `OBSV_USERS`, `OBSV_METRIC_SERIES`, and lists in
        `OBSV_ALLOWED_HOSTS`, `OBSV_CORS_ORIGINS` and `OBSV_FEDERATE`.

        Without `prefix`, the root path is that of `OBSV_ROOT_PATH`.

        Raises:
            ConfigurationError: the root path is not a path, or a number is none.
        """
        names, origins = split(environment.get("OBSV_ALLOWED_HOSTS")), split(environment.get("OBSV_CORS_ORIGINS"))
        token = environment.get("OBSV_TOKEN") or None
        path = root_path(environment.get("OBSV_ROOT_PATH") if prefix is None else prefix)
        named = environment.get("OBSV_USERS")
        users = users or (Path(named) if named else None)
        given = (db, host, port, token, names, otlp_grpc, otlp_http, origins, alerts, path, users, store, kafka, tls)
        most = environment.get("OBSV_METRIC_SERIES")
        series = count("OBSV_METRIC_SERIES", most) if most else MOST_SERIES
        return cls(*given, write, series, split(environment.get("OBSV_FEDERATE")))

    def receiver(self, senders: Callable[[], Senders] = Senders, aside: Path | None = None) -> ReceiverSettings:
        """Return the settings of the OTLP receiver for senders with tokens of their own.

        Args:
            senders: returns those.
            aside: path beside which unusable messages are kept; None: the database.
        """
        return ReceiverSettings(
            self.db,
            self.otlp_grpc,
            self.otlp_http,
            self.token,
            self.allowed_hosts,
            self.cors_origins,
            kafka=self.kafka,
            aside=aside,
            senders=senders,
            tls=self.tls,
            most_series=self.most_series,
        )

    @property
    def receives(self) -> bool:
        """Return whether anything is received: a store in ClickHouse may only be read."""
        return self.store is None or self.write

    def check(self) -> None:
        """Refuse settings that are not safe.

        Raises:
            ConfigurationError: the address is reachable from other machines without a token, or the token is easily
                guessed.
        """
        if not is_loopback(self.host) and not self.token:
            raise ConfigurationError(
                f"Refusing to listen on {self.host}: anyone who can reach that address could read the recorded calls. "
                "Set OBSV_TOKEN to a secret (python -c 'import secrets; print(secrets.token_urlsafe())'), "
                "or listen on 127.0.0.1."
            )
        if not self.receives and self.kafka is not None:
            raise ConfigurationError(
                "A store in ClickHouse is only read, and messages of Kafka are stored: add --write, or remove --kafka."
            )
        if self.store is None and self.write:
            raise ConfigurationError("--write inserts into a store in ClickHouse: add --store clickhouse://…")
        if self.store is not None and self.alerts is not None:
            raise ConfigurationError(
                "Alert rules are evaluated over a database of obsv, not over ClickHouse: remove --alerts, or --store."
            )
        if self.token and len(self.token) < MIN_TOKEN_CHARS:
            raise ConfigurationError(f"OBSV_TOKEN is too short: use at least {MIN_TOKEN_CHARS} characters.")


def routers() -> tuple[APIRouter, ...]:
    """Return the routers of all parts, in the order they are asked."""
    return (
        api_router,
        otlp_router,
        metrics_router,
        jaeger_v3_router,
        jaeger_router,
        tempo_router,
        tempo_probes,
        prometheus_router,
        alertmanager_router,
    )


@cache
def _parts(receives: bool) -> APIRouter:
    """Return all parts as one router, whose routes all apps of a process share: FastAPI takes 0.1 s to make them."""
    parts = APIRouter()
    for router in routers():
        if receives or router is not otlp_router:
            parts.include_router(router)
    return parts


def create_app(settings: Settings) -> FastAPI:
    """Return the ASGI app.

    Args:
        settings: settings of the server.

    Raises:
        ConfigurationError: the settings are not safe.
    """
    settings.check()
    app = FastAPI(
        title="obsv",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        servers=[{"url": settings.root_path}] if settings.root_path else None,
    )
    aside = settings.db
    if settings.store is None:
        app.state.reader = open_whole(settings.db)
    else:
        app.state.reader = clickhouse = open_clickhouse(settings.store)
        # Nothing is evaluated: what has a database of its own is given an empty one, and never started.
        settings = replace(settings, db=clickhouse.path)
        if not settings.write:
            settings = replace(settings, otlp_grpc=None, otlp_http=None)
    app.state.settings = settings
    attempts = Attempts()
    file = UsersFile(settings.users) if settings.users else None
    users: Callable[[], Users] = (lambda: file.users) if file else Users
    into = Inserter(clickhouse.address) if settings.write else None
    app.state.receiver = Receiver(settings.receiver(lambda: users().senders, aside), settings.host, attempts, into)
    app.state.keeper = HostedKeeper(settings.db, Options(), app.state.receiver.writer)
    app.state.errands = Errands(settings.db)
    app.state.is_page = lambda path: any(page.match(path) is not None for page in PAGES)
    app.state.pulse = Pulse(app.state.reader)
    app.state.alerts = Watch(settings.db, settings.alerts, look_at_rings=lambda now_ns: ring_state(settings.db, now_ns))
    problems.install(app)
    app.router.routes.extend(_parts(settings.receives).routes)
    is_open = file is None and not settings.token
    sessions = None if is_open else Sessions(settings.token, salt=secrets.token_bytes(16), users=users)
    if sessions is not None:
        app.include_router(login_router(sessions, attempts, time.monotonic))
    app.add_api_route("/healthz", _healthy, include_in_schema=False)
    # The listening side knows the address.
    app.state.address = None
    app.state.agents = Door(lambda: Asked(app.state.reader, time.time_ns(), app.state.address))
    app.router.routes.append(Route("/mcp", app.state.agents))
    token = ROOT_PATH.set(settings.root_path)
    dash = mount(
        app,
        app.state.reader,
        app.state.pulse,
        PAGES,
        app.state.alerts,
        lambda: app.state.receiver.senders,
        app.state.settings.db,
    )
    script_hashes = dash.finish()
    ROOT_PATH.reset(token)
    _answer_the_rest(app, dash)
    app.add_middleware(DashDoor, callbacks=dash.dash.callback_map)
    app.add_middleware(
        Guard,
        bind=settings.host,
        sessions=sessions,
        attempts=attempts,
        names=settings.allowed_hosts,
        cross_origin=CROSS_ORIGIN,
        script_hashes=script_hashes,
        users=users,
    )
    if settings.root_path:
        app.add_middleware(RootPath, prefix=settings.root_path)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    if app.state.settings.store is None:
        app.state.keeper.start()
        app.state.alerts.start()
        app.state.errands.start()
    async with _parts(app.state.settings.receives).lifespan_context(app):
        yield
    await app.state.agents.close()
    await asyncio.to_thread(app.state.errands.stop)
    await asyncio.to_thread(app.state.alerts.stop)
    await asyncio.to_thread(app.state.keeper.stop)
    app.state.receiver.writer.close()
    app.state.reader.close()


async def _healthy() -> PlainTextResponse:
    return PlainTextResponse("ok")


def _answer_the_rest(app: FastAPI, dash: DashApp) -> None:
    async def not_found(request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(dash.index(request), 404)
        return problems.problem(404, "Not found", f"There is nothing at {request.url.path}.")

    app.add_api_route("/{path:path}", not_found, methods=["GET"], include_in_schema=False)
