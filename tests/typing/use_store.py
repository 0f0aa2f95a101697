"""Usage of the store, for the type checker."""

from obsv.store import Reader, Signature, Source, SpanRow, Writer, WriteResult


def write(path: str, rows: list[SpanRow]) -> WriteResult:
    return Writer(path).write(rows)


def read(path: str) -> list[str]:
    return [row["process"] for row in Reader(path).query("select process from process_trace limit ?", (10,))]


SIGNATURE: Signature = Signature("shop", "shop.price", "shop", 1, (("order", "INPUT"),))
SOURCE: Source = Source("shop")
