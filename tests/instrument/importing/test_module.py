"""Recording a module that is imported already."""

import asyncio
import contextlib
import inspect
import json
import pickle
from types import ModuleType

import pytest
from sample_module import SOURCE
from source_modules import SourceModules

from obsv import auto_instrument_module, monitor
from obsv.errors import ConfigurationError
from obsv.instrument.grafting.graft import IS_POSSIBLE
from obsv.instrument.monitor import is_monitored
from obsv.trace.span import Span

RECORDED = {
    *("plain", "coroutine", "generator", "async_generator", "managed", "of_int", "overloaded", "registers", "handler"),
    *("calls_back", "Point.total", "Line.cost", "Slotted.get", "Order.run", "Order.of", "Order.add", "Order.__call__"),
    *("Order.fetch", "Order.Item.weigh", "Special.run"),
}


@pytest.fixture
def module(modules: SourceModules) -> ModuleType:
    return modules.load("sample", SOURCE)


def names(spans: list[Span]) -> list[str]:
    return [span.name for span in spans]


def test_takes_what_the_module_defines(module: ModuleType) -> None:
    """Public functions and methods are recorded, and nothing else is."""
    assert set(auto_instrument_module(module)) == RECORDED


def test_again_changes_nothing(module: ModuleType) -> None:
    """A second call finds everything recorded already."""
    auto_instrument_module(module)
    before = dict(vars(module)), dict(vars(module.Order))
    assert auto_instrument_module(module) == []
    assert (dict(vars(module)), dict(vars(module.Order))) == before


def test_call_is_recorded(module: ModuleType, spans: list[Span]) -> None:
    """A call keeps its name, its group and its values."""
    auto_instrument_module(module)
    module.plain(1, c=5)
    assert [(span.name, span.function.process_group, dict(span.input_values()), span.result) for span in spans] == [
        ("sample.plain", "sample", {"a": 1, "b": 2, "c": 5}, 8)
    ]


def test_process_group(module: ModuleType, spans: list[Span]) -> None:
    """`process_group` names the group of all."""
    auto_instrument_module(module, process_group="trading")
    module.Order.add(1, 2)
    assert spans[0].function.process_group == "trading"


def test_methods_of_all_kinds(module: ModuleType, spans: list[Span]) -> None:
    """Methods, class methods, static methods, `__call__`, nested classes and coroutines do what they did."""
    auto_instrument_module(module)
    order = module.Order.of(3)
    assert (order.run(1), order.add(1, 2), order(5), order.Item().weigh(7)) == (4, 3, 15, 7)
    assert asyncio.run(order.fetch(9)) == 9
    assert names(spans) == [
        *("sample.Order.of", "sample.Order.run", "sample.Order.add", "sample.Order.__call__"),
        *("sample.Order.Item.weigh", "sample.Order.fetch"),
    ]


def test_receiver_is_no_input(module: ModuleType, spans: list[Span]) -> None:
    """`self` and `cls` are not recorded, a static method's first parameter is."""
    auto_instrument_module(module)
    module.Order.of(3).run(1)
    module.Order.add(1, 2)
    assert [dict(span.input_values()) for span in spans] == [{"n": 3}, {"x": 1}, {"a": 1, "b": 2}]


def test_super_call(module: ModuleType, spans: list[Span]) -> None:
    """`super()` reaches the recorded method of the base."""
    auto_instrument_module(module)
    assert module.Special(1).run(1) == 3
    assert names(spans) == ["sample.Order.run", "sample.Special.run"]


def test_generators(module: ModuleType, spans: list[Span]) -> None:
    """Generators, async generators and context managers work and are recorded."""

    async def collect() -> list[int]:
        return [item async for item in module.async_generator(2)]

    auto_instrument_module(module)
    assert list(module.generator(3)) == [0, 1, 2]
    assert asyncio.run(collect()) == [0, 1]
    with module.managed("x") as value:
        assert value == "x"
    assert names(spans) == ["sample.generator", "sample.async_generator", "sample.managed"]


@pytest.mark.parametrize(
    "path",
    [
        *("_private", "cached", "generic", "default", "join", "dedent", "Colour.lower", "Sized.size", "Base.run"),
        *("Line.__init__", "Line.__eq__", "Slotted.__init__", "Order.__eq__", "Order._hidden", "_Internal.work"),
        *("Order.total", "Order.slow", "Order.json", "Point._replace", "Slotted.value"),
    ],
)
def test_left_alone(module: ModuleType, path: str) -> None:
    """Private, generated, imported, abstract and non-function objects stay the same."""

    def look_up() -> object:
        *parents, last = path.split(".")
        owner = getattr(module, parents[0]) if parents else module
        return vars(owner).get(last)

    before = look_up()
    auto_instrument_module(module)
    assert look_up() is before


def test_imported_module_is_not_touched(module: ModuleType) -> None:
    """Functions imported from elsewhere are not recorded there either."""
    auto_instrument_module(module)
    assert not is_monitored(json.dumps)
    assert not is_monitored(contextlib.contextmanager)


def test_aliases_stay_one_object(module: ModuleType) -> None:
    """A function with two names in the module, or in a class, remains one function."""
    auto_instrument_module(module)
    assert module.alias is module.plain
    assert vars(module.Order)["twice"] is vars(module.Order)["run"]
    assert vars(module.Order)["helper"] is module.plain


def test_registries_go_on_working(module: ModuleType) -> None:
    """Tables filled before, singledispatch and caches give the same results."""
    auto_instrument_module(module)
    assert module.HANDLERS["handler"](1) == 2
    assert (module.generic(1), module.generic("x")) == ("int", "object")
    assert (module.cached(2), module.cached.cache_info().currsize) == (20, 1)
    assert module.Base.registry == [module.Order, module.Special]
    assert module.Order.field == "field"


def test_data_classes_go_on_working(module: ModuleType) -> None:
    """Comparison, representation, slots, enums and named tuples are as before."""
    auto_instrument_module(module)
    assert module.Line(1) < module.Line(2)
    assert repr(module.Line(1)) == "Line(quantity=1, price=1.0)"
    assert module.Colour.RED.lower() == "red"
    assert module.Point(1, 2).total() == 3
    assert not hasattr(module.Slotted(1), "__dict__")


def test_abstract_class_stays_abstract(module: ModuleType) -> None:
    """An abstract class can still not be instantiated."""
    auto_instrument_module(module)
    with pytest.raises(TypeError, match="abstract"):
        module.Base()


def test_inspection(module: ModuleType) -> None:
    """Signature, source, documentation, kind and names are those of the original."""
    signature, source = inspect.signature(module.plain), inspect.getsource(module.plain)
    auto_instrument_module(module)
    assert inspect.signature(module.plain) == signature
    assert inspect.getsource(module.plain) == source
    assert (module.plain.__doc__, module.plain.__module__, module.plain.__qualname__) == ("Adds.", "sample", "plain")
    assert inspect.iscoroutinefunction(module.coroutine)
    assert inspect.isgeneratorfunction(module.generator)
    assert inspect.isasyncgenfunction(module.async_generator)


def test_pickling(module: ModuleType) -> None:
    """Functions, classes, methods and instances survive pickling."""
    auto_instrument_module(module)
    for thing in (module.plain, module.Order, module.Order.add, module.Colour.RED):
        assert pickle.loads(pickle.dumps(thing)) is thing
    assert pickle.loads(pickle.dumps(module.Order(2))) == module.Order(2)
    assert pickle.loads(pickle.dumps(module.Order(2).run))(1) == 3


def test_monitored_function_keeps_its_settings(modules: SourceModules, spans: list[Span]) -> None:
    """Functions decorated by the program are not recorded twice."""
    module = modules.load(
        "decorated",
        """
        import functools
        from obsv import monitor

        def logged(function):
            @functools.wraps(function)
            def inner(*args):
                return function(*args)
            return inner

        @monitor(process_group="mine")
        def price(x):
            return x

        @logged
        @monitor
        def tax(x):
            return x
        """,
    )
    assert auto_instrument_module(module) == ["logged"]
    module.price(1)
    module.tax(1)
    assert [(span.name, span.function.process_group) for span in spans] == [
        ("decorated.price", "mine"),
        ("decorated.tax", "decorated"),
    ]


def test_monitor_takes_the_place_of_an_automatic_wrapper(module: ModuleType, spans: list[Span]) -> None:
    """A function that is decorated later is recorded once, with the settings that were given."""
    auto_instrument_module(module)
    price = monitor(process_group="mine", feed="prices")(module.plain)
    price(1)
    assert [(span.function.process_group, span.function.feed) for span in spans] == [("mine", "prices")]


def test_function_that_looks_at_its_caller(modules: SourceModules) -> None:
    """A function that asks who called it is recorded where that adds no frame, and gets the caller in any case."""
    module = modules.load(
        "callers",
        """
        import inspect, sys

        def caller():
            return sys._getframe(1).f_code.co_name

        def other():
            return inspect.stack()[1].function

        def asks():
            return caller(), other()
        """,
    )
    expected = ["caller", "other", "asks"] if IS_POSSIBLE else ["asks"]
    assert auto_instrument_module(module) == expected
    assert module.asks() == ("asks", "asks")


def test_warning_blames_the_caller(modules: SourceModules) -> None:
    """`stacklevel` means the caller of a recorded function, not its wrapper."""
    module = modules.load(
        "warns",
        """
        import warnings

        def old():
            warnings.warn("old", DeprecationWarning, stacklevel=2)

        class Old:
            def method(self):
                warnings.warn("old", DeprecationWarning, 2)
        """,
    )
    auto_instrument_module(module)
    for call in (module.old, module.Old().method):
        with pytest.warns(DeprecationWarning, match="old") as caught:
            call()
        assert caught[0].filename == __file__


def test_watchful_metaclass(modules: SourceModules) -> None:
    """A class whose metaclass forbids new attributes is left alone."""
    module = modules.load(
        "watchful",
        """
        class Meta(type):
            def __setattr__(cls, name, value):
                raise AttributeError(name)

        class Frozen(metaclass=Meta):
            def get(self):
                return 1

        class Named(type):
            pass

        class Open(metaclass=Named):
            def get(self):
                return 1
        """,
    )
    assert auto_instrument_module(module) == ["Open.get"]


def test_include_regex(module: ModuleType) -> None:
    """`include_regex` chooses names, private ones too."""
    assert set(auto_instrument_module(module, r"^_private$|Order\.(run|_hidden|__init__)$")) == {
        *("_private", "Order.run", "Order._hidden", "Order.__init__")
    }


def test_exclude(module: ModuleType) -> None:
    """`exclude` leaves out functions by glob and classes with all they contain."""
    left_out = set(auto_instrument_module(module, exclude=("Order", "*generator", "run")))
    assert set(RECORDED) - left_out == {
        *("Order.run", "Order.of", "Order.add", "Order.__call__", "Order.fetch", "Order.Item.weigh"),
        *("generator", "async_generator", "Special.run"),
    }


@pytest.mark.parametrize("name", ["obsv", "sqlite3", "logging", "threading", "opentelemetry.trace"])
def test_own_foundations_are_refused(name: str) -> None:
    """Modules that obsv uses are never recorded."""
    with pytest.raises(ConfigurationError, match="obsv itself uses it"):
        auto_instrument_module(ModuleType(name))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"include_regex": "("}, "cannot be parsed"),
        ({"exclude": "name"}, "sequence of names"),
    ],
)
def test_unusable_settings(module: ModuleType, settings: dict[str, str], message: str) -> None:
    """A setting that cannot be used is refused, with what to write."""
    with pytest.raises(ConfigurationError, match=message):
        auto_instrument_module(module, **settings)  # type: ignore[arg-type]


def test_no_module() -> None:
    """Anything but a module is refused."""
    with pytest.raises(ConfigurationError, match="requires a module, not str"):
        auto_instrument_module("json")  # type: ignore[arg-type]
