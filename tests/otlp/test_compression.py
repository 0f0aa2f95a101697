"""Content encodings."""

import gzip
import zlib

import pytest

from obsv.otlp.compression import decompress
from obsv.otlp.failures import Unsupported
from obsv.wire.errors import BadRequest, TooLarge

BODY = b"spans " * 1_000


def raw_deflate(body: bytes) -> bytes:
    encoder = zlib.compressobj(wbits=-15)
    return encoder.compress(body) + encoder.flush()


ENCODED = {
    "": BODY,
    "identity": BODY,
    "gzip": gzip.compress(BODY),
    "GZIP": gzip.compress(BODY[:100]) + gzip.compress(BODY[100:]),
    "deflate": zlib.compress(BODY),
    " deflate": raw_deflate(BODY),
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_every_encoding(encoding: str) -> None:
    """A body comes out whole: of gzip in several members, of deflate with zlib's header and without."""
    body = ENCODED[encoding]
    assert decompress(body, encoding, len(BODY)) == BODY


def test_zstd() -> None:
    """The zstd compression of the Go collector is supported."""
    zstandard = pytest.importorskip("zstandard")
    body = zstandard.compress(BODY)
    assert decompress(body, "zstd", len(BODY)) == BODY
    with pytest.raises(TooLarge):
        decompress(body, "zstd", len(BODY) - 1)
    assert decompress(body + body, "zstd", 2 * len(BODY)) == BODY + BODY
    with pytest.raises(TooLarge):
        decompress(body + body, "zstd", len(BODY) + 1)
    for damaged in (b"junk", body[:-1], body + body[:-1], body[: len(body) // 2], body + b"junk"):
        with pytest.raises(BadRequest):
            decompress(damaged, "zstd", 10_000)


def test_zstd_without_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a zstd module, the response names the supported encodings."""
    monkeypatch.setattr("obsv.otlp.compression._zstd_module", lambda: None)
    with pytest.raises(Unsupported, match="gzip"):
        decompress(b"x", "zstd", 100)


@pytest.mark.parametrize("encoding", ENCODED)
def test_limit_holds(encoding: str) -> None:
    """One byte over the limit is too large."""
    body = ENCODED[encoding]
    with pytest.raises(TooLarge, match="smaller batches"):
        decompress(body, encoding, len(BODY) - 1)


def test_a_bomb_stays_small() -> None:
    """A gigabyte in a megabyte is given up at the limit, long before it is a gigabyte."""
    import tracemalloc

    bomb = gzip.compress(bytes(200 * 2**20))
    tracemalloc.start()
    with pytest.raises(TooLarge):
        decompress(bomb, "gzip", 2**20)
    assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("damage", [lambda body: body[:-9], lambda body: b"junk" + body, lambda body: b"\x1f\x8b"])
def test_damaged_bodies(encoding: str, damage: object) -> None:
    """Truncated and invalid bodies are refused."""
    with pytest.raises(BadRequest):
        decompress(damage(ENCODED[encoding]), encoding, 10_000)  # type: ignore[operator]


def test_many_empty_members() -> None:
    """A body of very many members, which takes hours to walk through, is refused."""
    with pytest.raises(BadRequest, match="members"):
        decompress(gzip.compress(b"") * 1_000, "gzip", 10_000)


def test_unknown_encoding() -> None:
    """An encoding that is not read is named."""
    with pytest.raises(Unsupported, match="br"):
        decompress(b"x", "br", 100)
