"""Discrete information theory against scipy, theorems, brute force and numbers worked out by hand."""

import itertools
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr
from scipy.stats import entropy as scipy_entropy

from vaelib.information import (
    blocks,
    cross_entropy,
    distribution,
    entropy,
    expected_length,
    huffman,
    implied_distribution,
    jensen_shannon,
    kl_divergence,
    kraft_sum,
    mutual_information,
    prefix_code,
    shannon_lengths,
    surprise,
)

pytestmark = pytest.mark.filterwarnings("error")  # a reader sees no warnings of numpy's about log 0

repeatable = settings(max_examples=60, deadline=None, derandomize=True, database=None)
BASES = st.sampled_from([2, math.e, 10, 0.5])
LIKELY = st.floats(1e-3, 1)
WEIGHTS = st.one_of(st.just(0.0), st.floats(1e-300, 1e-3), LIKELY)

WEATHER, COIN = [0.75, 0.25], [0.5, 0.5]
D1, D2 = [0.8, 0.1, 0.1], [0.3, 0.3, 0.4]
SEEN = [0.4, 0.4, 0.2]  # the letters of abcba
JOINT = np.array([[0.1, 0.2], [0.3, 0.4]])


def normalise(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum(-1, keepdims=True)


def distributions(*shape: int, elements: st.SearchStrategy = WEIGHTS) -> st.SearchStrategy:
    """Distributions along the last axis, a zero here and there, a tiny probability now and then."""
    some = arrays(float, shape, elements=elements).filter(lambda weights: (weights.sum(-1) > 0).all())
    return some.map(normalise)


def of_any_size(*leading: int, most: int = 8, elements: st.SearchStrategy = WEIGHTS) -> st.SearchStrategy:
    return st.integers(1, most).flatmap(lambda k: distributions(*leading, k, elements=elements))


def pairs(first: tuple = (), second: tuple = ()) -> st.SearchStrategy:
    return st.integers(1, 8).flatmap(lambda k: st.tuples(distributions(*first, k), distributions(*second, k)))


def close(found, expected):
    """Demand agreement to 1e-12, relative to the value where it is larger than 1."""
    assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def lengths_of(words: list[str]) -> list[int]:
    return [len(word) for word in words]


def exact_kraft(lengths) -> Fraction:
    return sum(Fraction(1, 2 ** int(length)) for length in lengths)


def is_prefix_free(words: list[str]) -> bool:
    return not any(other.startswith(word) for word, other in itertools.permutations(words, 2))


# Numbers worked out by hand.

NUMBERS = {
    "surprise of 1/4, bits": (lambda: surprise(0.25, 2), 2),
    "surprise of 1/4, nats": (lambda: surprise(0.25), 1.386294361),
    "surprise of 3/4, bits": (lambda: surprise(0.75, 2), 0.4150374993),
    "one nat in bits": (lambda: surprise(1 / math.e, 2), 1.442695041),
    "entropy of the weather, bits": (lambda: entropy(WEATHER, 2), 0.8112781245),
    "entropy of the weather, nats": (lambda: entropy(WEATHER), 0.5623351446),
    "entropy of the weather, dits": (lambda: entropy(WEATHER, 10), 0.2442190503),
    "entropy of D1, nats": (lambda: entropy(D1), 0.6390318597),
    "entropy of D2, nats": (lambda: entropy(D2), 1.088899975),
    "entropy of D1, bits": (lambda: entropy(D1, 2), 0.9219280949),
    "entropy of D2, bits": (lambda: entropy(D2, 2), 1.570950594),
    "entropy of (1/2, 1/4, 1/8, 1/8), bits": (lambda: entropy([0.5, 0.25, 0.125, 0.125], 2), 1.75),
    "joint entropy": (lambda: entropy(JOINT.ravel()), 1.279854226),
    "entropy of x": (lambda: entropy(JOINT.sum(1)), 0.6108643021),
    "entropy of y given x": (lambda: JOINT.sum(1) @ entropy(normalise(JOINT)), 0.6689899238),
    "Kraft sum of 2, 2": (lambda: kraft_sum([2, 2]), 0.5),
    "Kraft sum of 2, 3": (lambda: kraft_sum([2, 3]), 0.375),
    "Kraft sum of 1, 2, 3, 3": (lambda: kraft_sum([1, 2, 3, 3]), 1),
    "best code of D1": (lambda: expected_length(D1, lengths_of(huffman(D1))), 1.2),
    "best code of D2": (lambda: expected_length(D2, lengths_of(huffman(D2))), 1.6),
    "redundancy of 2, 2": (lambda: expected_length(WEATHER, [2, 2]) - entropy(WEATHER, 2), 1.188721876),
    "wrong odds of 2, 2": (lambda: kl_divergence(WEATHER, implied_distribution([2, 2]), 2), 0.1887218755),
    "length of 2, 3": (lambda: expected_length(WEATHER, [2, 3]), 2.25),
    "odds implied by 2, 3": (lambda: implied_distribution([2, 3])[0], 0.6666666667),
    "cost under those odds": (lambda: cross_entropy(WEATHER, implied_distribution([2, 3]), 2), 0.8349625007),
    "wrong odds of 2, 3": (lambda: kl_divergence(WEATHER, implied_distribution([2, 3]), 2), 0.02368437626),
    "idle space of 2, 3": (lambda: surprise(kraft_sum([2, 3]), 2), 1.415037499),
    "redundancy of 2, 3": (lambda: expected_length(WEATHER, [2, 3]) - entropy(WEATHER, 2), 1.438721876),
    "cross-entropy of D1 under D2, nats": (lambda: cross_entropy(D1, D2), 1.175204597),
    "cross-entropy of D1 under D2, bits": (lambda: cross_entropy(D1, D2, 2), 1.695461844),
    "cross-entropy of D2 under D1, nats": (lambda: cross_entropy(D2, D1), 1.67875263),
    "cross-entropy of D2 under D1, bits": (lambda: cross_entropy(D2, D1, 2), 2.421928095),
    "cross-entropy of the weather under a coin": (lambda: cross_entropy(WEATHER, COIN, 2), 1),
    "divergence of D1 from D2, nats": (lambda: kl_divergence(D1, D2), 0.5361727374),
    "divergence of D1 from D2, bits": (lambda: kl_divergence(D1, D2, 2), 0.7735337494),
    "divergence of D2 from D1, nats": (lambda: kl_divergence(D2, D1), 0.5898526551),
    "divergence of D2 from D1, bits": (lambda: kl_divergence(D2, D1, 2), 0.8509775004),
    "divergence of abcba from D1": (lambda: kl_divergence(SEEN, D1), 0.4158883083),
    "divergence of abcba from D2": (lambda: kl_divergence(SEEN, D2), 0.09151622185),
    "log ratio of abcba per letter": (
        lambda: kl_divergence(SEEN, D2) - kl_divergence(SEEN, D1), -0.3243720865
    ),
    "ratio of abcba": (
        lambda: math.exp(5 * (kl_divergence(SEEN, D2) - kl_divergence(SEEN, D1))), 0.1975308642
    ),
    "Jensen-Shannon of D1 and D2": (lambda: jensen_shannon(D1, D2), 0.1333056057),
    "Jeffreys of D1 and D2": (lambda: kl_divergence(D1, D2) + kl_divergence(D2, D1), 1.126025393),
    "coins of 0.2 and 0.8": (lambda: kl_divergence([0.2, 0.8], [0.8, 0.2]), 0.8317766167),
    "coins of 0.8 and 0.2": (lambda: kl_divergence([0.8, 0.2], [0.2, 0.8]), 0.8317766167),
    "divergence of a table from even odds": (lambda: kl_divergence(JOINT.ravel(), [0.25] * 4), 0.1064401353),
    "divergence of its rows' sums": (lambda: kl_divergence(JOINT.sum(1), COIN), 0.08228287851),
    "divergence inside its rows": (
        lambda: JOINT.sum(1) @ kl_divergence(normalise(JOINT), COIN), 0.02415725678
    ),
    "mutual information of a table": (lambda: mutual_information(JOINT), 0.00402174323),
    "weather against a model": (lambda: kl_divergence(WEATHER, [0.6, 0.4]), 0.04985675617),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_worked_out_by_hand(name):
    compute, expected = NUMBERS[name]
    assert compute() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("n", "per_symbol"), [(1, 1), (2, 0.84375), (3, 0.8229166667), (4, 0.818359375)])
def test_best_codes_for_blocks_of_weather(n, per_symbol):
    days = blocks(WEATHER, n)
    assert expected_length(days, lengths_of(huffman(days))) / n == pytest.approx(per_symbol, abs=1e-9)


# Surprise, entropy, divergences.


@repeatable
@given(st.floats(1e-150, 1), st.floats(1e-150, 1), BASES)
def test_surprise_of_independent_events_adds_up(p, other, base):
    close(surprise(p, base), -math.log(p) / math.log(base))
    close(surprise(p * other), surprise(p) + surprise(other))


def test_surprise_at_the_ends_and_of_any_shape():
    assert surprise(0) == math.inf
    assert math.copysign(1, surprise(1)) == 1 and surprise(1) == 0
    assert surprise(np.full((2, 3), 0.5), 2).tolist() == [[1.0] * 3] * 2


@repeatable
@given(of_any_size(2, 3), BASES)
def test_entropy_agrees_with_scipy(p, base):
    found = entropy(p, base)
    assert found.shape == (2, 3)
    close(found, scipy_entropy(p, base=base, axis=-1))


@repeatable
@given(pairs((2, 1), (3,)), BASES)
def test_divergences_agree_with_scipy_and_broadcast(pair, base):
    p, q = pair
    found = kl_divergence(p, q, base)
    assert found.shape == cross_entropy(p, q, base).shape == jensen_shannon(p, q, base).shape == (2, 3)
    close(found, rel_entr(p, q).sum(-1) / math.log(base))
    close(cross_entropy(p, q, base), entropy(p, base) + rel_entr(p, q).sum(-1) / math.log(base))
    middle = (p + q) / 2
    both = rel_entr(p, middle).sum(-1) + rel_entr(q, middle).sum(-1)
    close(jensen_shannon(p, q, base), both / 2 / math.log(base))


@repeatable
@given(pairs(), st.sampled_from([2, math.e, 10]))
def test_jensen_shannon_agrees_with_the_square_of_scipys_distance(pair, base):
    p, q = pair
    close(jensen_shannon(p, q, base), jensenshannon(p, q, base=base) ** 2)


def test_an_outcome_called_impossible_costs_infinitely_much_only_if_it_occurs():
    assert kl_divergence([0.5, 0.5], [1, 0]) == cross_entropy([0.5, 0.5], [1, 0]) == math.inf
    assert kl_divergence([1, 0], [0.5, 0.5], 2) == cross_entropy([1, 0], [0.5, 0.5], 2) == 1
    assert kl_divergence([1, 0], [1, 0]) == cross_entropy([1, 0], [1, 0]) == entropy([1, 0]) == 0
    assert jensen_shannon([1, 0], [0, 1], 2) == 1


@repeatable
@given(pairs())
def test_divergence_obeys_gibbs_and_pinsker(pair):
    p, q = pair
    divergence, distance = kl_divergence(p, q), np.abs(p - q).sum()
    assert divergence >= distance**2 / 2 - 1e-15
    assert kl_divergence(p, p) == kl_divergence(q, q) == 0
    assert distance < 1e-7 or divergence > 0


@pytest.mark.parametrize("step", [2.0**-10, 2.0**-20, -(2.0**-24)])
def test_divergence_of_near_neighbours_keeps_its_digits(step):
    p, q = [0.3 + step, 0.7 - step], [0.3, 0.7]  # both differences are exact
    expected = sum(Decimal(a) * (Decimal(a) / Decimal(b)).ln() for a, b in zip(p, q))
    assert kl_divergence(p, q) == pytest.approx(float(expected), rel=1e-7, abs=0)


def test_the_smallest_probabilities_neither_overflow_nor_vanish():
    assert kl_divergence([0.5, 0.5], [1, 5e-324]) == pytest.approx(371.5268887801307, rel=1e-12)
    told = mutual_information([[1, 0], [0, 1e-200]])
    assert told == pytest.approx(1e-200 * math.log(1e200), rel=1e-12, abs=0)


@repeatable
@given(of_any_size())
def test_entropy_is_largest_for_even_odds(p):
    even = np.full(len(p), 1 / len(p))
    assert -1e-15 <= entropy(p) <= math.log(len(p)) + 1e-12
    close(entropy(p), math.log(len(p)) - kl_divergence(p, even))


@repeatable
@given(pairs())
def test_jensen_shannon_is_symmetric_and_at_most_one_bit(pair):
    p, q = pair
    close(jensen_shannon(p, q, 2), jensen_shannon(q, p, 2))
    assert -1e-15 <= jensen_shannon(p, q, 2) <= 1 + 1e-12
    assert jensen_shannon(p, p) == 0


@repeatable
@given(distributions(12), st.sampled_from([(3, 4), (2, 6), (1, 12)]), BASES)
def test_chain_rule_and_mutual_information(p, shape, base):
    joint = p.reshape(shape)
    x, y = joint.sum(1), joint.sum(0)
    inside = sum(weight * entropy(row / weight, base) for weight, row in zip(x, joint) if weight > 1e-290)
    close(entropy(p, base), entropy(x, base) + inside)
    told = mutual_information(joint, base)
    close(told, entropy(x, base) + entropy(y, base) - entropy(p, base))
    close(told, mutual_information(joint.T, base))


@repeatable
@given(distributions(2, 12, elements=LIKELY))
def test_mutual_information_is_the_divergence_from_independence(p):
    joint = p.reshape(2, 3, 4)
    product = joint.sum(-1, keepdims=True) * joint.sum(-2, keepdims=True)
    assert mutual_information(joint).shape == (2,)
    close(mutual_information(joint), rel_entr(joint, product).sum((-2, -1)))
    close(mutual_information(product / product.sum((-2, -1), keepdims=True)), 0)


@repeatable
@given(pairs(), st.data())
def test_no_channel_raises_a_divergence(pair, data):
    p, q = pair
    channel = data.draw(distributions(len(p), 4))
    assert kl_divergence(p @ channel, q @ channel) <= kl_divergence(p, q) + 1e-12
    assert jensen_shannon(p @ channel, q @ channel) <= jensen_shannon(p, q) + 1e-12


# Codes.


@repeatable
@given(st.lists(st.integers(0, 12), min_size=1, max_size=20))
def test_kraft_sum_and_the_odds_that_lengths_imply(lengths):
    assert kraft_sum(lengths) == exact_kraft(lengths)
    expected = [float(Fraction(1, 2**length) / exact_kraft(lengths)) for length in lengths]
    close(implied_distribution(lengths), expected)
    close(implied_distribution([[0] * len(lengths), lengths])[1], expected)


@repeatable
@given(of_any_size(), st.data())
def test_the_waste_of_a_code_is_wrong_odds_plus_idle_space(p, data):
    lengths = data.draw(st.lists(st.integers(0, 9), min_size=len(p), max_size=len(p)))
    waste = expected_length(p, lengths) - entropy(p, 2)
    close(waste, kl_divergence(p, implied_distribution(lengths), 2) - math.log2(kraft_sum(lengths)))


def test_expected_length_broadcasts():
    found = expected_length([D1, D2], [[[1, 2, 2]], [[2, 2, 1]]])
    close(found, [[1.2, 1.7], [1.9, 1.6]])


@repeatable
@given(of_any_size(elements=LIKELY))
def test_shannons_lengths_satisfy_kraft_and_cost_less_than_a_bit_too_much(p):
    lengths = shannon_lengths(p)
    assert exact_kraft(lengths) <= 1
    assert entropy(p, 2) - 1e-12 <= expected_length(p, lengths) < entropy(p, 2) + 1
    assert all(2.0**-length <= chance < 2.0 ** (1 - length) for length, chance in zip(lengths, p))


def test_shannons_lengths_are_whole_and_exact_at_powers_of_two():
    powers = 2.0 ** -np.arange(1, 61)
    lengths = shannon_lengths(np.append(powers, powers[-1]))
    assert lengths.dtype.kind == "i" and lengths.tolist() == [*range(1, 61), 60]
    assert shannon_lengths([[0.5, 0.5], [0.75, 0.25]]).tolist() == [[1, 1], [1, 2]]


@repeatable
@given(st.lists(st.integers(0, 7), min_size=1, max_size=12))
def test_a_prefix_code_has_the_lengths_asked_for_or_is_refused(lengths):
    if exact_kraft(lengths) > 1:
        with pytest.raises(ValueError, match="lengths was .*; expected a Kraft sum of at most 1"):
            prefix_code(lengths)
    else:
        words = prefix_code(lengths)
        assert lengths_of(words) == lengths and is_prefix_free(words)
        assert set("".join(words)) <= set("01")


@pytest.mark.parametrize(("lengths", "words"), [
    ([2, 3], ["00", "010"]),
    ([3, 1, 3, 2], ["110", "0", "111", "10"]),
    ([2, 2, 1], ["10", "11", "0"]),
    ([0], [""]),
])
def test_a_prefix_code_takes_the_intervals_from_left_to_right(lengths, words):
    assert prefix_code(lengths) == words


def test_long_codewords_are_placed_and_counted_exactly():
    words = prefix_code([*range(1, 101), 100])
    assert is_prefix_free(words) and words[-1] == "1" * 100
    with pytest.raises(ValueError, match="Kraft sum"):
        prefix_code([1, 1, 100])  # as floats, 1/2 + 1/2 + 2^-100 is 1


@repeatable
@given(of_any_size(most=30))
def test_huffman_codes_are_prefix_free_and_complete(p):
    words = huffman(p)
    assert len(words) == len(p) and is_prefix_free(words)
    assert set("".join(words)) <= set("01")
    assert exact_kraft(lengths_of(words)) == 1


@repeatable
@given(of_any_size(most=30, elements=LIKELY))  # an outcome that never occurs may cost a whole bit
def test_huffman_codes_come_within_a_bit_of_the_entropy(p):
    words = huffman(p)
    assert entropy(p, 2) - 1e-12 <= expected_length(p, lengths_of(words)) < entropy(p, 2) + 1


def all_codes(k: int) -> np.ndarray:
    """The lengths of all prefix codes for k outcomes, shape (codes, k); a best one needs at most k - 1."""
    rows = itertools.product(range(k), repeat=k)
    return np.array([row for row in rows if exact_kraft(row) <= 1])


@pytest.mark.parametrize("k", range(1, 6))
def test_no_code_is_shorter_than_huffmans(k):
    codes = all_codes(k)
    weights = np.random.default_rng(k).integers(0, 10, (200, k)) + np.eye(k)[0]  # zeros and many ties
    for p in normalise(weights):
        close(expected_length(p, lengths_of(huffman(p))), (codes @ p).min())


def test_huffman_breaks_ties_in_the_order_of_the_outcomes():
    assert huffman([0.25] * 4) == ["00", "01", "10", "11"]
    assert huffman(D1) == ["1", "00", "01"]
    assert huffman([1.0]) == [""]
    assert lengths_of(huffman(np.array([8, 5, 3, 2, 1, 1]) / 20)) == [1, 2, 3, 4, 5, 5]


@repeatable
@given(of_any_size(most=4), st.integers(1, 4), BASES)
def test_blocks_are_independent_symbols(p, n, base):
    found = blocks(p, n)
    close(found, [math.prod(word) for word in itertools.product(p, repeat=n)])
    close(entropy(found, base), n * entropy(p, base))


# What is refused, and in which words.


@pytest.mark.parametrize(("p", "was"), [
    ([0.5, 0.6], "summing to 1.1"),
    ([0.5, 0.5 + 3e-9], "summing to 1.000000003"),
    ([[0.5, 0.5], [0.5, 0.4]], "summing to 0.9"),
    ([1.5, -0.5], "with values down to -0.5"),
    ([0.5, math.nan], "with values down to nan"),
    ([math.inf, 0.5], "summing to inf"),
    ([], r"of shape \(0,\)"),
    (1.0, r"of shape \(\)"),
    ("ab", "of type str"),
    ([True, False], "of type list"),
    ([[0.5, 0.5], [1.0]], "of type list"),
])
def test_what_is_no_distribution_is_refused_under_its_name(p, was):
    for call in (lambda: entropy(p), lambda: kl_divergence(p, COIN), lambda: shannon_lengths(p),
                 lambda: expected_length(p, [1, 1]), lambda: huffman(p), lambda: blocks(p, 2)):
        with pytest.raises(ValueError, match=f"^p was {was}"):
            call()
    for call in (kl_divergence, cross_entropy, jensen_shannon):
        with pytest.raises(ValueError, match=f"^q was {was}"):
            call(COIN, p)
    with pytest.raises(ValueError, match=f"^belief was {was}"):
        distribution("belief", p)


def test_rounding_of_a_sum_is_let_pass_and_left_alone():
    p = [0.5, 0.5 + 5e-10]
    assert distribution("p", p).tolist() == p
    assert distribution("p", torch.tensor([1, 0])).dtype == np.float64


@pytest.mark.parametrize(("call", "message"), [
    (lambda: surprise([0.5, 1.5]), "p was partly outside"),
    (lambda: surprise(-0.1), "p was partly outside"),
    (lambda: surprise(math.nan), "p was partly outside"),
    (lambda: kl_divergence(COIN, [1]), r"q was of shape \(1,\); expected a shape that fits \(2,\)"),
    (lambda: cross_entropy([[1], [1]], COIN), r"q was of shape \(2,\); expected a shape that fits \(2, 1\)"),
    (lambda: jensen_shannon([COIN] * 2, [COIN] * 3), r"q was of shape \(3, 2\)"),
    (lambda: expected_length([COIN] * 2, [[1, 1]] * 3), r"lengths was of shape \(3, 2\)"),
    (lambda: expected_length(COIN, [1, 2, 3]), r"lengths was of shape \(3,\)"),
    (lambda: mutual_information(COIN), r"joint was of shape \(2,\)"),
    (lambda: mutual_information(np.zeros((2, 0))), r"joint was of shape \(2, 0\)"),
    (lambda: mutual_information([COIN, COIN]), "joint was summing to 2"),
    (lambda: shannon_lengths([1, 0]), "p was partly 0"),
    (lambda: huffman([COIN]), r"p was of shape \(1, 2\)"),
    (lambda: blocks([COIN], 2), r"p was of shape \(1, 2\)"),
    (lambda: blocks(COIN, 0), "n was 0"),
    (lambda: blocks(COIN, 1.5), "n was 1.5"),
    (lambda: prefix_code([[1, 1]]), r"lengths was of shape \(1, 2\)"),
])
def test_what_does_not_fit_is_refused_under_its_name(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()


@pytest.mark.parametrize("lengths", [
    [-1], [1.5], [math.nan], [math.inf], [1e300], [1075], [], 3, ["a"], [True]
])
def test_what_are_no_lengths_is_refused(lengths):
    for call in (kraft_sum, implied_distribution, prefix_code):
        with pytest.raises(ValueError, match="^lengths was"):
            call(lengths)


@pytest.mark.parametrize("base", [0, 1, -2, math.inf, math.nan, "2", True])
def test_what_is_no_base_is_refused(base):
    for function in (surprise, entropy):
        with pytest.raises(ValueError, match="^base was"):
            function(COIN, base)
    for function in (cross_entropy, kl_divergence, jensen_shannon):
        with pytest.raises(ValueError, match="^base was"):
            function(COIN, COIN, base)
    with pytest.raises(ValueError, match="^base was"):
        mutual_information([COIN], base)


def test_a_base_may_be_a_number_of_numpys():
    assert entropy(COIN, np.int64(2)) == entropy(COIN, np.float32(2)) == 1
