"""Decompression of request bodies with a limit during the process: a bomb never expands beyond the limit."""

import importlib
import zlib
from collections.abc import Callable
from typing import Any

from obsv.otlp.failures import Unsupported
from obsv.wire.errors import BadRequest, TooLarge

GZIP, ZLIB, RAW_DEFLATE = 31, 15, -15
# Each costs a copy of the rest: a body of empty members takes quadratic time.
MOST_MEMBERS = 32

# For zstd: a decoder allocates this much. RFC 8878 recommends 8 MiB for decoders, and encoders comply.
WINDOW_LOG = 23


def decompress(body: bytes, encoding: str, limit: int) -> bytes:
    """Return a body without its content encoding.

    Args:
        body: as received.
        encoding: the header Content-Encoding: none, identity, gzip, deflate or, if a module for it is installed, zstd.
        limit: maximum size of the result in bytes.

    Raises:
        TooLarge: the result exceeds the limit.
        BadRequest: the body does not have that encoding, or is truncated.
        Unsupported: the encoding is not supported.
    """
    name = encoding.strip().lower()
    if name in ("", "identity", "none"):
        if len(body) > limit:
            raise too_large(limit)
        return body
    if name not in _DECODERS:
        raise Unsupported(f"Content-Encoding {encoding!r} is not supported; send none, gzip, deflate or zstd.")
    return _DECODERS[name](body, limit)


def too_large(limit: int) -> TooLarge:
    """Return the error of a body over the limit."""
    return TooLarge(f"The body has more than {limit:,} bytes decompressed; send smaller batches.")


def sniff(body: bytes) -> str:
    """Return the encoding of a gRPC message, which lacks a header for it, from its first bytes.

    A protobuf request begins with its field 1, which looks like neither.
    """
    if body.startswith(b"\x1f\x8b"):
        return "gzip"
    if body.startswith(b"\x28\xb5\x2f\xfd"):
        return "zstd"
    # RFC 1950: the method is 8, and the two bytes are a multiple of 31.
    is_zlib = len(body) > 1 and body[0] & 15 == 8 and body[0] >> 4 < 8 and (body[0] << 8 | body[1]) % 31 == 0
    return "deflate" if is_zlib else ""


def _gzip(body: bytes, limit: int) -> bytes:
    return _inflate(body, GZIP, limit)


def _deflate(body: bytes, limit: int) -> bytes:
    # RFC 9110 means zlib's format; some senders omit its header.
    try:
        return _inflate(body, ZLIB, limit)
    except BadRequest:
        return _inflate(body, RAW_DEFLATE, limit)


def _inflate(body: bytes, wbits: int, limit: int) -> bytes:
    try:
        return _members(body, limit, lambda: zlib.decompressobj(wbits))
    except zlib.error as error:
        raise BadRequest(f"The body is not in its Content-Encoding: {error}") from None


def _members(body: bytes, limit: int, make: Callable[[], Any]) -> bytes:
    """Return all members of a gzip body, or frames of zstd: a zlib-style decoder reads only one."""
    parts: list[bytes] = []
    size, rest = 0, body
    for _ in range(MOST_MEMBERS):
        if not rest:
            return b"".join(parts)
        decoder = make()
        part = decoder.decompress(rest, limit + 1 - size)
        parts.append(part)
        size += len(part)
        if size > limit:
            raise too_large(limit)
        if not decoder.eof:
            raise BadRequest("The compressed body is truncated.")
        rest = decoder.unused_data.lstrip(b"\0")
    raise BadRequest(f"The compressed body has {MOST_MEMBERS} members or more; one is enough.")


def _zstd(body: bytes, limit: int) -> bytes:
    module = _zstd_module()
    if module is None:
        raise Unsupported("Content-Encoding zstd needs the Python package zstandard here; send gzip, or install it.")
    if module.__name__ == "zstandard":
        return _framed(body, limit, lambda: _Zstandard(module), module.ZstdError)
    options = {module.DecompressionParameter.window_log_max: WINDOW_LOG}
    return _framed(body, limit, lambda: module.ZstdDecompressor(options=options), module.ZstdError)


def _framed(body: bytes, limit: int, make: Callable[[], Any], broken: type[Exception]) -> bytes:
    try:
        return _members(body, limit, make)
    except (ValueError, broken) as error:
        raise BadRequest(f"The body is not in its Content-Encoding: {error}") from None


class _Zstandard:
    """A decoder of the package zstandard with zlib's interface."""

    def __init__(self, module: Any) -> None:
        self._decoder = module.ZstdDecompressor(max_window_size=2**WINDOW_LOG)
        self.eof, self.unused_data = False, b""

    def decompress(self, body: bytes, most: int) -> bytes:
        with self._decoder.stream_reader(body) as reader:
            found: bytes = reader.read(most)
        if len(found) < most:
            # The reader accepts a truncated frame as complete; the class that detects it has no limit.
            again = self._decoder.decompressobj()
            again.decompress(body)
            self.eof, self.unused_data = again.eof, again.unused_data
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
