"""The work of a recorder during a call, generated for its function: `begin`, `finish` and `freeze`.

It is generated because one value per line without a loop over names takes half the time, and when the function is first
called, because most functions never are. The source depends only on the number of parameters and on which are masked,
so few sources must be compiled.
"""

import functools
from collections.abc import Callable
from types import CodeType
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context

from obsv.capture import MASKED
from obsv.instrument import direct
from obsv.instrument.call import open_call
from obsv.instrument.following import follow, goes_on
from obsv.instrument.left_out import note
from obsv.instrument.parameters import Declared
from obsv.own_time import ticks
from obsv.trace import recording as path
from obsv.trace.context import SPAN_KEY, get_context, leave_context, reset_context, set_context
from obsv.trace.failure import WRAPPER_FILES
from obsv.trace.ids import random_unit
from obsv.trace.span import Span

if TYPE_CHECKING:
    from obsv.instrument.recorder import Recorder

_FILE = "<obsv>"
WRAPPER_FILES.add(_FILE)

# The context is set last: an interruption leaves no current span behind.
_BEGIN = """\
def begin({values}):
    if _obsv_recording.bypass:
        return None if _obsv_recording.off else _obsv_open(_obsv_recorder, ({tuple}))
{sampling}\
    _obsv_context = _obsv_get_context()
    _obsv_parent = _obsv_context.get(_obsv_key)
    if _obsv_parent is not None and _obsv_type(_obsv_parent) is not _obsv_Span:
        return _obsv_open(_obsv_recorder, ({tuple}))
    _obsv_span = _obsv_begin(_obsv_function, _obsv_parent)
    _obsv_span.inputs = {inputs}
    if _obsv_recording.on_begin is not None:
        _obsv_span.start_tick = _obsv_ticks()
        _obsv_recording.on_begin(_obsv_span)
    _obsv_span.token = _obsv_set_context(_obsv_Context({{**_obsv_context, _obsv_key: _obsv_span}}))
    _obsv_span.start_tick = _obsv_ticks()
    return _obsv_span
"""

_SAMPLING = """\
    if _obsv_random() >= _obsv_sample_rate:
        return _obsv_ticks(), None, False, ({tuple})
"""

# Of a function of which only failing calls are recorded.
_COUNTED = """\
def begin({values}):
    if _obsv_recording.bypass:
        return None if _obsv_recording.off else _obsv_open(_obsv_recorder, ({tuple}))
    _obsv_parent = _obsv_get_context().get(_obsv_key)
    if _obsv_parent is None:
        return _obsv_ticks(), None, True, ({tuple})
    if _obsv_type(_obsv_parent) is _obsv_Span or _obsv_type(_obsv_parent) is _obsv_compiled_span:
        return _obsv_ticks(), _obsv_parent.function, True, ({tuple})
    return _obsv_open(_obsv_recorder, ({tuple}))
"""

# Calls that do not run through here from begin to end: measured ones, generators, and those that may be left out.
_OPEN = """\
def begin({values}):
    return None if _obsv_recording.off else _obsv_open(_obsv_recorder, ({tuple}))
"""

# The end time is taken before the result is examined: a duration is the function's own. The context is left before that
# too: an interruption leaves no current span behind.
_FINISH = """\
def finish(_obsv_span, v):
    if _obsv_type(_obsv_span) is not _obsv_Span:
        if _obsv_type(_obsv_span) is _obsv_tuple:
            _obsv_kind = _obsv_type(v)
            if (
                _obsv_kind is not _obsv_dict and _obsv_kind is not _obsv_str and _obsv_kind is not _obsv_int
                and _obsv_kind is not _obsv_list and v is not None and _obsv_goes_on(v)
            ):
                return _obsv_follow(_obsv_recorder, _obsv_span, v)
            if _obsv_span[2]:
                _obsv_note(_obsv_function, _obsv_span[1], _obsv_span[0], _obsv_ticks())
            return v
        _obsv_span.leave()
{following}        _obsv_span.finish(v)
        return v
    if _obsv_span.end_tick:
        _obsv_leave_context(_obsv_span.token)
        return v
    _obsv_span.end_tick = _obsv_ticks()
    {reset}(_obsv_span.token)
    _obsv_span.token = None
{result}\
{end}\
"""

_END = """\
    _obsv_span.on_end(_obsv_span)
    return v
"""

# The recorded value of a generator is an item.
_FINISH_GENERATOR = """\
def finish(_obsv_span, v):
    _obsv_span.leave()
    _obsv_span.finish()
    return v
"""

# For a function: its result may continue.
_RESULT = """\
    if {known}:
        {plain}
    elif _obsv_kind is not _obsv_dict and _obsv_kind is not _obsv_list and _obsv_goes_on(v):
        _obsv_span.end_tick = 0
        return _obsv_follow(_obsv_recorder, _obsv_span, v)
    else:
        {look}
"""

_FOLLOWING = """\
        if _obsv_goes_on(v):
            return _obsv_follow(_obsv_recorder, _obsv_span, v)
"""

_FREEZE = """\
def freeze({values}):
    return {inputs}
"""

_BIND = """\
def bind({declaration}):
    return {inputs}
"""

# Values that need no check are kept here, without a call; `make_snapshot` says which. By `is`: testing membership in a
# set of types would run the `__hash__` of a value's metaclass.
_TEXT = "_obsv_kind is _obsv_str and _obsv_len({v}) <= _obsv_max_repr"
_INT = "_obsv_kind is _obsv_int and -1_000_000_000_000_000_000 < {v} < 1_000_000_000_000_000_000"
_REST = "_obsv_kind is _obsv_float or {v} is None or _obsv_kind is _obsv_bool"
_PLAIN_KIND = f"{_TEXT} or {_INT} or {_REST}"
_PLAIN = _PLAIN_KIND.replace("_obsv_kind", "(_obsv_kind := _obsv_type({v}))", 1)
_KEEP = f"{{v}} if {_PLAIN} else _obsv_snapshot({{v}})"
# Used where their exceptions are caught, which is not needed for `_obsv_snapshot`.
_KEEP_DIRECT = (
    f"{{v}} if {_TEXT.replace('_obsv_kind', '(_obsv_kind := _obsv_type({v}))', 1)} or {_INT}"
    " else _obsv_freeze_dict({v}) if _obsv_kind is _obsv_dict"
    f" else {{v}} if {_REST}"
    " else _obsv_freeze_list({v}) if _obsv_kind is _obsv_list"
    " else _obsv_snapshot({v})"
)


def make_part(recorder: "Recorder", part: str) -> Callable[..., Any]:
    """Return one of the three functions, by its name."""
    source = {"begin": _begin_source, "finish": _finish_source, "freeze": _freeze_source}[part](recorder)
    return _compiled(source, part, _names(recorder))


def make_direct(recorder: "Recorder") -> tuple[Callable[..., Any], Callable[..., Any]] | None:
    """Return `begin` and `finish` in one piece with the writing of their records; None if a call is not that simple."""
    state = path.recording.state  # before the look at it: another thread may change it meanwhile
    writer = direct.writer_of(path.recording)
    is_open = recorder.is_measured or recorder.is_stepped or bool(recorder.rules.selects)
    if writer is None or is_open or recorder.function.hides_result:
        return None
    names = {**_names(recorder), **direct.names(recorder, state, writer, lambda: make_part(recorder, "begin"))}
    count, is_smart = len(recorder.parameters.variables), recorder.options.serializer == "smart"
    shape = {"values": _values(count), "inputs": _inputs(recorder, _KEEP_DIRECT if is_smart else None)}
    begin = direct.BEGIN.format(**shape, sampling=_sampling(recorder))
    return _compiled(begin, "begin", names), _compiled(_finish_source(recorder, is_direct=True), "finish", names)


def _begin_source(recorder: "Recorder") -> str:
    count = len(recorder.parameters.variables)
    shape = {"values": _values(count), "tuple": _tuple(count)}
    is_open = recorder.is_measured or recorder.is_stepped
    if recorder.rules.errors_only and not is_open:
        return _COUNTED.format(**shape)
    if is_open or recorder.rules.selects:
        return _OPEN.format(**shape)
    return _BEGIN.format(**shape, sampling=_sampling(recorder), inputs=_inputs(recorder))


def _sampling(recorder: "Recorder") -> str:
    count = len(recorder.parameters.variables)
    return _SAMPLING.format(tuple=_tuple(count)) if recorder.sample_rate < 1.0 else ""


def _finish_source(recorder: "Recorder", is_direct: bool = False) -> str:
    if "generator" in recorder.kind:
        return _FINISH_GENERATOR
    keeps = bool(recorder.capture.get("result"))
    end = direct.end_source(keeps) if is_direct else _END
    if recorder.kind == "function":
        look = "_obsv_span.result = _obsv_snapshot(v)" if keeps else "pass"
        known = _PLAIN.format(v="v") if recorder.keeps else "(_obsv_kind := _obsv_type(v)) is None"
        result = _RESULT.format(known=known, plain="_obsv_span.result = v" if keeps else "pass", look=look)
        if keeps and is_direct and recorder.options.serializer == "smart":
            result = direct.RESULT.format(known=_PLAIN_KIND.format(v="v"))
        reset = direct.RESET if is_direct else "_obsv_reset_context"
        return _FINISH.format(result=result, following=_FOLLOWING, reset=reset, end=end)
    result = f"    _obsv_span.result = {_keep(recorder.keeps).format(v='v')}\n" if keeps else ""
    # A coroutine that is closed late is in another context than it began in.
    return _FINISH.format(result=result, following="", reset="_obsv_leave_context", end=end)


def _freeze_source(recorder: "Recorder") -> str:
    return _FREEZE.format(values=_values(len(recorder.parameters.variables)), inputs=_inputs(recorder))


def _inputs(recorder: "Recorder", keep: str | None = None) -> str:
    """Return an expression for `Span.inputs`: one frozen value per name, and last the pairs of `**kwargs`.

    Args:
        keep: an expression for one value; None for the usual one.
    """
    parameters = recorder.parameters
    if not recorder.capture.get("args"):
        return "()"
    if parameters.shown is not None:
        return "_obsv_pass_on(*v0, **v1)" if not parameters.positional else "_obsv_pass_on(v0, *v1, **v2)"
    hidden, variables = recorder.redactor.is_sensitive, parameters.variables
    by_name = {name: f"v{number}" for number, name in enumerate(variables)}
    named = [(by_name[name], hidden(name)) for name in parameters.names]
    return _listed(named, by_name.get(parameters.keywords or ""), keep or _keep(recorder.keeps))


def _listed(values: list[tuple[str, bool]], keywords: str | None, keep: str) -> str:
    """Return an expression for the tuple of some variables, each with whether it is masked."""
    items = ["_obsv_mask" if masked else f"({keep.format(v=variable)})" for variable, masked in values]
    if keywords is not None:
        items.append(f"_obsv_snapshot_keywords({keywords})")
    return f"({', '.join(items)},)" if items else "()"


def _values(count: int) -> str:
    return ", ".join(f"v{number}" for number in range(count))


def _tuple(count: int) -> str:
    return "".join(f"v{number}, " for number in range(count))


def _keep(keeps: bool) -> str:
    return _KEEP if keeps else "_obsv_snapshot({v})"


def _pass_on(recorder: "Recorder", shown: Declared) -> Callable[..., tuple[Any, ...]]:
    """Return the function for `Span.inputs` of a callable that takes `*args, **kwargs`, by the names that it shows.

    These names also identify secrets. A decorator may pass on different arguments, and a signature may be wrong:
    arguments that do not fit get the names in the code.
    """
    bind = _binder(recorder, shown)
    own_names, receivers = recorder.parameters.names, recorder.parameters.positional
    snapshot, snapshot_keywords = recorder.snapshot, recorder.snapshot_keywords

    def pass_on(*args: Any, **keywords: Any) -> tuple[Any, ...]:
        try:
            inputs = bind(*args, **keywords)
        except TypeError:
            return (((own_names[0], snapshot(args[receivers:])), *snapshot_keywords(keywords)),)
        named = zip(shown.names, inputs, strict=False)
        return ((*named, *inputs[-1]) if shown.keywords is not None else tuple(named),)

    return pass_on


def _binder(recorder: "Recorder", shown: Declared) -> Callable[..., tuple[Any, ...]]:
    hidden = recorder.redactor.is_sensitive
    inputs = _listed([(name, hidden(name)) for name in shown.names], shown.keywords, _keep(recorder.keeps))
    source = _BIND.format(declaration=shown.declaration, inputs=inputs)
    return _compiled(source, "bind", {**_names(recorder, shown=False), **shown.defaults})


def _compiled(source: str, name: str, names: dict[str, Any]) -> Callable[..., Any]:
    scope = dict(names)
    exec(_code(source), scope)
    compiled: Any = scope[name]
    # A separate code object: the interpreter's specialization for its globals applies to one function only.
    compiled.__code__ = compiled.__code__.replace()
    return compiled  # type: ignore[no-any-return]


# Functions with the same number of parameters have the same source.
@functools.lru_cache(maxsize=1024)
def _code(source: str) -> CodeType:
    return compile(source, _FILE, "exec")


def _names(recorder: "Recorder", shown: bool = True) -> dict[str, Any]:
    """Return the names in the generated source: globals cost less than attributes, and builtins could be shadowed."""
    names = {
        "_obsv_type": type,
        "_obsv_str": str,
        "_obsv_int": int,
        "_obsv_float": float,
        "_obsv_bool": bool,
        "_obsv_dict": dict,
        "_obsv_list": list,
        "_obsv_tuple": tuple,
        "_obsv_goes_on": goes_on,
        "_obsv_follow": follow,
        "_obsv_len": len,
        "_obsv_recorder": recorder,
        "_obsv_function": recorder.function,
        "_obsv_snapshot": recorder.snapshot,
        "_obsv_snapshot_keywords": recorder.snapshot_keywords,
        "_obsv_open": open_call,
        "_obsv_note": note,
        "_obsv_sample_rate": recorder.sample_rate,
        "_obsv_random": random_unit,
        "_obsv_max_repr": recorder.function.max_repr,
        "_obsv_mask": MASKED,
        "_obsv_recording": path.recording,
        "_obsv_begin": path.begin,
        "_obsv_get_context": get_context,
        "_obsv_set_context": set_context,
        "_obsv_reset_context": reset_context,
        "_obsv_leave_context": leave_context,
        "_obsv_key": SPAN_KEY,
        "_obsv_Context": Context,
        "_obsv_Span": Span,
        "_obsv_compiled_span": path.compiled_span,
        "_obsv_ticks": ticks,
    }
    if shown and recorder.parameters.shown is not None:
        names["_obsv_pass_on"] = _pass_on(recorder, recorder.parameters.shown)
    return names
