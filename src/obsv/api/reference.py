"""`/api/v1/docs`: the OpenAPI document as a page. FastAPI's own page loads scripts from a CDN; this one needs none."""

import html
import json
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from obsv.web.root_path import under

router = APIRouter(include_in_schema=False)

HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>API · obsv</title>
<link rel="stylesheet" href="ROOT/assets/shell/reference.css">
<link rel="icon" type="image/svg+xml" href="ROOT/assets/shell/icon.svg"></head><body><main>"""
FOOT = "</main></body></html>"
Schema = dict[str, Any]


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Return every endpoint with its parameters and responses."""
    return HTMLResponse(page(request.app.openapi()))


def page(document: Schema) -> str:
    """Return the page of an OpenAPI document.

    Args:
        document: OpenAPI 3.1, as a dict.
    """
    parts = [HEAD.replace("ROOT", under("")), f"<h1>{_text(document['info']['title'])} API</h1>", _lead()]
    for path, methods in sorted(document["paths"].items()):
        for method, operation in methods.items():
            parts.extend(_operation(path, method, operation))
    parts.append("<h2>Schemas</h2>")
    for name, schema in sorted(document.get("components", {}).get("schemas", {}).items()):
        parts.extend(_schema(name, schema))
    return "".join([*parts, FOOT])


def _lead() -> str:
    return (
        f'<p>Machine-readable: <a href="{under("/api/v1/openapi.json")}">openapi.json</a>. Errors are '
        "<code>application/problem+json</code> (RFC 9457). With <code>OBSV_TOKEN</code> set, send "
        "<code>Authorization: Bearer &lt;token&gt;</code>.</p>"
    )


def _operation(path: str, method: str, operation: Schema) -> Iterator[str]:
    yield f'<section><h2><span class="method">{_text(method.upper())}</span> <code>{_text(path)}</code></h2>'
    yield f"<p>{_text(operation.get('description') or operation.get('summary') or '')}</p>"
    rows = [_parameter(each) for each in operation.get("parameters", [])]
    if rows:
        head = "<tr><th>Parameter</th><th>Type</th><th>What</th></tr>"
        yield f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"
    yield f"<p>Answers: {_answers(operation)}</p></section>"


def _parameter(each: Schema) -> str:
    schema = each.get("schema", {})
    notes = [each.get("description") or schema.get("description") or ""]
    if "default" in schema:
        notes.append(f"Default {json.dumps(schema['default'])}.")
    if each.get("required"):
        notes.append("Required.")
    what = _text(" ".join(filter(None, notes)))
    return f"<tr><td><code>{_text(each['name'])}</code></td><td>{_type(schema)}</td><td>{what}</td></tr>"


def _answers(operation: Schema) -> str:
    found = []
    for status, answer in sorted(operation.get("responses", {}).items()):
        bodies = [_type(content["schema"]) for content in answer.get("content", {}).values() if "schema" in content]
        of = f" {bodies[0]}" if status.startswith("2") and bodies else f" {_text(answer['description'])}"
        found.append(f"<code>{_text(status)}</code>{of}")
    return "; ".join(found)


def _schema(name: str, schema: Schema) -> Iterator[str]:
    yield f'<section id="{_text(name)}"><h3>{_text(name)}</h3><p>{_text(schema.get("description", ""))}</p>'
    rows = [
        f"<tr><td><code>{_text(field)}</code></td><td>{_type(of)}</td><td>{_text(of.get('description', ''))}</td></tr>"
        for field, of in schema.get("properties", {}).items()
    ]
    yield f"<table><tbody>{''.join(rows)}</tbody></table></section>"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{_text(name)}">{_text(name)}</a>'
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(_type, schema["anyOf"])))
    if "enum" in schema:
        return " | ".join(f"<code>{_text(str(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return _text(str(schema.get("type", "any")))


def _text(text: str) -> str:
    return html.escape(text)
