"""Properties of any value: no error, limited text, no later changes, no secret."""

from __future__ import annotations

import dataclasses
import json
import marshal
import pathlib
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from decimal import Decimal
from types import MappingProxyType, SimpleNamespace
from typing import Any

import attrs
import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obsv.capture import Limits, Redactor, make_snapshot, render

REMARK = 64
SECRET = "hunter2-\u00e4"
SECRET_NAMES = ["password", "db_password", "apiKey", "X-API-KEY", "accessToken", "AUTHORIZATION", "client-secret"]
FORMS = ["{}={}", "{}: {}", "'{}': '{}'", '"{}": "{}"', "{} = {}", "('{}', '{}')", "<{0}>{1}</{0}>", "--{} {}"]


class Raising:
    def __repr__(self):
        raise ValueError("no text")

    __str__ = __len__ = __iter__ = __hash__ = __bool__ = __repr__


class Lying:
    def __repr__(self):
        return 5

    def __len__(self):
        return -1

    def __getattr__(self, name):
        return self


class HostileDict(dict):
    def __iter__(self):
        raise ValueError

    items = keys = values = __len__ = __getitem__ = __iter__


class HostileList(list):
    def __iter__(self):
        raise ValueError

    __len__ = __getitem__ = __iter__


class HostileText(str):
    __slots__ = ()

    def __len__(self):
        raise ValueError

    __getitem__ = __str__ = __len__


@dataclasses.dataclass
class Record:
    value: Any
    password: Any = None


@attrs.define
class AttrsRecord:
    value: Any
    api_key: Any = None


class Model(pydantic.BaseModel):
    value: Any
    token: Any = None


Named = namedtuple("Named", "value secret")

names = st.text(st.characters(exclude_categories=()), max_size=200)
numbers = st.integers(-(10**400), 10**400) | st.floats() | st.complex_numbers() | st.booleans() | st.none()
texts = (
    st.text(st.characters(exclude_categories=()), max_size=3_000) | st.binary(max_size=3_000) | names.map(HostileText)
)
others = st.one_of(
    st.datetimes(timezones=st.timezones() | st.none()),
    st.dates(),
    st.timedeltas(),
    st.uuids(),
    st.decimals(),
    st.fractions(),
    st.builds(Raising),
    st.integers(10_000, 20_000).map(lambda exponent: 10**exponent),
    st.builds(Lying),
    st.builds(range, st.integers(), st.integers()),
    st.builds(slice, st.integers(), st.none()),
    st.binary().map(bytearray),
    st.binary().map(memoryview),
    st.sampled_from([Raising, len, json, ..., NotImplemented, Decimal("1e999999")]),
    st.builds(pathlib.PurePosixPath, st.text(st.characters(codec="ascii", exclude_characters="\0"))),
)
keys = st.one_of(names, numbers, st.binary(max_size=200), st.tuples(names, st.integers()), names.map(HostileText))


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Containers and records of what `inner` makes."""
    lists = st.lists(inner, max_size=15)
    dicts = st.dictionaries(keys, inner, max_size=15)
    return st.one_of(
        lists,
        lists.map(tuple),
        lists.map(deque),
        lists.map(HostileList),
        lists.map(lambda items: ValueError(*items)),
        dicts,
        dicts.map(OrderedDict),
        dicts.map(HostileDict),
        dicts.map(MappingProxyType),
        dicts.map(lambda items: defaultdict(list, items)),
        dicts.map(dict.values),
        dicts.map(dict.items),
        st.dictionaries(names, inner, max_size=15).map(lambda items: SimpleNamespace(**items)),
        st.dictionaries(names, st.integers(), max_size=15).map(Counter),
        st.sets(keys, max_size=15),
        st.frozensets(keys, max_size=15),
        st.builds(Record, inner, inner),
        st.builds(AttrsRecord, inner, inner),
        st.builds(Named, inner, inner),
        inner.map(lambda value: Model.model_construct(value=value)),
    )


values = st.recursive(numbers | texts | others, containers, max_leaves=30)
limits = st.builds(Limits, st.integers(1, 1_500), st.integers(1, 12), st.integers(1, 5))
serializers = st.sampled_from(["smart", "repr", "json", str, repr])

# Values as large as these take long to make, not to look at.
slow = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@slow
@given(values, limits, serializers)
def test_any_value(value, bounds, serializer):
    """Any value gives a bounded UTF-8 text, by way of a snapshot that marshal can write."""
    frozen = make_snapshot(bounds, None, serializer)(value)
    data = marshal.dumps(frozen)
    text = render(frozen, bounds.max_repr)
    text.encode()
    assert len(text) <= bounds.max_repr + 2 * REMARK + (2 if serializer == "json" else 0)
    assert len(data) <= 60 * bounds.max_repr + 4_000 * bounds.max_items
    assert render(marshal.loads(data), bounds.max_repr) == text


@slow
@given(values, limits)
def test_same_value_same_text(value, bounds):
    """The text of a value does not depend on what was looked at before."""
    first = make_snapshot(bounds, Redactor(("warm",)))
    text = render(first(value), bounds.max_repr)
    assert render(first(value), bounds.max_repr) == text
    assert render(make_snapshot(bounds, Redactor(("cold",)))(value), bounds.max_repr) == text


@slow
@given(st.recursive(st.integers(), lambda inner: st.lists(inner) | st.dictionaries(names, inner)), st.integers())
def test_mutation_changes_nothing(value, number):
    """Whatever is done to the value afterwards, the text stays."""
    frozen = make_snapshot()(value)
    before = render(frozen)
    change(value, number)
    assert render(frozen) == before


def change(value: Any, number: int) -> None:
    """Change a value and all that is in it."""
    if isinstance(value, dict):
        for item in value.values():
            change(item, number)
        value["changed"] = number
    elif isinstance(value, list):
        for item in value:
            change(item, number)
        value.append(number)


@pytest.mark.parametrize("serializer", ["smart", "json"])
@slow
@given(data=st.data())
def test_secrets_stay_out(serializer, data):
    """A secret under a sensitive name, at any depth and in any kind of container, is neither in bytes nor in text."""
    value = data.draw(secret_holders())
    for _ in range(data.draw(st.integers(0, 2))):
        value = data.draw(around(value))
    frozen = make_snapshot(Limits(10_000, 100, 8), None, serializer)(value)
    for piece in (SECRET, SECRET[:5], SECRET[-5:]):
        assert piece.encode() not in marshal.dumps(frozen)
        assert piece not in render(frozen, 10_000)
    assert "***" in render(frozen, 10_000)


def secret_holders() -> st.SearchStrategy[Any]:
    """Values in which a sensitive name stands for a secret."""
    secrets = st.sampled_from([SECRET, SECRET.encode(), [SECRET], {"a": {"b": SECRET}}, (SECRET, 1)])
    name = st.sampled_from(SECRET_NAMES)
    mappings = st.dictionaries(name, secrets, min_size=1)
    return st.one_of(
        mappings,
        mappings.map(OrderedDict),
        mappings.map(HostileDict),
        mappings.map(MappingProxyType),
        mappings.map(lambda items: {name.encode(): item for name, item in items.items()}),
        mappings.map(lambda items: {("login", name): item for name, item in items.items()}),
        mappings.map(lambda items: SimpleNamespace(**items)),
        mappings.map(lambda items: list(items.items())),
        mappings.map(dict.items),
        st.builds(Record, st.integers(), secrets),
        st.builds(AttrsRecord, st.integers(), secrets),
        st.builds(Named, st.integers(), secrets),
        secrets.map(lambda secret: Model.model_construct(value=1, token=secret)),
        st.just(Model.model_construct(value=pydantic.SecretStr(SECRET))),
    )


@pytest.mark.parametrize("serializer", ["smart", "json"])
@slow
@given(data=st.data())
def test_secrets_in_exceptions_that_are_values(serializer, data):
    """A secret in a message of an exception is masked with the text of the value, like those in any other text."""
    form, name = data.draw(st.sampled_from(FORMS)), data.draw(st.sampled_from(SECRET_NAMES))
    value = ValueError("failed with\n" + form.format(name, SECRET))
    for _ in range(data.draw(st.integers(0, 2))):
        value = data.draw(around(value))
    text = render(make_snapshot(Limits(10_000, 100, 8), None, serializer)(value), 10_000)
    redacted = Redactor().redact_value(text)
    assert SECRET not in redacted
    assert "***" in redacted


def around(value: Any) -> st.SearchStrategy[Any]:
    """Containers that hold a value."""
    made = [[value], (1, value), {"a": value}, {1: value}, deque([value]), Record(value), AttrsRecord(value)]
    return st.sampled_from([*made, Named(value, 1), Model.model_construct(value=value), SimpleNamespace(a=value)])


@given(
    st.recursive(
        st.integers() | st.text() | st.floats() | st.none(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_json_is_valid(value):
    """The "json" serializer's text is always JSON, and the value itself where that is small."""
    text = render(make_snapshot(Limits(500), None, "json")(value), 500)
    json.loads(text)


@given(
    st.text(),
    st.sampled_from(SECRET_NAMES),
    st.sampled_from(FORMS),
)
def test_secrets_in_text(around, name, form):
    """A secret behind a sensitive name is masked in whatever text it stands."""
    text = f"{around}\n{form.format(name, SECRET)}\n{around}"
    redacted = Redactor().redact_text(text)
    assert SECRET not in redacted
    assert "***" in redacted


@given(st.text(st.sampled_from("pasword=:'\"{}()[]\\ ,\n&@/-<>***"), max_size=400))
def test_redaction_is_stable(text):
    """Redacting twice is redacting once, and no text is too strange for it."""
    redactor = Redactor(("pas",))
    once = redactor.redact_text(text)
    assert redactor.redact_text(once) == once


@given(st.text(st.characters(exclude_categories=())), st.sampled_from(SECRET_NAMES))
def test_what_is_left_does_not_depend_on_the_secret(secret, name):
    """Of a secret in a dict's repr or JSON nothing is left, not even its length, and what follows stays."""
    redact = Redactor().redact_text
    value = {name: secret, "user": "bob"}
    left = [f"{{'{name}': {quote}***{quote}, 'user': 'bob'}}" for quote in "'\""]
    assert redact(repr(value)) in left
    assert redact(json.dumps(value)) == f'{{"{name}": "***", "user": "bob"}}'
    assert redact(f"f(a=1, {name}={secret!r}, b=2)") in [f"f(a=1, {name}={quote}***{quote}, b=2)" for quote in "'\""]


@given(st.text(st.characters(exclude_characters="'\"")), st.sampled_from(SECRET_NAMES))
def test_secret_in_a_quoted_repr(secret, name):
    """A repr within a repr has its quotes escaped; the secret is found there too."""
    value = repr([repr({name: secret}), json.dumps({name: secret})])
    left = repr([repr({name: "***"}), json.dumps({name: "***"})])
    assert Redactor().redact_text(value) == left
