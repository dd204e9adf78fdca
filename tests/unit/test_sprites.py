"""A sprite's pixels against its factors."""

import numpy as np
import pytest

from vaelib.sprites import FACTORS, SIDE, draw, sprites


def middle(picture: np.ndarray) -> tuple[float, float]:
    """How far the white pixels' mean lies right of the picture's middle, and above it."""
    rows, columns = np.nonzero(picture)
    return columns.mean() - (SIDE - 1) / 2, (SIDE - 1) / 2 - rows.mean()


def test_a_sprite_stands_where_x_and_y_say_and_is_as_large_as_its_size_says():
    pictures, factors = sprites(4000, 0)
    assert pictures.shape == (4000, 1, SIDE, SIDE) and pictures.dtype == np.float32
    assert set(np.unique(pictures)) == {0, 1}
    middles = np.array([middle(picture) for picture, in pictures])
    # A side covers its length to within a pixel, so its middle is right to within half of one.
    assert abs(middles - factors[:, 2:]).max() <= 0.5 + 1e-9
    # No bias, which a pixel's shift would be; and nothing is cut off at the picture's edge.
    assert (middles - factors[:, 2:]).mean(0) == pytest.approx(0, abs=0.02)
    for shape in range(3):
        chosen = factors[:, 0] == shape
        area = pictures[chosen].sum((1, 2, 3)) / (2 * factors[chosen, 1]) ** 2
        assert area.mean() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("shape, width, height", [(0, 8, 4), (1, 6, 6), (2, 4, 8)])
def test_the_shapes_are_wide_square_and_tall(shape, width, height):
    size = np.sqrt(width * height) / 2
    picture, = draw(np.array([[shape, size, 1.0, -2.0]]))[0]
    assert picture.any(0).sum() == width and picture.any(1).sum() == height
    assert picture.sum() == width * height
    assert middle(picture) == (1, -2)


def test_factors_are_uniform_independent_and_made_by_the_seed_alone():
    pictures, factors = sprites(20_000, 3)
    assert list(FACTORS) == ["shape", "size", "x", "y"]
    assert (np.bincount(factors[:, 0].astype(int)) / 20_000) == pytest.approx(1 / 3, abs=0.02)
    low, high = np.transpose(list(FACTORS.values()))
    assert (factors >= low).all() and (factors <= high).all()
    assert factors[:, 1:].std(0) == pytest.approx((high - low)[1:] / np.sqrt(12), rel=0.02)
    assert abs(np.corrcoef(factors.T) - np.eye(4)).max() < 0.03
    again, same = sprites(20_000, 3)
    assert (again == pictures).all() and (same == factors).all() and (draw(factors) == pictures).all()
    assert (sprites(20_000, 4)[1] != factors).any()


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="^n was 0"):
        sprites(0, 0)
    with pytest.raises(ValueError, match="^seed was -1"):
        sprites(1, -1)
