"""Errors of whole programs: one each, where it began, however many recorded calls it passed."""

from __future__ import annotations

import sys

import pytest

from tests.runtime.conftest import Program

GROUPS = "select process, type, count, escaped from error_group order by id"


@pytest.mark.parametrize("writer", ["thread", "process"])
def test_error_counts_where_it_began(program: Program, writer: str) -> None:
    """Not at its callers, whether they let it pass or raise another from it; who caught it is told."""
    program.run(
        """
        import obsv

        @obsv.monitor
        def inner(n):
            return {}[n]

        @obsv.monitor
        def passes(n):
            return inner(n)

        @obsv.monitor
        def replaces(n):
            try:
                return passes(n)
            except KeyError as error:
                raise ValueError(n) from error

        @obsv.monitor
        def catches(n):
            try:
                replaces(n)
            except ValueError:
                return None

        @obsv.monitor
        def other(n):
            raise TypeError(n)

        for n in range(5):
            catches(n)
        for n in range(3):
            try:
                replaces(n)
            except ValueError:
                pass
        try:
            other(1)
        except TypeError:
            pass
        """,
        OBSV_WRITER=writer,
    )
    assert program.query(GROUPS) == [
        ("__main__.inner", "KeyError", 8, 3),
        ("__main__.other", "TypeError", 1, 1),
    ]


def test_error_of_another_thread_counts_there(program: Program) -> None:
    """`result()` raises it once more, in another trace."""
    program.run(
        """
        from concurrent.futures import ThreadPoolExecutor
        import obsv

        @obsv.monitor
        def work(n):
            raise ValueError(n)

        @obsv.monitor
        def main():
            with ThreadPoolExecutor() as pool:
                for each in [pool.submit(work, n) for n in range(4)]:
                    try:
                        each.result()
                    except ValueError as error:
                        last = error
            raise last

        try:
            main()
        except ValueError:
            pass
        """
    )
    assert [row[:3] for row in program.query(GROUPS)] == [("__main__.work", "ValueError", 4)]


def test_recursion_counts_once(program: Program) -> None:
    """However deep; what is left out of a long traceback is left out of it."""
    program.run(
        """
        import sys, obsv
        sys.setrecursionlimit(10_000)

        @obsv.monitor
        def down(n):
            if n == 0:
                raise ValueError("bottom")
            return down(n - 1)

        for depth in (0, 1, 2, 5, 60, 400):
            try:
                down(depth)
            except ValueError:
                pass
        """
    )
    assert sum(count for _, _, count, _ in program.query(GROUPS)) == 6
    assert len(program.query(GROUPS)) == 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="needs task groups")
def test_errors_of_tasks_count_in_the_tasks(program: Program) -> None:
    """Their group is no error of its own."""
    program.run(
        """
        import asyncio, obsv

        @obsv.monitor
        async def work(n):
            await asyncio.sleep(0)
            raise ValueError(n)

        @obsv.monitor
        async def main():
            async with asyncio.TaskGroup() as tasks:
                for n in range(3):
                    tasks.create_task(work(n))

        try:
            asyncio.run(main())
        except BaseException:
            pass
        """
    )
    assert program.query(GROUPS) == [("__main__.work", "ValueError", 3, 1)]
