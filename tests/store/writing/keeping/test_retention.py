"""Order and size of deletions."""

from __future__ import annotations

from obsv.store.writing.keeping.retention import CHUNKS_A_COPY, TARGET_S, Action, Chunk, Facts, decide, excess

MB = 1 << 20
NEAT = Facts(expired=False, untidy=False, pages=10_000, free_pages=0, page_size=4096, log_bytes=0, idle=False)


def test_neat_file_is_left_alone() -> None:
    """There is nothing to do where nothing is too old, too large or spare."""
    assert decide(NEAT, None) is Action.NOTHING
    assert decide(NEAT, 100 * MB) is Action.NOTHING


def test_age_comes_before_size() -> None:
    """Old calls are deleted before any are dropped for size."""
    assert decide(NEAT._replace(expired=True), 1 * MB) is Action.EXPIRE


def test_size_counts_what_is_used() -> None:
    """Free pages do not count against the limit, and a tenth of it is kept free."""
    assert decide(NEAT, 40 * MB) is Action.SHRINK
    assert decide(NEAT._replace(free_pages=9_500), 40 * MB) is Action.VACUUM


def test_few_free_pages_are_kept_for_new_calls() -> None:
    """An eighth of the file may be free; what is more goes back to the file system."""
    assert decide(NEAT._replace(free_pages=1_250), None) is Action.NOTHING
    assert decide(NEAT._replace(free_pages=1_251), None) is Action.VACUUM


def test_file_over_its_limit_keeps_no_free_pages() -> None:
    """Free pages are returned to the last one while the file itself is larger than it may be."""
    assert decide(NEAT._replace(free_pages=6_000), 20 * MB) is Action.VACUUM
    assert decide(NEAT._replace(pages=4_500, free_pages=500), 20 * MB) is Action.NOTHING


def test_log_is_copied_every_few_chunks() -> None:
    """The log does not grow with a long clean-up."""
    busy = NEAT._replace(expired=True, chunks=CHUNKS_A_COPY)
    assert decide(busy, None) is Action.COPY


def test_excess_is_what_must_go() -> None:
    """The excess is the size of calls above nine tenths of what the log leaves of the limit."""
    assert excess(NEAT, None) == 0
    assert excess(NEAT._replace(free_pages=1_000), 40_000_000) == 9_000 * 4096 - 33_750_000


def test_log_is_emptied_when_nothing_is_written() -> None:
    """The write-ahead log is emptied only in a pause."""
    assert decide(NEAT._replace(log_bytes=MB), None) is Action.NOTHING
    assert decide(NEAT._replace(log_bytes=MB, idle=True), None) is Action.CHECKPOINT


def test_chunk_settles_where_it_takes_the_time_wanted() -> None:
    """Chunks grow from small to what fits the time, whatever a row costs, and never overshoot it twofold."""
    for row_s in (2e-6, 1e-5, 4e-5):
        chunk = Chunk(100, 20_000)
        longest = 0.0
        for _ in range(20):
            took = chunk.size * row_s
            longest = max(longest, took)
            chunk.took(took)
        assert longest < 2 * TARGET_S
        assert TARGET_S / 2 < chunk.size * row_s <= TARGET_S


def test_chunk_shrinks_at_once() -> None:
    """One slow chunk is answered by the next, down to the smallest."""
    chunk = Chunk(least=10, most=1_000)
    for _ in range(10):
        chunk.took(TARGET_S / 100)
    assert chunk.size == 1_000
    chunk.took(10 * TARGET_S)
    assert chunk.size == 100
    chunk.took(1_000 * TARGET_S)
    assert chunk.size == 10
