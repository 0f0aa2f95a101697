"""Source of the wrapper that is generated for a function.

A wrapper with the function's own parameters needs no `*args, **kwargs` and no binding: 0.9 µs a call less than
`signature.bind`, and the interpreter's own TypeError for a wrong call. Generated once, when the function is decorated.
"""

from obsv.instrument.parameters import Parameters

# `_obsv_…` names are bound in `wrapping.py`; builtins too, since a parameter may be called `type` or `len`. End time is
# taken before the result is looked at: a duration is the function's own. The context is left before that too: what
# interrupts it leaves no current span behind. What goes wrong while an exception is recorded (a call near the recursion
# limit leaves no room for it) does not take the exception's place.
_PLAIN = """\
{def_} _obsv_wrapper({declaration}):
    if _obsv_recording.bypass:
        if _obsv_recording.off:
            return {await_}_obsv_wrapped({call})
        try:
            return {await_}_obsv_general({call})
        except _obsv_BaseException as _obsv_error:
            _obsv_hide(_obsv_error)
            raise
{sampling}\
    _obsv_context = _obsv_get_context()
    _obsv_parent = _obsv_context.get(_obsv_key)
    if _obsv_parent is not None and _obsv_type(_obsv_parent) is not _obsv_Span:
        try:
            return {await_}_obsv_general({call})
        except _obsv_BaseException as _obsv_error:
            _obsv_hide(_obsv_error)
            raise
    _obsv_span = _obsv_begin(_obsv_function, _obsv_parent)
    _obsv_span.inputs = {inputs}
    _obsv_token = _obsv_set_context(_obsv_Context({{**_obsv_context, _obsv_key: _obsv_span}}))
    _obsv_span.start_tick = _obsv_ticks()
    try:
        _obsv_result = {await_}_obsv_wrapped({call})
    except _obsv_BaseException as _obsv_error:
        try:
            _obsv_leave_context(_obsv_token)
            _obsv_fail(_obsv_span, _obsv_error)
        except _obsv_Exception:
            pass
        raise
    if _obsv_span.end_tick:
        {reset}(_obsv_token)
        return _obsv_result
    _obsv_span.end_tick = _obsv_ticks()
    {reset}(_obsv_token)
    {result}
    _obsv_span.on_end(_obsv_span)
    return _obsv_result
"""

_SAMPLING = """\
    if _obsv_random() >= _obsv_sample_rate:
        _obsv_start = _obsv_ticks()
        try:
            return {await_}_obsv_wrapped({call})
        except _obsv_BaseException as _obsv_error:
            try:
                _obsv_fail_unsampled(_obsv_error, _obsv_start, {inputs})
            except _obsv_Exception:
                pass
            raise
"""

_BIND = """\
def _obsv_bind({declaration}):
    return {inputs}
"""

# What needs no look is kept here, without a call; `make_snapshot` says which values these are. By `is`: a look into a
# set of types would run the `__hash__` of a value's metaclass.
_KEEP = (
    "{v} if {v} is None or _obsv_type({v}) is _obsv_float or _obsv_type({v}) is _obsv_bool"
    " or (_obsv_type({v}) is _obsv_str and _obsv_len({v}) <= _obsv_max_repr)"
    " or (_obsv_type({v}) is _obsv_int and _obsv_min_int < {v} < _obsv_max_int)"
    " else _obsv_snapshot({v})"
)
_LOOK = "_obsv_snapshot({v})"


def wrapper_source(
    parameters: Parameters, hidden: frozenset[str], *, keeps: bool, is_async: bool, sampled: bool, result: bool
) -> str:
    """The source of a sync or async wrapper.

    Args:
        hidden: parameters whose values are masked.
        keeps: plain values are kept as they are; False where a serializer has to see every value.
        is_async: awaits the function.
        sampled: decides per call whether to record.
        result: records what the function returns.
    """
    inputs = inputs_source(parameters, hidden, keeps=keeps)
    await_ = "await " if is_async else ""
    keep = "_obsv_span.result = " + _frozen("_obsv_result", keeps) if result else "pass"
    return _PLAIN.format(
        def_="async def" if is_async else "def",
        await_=await_,
        declaration=parameters.declaration,
        call=parameters.call,
        inputs=inputs,
        sampling=_SAMPLING.format(await_=await_, call=parameters.call, inputs=inputs) if sampled else "",
        result=keep,
        reset="_obsv_leave_context" if is_async else "_obsv_reset_context",
    )


def bind_source(parameters: Parameters, hidden: frozenset[str], *, keeps: bool) -> str:
    """The source of a function that turns a call's arguments into `Span.inputs`."""
    return _BIND.format(declaration=parameters.declaration, inputs=inputs_source(parameters, hidden, keeps=keeps))


def inputs_source(parameters: Parameters, hidden: frozenset[str], *, keeps: bool) -> str:
    """An expression for `Span.inputs`: a frozen value a name, and last the pairs of `**kwargs`."""
    if parameters.shown is not None:
        return f"_obsv_pass_on({parameters.call})"
    values = ["_obsv_mask" if name in hidden else f"({_frozen(name, keeps)})" for name in parameters.names]
    if parameters.keywords is not None:
        values.append(f"_obsv_snapshot_keywords({parameters.keywords})")
    return f"({', '.join(values)},)" if values else "()"


def _frozen(variable: str, keeps: bool) -> str:
    return (_KEEP if keeps else _LOOK).format(v=variable)
