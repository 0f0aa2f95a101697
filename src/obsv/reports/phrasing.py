"""A summary phrased by a language model, which may refer to facts but cannot state a number."""

from __future__ import annotations

import http.client
import json
import logging
import os
import urllib.request
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from obsv.reports.facts import Fact
from obsv.reports.references import fill, problems_of_model, references
from obsv.reports.report import Report, verified
from obsv.reports.routing import Route

logger = logging.getLogger("obsv")

ANSWER_TOKENS = 400
_MOST_BYTES = 1 << 20
_TASK = (
    "Write two to five plain English sentences for a report, using only the facts below. Never write a digit, a number "
    "word or a unit: where a number belongs, write its reference, such as {{win_rate}}, exactly as it is given. Do not "
    "use Markdown."
)
Ask = Callable[[Route, str], str]


def question(report: Report) -> str:
    """Return what a model is told: the texts of the report, and the facts that they refer to."""
    keys = dict.fromkeys(key for text in report.texts() for key in references(text))
    facts = [f"{{{{{key}}}}} = {report.facts[key].title}: {report.facts[key].text}" for key in keys]
    return "\n".join([_TASK, "", "Facts:", *facts, "", "Report:", *report.texts()])


def phrased(report: Report, routes: Sequence[Route], ask: Ask | None = None) -> Report:
    """Return the report with a summary of the first model whose text can be verified; else the report as it is.

    A model's text refers to each number by its key, and the number is printed with its title: neither another number
    nor a number under another name can be printed.

    Args:
        report: as the template writes it.
        routes: models, in order.
        ask: asks a model; by default over HTTP.
    """
    asked = question(report) if routes else ""
    for route in routes:
        try:
            text = " ".join((ask or answer)(route, asked).split())
        except Exception as error:
            logger.warning("The language model %s did not answer: %s; the template is used.", route.name, error)
            continue
        wrong = problems_of_model(text, report.facts)
        if wrong:
            logger.warning(
                "The text of the language model %s was refused: %s; the template is used.", route.name, wrong[0]
            )
            continue
        summary, facts = _named(text, report)
        if not verified([summary], facts):
            return report._replace(summary=summary, facts=facts, phrased_by=f"{route.name} ({route.model})")
    return report


def _named(text: str, report: Report) -> tuple[str, dict[str, Fact]]:
    """Return the text with references to facts whose texts say what they are."""
    facts = dict(report.facts)

    def write(fact: Fact) -> str:
        key = f"named.{fact.key}"
        facts[key] = fact._replace(key=key, text=f"{fact.text} ({fact.title})" if fact.sql else fact.text)
        return f"{{{{{key}}}}}"

    return fill(text, report.facts, write), facts


def answer(route: Route, text: str) -> str:
    """Return a model's answer (OpenAI's chat completions).

    Raises:
        OSError, ValueError, KeyError: there is none.
    """
    if urlsplit(route.url).scheme not in ("http", "https"):
        raise ValueError("the address must begin with http:// or https://")
    headers = {"Content-Type": "application/json"}
    if route.key_env:
        headers["Authorization"] = f"Bearer {os.environ[route.key_env]}"
    body = {
        "model": route.model,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": ANSWER_TOKENS,
        "temperature": 0.2,
    }
    request = urllib.request.Request(
        f"{route.url.rstrip('/')}/chat/completions", json.dumps(body).encode("utf-8", "replace"), headers
    )
    # Redirects are not followed, because they could send the key elsewhere.
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=route.timeout_s) as reply:
            document = json.loads(reply.read(_MOST_BYTES))
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    found = document["choices"][0]["message"]["content"]
    if not isinstance(found, str):
        raise ValueError("it answered with something other than text")
    return found


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None
