"""TraceQL as Grafana's query builder writes it (`filterToQuerySection`, `generateQueryFromFilters`)."""

import random
from collections.abc import Iterator

DURATIONS = ("duration", "traceDuration", "span:duration", "trace:duration", "event:timeSinceStart")
TEXTS = (
    "name", "rootName", "rootServiceName", "statusMessage", "event:name", "instrumentation:name",
    "instrumentation:version", "link:spanID", "link:traceID", "span:id", "span:name", "span:parentID",
    "span:statusMessage", "trace:id", "trace:rootName", "trace:rootService",
)  # fmt: skip
KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
INTRINSICS = (*DURATIONS, *TEXTS, "kind", "span:kind", "status", "span:status")
SCOPES = ("resource", "span", "event", "link", "instrumentation", "")
KEYS = ("service.name", "http.status_code", "foo-bar", "a/b", "x@y", "obsv.input.order", '"with space"', "k8s.pod.name")
STRINGS = ("a", "GET /cart", 'say \\"hi\\"', "back\\\\slash", "ünï", "", "a|b", "$value", "{x}")
PATTERNS = ("a|b", ".*", "GET.*", "[0-9]+", "x\\\\.y")


def clause(rng: random.Random) -> str:
    """One `field op value`, or several of one field in brackets."""
    field, operators, values = _choose(rng)
    operator = rng.choice(operators)
    if operator in ("=~", "!~"):
        return f'{field}{operator}"{rng.choice(PATTERNS)}"'
    if operator in ("=", "!=") and rng.random() < 0.2:
        joined = " && " if operator == "!=" else " || "
        return f"({joined.join(f'{field}{operator}{value}' for value in rng.sample(values, min(2, len(values))))})"
    return f"{field}{operator}{rng.choice(values)}"


def _choose(rng: random.Random) -> tuple[str, tuple[str, ...], list[str]]:
    orders, texts = ("=", "!=", ">", "<", ">=", "<="), ("=", "!=", "=~", "!~")
    strings = [f'"{text}"' for text in STRINGS]
    if rng.random() < 0.5:
        name = rng.choice(INTRINSICS)
        if name in DURATIONS:
            return name, orders, ["100ms", "1.5s", "2us", "3µs", "10ns", "1m", "2h"]
        if name in TEXTS:
            return name, texts, strings
        return name, ("=", "!="), list(KINDS if name.endswith("kind") else ("ok", "error", "unset"))
    field = f"{rng.choice(SCOPES)}.{rng.choice(KEYS)}"
    typed = (texts, strings), (orders, ["1", "200", "0.5"]), (("=", "!="), ["true", "false"])
    return field, *rng.choice(typed)


def queries(rng: random.Random, count: int) -> Iterator[str]:
    """Queries, the empty one first."""
    yield "{}"
    for _ in range(count - 1):
        yield "{" + " && ".join(clause(rng) for _ in range(rng.choice((1, 1, 2, 3)))) + "}" + rng.choice(STAGES)


STAGES = (
    "", "", "", "", " | select(span.foo, status)", " | rate()", " | rate() by(resource.service.name)",
    " | count_over_time() by(name, .a)", " | histogram_over_time(duration) by(kind)",
    " | quantile_over_time(duration, 0.9, 0.99) by(resource.service.name)",
)  # fmt: skip


def damaged(rng: random.Random, query: str) -> str:
    """The query with one character taken out, put in or doubled."""
    at = rng.randrange(len(query))
    new = rng.choice(("", query[at] * 2, rng.choice('{}()."=!<>~&|\\ ab1-,:`') + query[at]))
    return query[:at] + new + query[at + 1 :]
