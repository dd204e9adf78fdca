"""MIG, DCI and SAP on codes whose scores are known, against scikit-learn, and under what must not change them."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from vaelib.disentanglement import concentration, dci, information, mig, sap

SHAPE = {"categorical": (2,)}  # of `grid`


def grid() -> np.ndarray:
    """Three factors (N, 3), independent to the last digit: two of twenty levels each, and one of three classes."""
    levels = np.arange(20) / 7 - 1
    return np.stack([column.ravel() for column in np.meshgrid(levels, levels, np.arange(3))], 1)


def drawn(seed: int, n: int = 2000, columns: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).uniform(size=(n, columns))


def constant(n: int, columns: int, value: float = 0.1) -> np.ndarray:
    return np.full((n, columns), value)


def ranked(column: np.ndarray, bins: int) -> np.ndarray:
    """The reference's classes of equal size: by sorting. Only for distinct values and whole classes."""
    labels = np.empty(len(column), int)
    labels[np.argsort(column)] = np.arange(len(column)) * bins // len(column)
    return labels


CODES = {
    "the factors": grid(),
    "in another order": grid()[:, [2, 0, 1]],
    "other signs and scales": grid()[:, [1, 2, 0]] * [-5, 0.01, 3],
    "with latents that never vary": np.hstack([constant(1200, 2), grid()]),
}


@pytest.mark.parametrize("codes", CODES.values(), ids=CODES)
def test_one_latent_for_each_factor_scores_one(codes):
    assert mig(codes, grid(), **SHAPE) == pytest.approx(1, abs=1e-12)
    assert sap(codes, grid(), **SHAPE) == pytest.approx(1, abs=1e-12)
    found = dci(codes, grid(), **SHAPE)
    assert found[:3] == pytest.approx((1, 1, 1), abs=0.01)
    assert found.importance.shape == (codes.shape[1], 3)
    assert found.importance.sum(0) == pytest.approx(1)


def test_two_latents_with_the_same_content_leave_no_gap():
    codes = np.hstack([grid(), -grid()])
    assert mig(codes, grid(), **SHAPE) == pytest.approx(0, abs=1e-12)
    assert sap(codes, grid(), **SHAPE) == pytest.approx(0, abs=1e-12)
    found = dci(codes, grid(), **SHAPE)
    # A latent still means one factor only, but a factor sits in two of six latents, split by the trees' chance.
    assert found.disentanglement == pytest.approx(1, abs=0.01)
    assert found.completeness == pytest.approx(1 - math.log(2) / math.log(6), abs=0.1)
    assert found.informativeness == pytest.approx(1, abs=0.01)


def test_codes_that_never_vary_score_zero_and_not_nan():
    for value in (0.0, 0.1, -1e9):
        codes = constant(1200, 3, value).astype(np.float32)
        assert information(codes, grid(), **SHAPE) == pytest.approx(0, abs=1e-12)
        assert mig(codes, grid(), **SHAPE) == pytest.approx(0, abs=1e-12)
        assert (sap(codes, grid(), **SHAPE) == 0).all()
        assert dci(codes, grid(), **SHAPE)[:3] == pytest.approx((0, 0, 0), abs=1e-12)


def test_a_plane_turned_by_45_degrees_loses_the_gap_of_its_two_factors_alone():
    factors = drawn(0, 10_000)
    codes = np.stack([factors[:, 0] + factors[:, 1], factors[:, 0] - factors[:, 1], factors[:, 2]], 1)
    assert mig(codes, factors) == pytest.approx([0, 0, 1], abs=0.02)
    assert sap(codes, factors) == pytest.approx([0, 0, 1], abs=0.05)
    # Two of three latents are shared by two factors: (2 (1 - ln 2 / ln 3) + 1) / 3.
    expected = 1 - 2 / 3 * math.log(2) / math.log(3)
    assert dci(codes, factors)[:3] == pytest.approx((expected, expected, 1), abs=0.02)


def test_codes_that_know_nothing_score_about_zero():
    factors = np.hstack([drawn(0, 10_000, 2), np.random.default_rng(1).integers(3, size=(10_000, 1))])
    codes = drawn(2, 10_000, 5)
    # The bias of a table of 20 x 20 from 10,000 examples is 0.018 nats.
    assert information(codes, factors, **SHAPE).max() < 0.03
    assert mig(codes, factors, **SHAPE) == pytest.approx(0, abs=0.005)
    assert sap(codes, factors, **SHAPE) == pytest.approx(0, abs=0.02)
    # The trees remember the examples they were grown on; on the others they are of no use.
    assert dci(codes, factors, **SHAPE)[:3] == pytest.approx((0, 0, 0), abs=0.02)


def test_the_gap_is_to_the_second_best_as_a_share_of_the_factors_entropy():
    level = np.arange(400) % 20
    # One latent tells which ten of ten pairs, one which half, one nothing: ln 10 - ln 2 of ln 20.
    codes = np.stack([level // 10, level // 2, np.zeros(400)], 1)
    factors = np.stack([level, np.arange(400) // 20], 1)
    expected = [[math.log(2), 0], [math.log(10), 0], [0, 0]]
    assert information(codes, factors) == pytest.approx(np.array(expected), abs=1e-12)
    assert mig(codes, factors) == pytest.approx([math.log(5) / math.log(20), 0], abs=1e-12)


@pytest.mark.parametrize("rows, expected", [
    ([[1, 0], [0, 1]], 1),
    ([[0.5, 0], [0.5, 0], [0, 1]], 1),
    ([[0.5, 0.5, 0], [0, 0, 1]], 1 - math.log(2) / math.log(3) / 2),
    ([[1, 1], [3, 3]], 0),
    ([[0, 0], [0, 0]], 0),
    # A row without importance has no say; a row of six has three times the say of a row of two.
    ([[1, 1, 0], [0, 0, 0], [6, 0, 0]], 1 - math.log(2) / math.log(3) / 4),
])
def test_concentration_weights_each_row_by_its_importance(rows, expected):
    assert concentration(rows) == pytest.approx(expected, abs=1e-12)


def test_completeness_is_the_concentration_of_the_factors():
    # A factor in two of three latents each, and no latent shared.
    factors = drawn(3)[:, :2]
    codes = np.hstack([factors[:, :1], factors, drawn(4)[:, :1]])
    found = dci(codes, factors)
    assert found.disentanglement == pytest.approx(concentration(found.importance))
    assert found.completeness == pytest.approx(concentration(found.importance.T))
    assert found.disentanglement > 0.95 > 0.85 > found.completeness


def test_sap_is_a_gap_of_squared_correlations():
    a, b, _ = grid().T
    codes = np.stack([2 * a + b, a - 2 * b, np.zeros_like(a)], 1)
    assert sap(codes, np.stack([a, b], 1)) == pytest.approx([0.8 - 0.2] * 2, abs=1e-12)


def test_sap_of_a_class_is_the_balanced_accuracy_above_chance():
    # Nine tenths are of class 0. One latent finds both classes, one is right for all of 0 and half of 1.
    classes = np.repeat([0, 1], [180, 20])
    half = np.r_[np.zeros(190), np.ones(10)]
    exact, useless = classes * 2.0 - 5, np.zeros(200)
    factors = np.stack([classes, np.arange(200)], 1)
    assert sap(np.stack([useless, exact], 1), factors, categorical=(0,))[0] == pytest.approx(1)
    assert sap(np.stack([useless, half], 1), factors, categorical=(0,))[0] == pytest.approx(0.5)
    assert sap(np.stack([half, exact], 1), factors, categorical=(0,))[0] == pytest.approx(0.5)


def test_classes_are_told_apart_by_name_however_rare():
    # Cut at the quantiles, the two rarest classes would be one.
    classes = np.repeat([7, 0, 3, 1], [900, 70, 20, 10])
    codes = np.stack([np.arange(1000), np.zeros(1000)], 1)
    truth = mutual_info_score(classes, ranked(np.arange(1000), 20))
    found = information(codes, classes[:, None], categorical=(0,))
    assert found[:, 0] == pytest.approx([truth, 0], abs=1e-12)
    share = truth / mutual_info_score(classes, classes)
    assert mig(codes, classes[:, None], categorical=(0,)) == pytest.approx([share], abs=1e-12)


tables = st.tuples(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(1, 4), st.integers(2, 8))


@given(tables)
@settings(deadline=None)
def test_information_agrees_with_scikit_learn(case):
    seed, latents, count, bins = case
    random = np.random.default_rng(seed)
    codes, factors = random.normal(size=(30 * bins, latents)), random.normal(size=(30 * bins, count))
    codes[:, 0] += 2 * factors[:, -1]
    factors[:, 0] = random.permutation(30 * bins) % 3
    classes = [factors[:, 0], *(ranked(factor, bins) for factor in factors.T[1:])]
    expected = [[mutual_info_score(ranked(code, bins), label) for label in classes] for code in codes.T]
    found = information(codes, factors, bins, categorical=(0,))
    assert found == pytest.approx(np.array(expected), abs=1e-12)
    entropies = [mutual_info_score(label, label) for label in classes]
    gaps = np.sort(expected, 0)[-1] - np.sort(expected, 0)[-2]
    assert mig(codes, factors, bins, categorical=(0,)) == pytest.approx(gaps / entropies, abs=1e-12)


@given(tables)
@settings(max_examples=25, deadline=None)
def test_only_the_ranks_and_not_the_order_of_latents_or_examples_matter(case):
    seed, latents, count, bins = case
    random = np.random.default_rng(seed)
    codes, factors = random.normal(size=(240 * bins, latents)), random.normal(size=(240 * bins, count))
    codes[:, -1] += factors[:, 0]
    before = mig(codes, factors, bins)
    assert ((before >= 0) & (before <= 1)).all()
    bent = np.stack([np.exp(codes[:, 0]), *(-codes[:, 1:] ** 3).T], 1)
    assert mig(bent, np.arctan(factors), bins) == pytest.approx(before, abs=1e-12)
    order, examples = random.permutation(latents), random.permutation(len(codes))
    assert mig(codes[examples][:, order], factors[examples], bins) == pytest.approx(before, abs=1e-12)
    scaled = codes * random.uniform(0.1, 9, latents) * random.choice([-1, 1], latents) + random.normal(size=latents)
    assert sap(scaled[:, order], factors) == pytest.approx(sap(codes, factors), abs=1e-9)


def test_tensors_are_as_good_as_arrays_and_a_seed_gives_the_same_forest():
    factors = drawn(5, 300)
    codes = torch.from_numpy(factors @ drawn(6, 3)).requires_grad_()
    plain = codes.detach().numpy()
    assert (mig(codes, torch.from_numpy(factors)) == mig(plain, factors)).all()
    assert (sap(codes, torch.from_numpy(factors)) == sap(plain, factors)).all()
    assert (dci(codes, factors, seed=1).importance == dci(plain, factors, seed=1).importance).all()
    assert (dci(codes, factors, seed=1).importance != dci(plain, factors, seed=2).importance).any()


BAD = {
    "codes": [
        (drawn(0)[:, 0], drawn(0)), (drawn(0)[:, :1], drawn(0)), (drawn(0)[:0], drawn(0)[:0]),
        (drawn(0) + [0, np.inf, 0], drawn(0)), ("abc", drawn(0)),
    ],
    "factors": [
        (drawn(0), drawn(0)[:-1]), (drawn(0), drawn(0)[0]), (drawn(0), drawn(0) * [1, 1, np.nan]),
        (drawn(0), drawn(0) * [1, 1, 0]), (drawn(0), drawn(0)[:, :0]),
    ],
}


@pytest.mark.parametrize("metric", [information, mig, sap, dci])
@pytest.mark.parametrize("name, codes, factors", [(name, *case) for name, cases in BAD.items() for case in cases])
def test_bad_tables_are_named(metric, name, codes, factors):
    with pytest.raises(ValueError, match=f"^{name} was"):
        metric(codes, factors)


@pytest.mark.parametrize("metric", [information, mig, sap, dci])
@pytest.mark.parametrize("categorical", [(3,), (-1,), (0,), (2, 1)])
def test_a_class_needs_a_column_of_whole_numbers(metric, categorical):
    with pytest.raises(ValueError, match="^categorical was"):
        metric(grid(), grid(), categorical=categorical)


def test_other_bad_arguments_are_named():
    for bins in (0, 1, 2.5):
        with pytest.raises(ValueError, match="^bins was"):
            mig(grid(), grid(), bins=bins)
    with pytest.raises(ValueError, match="^seed was"):
        dci(grid(), grid(), seed=-1)
    with pytest.raises(ValueError, match="^base was"):
        dci(grid(), grid()[:, :1])
