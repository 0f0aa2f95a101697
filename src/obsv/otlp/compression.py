"""Request bodies, decompressed within a limit that holds meanwhile: a bomb never becomes more than the limit."""

import importlib
import zlib
from collections.abc import Callable
from typing import Any

from obsv.otlp.failures import TooLarge, Unsupported
from obsv.wire.errors import BadRequest

GZIP, ZLIB, RAW_DEFLATE = 31, 15, -15


def decompress(body: bytes, encoding: str, limit: int) -> bytes:
    """A body without its content encoding.

    Args:
        body: as it came.
        encoding: the header Content-Encoding: none, identity, gzip, deflate or, where a module for it is there, zstd.
        limit: bytes that the result may have.

    Raises:
        TooLarge: the result is over the limit.
        BadRequest: the body is not in that encoding, or ends too early.
        Unsupported: an encoding that is not read here.
    """
    name = encoding.strip().lower()
    if name in ("", "identity", "none"):
        if len(body) > limit:
            raise too_large(limit)
        return body
    if name not in _DECODERS:
        raise Unsupported(f"Content-Encoding {encoding!r} is not read here; send none, gzip, deflate or zstd.")
    return _DECODERS[name](body, limit)


def too_large(limit: int) -> TooLarge:
    """The error of a body over the limit."""
    return TooLarge(f"The body has more than {limit:,} bytes decompressed; send smaller batches.")


def _gzip(body: bytes, limit: int) -> bytes:
    return _inflate(body, GZIP, limit)


def _deflate(body: bytes, limit: int) -> bytes:
    # RFC 9110 means zlib's format; some senders leave its header out.
    try:
        return _inflate(body, ZLIB, limit)
    except BadRequest:
        return _inflate(body, RAW_DEFLATE, limit)


def _inflate(body: bytes, wbits: int, limit: int) -> bytes:
    parts, size, rest = [], 0, body
    try:
        while rest:  # a gzip body may be several members
            decoder = zlib.decompressobj(wbits)
            part = decoder.decompress(rest, limit + 1 - size)
            parts.append(part)
            size += len(part)
            if size > limit:
                raise too_large(limit)
            if not decoder.eof:
                raise BadRequest("The compressed body ends too early.")
            rest = decoder.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise BadRequest(f"The body is not in its Content-Encoding: {error}") from None
    return b"".join(parts)


def _zstd(body: bytes, limit: int) -> bytes:
    module = _zstd_module()
    if module is None:
        raise Unsupported("Content-Encoding zstd needs the Python package zstandard here; send gzip, or install it.")
    try:
        return _unzstd(module, body, limit)
    except (ValueError, module.ZstdError) as error:
        raise BadRequest(f"The body is not in its Content-Encoding: {error}") from None


def _unzstd(module: Any, body: bytes, limit: int) -> bytes:
    if module.__name__ == "zstandard":
        with module.ZstdDecompressor(max_window_size=2**27).stream_reader(body, read_across_frames=True) as reader:
            found: bytes = reader.read(limit + 1)
    else:
        decoder = module.ZstdDecompressor()
        found = decoder.decompress(body, limit + 1)
        if not decoder.eof and len(found) <= limit:
            raise BadRequest("The compressed body ends too early.")
    if len(found) > limit:
        raise too_large(limit)
    return found


def _zstd_module() -> Any:
    for name in ("compression.zstd", "backports.zstd", "zstandard"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "zstd": _zstd,
}
