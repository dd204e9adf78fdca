"""Fruit pictures: every factor does what it says, and nothing else."""

import math

import numpy as np
import pytest
from matplotlib.colors import rgb_to_hsv
from scipy import ndimage
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from vaelib.fruit_shapes import PAPER
from vaelib.fruits import KINDS, RANGES, Factors, draw, fruits, sample_factors

UPRIGHT = {"hue": 0.0, "size": 0.8, "rotation": 0.0, "x": 0.0, "y": 0.0, "light": math.pi / 2}
each_kind = pytest.mark.parametrize("kind", KINDS)


def pictures(kind, side=96, **factors):
    """Pictures of one kind, large, upright and lit from above but for the factors given."""
    n = max([1, *(len(np.atleast_1d(value)) for value in factors.values())])
    return draw(sample_factors(n, 0, kind=kind, **(UPRIGHT | factors)), side)


def foreground(images):
    """Pixels that are fruit, not paper and not shadow: (N, side, side) of 0 and 1."""
    paper = np.array(PAPER, np.float32)[:, None, None]
    return (np.abs(images - paper).max(axis=1) > 0.3).astype(float)


def positions(side):
    """Pixel centres as fractions of the side: x to the right and y upwards, from the middle."""
    line = (np.arange(side) + 0.5) / side - 0.5
    return np.meshgrid(line, -line)


def centroid(mask):
    x, y = positions(mask.shape[-1])
    return (mask * x).sum() / mask.sum(), (mask * y).sum() / mask.sum()


def principal_axis(mask):
    """Angle of the longest extent, in radians from the x axis, in [-pi / 2, pi / 2]."""
    x, y = positions(mask.shape[-1])
    covariance = np.cov(np.stack([x[mask > 0], y[mask > 0]]))
    return 0.5 * math.atan2(2 * covariance[0, 1], covariance[0, 0] - covariance[1, 1])


def slope_direction(image, mask, radius=0.2):
    """Direction, in radians, in which a grey picture gets brighter, in a disc around the fruit's middle."""
    x, y = (place - middle for place, middle in zip(positions(image.shape[-1]), centroid(mask), strict=True))
    inside = (np.hypot(x, y) < radius) & (mask > 0)
    design = np.stack([x[inside], y[inside], np.ones(inside.sum())], axis=1)
    along_x, along_y, _ = np.linalg.lstsq(design, image[inside], rcond=None)[0]
    return math.atan2(along_y, along_x)


def test_there_are_eight_kinds_with_their_own_names():
    assert len(KINDS) == len(set(KINDS)) == 8


def test_images_have_the_stated_shape_type_and_range():
    images, factors = fruits(64, seed=3)
    assert images.shape == (64, 3, 32, 32) and images.dtype == np.float32
    assert images.min() >= 0 and images.max() <= 1 and images.max() - images.min() > 0.8
    assert factors.kind.dtype == np.int64 and all(values.shape == (64,) for values in factors)
    assert all(values.dtype == np.float32 for values in factors[1:])


def test_one_seed_gives_the_same_pictures_bit_for_bit():
    first, second = fruits(200, seed=11), fruits(200, seed=11)
    assert np.array_equal(first[0], second[0])
    assert all(np.array_equal(a, b) for a, b in zip(first[1], second[1], strict=True))


def test_different_seeds_give_different_pictures():
    (first, a), (second, b) = fruits(50, seed=0), fruits(50, seed=1)
    assert not np.array_equal(first, second)
    assert all(not np.array_equal(u, v) for u, v in zip(a, b, strict=True))


def test_drawing_leaves_the_global_random_state_alone():
    np.random.seed(0)
    expected = np.random.rand()
    np.random.seed(0)
    fruits(3, seed=5)
    assert np.random.rand() == expected


def test_sampled_factors_are_uniform_over_their_ranges():
    n = 20_000
    factors = sample_factors(n, seed=2)
    counts = np.bincount(factors.kind, minlength=len(KINDS))
    assert np.abs(counts / n - 1 / len(KINDS)).max() < 0.01
    for name, (low, high) in RANGES.items():
        unit = (getattr(factors, name).astype(float) - low) / (high - low)
        quantiles = np.quantile(unit, [0, 0.25, 0.5, 0.75, 1])
        assert np.allclose(quantiles, [0, 0.25, 0.5, 0.75, 1], atol=0.015), name


def test_sampled_factors_are_uncorrelated():
    correlation = np.corrcoef(np.stack(sample_factors(20_000, seed=4)))
    assert np.abs(correlation - np.eye(len(Factors._fields))).max() < 0.03


def test_fixing_a_factor_leaves_the_others_as_they_were():
    free, fixed = sample_factors(30, seed=8), sample_factors(30, seed=8, size=0.6)
    assert np.all(fixed.size == np.float32(0.6))
    for name in set(Factors._fields) - {"size"}:
        assert np.array_equal(getattr(free, name), getattr(fixed, name)), name


def test_kind_may_be_given_by_name_or_index_or_an_array_of_either():
    index = KINDS.index("pear")
    assert np.all(sample_factors(4, 0, kind="pear").kind == index)
    assert np.all(sample_factors(4, 0, kind=index).kind == index)
    assert sample_factors(2, 0, kind=["pear", "apple"]).kind.tolist() == [index, KINDS.index("apple")]
    assert sample_factors(2, 0, kind=np.array([index, 0])).kind.tolist() == [index, 0]


def test_both_ends_of_every_range_are_allowed():
    for name, bounds in RANGES.items():
        for values in (np.array(bounds), np.array(bounds, np.float32)):
            assert draw(sample_factors(2, 0, **{name: values})).shape == (2, 3, 32, 32)


def test_a_picture_depends_on_its_own_factors_alone():
    images, factors = fruits(60, seed=6)
    chosen = np.array([41, 7, 7, 59])
    alone = draw(Factors(*(values[chosen] for values in factors)))
    assert np.allclose(alone, images[chosen], atol=1e-6)


def test_the_background_is_the_same_paper_in_every_picture():
    images, _ = fruits(300, seed=9, size=0.55, x=0.0, y=0.0)
    paper = np.array(PAPER, np.float32)
    assert np.array_equal(images[:, :, 0, 0], np.tile(paper, (300, 1)))
    assert np.array_equal(images[:, :, 0, -1], np.tile(paper, (300, 1)))


@each_kind
def test_x_and_y_move_the_whole_picture_by_the_stated_fraction(kind):
    still, right, up = pictures(kind, 40, size=0.6, x=[0.0, 0.1, 0.0], y=[0.0, 0.0, 0.1])
    assert np.allclose(np.roll(still, 4, axis=2), right, atol=1e-4)
    assert np.allclose(np.roll(still, -4, axis=1), up, atol=1e-4)


@each_kind
def test_x_and_y_move_the_centroid_by_the_stated_fraction(kind):
    still, moved = foreground(pictures(kind, x=[0.0, 0.083], y=[0.0, -0.047]))
    shift = np.subtract(centroid(moved), centroid(still))
    assert shift == pytest.approx([0.083, -0.047], abs=0.003)


@each_kind
def test_size_scales_the_foreground_area(kind):
    small, large = foreground(pictures(kind, size=[0.56, 0.79])).sum(axis=(1, 2))
    assert large / small == pytest.approx((0.79 / 0.56) ** 2, rel=0.04)


@each_kind
@pytest.mark.parametrize("size", [0.55, 0.8])
def test_size_is_the_diameter_of_the_circle_around_the_fruit(kind, size):
    x, y = positions(160)
    masks = foreground(pictures(kind, 160, size=size, rotation=[-0.6, 0.0, 0.6]))
    farthest = (np.hypot(x, y) * masks).max(axis=(1, 2))
    assert np.all(farthest > 0.96 * size / 2) and np.all(farthest < 1.005 * size / 2)


def test_the_ranges_keep_the_fruit_inside_the_picture():
    assert max(np.abs(RANGES["x"] + RANGES["y"])) + RANGES["size"][1] / 2 <= 0.5


@pytest.mark.parametrize("kind", ["banana", "pear", "watermelon", "strawberry"])
def test_rotation_turns_the_principal_axis_counter_clockwise(kind):
    angles = [-0.55, -0.2, 0.0, 0.35, 0.6]
    axes = np.array([principal_axis(mask) for mask in foreground(pictures(kind, rotation=angles))])
    turned = (axes - axes[2] + math.pi / 2) % math.pi - math.pi / 2
    assert turned == pytest.approx(angles, abs=0.03)


@each_kind
def test_rotating_fruit_and_light_together_rotates_the_picture(kind):
    still, turned = pictures(kind, 128, rotation=[0.0, 0.5], light=[1.5, 2.0])
    rotated = ndimage.rotate(still, math.degrees(0.5), axes=(2, 1), reshape=False, order=1, mode="nearest")
    assert np.abs(rotated - turned).mean() < 0.004
    assert np.abs(still - turned).mean() > 0.02


@each_kind
@pytest.mark.parametrize("shift", [-0.025, 0.02])
def test_hue_shifts_the_body_by_the_stated_part_of_the_colour_circle(kind, shift):
    images = pictures(kind, hue=[0.0, shift])
    hue, saturation, _ = np.moveaxis(rgb_to_hsv(images.transpose(0, 2, 3, 1)), -1, 0)
    body = (foreground(images) * (saturation > 0.4)).min(axis=0) > 0
    difference = (hue[1] - hue[0] + 0.5) % 1 - 0.5
    assert np.median(difference[body]) == pytest.approx(shift, abs=0.004)


@each_kind
def test_hue_leaves_the_outline_alone(kind):
    masks = foreground(pictures(kind, hue=[-0.025, 0.025]))
    assert np.abs(masks[0] - masks[1]).mean() < 0.004


@pytest.mark.parametrize("light", [0.6, 1.2, math.pi / 2, 2.5])
@pytest.mark.parametrize("rotation", [-0.6, 0.0, 0.6])
def test_the_bright_side_of_a_round_fruit_faces_the_light(light, rotation):
    image = pictures("orange", light=light, rotation=rotation)
    assert slope_direction(image[0].mean(axis=0), foreground(image)[0]) == pytest.approx(light, abs=0.12)


@each_kind
def test_light_moves_the_bright_side_of_every_fruit_towards_it(kind):
    images = pictures(kind, light=[0.7, 2.2])
    right, left = images.mean(axis=1)
    expected = math.atan2(math.sin(0.7) - math.sin(2.2), math.cos(0.7) - math.cos(2.2))
    assert slope_direction(right - left, foreground(images).min(axis=0)) == pytest.approx(expected, abs=0.15)


def test_the_shadow_falls_away_from_the_light():
    grey = pictures("orange", size=0.6, light=[0.6, 2.5]).mean(axis=1)
    paper = foreground(pictures("orange", size=0.7))[0] == 0
    x, _ = positions(96)
    for image, sign in zip(grey, (1, -1), strict=True):
        assert image[paper & (sign * x > 0.2)].mean() > image[paper & (sign * x < -0.2)].mean() + 0.002


def test_light_leaves_the_outline_alone():
    for kind in KINDS:
        dark_parts = pictures(kind, light=[0.7, 2.4]).min(axis=1) < 0.5
        assert (dark_parts[0] != dark_parts[1]).mean() < 0.08, kind


def test_every_kind_differs_from_every_other_all_else_equal():
    images = draw(sample_factors(len(KINDS), 0, kind=np.arange(len(KINDS)), **UPRIGHT))
    distance = np.abs(images[:, None] - images[None]).mean(axis=(2, 3, 4))
    assert distance[~np.eye(len(KINDS), dtype=bool)].min() > 0.05


@pytest.mark.parametrize("name", RANGES)
def test_each_factor_alone_changes_every_kind(name):
    for kind in KINDS:
        low, high = pictures(kind, 32, **{name: RANGES[name]})
        assert np.abs(low - high).max() > 0.05, kind


def test_a_larger_side_is_the_same_picture_in_more_detail():
    factors = sample_factors(200, seed=12)
    fine = draw(factors, side=64).reshape(200, 3, 32, 2, 32, 2).mean(axis=(3, 5))
    difference = np.abs(fine - draw(factors)).mean(axis=(1, 2, 3))
    assert difference.max() < 0.006


def test_a_linear_probe_tells_the_kinds_apart():
    images, factors = fruits(3000, seed=20)
    unseen, truth = fruits(1000, seed=21)
    with threadpool_limits(1):  # on a busy machine, several threads wait for one another most of the time
        probe = LogisticRegression(max_iter=300, tol=1e-3).fit(images.reshape(3000, -1), factors.kind)
    assert probe.score(unseen.reshape(1000, -1), truth.kind) > 0.98


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("n", {"n": 0}),
        ("n", {"n": -3}),
        ("n", {"n": 2.0}),
        ("seed", {"seed": -1}),
        ("seed", {"seed": None}),
        ("kind", {"kind": "durian"}),
        ("kind", {"kind": ["apple", "durian"]}),
        ("kind", {"kind": len(KINDS)}),
        ("kind", {"kind": -1}),
        ("kind", {"kind": 1.0}),
        ("kind", {"kind": [0, 1, 2]}),
        ("size", {"size": 0.9}),
        ("size", {"size": [0.6, 0.5]}),
        ("size", {"size": [0.6, 0.6, 0.6]}),
        ("size", {"size": "big"}),
        ("hue", {"hue": 0.026}),
        ("hue", {"hue": float("nan")}),
        ("rotation", {"rotation": -0.7}),
        ("x", {"x": 0.11}),
        ("y", {"y": [0.0, float("nan")]}),
        ("y", {"y": [[0.0, 0.0]]}),
        ("light", {"light": 0.0}),
        ("light", {"light": float("inf")}),
        ("colour", {"colour": 0.5}),
    ],
)
def test_bad_arguments_are_refused_by_name(name, arguments):
    with pytest.raises(ValueError, match=rf"^{name} was .*; expected "):
        sample_factors(**({"n": 2, "seed": 0} | arguments))
    with pytest.raises(ValueError, match=rf"^{name} was .*; expected "):
        fruits(**({"n": 2, "seed": 0} | arguments))


@pytest.mark.parametrize("side", [7, 0, -32, 32.0, True, None])
def test_a_bad_side_is_refused(side):
    with pytest.raises(ValueError, match=r"^side was .*; expected "):
        draw(sample_factors(1, 0), side)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", np.array([0, 8])),
        ("kind", np.array([0, -1])),
        ("kind", np.array([0.0, 1.0])),
        ("kind", np.array(["apple", "durian"])),
        ("hue", np.array([0.0, 0.026])),
        ("size", np.array([0.6])),
        ("rotation", np.array([[0.0, 0.0]])),
        ("x", 0.0),
        ("y", np.array([np.nan, 0.0])),
        ("light", np.array([1.0, 3.0])),
    ],
)
def test_draw_refuses_bad_factors_by_name(name, value):
    with pytest.raises(ValueError, match=rf"^{name} was .*; expected "):
        draw(sample_factors(2, 0)._replace(**{name: value}))


def test_draw_refuses_no_factors_at_all():
    with pytest.raises(ValueError, match=r"^kind was .*; expected "):
        draw(Factors(*([np.array([], int)] + [np.array([])] * 6)))


def test_the_smallest_side_works():
    assert draw(sample_factors(9, 0), side=8).shape == (9, 3, 8, 8)
