"""Does each latent stand for one known factor? Three answers, and why they may differ: MIG, DCI and SAP.

Each function takes codes (N, k), k >= 2, and the true factors (N, F) of the same N examples, as arrays or
tensors; `categorical` holds the indices of the factors whose whole numbers are names of classes. The caller
says whether the codes are posterior means or samples: the answers differ. The latents' order never matters.

All raise `ValueError` for tables of other shapes or lengths, NaN and infinities, a factor that never varies,
and for a `categorical` that is out of range or names a factor of other than whole numbers.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import balanced_accuracy_score
from sklearn.tree import DecisionTreeClassifier

from vaelib.checks import non_negative_integer, positive_integer, real_array, require
from vaelib.information import entropy, mutual_information


class DCI(NamedTuple):
    """Three scores in [0, 1], and the importances (k, F) behind the first two: columns sum to 1."""

    disentanglement: float  # is a latent important for one factor only?
    completeness: float  # is a factor caught by one latent only?
    informativeness: float  # what share of the factors' variance do all latents together predict?
    importance: np.ndarray


def information(codes: ArrayLike, factors: ArrayLike, bins: int = 20, categorical: tuple = ()) -> np.ndarray:
    """Return the mutual information of every latent with every factor in nats, (k, F).

    Latents and continuous factors are first cut at their own quantiles into `bins` classes of equally many
    examples; equal values stay together, so a latent that never varies has 0. Independent columns have about
    (bins - 1)^2 / 2N nats by chance alone. Raises `ValueError` for bins < 2.
    """
    codes, factors = _tables(codes, factors, categorical)
    columns, classes = _classes(codes, bins), _classes(factors, bins, categorical)
    return np.array([[mutual_information(a.T @ b / len(a)) for b in classes] for a in columns])


def mig(codes: ArrayLike, factors: ArrayLike, bins: int = 20, categorical: tuple = ()) -> np.ndarray:
    """Return the mutual information gap of every factor, (F,), in [0, 1]; their mean is "the MIG".

    It is how much more the best informed latent knows about the factor than the second best, as a share of
    the factor's entropy. Arguments and errors are those of `information`.
    Source: Chen et al. 2018 (arXiv 1802.04942), section 4; they integrate over q(z | x), this counts classes.
    """
    classes = _classes(_tables(codes, factors, categorical)[1], bins, categorical)
    return _gap(information(codes, factors, bins, categorical)) / [entropy(b.mean(0)) for b in classes]


def sap(codes: ArrayLike, factors: ArrayLike, categorical: tuple = ()) -> np.ndarray:
    """Return the separated attribute predictability of every factor, (F,), in [0, 1]: a gap of the best two.

    The score of one latent is its squared correlation with a continuous factor. With C classes it is the
    balanced accuracy of C intervals of that latent, scaled so that chance is 0; the source does not scale it.
    Source: Kumar et al. 2018 (arXiv 1711.00848), section 3.
    """
    codes, factors = _tables(codes, factors, categorical)
    return _gap([[_one_code(c, f, j in categorical) for j, f in enumerate(factors.T)] for c in codes.T[..., None]])


def dci(codes: ArrayLike, factors: ArrayLike, seed: int = 0, categorical: tuple = ()) -> DCI:
    """Return disentanglement, completeness and informativeness: what forests need to predict each factor.

    About half of the examples, drawn with `seed`, train the forests. Informativeness is R^2 on the others, no
    less than 0, averaged over the factors; a class counts as its indicators: trees split by Gini's index.
    Raises `ValueError` for a single factor, too. Source: Eastwood & Williams 2018 (OpenReview By-7dz-AZ).
    """
    codes, factors = _tables(codes, factors, categorical)
    train = np.random.default_rng(non_negative_integer("seed", seed)).random(len(codes)) < 0.5
    forest, importance, explained = RandomForestRegressor(10, min_samples_leaf=5, random_state=seed), [], []
    for j, factor in enumerate(factors.T):
        target = 1.0 * (factor[:, None] == np.unique(factor)) if j in categorical else factor
        importance.append(forest.fit(codes[train], target[train]).feature_importances_)
        explained.append(max(0.0, forest.score(codes[~train], target[~train])))
    table = np.transpose(importance)
    return DCI(concentration(table), concentration(table.T), float(np.mean(explained)), table)


def concentration(importance: ArrayLike) -> float:
    """Return 1 - H(row) / ln(columns) averaged over rows (rows, columns), each weighted by its sum.

    It is 1 if no row has two entries above 0, and 0 if every row is uniform or empty. Rows are latents for
    disentanglement; the transposed table gives completeness. Raises `ValueError` for a single column.
    """
    table = np.add(importance, 1e-15)  # an empty row turns uniform, of no weight
    weights = table.sum(1)
    return float(weights @ (1 - entropy(table / weights[:, None], base=table.shape[1])) / weights.sum())


def _gap(scores: ArrayLike) -> np.ndarray:
    """Return the highest score minus the second highest of every column."""
    return np.diff(np.sort(scores, axis=0)[-2:], axis=0)[0]


def _classes(table: np.ndarray, bins: int, categorical: tuple = ()) -> list[np.ndarray]:
    """Return for each column of a table (N, columns) which value is in which class: 0 and 1, (N, classes)."""
    require(positive_integer("bins", bins) >= 2, "bins", bins, "at least 2")
    edges = np.sort(table, axis=0)[(np.arange(1, bins) * len(table) - 1) // bins].T
    labels = [v if j in categorical else np.searchsorted(edges[j], v) for j, v in enumerate(table.T)]
    return [(label[:, None] == np.unique(label)).astype(float) for label in labels]


def _one_code(code: np.ndarray, factor: np.ndarray, categorical: bool) -> float:
    """Return how well one latent (N, 1) alone predicts one factor (N,), from 0 to 1: see `sap`."""
    if not categorical:
        return np.corrcoef(code.T, factor)[0, 1] ** 2 if np.ptp(code) > 0 else 0.0
    tree = DecisionTreeClassifier(max_leaf_nodes=len(set(factor)), class_weight="balanced", random_state=0)
    return balanced_accuracy_score(factor, tree.fit(code, factor).predict(code), adjusted=True)


def _tables(codes: ArrayLike, factors: ArrayLike, categorical: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Return codes and factors as float64, or raise what the head of this file says."""
    codes, factors = np.float64(real_array("codes", codes)), np.float64(real_array("factors", factors))
    for name, table, least in (("codes", codes, 2), ("factors", factors, 1)):
        fits = table.ndim == 2 and table.shape[1] >= least and len(table) == len(codes) > 0
        require(fits and np.isfinite(table).all(), name, table.shape, f"finite, (N, >= {least}), N as in codes")
    require((np.ptp(factors, 0) > 0).all(), "factors", "constant in a column", "factors that vary")
    named = all(j in range(factors.shape[1]) and not (factors[:, j] % 1).any() for j in categorical)
    require(named, "categorical", repr(categorical), "indices of factors of whole numbers")
    return codes, factors
