"""Request bodies, decompressed within a limit that holds meanwhile: a bomb never becomes more than the limit."""

import importlib
import zlib
from collections.abc import Callable
from typing import Any

from obsv.otlp.failures import Unsupported
from obsv.wire.errors import BadRequest, TooLarge

GZIP, ZLIB, RAW_DEFLATE = 31, 15, -15
# Each costs a copy of what is left: of a body of empty ones, the time of its square.
MOST_MEMBERS = 32

# Of zstd: a decoder holds that much. 8 MiB is what RFC 8878 asks decoders for, and encoders keep to.
WINDOW_LOG = 23


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


def sniff(body: bytes) -> str:
    """The encoding of a gRPC message, which comes without the header that says it: the first bytes tell.

    A request in protobuf begins with its field 1, which is neither.
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
    # RFC 9110 means zlib's format; some senders leave its header out.
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
    """All members of a gzip body, or frames of zstd: a decoder, as zlib has them, reads one."""
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
            raise BadRequest("The compressed body ends too early.")
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
    """A decoder of the package zstandard in the form of zlib's."""

    def __init__(self, module: Any) -> None:
        self._decoder = module.ZstdDecompressor(max_window_size=2**WINDOW_LOG)
        self.eof, self.unused_data = False, b""

    def decompress(self, body: bytes, most: int) -> bytes:
        with self._decoder.stream_reader(body) as reader:
            found: bytes = reader.read(most)
        if len(found) < most:
            # The reader takes a frame that ends too early for a whole one; what can tell has no bound.
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
