"""Freezers of data frames, arrays and tensors: by type and shape, without importing their libraries."""

from __future__ import annotations

from collections.abc import Callable
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any

from obsv.capture.frozen import Freezer, Frozen, bounded_text
from obsv.capture.names import ancestry, class_attribute, class_name, module_name

_ROOTS = frozenset(
    (
        *("numpy", "pandas", "polars", "pyarrow", "geopandas", "modin", "cudf", "dask", "pyspark", "xarray"),
        *("torch", "tensorflow", "keras", "jax", "jaxlib", "cupy", "mlx", "paddle", "mxnet", "scipy", "sparse"),
        *("h5py", "zarr"),
    )
)
_FRAMES = frozenset(("DataFrame", "GeoDataFrame", "Table", "RecordBatch"))
_ARRAYS = frozenset(
    (
        *("ndarray", "Series", "Index", "ExtensionArray", "ChunkedArray", "Array", "ArrayImpl", "Tracer", "array"),
        *("Tensor", "EagerTensor", "SymbolicTensor", "KerasTensor", "RaggedTensor", "SparseTensor"),
        *("Variable", "ResourceVariable", "DataArray", "Dataset", "spmatrix", "sparray", "_spbase", "COO"),
    )
)
# Asking these for a shape would run the query.
_LAZY = frozenset(("LazyFrame", "LazyGroupBy", "GroupBy"))
_LAZY_ROOTS = frozenset(("dask", "pyspark"))
_SHOWN_AS = {"ArrayImpl": "Array"}

_SCALARS = frozenset(("Timestamp", "Timedelta", "NaTType", "NAType", "Period", "Interval"))
# Python's numbers would show more digits than these contain, or lose their unit.
_OWN_TEXT = frozenset(("float16", "float32", "longdouble", "clongdouble", "complex64", "datetime64", "timedelta64"))

_MAX_DIMENSIONS = 32
_MAX_DTYPES = 256


def array_freezer(kind: type, freeze: Freezer) -> Freezer | None:
    """Return the freezer of a frame, array, tensor or array scalar; None for other classes."""
    for base in ancestry(kind):
        root = module_name(base).partition(".")[0]
        name = class_name(base)
        if root not in _ROOTS:
            continue
        if name in _LAZY or (name in _FRAMES and root in _LAZY_ROOTS):
            return _named_freezer(class_name(kind))
        if name in _FRAMES:
            return _frame_freezer(class_name(kind), _getter(base, "shape"))
        if name in _ARRAYS:
            return _shape_freezer(class_name(kind), _getter(base, "shape"), _getter(base, "dtype"))
        if root == "numpy" and name == "generic":
            return _scalar_freezer(kind, freeze)
        if root == "pandas" and name in _SCALARS:
            return lambda value, depth, room: bounded_text(str(value), 100)
    return _duck_freezer(kind)


def _duck_freezer(kind: type) -> Freezer | None:
    """Return a freezer for an array type of another library, if its shape is stored and not computed by Python code."""
    stored = (GetSetDescriptorType, MemberDescriptorType)
    if all(type(class_attribute(kind, name)) in stored for name in ("shape", "dtype")):
        return _shape_freezer(class_name(kind), _getter(kind, "shape"), _getter(kind, "dtype"))
    return None


def _named_freezer(name: str) -> Freezer:
    return lambda value, depth, room: (..., f"[{name}]")


def _frame_freezer(name: str, shape_of: Callable[[Any], Any]) -> Freezer:
    def freeze_frame(value: Any, depth: int, room: list[int]) -> Frozen:
        rows, columns = shape_of(value)
        return (..., f"[{name} {_length(rows)}×{_length(columns)}]")

    return freeze_frame


def _shape_freezer(name: str, shape_of: Callable[[Any], Any], dtype_of: Callable[[Any], Any]) -> Freezer:
    name = _SHOWN_AS.get(name, name)
    dtypes: dict[Any, str] = {}

    def freeze_array(value: Any, depth: int, room: list[int]) -> Frozen:
        try:
            dtype = dtype_of(value)
            text = dtypes.get(dtype) or _remember(dtypes, dtype)
        except Exception:
            text = ""
        try:
            shape = _shape(shape_of(value))
        except Exception:
            shape = ""
        return (..., f"[{name}{text}{shape}]")

    return freeze_array


def _shape(shape: Any) -> str:
    if type(shape) is not tuple:
        shape = tuple(shape)
    # int() of an axis would run the graph of a lazy array.
    lengths = [_length(axis) for axis in shape[:_MAX_DIMENSIONS]]
    return f" ({', '.join(lengths)}{',' if len(lengths) == 1 else ''})"


def _length(axis: Any) -> str:
    return str(axis) if type(axis) is int else "?"


def _remember(dtypes: dict[Any, str], dtype: Any) -> str:
    # torch writes torch.float32, tensorflow has a name, numpy's and polars' are their own text.
    name = getattr(dtype, "name", None)
    text = " " + (name if type(name) is str else str(dtype)).rpartition(".")[2][:64]
    if len(dtypes) >= _MAX_DTYPES:
        dtypes.clear()
    dtypes[dtype] = text
    return text


def _scalar_freezer(kind: type, freeze: Freezer) -> Freezer:
    if any(class_name(base) in _OWN_TEXT for base in ancestry(kind)):
        return lambda value, depth, room: bounded_text(str(value), 100)

    def freeze_scalar(value: Any, depth: int, room: list[int]) -> Frozen:
        item = value.item()
        of = type(item)
        if of is float or of is bool or of is complex:
            return item
        if of is int or of is str or of is bytes:
            return freeze(item, depth, room)
        return (..., f"<{class_name(kind)}>")

    return freeze_scalar


def _getter(base: type, name: str) -> Callable[[Any], Any]:
    """Return the library's own reader of the attribute, even if a user's subclass overrides it."""
    held = class_attribute(base, name)
    if held is not None and hasattr(type(held), "__get__"):
        get = type(held).__get__
        return lambda value: get(held, value, base)
    return lambda value: getattr(value, name)
