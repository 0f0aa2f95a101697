"""Source of functions that wrap another callable, if recording cannot be inserted into its own code.

This applies to callables without code (partials, objects with `__call__`, C functions), to generators, and to
interpreters that `graft.py` does not support. The function's globals are those of the module of the callable; its only
reference to obsv is one constant, its recorder.
"""

import functools
from types import CodeType
from typing import Any

from obsv.instrument.frames import FILE
from obsv.instrument.parameters import Parameters
from obsv.instrument.recorder import Kind, Recorder

# Placeholder for the recorder; the compiled code gets the actual object among its constants.
_PLACEHOLDER = "\0obsv.recorder"

_FUNCTION = """\
{async_}def wrapper({declaration}):
    _obsv_span = {R}.begin({values})
    if _obsv_span is None:
        return {await_}{R}.original({call})
    try:
        _obsv_result = {await_}{R}.original({call})
    except {R}.any_error as _obsv_error:
        {R}.fail(_obsv_span, _obsv_error)
        raise
    return {R}.finish(_obsv_span, _obsv_result)
"""

_STEPPED_COROUTINE = """\
async def wrapper({declaration}):
    _obsv_call = {R}.begin({values})
    if _obsv_call is None:
        return await {R}.original({call})
    try:
        _obsv_result = await {R}.driven(_obsv_call, {R}.original({call}))
    except {R}.any_error as _obsv_error:
        {R}.fail(_obsv_call, _obsv_error)
        raise
    return {R}.finish(_obsv_call, _obsv_result)
"""

_GENERATOR = """\
def wrapper({declaration}):
    _obsv_call = {R}.begin({values})
    if _obsv_call is None:
        return (yield from {R}.original({call}))
    try:
        _obsv_result = yield from {R}.drive(_obsv_call, {R}.original({call}), _obsv_call.item)
    except {R}.any_error as _obsv_error:
        {R}.fail(_obsv_call, _obsv_error)
        raise
    _obsv_call.finish()
    return _obsv_result
"""

_ASYNC_GENERATOR = """\
async def wrapper({declaration}):
    _obsv_call = {R}.begin({values})
    _obsv_generator = {R}.original({call})
    _obsv_step = _obsv_generator.__anext__()
    try:
        while True:
            try:
                _obsv_item = await (_obsv_step if _obsv_call is None else {R}.driven(_obsv_call, _obsv_step))
            except {R}.no_more:
                break
            if _obsv_call is not None:
                _obsv_call.item(_obsv_item)
            try:
                _obsv_sent = yield _obsv_item
            except {R}.closed:
                _obsv_step = _obsv_generator.aclose()
                await (_obsv_step if _obsv_call is None else {R}.driven(_obsv_call, _obsv_step))
                raise
            except {R}.any_error as _obsv_error:
                _obsv_step = _obsv_generator.athrow(_obsv_error)
            else:
                _obsv_step = _obsv_generator.asend(_obsv_sent)
    except {R}.any_error as _obsv_error:
        if _obsv_call is not None:
            {R}.fail(_obsv_call, _obsv_error)
        raise
    if _obsv_call is not None:
        _obsv_call.finish()
"""


def wrapper_code(recorder: Recorder, positional_only: int, name: str, line: int) -> CodeType:
    """Return the code of a function that calls `recorder.original`.

    Args:
        positional_only: number of positional-only parameters.
        name: name of the function.
        line: the number of its first line.
    """
    parameters = recorder.parameters
    source = _template(recorder).format(
        R=repr(_PLACEHOLDER),
        async_="async " if recorder.kind == "coroutine" else "",
        await_="await " if recorder.kind == "coroutine" else "",
        declaration=_declaration(parameters, positional_only),
        call=_call(parameters),
        values=", ".join(parameters.variables),
    )
    code = _compiled(source)
    constants: tuple[Any, ...] = tuple(recorder if each == _PLACEHOLDER else each for each in code.co_consts)
    return code.replace(co_consts=constants, co_name=name, co_firstlineno=line)


def _template(recorder: Recorder) -> str:
    templates: dict[Kind, str] = {"generator": _GENERATOR, "async generator": _ASYNC_GENERATOR}
    if recorder.kind == "coroutine" and recorder.is_stepped:
        return _STEPPED_COROUTINE
    return templates.get(recorder.kind, _FUNCTION)


def _declaration(parameters: Parameters, positional_only: int) -> str:
    variables, positional = parameters.variables, parameters.positional
    declared = list(variables[:positional])
    if positional_only:
        declared.insert(positional_only, "/")
    if parameters.arguments is not None:
        declared.append(f"*{parameters.arguments}")
    elif parameters.keyword_only:
        declared.append("*")
    declared += variables[positional : positional + parameters.keyword_only]
    if parameters.keywords is not None:
        declared.append(f"**{parameters.keywords}")
    return ", ".join(declared)


def _call(parameters: Parameters) -> str:
    variables, positional = parameters.variables, parameters.positional
    passed = list(variables[:positional])
    if parameters.arguments is not None:
        passed.append(f"*{parameters.arguments}")
    passed += [f"{name}={name}" for name in variables[positional : positional + parameters.keyword_only]]
    if parameters.keywords is not None:
        passed.append(f"**{parameters.keywords}")
    return ", ".join(passed)


# Functions with the same parameters, such as `(self)`, have the same source.
@functools.lru_cache(maxsize=1024)
def _compiled(source: str) -> CodeType:
    module = compile(source, FILE, "exec", dont_inherit=True)
    return next(each for each in module.co_consts if isinstance(each, CodeType))
