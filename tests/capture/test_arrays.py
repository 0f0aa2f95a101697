"""Frames, arrays and tensors are shown by their shape; their libraries need not be there."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (pd.DataFrame(np.zeros((1_000, 50))), "[DataFrame 1000×50]"),
        (pd.Series([1, 2]), "[Series int64 (2,)]"),
        (pd.RangeIndex(3), "[RangeIndex int64 (3,)]"),
        (pl.DataFrame({"a": [1], "b": [2]}), "[DataFrame 1×2]"),
        (pl.LazyFrame({"a": [1]}), "[LazyFrame]"),
        (pl.Series([1.5]), "[Series Float64 (1,)]"),
        (np.zeros((100, 100)), "[ndarray float64 (100, 100)]"),
        (np.zeros(3, dtype="int8"), "[ndarray int8 (3,)]"),
        (np.array(1.5), "[ndarray float64 ()]"),
        (np.float64(1.5), "1.5"),
        (np.float32(0.1), "0.1"),
        (np.int64(3), "3"),
        (np.bool_(True), "True"),
        (np.str_("x"), "'x'"),
        (np.datetime64("2026-01-02"), "2026-01-02"),
        (np.zeros(1, dtype=[("a", "i4")])[0], "<void>"),
        (pd.Timestamp("2026-01-02 03:04"), "2026-01-02 03:04:00"),
        (pd.NaT, "NaT"),
        (pd.NA, "<NA>"),
        (pd.Timedelta("1D"), "1 days 00:00:00"),
        ({"prices": np.zeros((2, 2))}, "{'prices': [ndarray float64 (2, 2)]}"),
    ],
)
def test_text(shown, value, text):
    """Frames, series, arrays and their scalars have a short text."""
    assert shown(value) == text


def foreign(module: str, name: str, **attributes: object) -> object:
    """An instance of a class that says it comes from a library."""
    return type(name, (), {"__module__": module, **attributes})()


class Dtype:
    def __str__(self):
        return "torch.float32"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (foreign("torch", "Tensor", shape=(2, 3), dtype=Dtype()), "[Tensor float32 (2, 3)]"),
        (foreign("jaxlib._jax", "ArrayImpl", shape=(2,), dtype=np.dtype("float32")), "[Array float32 (2,)]"),
        (
            foreign("tensorflow.python.framework.ops", "EagerTensor", shape=[2, None], dtype=np.dtype("int32")),
            "[EagerTensor int32 (2, ?)]",
        ),
        (foreign("pyspark.sql.dataframe", "DataFrame"), "[DataFrame]"),
        (foreign("pyarrow.lib", "Table", shape=(5, 2)), "[Table 5×2]"),
        (foreign("torch", "Tensor"), "[Tensor]"),
        (foreign("torch", "Generator", shape=(1,), dtype=1), None),
    ],
)
def test_other_libraries(shown, value, text):
    """Tensors are known by the module and the name of their class."""
    assert shown(value) == (text or f"<{type(value).__name__} at {id(value):#x}>")


def test_lazy_axes_are_not_computed(shown):
    """The length of an axis that is not a plain int is not asked for."""

    class Delayed:
        def __int__(self):
            raise AssertionError

        __index__ = __str__ = __repr__ = __int__

    value = foreign("dask.array.core", "Array", shape=(Delayed(), 3), dtype=np.dtype("f8"))
    assert shown(value) == "[Array float64 (?, 3)]"


def test_failing_shape(shown):
    """A library that fails on its own shape costs the shape only."""

    class Broken:
        def __get__(self, value, owner):
            raise RuntimeError

    assert shown(foreign("torch", "Tensor", shape=Broken(), dtype=Dtype())) == "[Tensor float32]"
    frame = foreign("pandas", "DataFrame", shape=Broken())
    assert shown(frame) == f"<DataFrame at {id(frame):#x}>"


def test_subclass_does_not_answer_for_its_base(shown):
    """A user's property over the array's shape is not run."""

    class Mine(np.ndarray):
        @property
        def shape(self):
            raise AssertionError

    assert shown(np.zeros((2, 2)).view(Mine)) == "[Mine float64 (2, 2)]"


def test_users_own_shape(shown):
    """A class of the user's with properties called shape and dtype is not asked for them."""

    class Grid:
        @property
        def shape(self):
            raise AssertionError

        dtype = shape

    value = Grid()
    assert shown(value) == f"<Grid at {id(value):#x}>"


def test_import_is_light():
    """The capture imports none of the libraries whose values it shows."""
    code = "import sys, obsv.capture; print({'numpy', 'pandas', 'polars', 'pydantic'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
