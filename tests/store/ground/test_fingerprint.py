"""Identity of errors."""

from __future__ import annotations

from typing import Any

import pytest

from obsv.store import Code
from obsv.store.ground.fault import read_fault
from obsv.store.ground.fingerprint import Fingerprint, fingerprint, without_varying

CODE = Code("/srv/app/shop/orders.py", 10, "def total(order): ...")


def text(*frames: tuple[str, int, str, str], raised: str = "ValueError: no price for 42") -> str:
    """A traceback."""
    shown = "".join(f'  File "{file}", line {line}, in {name}\n    {source}\n' for file, line, name, source in frames)
    return f"Traceback (most recent call last):\n{shown}{raised}\n"


def of(exception: str, process: str = "shop.orders.total", **more: Any) -> Fingerprint:
    """The fingerprint of an exception's text."""
    return fingerprint(read_fault(exception), process, CODE, lambda file, line: None, **more)


OWN = ("/srv/app/shop/orders.py", 12, "total", "return price(order) * rate")
HELPER = ("/srv/app/shop/prices.py", 40, "price", "raise ValueError(f'no price for {order}')")
LIBRARY = ("/usr/lib/python3.11/functools.py", 9, "wrapper", "return fn()")


def test_key_has_a_version() -> None:
    """So that another way of comparing is another one."""
    assert of(text(OWN)).key.startswith("v1:")


def test_line_numbers_messages_and_libraries_do_not_matter() -> None:
    """Nor how often a frame repeats."""
    moved = ("/srv/app/shop/orders.py", 99, *OWN[2:])
    first = of(text(OWN, HELPER))
    assert of(text(moved, LIBRARY, HELPER, HELPER, raised="ValueError: something else")) == first._replace(
        why={**first.why, "library_frames": 1}
    )


def test_type_function_statement_and_cause_matter() -> None:
    """Each alone."""
    causes = "OSError: gone\n\nThe above exception was the direct cause of the following exception:\n\n" + text(OWN)
    keys = {
        of(text(OWN)).key,
        of(text(OWN, raised="TypeError: no price for 42")).key,
        of(text((*OWN[:2], "other", OWN[3]))).key,
        of(text((*OWN[:3], "return 0"))).key,
        of(causes).key,
    }
    assert len(keys) == 5


def test_modules_are_named_from_where_the_program_stands() -> None:
    """A program that moved to another directory has the same errors."""
    there = fingerprint(
        read_fault(text(OWN, HELPER).replace("/srv/app", "/opt/x/y")),
        "shop.orders.total",
        CODE._replace(file_path="/opt/x/y/shop/orders.py"),
        lambda file, line: None,
    )
    assert there == of(text(OWN, HELPER))
    assert [frame["in"] for frame in there.why["frames"]] == ["shop.orders.total", "shop.prices.price"]


def test_message_counts_where_no_frame_is_the_programs() -> None:
    """Without what varies in it."""
    one, two = (of(f"Timeout: host '{host}' port {port}") for host, port in (("a", 1), ("b", 2_000)))
    assert one == two
    assert one.why["rule"] == "message"
    assert of("Timeout: gone").key != one.key
    assert of(text(LIBRARY, raised="ValueError: 1")).why["rule"] == "message"


def test_attribute_overrides_all() -> None:
    """And it alone is compared."""
    assert of(text(OWN), chosen="mine").key == of("other", process="x", chosen="mine").key


def test_part_tells_more_apart() -> None:
    """As a split does."""
    assert of(text(OWN), part="a").key != of(text(OWN), part="b").key


def test_what_varies_is_left_out() -> None:
    """Numbers, ids, addresses and quoted texts."""
    messages = [
        "user 'ann' <object at 0x7f12aa> 3f2504e0-4f89-11d3-9a0c-0305e82c3301 after 1.5s, deadbeef01 left",
        'user "bob" <object at 0x1> 00000000-0000-0000-0000-000000000000 after 20s, cafe0123beef left',
    ]
    assert len({without_varying(message) for message in messages}) == 1


SAME = [
    ("No such file: /var/data/alice/report.csv", "No such file: /var/data/bob/2024/summary.csv"),
    ("cannot read C:\\Users\\ann\\x.txt", "cannot read D:\\bob\\y.txt"),
    ("'/tmp/a' is locked", "'/tmp/b' is locked"),
    ("cannot open ./conf/eu.toml: gone", "cannot open ./other/us.toml: gone"),
    ("order 01HF3XKQ7ZJ9M2N4P6R8T0V1W2 is unknown", "order 01HF3XKR9ZJ9M2N4P6R8T0V1WW is unknown"),
    ("order ORD-1234-AB is gone", "order ORD-77-XY is gone"),
    ("session V1StGXR8_Z5jdHi6B-myT ended", "session x9QkT2mm_a7Z4jdHi-bbbT ended"),
    ("user deadbeefcafe not found", "user 0123456789ab not found"),
    ("mail to ann@example.com bounced", "mail to bob.b@mail.other.org bounced"),
    ("connection to 10.0.0.12:5432 refused", "connection to 10.0.0.7:5432 refused"),
    ("{'id': 5, 'sku': 'a'} is invalid", "{'id': 7, 'sku': 'b', 'q': None} is invalid"),
    ("lost 5 of 1,000.5 (3%)", "lost 7 of 12 (44%)"),
    ("late at 2026-11-30T17:47:49.123Z", "late at 2026-11-30T07:47:50.9Z"),
    ("table users_2024_01 is missing", "table users_2025_12 is missing"),
]
DIFFERENT = [
    ("no price", "no rate"),
    ("division by zero", "float division by zero"),
    ("GET /api/orders failed", "GET /api/users failed"),
    ("read/write failed", "open/close failed"),
    ("column a.b is missing", "column c.d is missing"),
    ("unexpected keyword argument", "missing keyword argument"),
    ("table users_2024 is missing", "table orders_2024 is missing"),
]


@pytest.mark.parametrize(("one", "two"), SAME)
def test_values_in_a_message_do_not_matter(one: str, two: str) -> None:
    """Neither IDs of any kind, nor files, addresses, or how many members a container has."""
    assert of(f"OSError: {one}").key == of(f"OSError: {two}").key


@pytest.mark.parametrize(("one", "two"), DIFFERENT)
def test_words_of_a_message_matter(one: str, two: str) -> None:
    """Routes too."""
    assert of(f"OSError: {one}").key != of(f"OSError: {two}").key
