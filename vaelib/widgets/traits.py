"""Traits of widgets that answer what does not fit with a ValueError, in the constructor and when set later."""

import numbers
from collections.abc import Sequence

import traitlets

from vaelib.checks import is_whole_number, real_array, require
from vaelib.information import distribution


class Number(traitlets.TraitType):
    """A finite number from `low` to `high`, in step with the screen."""

    def __init__(self, default: float, low: float, high: float) -> None:
        super().__init__(default)
        self.low, self.high = low, high
        self.tag(sync=True)

    def validate(self, _widget: object, value: float) -> float:
        """Return the value as a float."""
        is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        fits = is_number and self.low <= value <= self.high
        require(fits, self.name, repr(value), f"a number from {self.low:g} to {self.high:g}")
        return float(value)


class Whole(Number):
    """A whole number from `low` to `high`, in step with the screen."""

    def validate(self, _widget: object, value: int) -> int:
        """Return the value as an int."""
        fits = is_whole_number(value) and self.low <= value <= self.high
        require(fits, self.name, repr(value), f"a whole number from {self.low} to {self.high}")
        return int(value)


class Choice(traitlets.TraitType):
    """One of a few words, in step with the screen."""

    def __init__(self, default: str, words: Sequence[str]) -> None:
        super().__init__(default)
        self.words = tuple(words)
        self.tag(sync=True)

    def validate(self, _widget: object, value: str) -> str:
        """Return the word."""
        require(value in self.words, self.name, repr(value), f"one of {', '.join(self.words)}")
        return value


class Numbers(traitlets.TraitType):
    """As many finite numbers from `low` to `high` as the default has, in step with the screen."""

    def __init__(self, default: Sequence[float], low: float, high: float) -> None:
        super().__init__(tuple(default))
        self.count, self.low, self.high = len(default), low, high
        self.tag(sync=True)

    def validate(self, _widget: object, value: Sequence[float]) -> list[float]:
        """Return the numbers as a list of floats."""
        array = real_array(self.name, value).astype(float)
        fits = array.shape == (self.count,) and bool(((self.low <= array) & (array <= self.high)).all())
        expected = f"{self.count} numbers from {self.low:g} to {self.high:g}"
        require(fits, self.name, repr(value), expected)
        return array.tolist()


class Labels(traitlets.TraitType):
    """The names of `low` to `high` outcomes; it must be set before the distributions over them."""

    def __init__(self, default: Sequence[str], low: int, high: int) -> None:
        super().__init__(tuple(default))
        self.low, self.high = low, high
        self.tag(sync=True)

    def validate(self, _widget: object, value: Sequence[str]) -> list[str]:
        """Return the names as a list."""
        listed = isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)
        fits = listed and self.low <= len(value) <= self.high and len(set(value)) == len(value)
        require(fits, self.name, repr(value), f"{self.low} to {self.high} different names")
        return list(value)


class Distribution(traitlets.TraitType):
    """A probability for each of the widget's `labels`, in step with the screen."""

    def __init__(self, default: Sequence[float]) -> None:
        super().__init__(tuple(default))
        self.tag(sync=True)

    def validate(self, widget: traitlets.HasTraits, value: Sequence[float]) -> list[float]:
        """Return the probabilities as a list of floats."""
        array = distribution(self.name, value)
        expected = f"shape ({len(widget.labels)},), a probability for each of the labels"
        require(array.shape == (len(widget.labels),), self.name, f"of shape {array.shape}", expected)
        return array.tolist()
