"""dict, list, tuple, set and their like are shown shallow, with secrets masked."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from enum import Enum

import pytest


class Key(Enum):
    PASSWORD = 1
    LOGIN = "api-key"
    SIDE = "side"


class Text(str):
    __slots__ = ()


class Trap:
    """A subclass's methods, all of which lie or fail."""

    def _fail(self, *args):
        raise AssertionError("code of the value's class was run")

    __iter__ = __len__ = __getitem__ = __str__ = __contains__ = __bool__ = __hash__ = __eq__ = _fail
    items = keys = values = copy = _fail


class TrapDict(Trap, dict):
    pass


class TrapList(Trap, list):
    pass


class TrapTuple(Trap, tuple):
    __slots__ = ()


class TrapSet(Trap, set):
    pass


class TrapOrdered(Trap, OrderedDict):
    pass


class TrapDeque(Trap, deque):
    pass


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"),
        ([], "[]"),
        ((), "()"),
        (set(), "set()"),
        (frozenset(), "frozenset()"),
        ((1,), "(1,)"),
        ({"desk": "eq", "tags": ["a", "b"]}, "{'desk': 'eq', 'tags': ['a', 'b']}"),
        ([1, 2.5, "x", None, True, b"y", 3j], "[1, 2.5, 'x', None, True, b'y', 3j]"),
        ({3, 10, 2}, "{2, 3, 10}"),
        (frozenset({"b", "a"}), "frozenset({'a', 'b'})"),
        ({1: "one", None: 0, (1, 2): 3, b"k": 4}, "{1: 'one', None: 0, (1, 2): 3, b'k': 4}"),
        (deque([1, 2]), "deque([1, 2])"),
        (OrderedDict(b=1, a=2), "OrderedDict({'b': 1, 'a': 2})"),
        (defaultdict(list, {"a": [1]}), "defaultdict({'a': [1]})"),
        (Counter("aab"), "Counter({'a': 2, 'b': 1})"),
        ({"a": 1}.keys(), "dict_keys(['a'])"),
        ({"a": 1}.values(), "dict_values([1])"),
        ({"a": 1}.items(), "dict_items([('a', 1)])"),
        ((..., "text"), "(Ellipsis, 'text')"),
    ],
)
def test_text(shown, value, text):
    """A small container is shown whole, as its repr or nearly so."""
    assert shown(value) == text


def test_order_of_moved_keys(shown):
    """An OrderedDict is shown in its own order, not in that of the dict inside it."""
    value = OrderedDict(a=1, b=2)
    value.move_to_end("a")
    assert shown(value) == "OrderedDict({'b': 2, 'a': 1})"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (list(range(1_000_000)), "[0, 1, +999,998 more]"),
        (tuple(range(5)), "(0, 1, +3 more)"),
        (dict.fromkeys(range(5), 0), "{0: 0, 1: 0, +3 more}"),
        (dict.fromkeys("abcde", 0), "{'a': 0, 'b': 0, +3 more}"),
        (deque(range(5)), "deque([0, 1, +3 more])"),
        ({1, 2, 3}, "{1, 2, +1 more}"),
        (dict.fromkeys("abcde", 0).keys(), "dict_keys(['a', 'b', +3 more])"),
    ],
)
def test_more_items(shown, value, text):
    """Of a long container the first items are shown, and the others counted."""
    assert shown(value, max_items=2) == text


def test_depth(shown):
    """Containers deeper than the limit are counted, not shown."""
    assert shown([[[[1, 2]]]], max_depth=3) == "[[[[+2 more]]]]"
    assert shown({"a": {"b": (1, {2, 3})}}, max_depth=2) == "{'a': {'b': (+2 more)}}"


def test_cycle(shown):
    """A container in itself is shown to the depth limit."""
    value: list[object] = [1]
    value.append(value)
    assert shown(value, max_depth=2) == "[1, [1, [+2 more]]]"


def test_room_is_shared(shown):
    """Items that would not fit into the text are only counted."""
    text = shown([["x" * 90] * 10] * 10, max_repr=1_000)
    assert text.startswith("[['xxx")
    assert text.endswith("+9 more]")
    assert len(text) <= 1_064


@pytest.mark.parametrize("value", [{"a": "x" * 90, "b": "y" * 90}, ["x" * 90, "y" * 90], ("x" * 90, "y" * 90)])
def test_room_of_short_texts(shown, value):
    """Short texts that together are too long leave the last ones out."""
    text = shown(value, max_repr=150)
    assert "y" not in text
    assert "+1 more" in text


def test_room_beside_a_secret(shown):
    """Text before a secret takes its space once."""
    value = {"a": ["x" * 90] * 5, "password": 1, "b": ["y" * 90] * 2}
    assert shown(value) == f"{{'a': {['x' * 90] * 5}, 'password': ***, 'b': {['y' * 90] * 2}}}"


@pytest.mark.parametrize("make", [lambda item: [item], lambda item: (item,), lambda item: {"a": item}])
def test_huge_number_inside(shown, make):
    """A number of a million digits inside a container is not kept."""
    assert "int(3,321,929 bits)" in shown(make(10**1_000_000))
    assert str(10**30) in shown(make(10**30))


def test_long_text_inside(shown):
    """A long text inside a container takes half of the room, so that what follows is seen."""
    text = shown({"sql": "x" * 5_000, "n": 1}, max_repr=200)
    assert text == "{'sql': '" + "x" * 100 + "…' (5,000 characters), 'n': 1}"
    text = shown(["x" * 5_000] * 10)
    assert text.startswith("['" + "x" * 500 + "…' (5,000 characters), '" + "x" * 238 + "…' (5,000 characters), ")
    assert text.endswith(" more]")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (TrapDict(a=1, password=2), "TrapDict({'a': 1, 'password': ***})"),
        (TrapList([1, 2]), "TrapList([1, 2])"),
        (TrapTuple((1, 2)), "TrapTuple((1, 2))"),
        (TrapSet([1]), "TrapSet({1})"),
        (TrapOrdered(a=1), "TrapOrdered({'a': 1})"),
        (TrapDeque([1]), "TrapDeque([1])"),
    ],
)
def test_subclass_methods_are_not_called(shown, value, text):
    """A subclass of a container is read by the container's own methods."""
    assert shown(value) == text


@pytest.mark.parametrize(
    "key",
    [
        *("password", "userPassword", "X-API-KEY", b"authorization", Text("token")),
        *(Key.PASSWORD, Key.LOGIN, ("db", "secret")),
    ],
)
def test_secret_key(shown, key):
    """The value of a sensitive key is masked, whatever kind of name the key is."""
    for value in ({key: "hunter2"}, {"a": [{key: {"b": "hunter2"}}]}, defaultdict(int, {key: "hunter2"})):
        text = shown(value)
        assert "***" in text
        assert "hunter2" not in text


def test_harmless_keys(shown):
    """Names that only begin like a sensitive one are shown."""
    value = {"author": 1, "tokenizer": 2, "keyboard": 3, "passport_country": 4, Key.SIDE: 5}
    assert shown(value) == "{'author': 1, 'tokenizer': 2, 'keyboard': 3, 'passport_country': 4, Key.SIDE: 5}"


@pytest.mark.parametrize("pair", [("authorization", "hunter2"), [b"cookie", b"hunter2"], ("token", ["hunter2"])])
def test_secret_pair(shown, pair):
    """Of a pair that begins with a sensitive name, the second is masked: headers come so."""
    assert "hunter2" not in shown([pair, ("host", "x")])
    assert "hunter2" not in shown(pair)


def test_two_words_of_a_set(shown):
    """A set has no names: nothing of it is masked."""
    assert shown({"token", "abc"}) == "{'abc', 'token'}"


def test_later_mutation(shown):
    """Later changes of the value do not change the text."""
    from obsv.capture import render, snapshot

    value = {"a": [1, {"b": 2}], "c": bytearray(b"x")}
    frozen = snapshot(value)
    before = render(frozen)
    value["a"][1]["b"] = 3
    value["a"].append(4)
    value["c"][0] = 0
    value.clear()
    assert render(frozen) == before == "{'a': [1, {'b': 2}], 'c': bytearray(b'x')}"


def test_key_with_own_hash(shown):
    """A key of a user's class is shown by type and address; its hash and equality are not asked."""

    class Loud:
        loud = False

        def __hash__(self):
            assert not self.loud
            return 1

        def __eq__(self, other):
            assert not self.loud
            return self is other

    value = {Loud(): 1, Loud(): 2}
    Loud.loud = True
    text = shown(value)
    assert text.count("<Loud at 0x") == 2
    assert text.endswith(": 2}")
    assert shown((next(iter(value)), 1)).startswith("(<Loud at")
