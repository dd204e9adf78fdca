"""The traits of widgets take what fits and refuse the rest with a ValueError that names them."""

import numpy as np
import pytest
import traitlets

from vaelib.widgets.traits import Choice, Distribution, Labels, Number, Numbers, Whole


class Holder(traitlets.HasTraits):
    """One trait of each kind."""

    number = Number(0.5, 0, 1)
    whole = Whole(3, 1, 9)
    choice = Choice("left", ("left", "right"))
    numbers = Numbers((0, 1), -2, 2)
    labels = Labels(("a", "b"), 2, 3)
    p = Distribution((0.25, 0.75))


def test_defaults_come_checked_and_in_plain_types():
    holder = Holder()
    assert (holder.number, holder.whole, holder.choice) == (0.5, 3, "left")
    assert (holder.numbers, holder.labels, holder.p) == ([0.0, 1.0], ["a", "b"], [0.25, 0.75])
    assert [type(holder.number), type(holder.whole), type(holder.numbers[0])] == [float, int, float]


def test_every_trait_travels_to_the_screen():
    assert set(Holder().trait_names(sync=True)) == {"number", "whole", "choice", "numbers", "labels", "p"}


def test_numpy_values_become_plain_ones():
    holder = Holder(number=np.float32(0.25), whole=np.int64(4), numbers=np.array([1, 2]), p=np.array([0.5, 0.5]))
    assert (holder.number, holder.whole, holder.numbers, holder.p) == (0.25, 4, [1.0, 2.0], [0.5, 0.5])
    assert [type(holder.number), type(holder.whole)] == [float, int]


def test_labels_decide_how_many_probabilities_there_are():
    holder = Holder(labels=["a", "b", "c"], p=[0.5, 0.25, 0.25])
    with pytest.raises(ValueError, match=r"p was of shape \(2,\); expected shape \(3,\)"):
        holder.p = [0.5, 0.5]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", 1.5),
        ("number", float("nan")),
        ("number", True),
        ("number", "0.5"),
        ("whole", 2.0),
        ("whole", 0),
        ("choice", "up"),
        ("numbers", [0.0]),
        ("numbers", [0.0, float("nan")]),
        ("numbers", [0.0, 2.5]),
        ("numbers", None),
        ("labels", ["a"]),
        ("labels", ["a", "a"]),
        ("labels", ["a", 2]),
        ("labels", "ab"),
        ("labels", list("abcd")),
        ("p", [0.5, 0.6]),
        ("p", [1.5, -0.5]),
        ("p", None),
    ],
)
def test_what_does_not_fit_is_refused_by_name_and_changes_nothing(name, value):
    holder = Holder()
    before = getattr(holder, name)
    with pytest.raises(ValueError, match=f"^{name} was "):
        setattr(holder, name, value)
    assert getattr(holder, name) == before
