"""Spans to bytes and back, for the spill: as plain tuples, by `marshal`.

Marshal format 4, because it writes an object that stands in several tuples once and refers to it after: what calls of
one function share (name, arguments' names, source text) costs five bytes a span. Against format 2, which repeats it,
that is a fifth of the bytes and a third of the time (0.4 µs a span of ten fields; CPython 3.11 and 3.13). All Pythons
since 3.4 read it. What is read back was written by obsv to a file that only its owner can write, and its checksum was
right.
"""

import itertools
import marshal
from collections.abc import Sequence
from typing import Any, Protocol

from opentelemetry.sdk.trace import ReadableSpan

CODEC_VERSION = 1
_MARSHAL_FORMAT = 4


class UnknownCodec(Exception):
    """The bytes were written by another version of the codec."""


class Form(Protocol):
    """One class of spans as plain values: None, numbers, text, bytes, and tuples, lists and dicts of those.

    Attributes:
        name: what stands in the bytes for it.
    """

    name: str

    def takes(self, span_type: type) -> bool:
        """Whether spans of this class have this form."""

    def freeze(self, spans: Sequence[Any]) -> list[Any]:
        """Plain values, one a span. Objects that spans share shall be the same object in all of them."""

    def thaw(self, frozen: list[Any]) -> list[Any]:
        """The spans of `freeze`."""


class Codec:
    """Turns spans into bytes and back.

    Args:
        forms: tried in order; the last takes every span and every value.
    """

    def __init__(self, forms: Sequence[Form]) -> None:
        self._forms = forms
        self._by_name = {form.name: form for form in forms}
        self._by_type: dict[type, Form] = {}

    def encode(self, spans: Sequence[ReadableSpan]) -> tuple[bytes, int]:
        """Spans as bytes. Never raises.

        Returns:
            The bytes, and how many spans are not in them because they cannot even be read.
        """
        try:
            return self._encode(spans), 0
        except Exception:
            return self._encode_each(spans)

    def _encode(self, spans: Sequence[ReadableSpan]) -> bytes:
        if len(set(map(type, spans))) == 1:
            runs = [self._freeze(type(spans[0]), spans)]
        else:
            runs = [self._freeze(span_type, list(run)) for span_type, run in itertools.groupby(spans, type)]
        return marshal.dumps((CODEC_VERSION, runs), _MARSHAL_FORMAT)

    def _encode_each(self, spans: Sequence[ReadableSpan]) -> tuple[bytes, int]:
        """Leave the spans out that hinder the others, after trying them in the last form, which takes all values."""
        runs = [run for span in spans if (run := self._encodable(span)) is not None]
        return marshal.dumps((CODEC_VERSION, runs), _MARSHAL_FORMAT), len(spans) - len(runs)

    def _encodable(self, span: ReadableSpan) -> tuple[str, list[Any]] | None:
        for form in (self._form(type(span)), self._forms[-1]):
            try:
                run = form.name, form.freeze([span])
                marshal.dumps(run, _MARSHAL_FORMAT)
            except Exception:
                continue
            return run
        return None

    def decode(self, payload: bytes) -> list[ReadableSpan]:
        """The spans of `encode`.

        Raises:
            UnknownCodec: written by another version of obsv.
        """
        try:
            version, runs = marshal.loads(payload)
        except (EOFError, ValueError, TypeError) as error:
            raise UnknownCodec(f"spilled spans cannot be read: {error}") from error
        if version != CODEC_VERSION:
            raise UnknownCodec(f"spilled spans have codec version {version}, this obsv reads {CODEC_VERSION}")
        spans: list[ReadableSpan] = []
        for name, frozen in runs:
            form = self._by_name.get(name)
            if form is None:
                raise UnknownCodec(f"spilled spans have the unknown form {name!r}")
            spans += form.thaw(frozen)
        return spans

    def _freeze(self, span_type: type, spans: Sequence[ReadableSpan]) -> tuple[str, list[Any]]:
        form = self._form(span_type)
        return form.name, form.freeze(spans)

    def _form(self, span_type: type) -> Form:
        form = self._by_type.get(span_type)
        if form is None:
            form = self._by_type[span_type] = next(form for form in self._forms if form.takes(span_type))
        return form
