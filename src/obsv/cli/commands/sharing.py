"""The commands that serve what is stored, send it on and take it in."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from obsv.cli.commands.alerts import Rules
from obsv.cli.common import DEFAULT, EXIT_CODES, FOUND_PROBLEMS, AsJson, Db, Port, SinceEver, existing
from obsv.errors import ConfigurationError

if TYPE_CHECKING:
    from obsv.web.tls import Certificate


def register(app: typer.Typer) -> None:
    """Add the commands to those that there are."""
    app.command(epilog=EXIT_CODES)(serve)
    app.command(epilog=EXIT_CODES)(forward)
    app.command(epilog=EXIT_CODES)(export)
    app.command("import", epilog=EXIT_CODES)(import_)


def serve(
    db: Db = DEFAULT,
    host: Annotated[
        str, typer.Option(help="Address to bind; any address other than loopback requires OBSV_TOKEN.", metavar="HOST")
    ] = "127.0.0.1",
    port: Port = 8050,
    otlp_grpc: Annotated[
        str | None, typer.Option(help="Address for OTLP over gRPC; default: 127.0.0.1:4317.", metavar="HOST:PORT|off")
    ] = None,
    otlp_http: Annotated[
        str | None, typer.Option(help="OTLP over HTTP; default: 127.0.0.1:4318.", metavar="HOST:PORT|off")
    ] = None,
    alerts: Rules = None,
    root_path: Annotated[
        str | None,
        typer.Option(help="Path under which a proxy publishes the app; default: $OBSV_ROOT_PATH.", metavar="PATH"),
    ] = None,
    users: Annotated[
        Path | None,
        typer.Option("--users", help="The file of users and their roles; default: OBSV_USERS.", metavar="FILE"),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            help="Read spans from ClickHouse, such as clickhouse://user:password@host:8123/otel; default: OBSV_STORE.",
            metavar="URL",
            envvar="OBSV_STORE",
            show_envvar=False,
        ),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Insert what is received into the store of --store.", show_default=False)
    ] = False,
    kafka: Annotated[
        str | None,
        typer.Option(
            help="Read spans from Kafka too, such as kafka://host:9092/otlp_spans; default: OBSV_KAFKA.",
            metavar="URL",
            envvar="OBSV_KAFKA",
            show_envvar=False,
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option(
            help="Certificate for TLS on all ports, a PEM file; default: OBSV_TLS_CERT.",
            metavar="FILE",
            envvar="OBSV_TLS_CERT",
            show_envvar=False,
        ),
    ] = None,
    tls_key: Annotated[
        Path | None,
        typer.Option(
            help="Private key of the certificate, a PEM file; default: OBSV_TLS_KEY.",
            metavar="FILE",
            envvar="OBSV_TLS_KEY",
            show_envvar=False,
        ),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser", help="Open the app in a browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Serve the app, the API, and OTLP."""
    from obsv.cli.extra import need_server

    need_server()
    # gRPC itself prints to stderr about a port in use, before our own message.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from obsv.cli.serve import serve as serve_store
    from obsv.otlp.kafka import KafkaAddress
    from obsv.otlp.settings import GRPC, HTTP, Address

    grpc = GRPC if otlp_grpc is None else Address.parse(otlp_grpc)
    http = HTTP if otlp_http is None else Address.parse(otlp_http)
    serve_store(
        db,
        host,
        port,
        otlp_grpc=grpc,
        otlp_http=http,
        alerts=alerts,
        users=users,
        root_path=root_path,
        store=store,
        kafka=KafkaAddress.parse(kafka) if kafka else None,
        tls=_certificate(tls_cert, tls_key),
        write=write,
        open_browser=browser,
        as_json=as_json,
    )


def _certificate(certificate: Path | None, key: Path | None) -> "Certificate | None":
    from obsv.web.tls import Certificate

    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ConfigurationError("TLS needs both --tls-cert and --tls-key, or neither.")
    return Certificate(certificate, key)


def forward(
    to: Annotated[str, typer.Option("--to", help="OTLP endpoint, such as http://127.0.0.1:4318.", metavar="ENDPOINT")],
    db: Db = DEFAULT,
    since: SinceEver = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Keep sending new calls until Ctrl-C; start where the last run ended.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send stored calls to another OpenTelemetry backend, such as a hub (one `obsv serve` for many machines)."""
    from obsv.cli.extra import need_server

    need_server()
    from obsv.cli.forward import follow as follow_spans
    from obsv.cli.forward import forward as forward_spans

    if follow:
        if since is not None:
            raise ConfigurationError("--follow continues where the last run ended: remove --since.")
        follow_spans(db, to, as_json=as_json)
        return
    forward_spans(existing(db), to, since, as_json=as_json)


def export(
    trace_id: Annotated[str | None, typer.Argument(help="A trace; default: all.", metavar="TRACE_ID")] = None,
    db: Db = DEFAULT,
    since: SinceEver = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file to write; default: stdout.", metavar="FILE")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print spans as OTLP JSON, one request per line."""
    if trace_id is not None and since is not None:
        raise ConfigurationError("A trace is always exported as a whole: give either TRACE_ID or --since.")
    from obsv.cli import transfer

    if output is None:
        transfer.export(existing(db), sys.stdout, trace_id, since)
    else:
        transfer.export_to(output, existing(db), trace_id, since, as_json)


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="A file of OTLP JSON, one request per line; gzip is recognized.",
            metavar="FILE",
            exists=True,
            dir_okay=False,
        ),
    ],
    db: Db = DEFAULT,
    as_json: AsJson = False,
) -> int:
    """Store spans from an OTLP JSON file. Each span is stored once."""
    from obsv.cli.transfer import import_ as import_spans

    return 0 if import_spans(db, file, as_json=as_json) else FOUND_PROBLEMS
