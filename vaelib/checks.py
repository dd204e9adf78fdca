"""Checks at the door: each raises `ValueError` with the argument's name, what it was, what was expected."""

import math
import numbers

import numpy as np
import torch
from torch import Tensor


def require(condition: bool, argument: str, was: object, expected: str) -> None:
    """Raise `ValueError` unless `condition` holds."""
    if not condition:
        raise ValueError(f"{argument} was {was}; expected {expected}")


def is_whole_number(value: object) -> bool:
    """Return whether `value` is an int of Python or numpy; True and False are none."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def real_array(argument: str, values: object) -> np.ndarray:
    """Return a tensor, array or sequence as an array of real numbers, or raise `ValueError`."""
    values = values.detach().cpu() if isinstance(values, Tensor) else values
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, RuntimeError):  # rows of unequal length
        array = np.asarray(None)
    require(array.dtype.kind in "iuf", argument, f"of type {type(values).__name__}", "real numbers")
    return array


def positive_integer(argument: str, value: int) -> int:
    """Return `value` as an int, or raise `ValueError` unless it is a whole number >= 1."""
    require(is_whole_number(value) and value >= 1, argument, repr(value), "a whole number >= 1")
    return int(value)


def non_negative_integer(argument: str, value: int) -> int:
    """Return `value` as an int, or raise `ValueError` unless it is a whole number >= 0."""
    require(is_whole_number(value) and value >= 0, argument, repr(value), "a whole number >= 0")
    return int(value)


def positive(argument: str, value: float) -> float:
    """Return `value` as a float, or raise `ValueError` unless it is a finite number > 0."""
    require(_is_finite_number(value) and value > 0, argument, repr(value), "a finite number > 0")
    return float(value)


def non_negative(argument: str, value: float) -> float:
    """Return `value` as a float, or raise `ValueError` unless it is a finite number >= 0."""
    require(_is_finite_number(value) and value >= 0, argument, repr(value), "a finite number >= 0")
    return float(value)


def finite_tensor(argument: str, value: Tensor) -> None:
    """Raise `ValueError` unless `value` is a non-empty floating point tensor without NaN and infinities."""
    require(isinstance(value, Tensor), argument, f"of type {type(value).__name__}", "a torch.Tensor")
    require(value.is_floating_point(), argument, f"of {value.dtype}", "a floating point tensor")
    require(value.numel() > 0, argument, f"empty, of shape {tuple(value.shape)}", "at least one example")
    require(bool(torch.isfinite(value).all()), argument, "partly NaN or infinite", "finite numbers only")


def trailing_shape(argument: str, value: Tensor, shape: tuple[int, ...]) -> None:
    """Raise `ValueError` unless `value` is a tensor whose last dimensions are `shape`."""
    require(isinstance(value, Tensor), argument, f"of type {type(value).__name__}", "a torch.Tensor")
    found = tuple(value.shape)
    expected = f"shape (..., {', '.join(map(str, shape))})"
    require(found[-len(shape):] == tuple(shape), argument, f"of shape {found}", expected)


def _is_finite_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
