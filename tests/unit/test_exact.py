"""Models with known evidence: against sums, quadrature, scipy, and evidence = ELBO + divergence."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy import integrate, stats
from torch.distributions import MultivariateNormal
from torch.distributions import kl_divergence as torch_kl

from vaelib.exact import DiscreteModel, GaussianQ, LinearGaussianModel, MixtureModel
from vaelib.information import kl_divergence
from vaelib.linear import LinearVAE

repeatable = settings(max_examples=40, deadline=None, derandomize=True, database=None)
LIKELY = st.floats(0.01, 1)
SIZES = st.integers(1, 4)

T2 = DiscreteModel([0.75, 0.25], [[0.8, 0.2], [0.2, 0.8]])  # seen at x = 1
G1 = LinearGaussianModel([[2.0]], 1.0)
PCA = LinearGaussianModel([[1, 0], [1, 1], [0, 2]], math.sqrt(0.5))
TWO_HUMPS = MixtureModel([0.5, 0.5], [[-3], [3]], 1)


def close(found, expected, tolerance=1e-10):
    """Demand agreement, relative to the value where it is larger than 1."""
    assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def numbers(*shape: int, most: float = 3) -> st.SearchStrategy:
    return arrays(float, shape, elements=st.floats(-most, most))


def distributions(*shape: int, elements: st.SearchStrategy = LIKELY) -> st.SearchStrategy:
    some = arrays(float, shape, elements=elements).filter(lambda weights: (weights.sum(-1) > 0).all())
    return some.map(lambda weights: weights / weights.sum(-1, keepdims=True))


@st.composite
def discrete(draw):
    """A random model with its parts, data and q; q and the prior hold a zero now and then."""
    causes, symbols, n = draw(SIZES), draw(SIZES), draw(SIZES)
    prior = draw(distributions(causes, elements=st.one_of(st.just(0.0), LIKELY)))
    likelihood = draw(distributions(causes, symbols))
    x = draw(arrays(int, n, elements=st.integers(0, symbols - 1)))
    q = draw(distributions(n, causes, elements=st.one_of(st.just(0.0), LIKELY)))
    return DiscreteModel(prior, likelihood), prior * likelihood.T[x], x, q


@st.composite
def mixture(draw):
    """As `discrete`, with round Gaussians of one variance or of several."""
    causes, dim, n = draw(SIZES), draw(SIZES), draw(SIZES)
    weights, means = draw(distributions(causes)), draw(numbers(causes, dim))
    variance = draw(st.one_of(st.floats(0.2, 4), arrays(float, causes, elements=st.floats(0.2, 4))))
    x, q = draw(numbers(n, dim)), draw(distributions(n, causes))
    densities = [
        stats.multivariate_normal.pdf(x, mean, v).reshape(n)
        for mean, v in zip(means, np.broadcast_to(variance, causes))
    ]
    return MixtureModel(weights, means, variance), weights * np.transpose(densities), x, q


@st.composite
def linear(draw):
    """A random linear-Gaussian model with its parts, data and q of one covariance or of several."""
    data_dim, latent_dim, n = draw(SIZES), draw(SIZES), draw(SIZES)
    weight, bias = draw(numbers(data_dim, latent_dim, most=2)), draw(numbers(data_dim))
    sigma, x = draw(st.floats(0.3, 2)), draw(numbers(n, data_dim))
    root = draw(numbers(*draw(st.sampled_from([(), (n,)])), latent_dim, latent_dim, most=1))
    covariance = root @ root.swapaxes(-1, -2) + 0.1 * np.eye(latent_dim)
    q = GaussianQ(draw(numbers(n, latent_dim)), covariance)
    return LinearGaussianModel(weight, sigma, bias), (weight, sigma, bias), x, q


def normal(q: GaussianQ) -> MultivariateNormal:
    return MultivariateNormal(torch.as_tensor(q.mean), torch.as_tensor(q.covariance))


# --- numbers worked out by hand -------------------------------------------------------------------------


def test_the_two_valued_worked_example():
    q = [0.5, 0.5]
    close(T2.log_joint([1]), np.log([[0.15, 0.2]]))
    close(T2.log_evidence([1]), [math.log(0.35)])
    close(T2.elbo([1], q), [-1.060131768], 1e-9)
    close(T2.log_evidence([1]) - T2.elbo([1], q), [0.0103096436], 1e-9)
    close(T2.posterior([1]), [[3 / 7, 4 / 7]])


def test_the_gaussian_worked_example():
    x, q = [[1.5]], GaussianQ([[0.5]], [[0.3]])
    close(G1.log_evidence(x), [-1.948657489], 1e-9)
    close(G1.elbo(x, q), [-2.020924935], 1e-9)
    close(G1.log_evidence(x) - G1.elbo(x, q), [0.07226744595], 1e-9)
    close(G1.posterior(x).mean, [[0.6]])
    close(G1.posterior(x).covariance, [[0.2]])
    close(G1.covariance, [[5]])


def test_an_encoder_with_the_wrong_slope_leaves_the_amortisation_gap():
    x = [[1.5]]
    close(G1.log_evidence(x) - G1.elbo(x, GaussianQ([[0.3 * 1.5]], [[0.2]])), [0.05625])


def test_the_probabilistic_pca_worked_example():
    x = [[1, 2, 0.5]]
    posterior = PCA.posterior(x)
    close(PCA.log_evidence(x), [-4.697713527], 1e-9)
    close(posterior.mean, [[1.058823529, 0.3529411765]], 1e-9)
    # Lambda = [[5, 2], [2, 11]], whose determinant is 51.
    close(PCA.posterior_precision, [[5, 2], [2, 11]])
    close(posterior.covariance, np.array([[11, -2], [-2, 5]]) / 51)
    close(PCA.covariance, [[1.5, 1, 0], [1, 2.5, 2], [0, 2, 4.5]])


def test_the_best_diagonal_q_leaves_the_gap_of_its_family_at_every_x():
    model = LinearGaussianModel([[1, 0.8], [0, 0.6]], math.sqrt(0.5))
    x = [[0.3, -1.2], [4, 0]]
    diagonal = torch.diag(1 / model.posterior_precision.diagonal())
    gap = model.log_evidence(x) - model.elbo(x, GaussianQ(model.posterior(x).mean, diagonal))
    close(gap, [0.1673480186] * 2, 1e-9)


def test_a_step_of_em_raises_the_likelihood():
    # p(x | z) of the two data is (.2, .8) and half of (.6, .3): the half shifts a sum of two logs by ln 2.
    likelihood, x = [[0.2, 0.3, 0.5], [0.8, 0.15, 0.05]], [0, 1]
    before = DiscreteModel([0.5, 0.5], likelihood)
    prior = before.posterior(x).mean(0)
    after = DiscreteModel(prior, likelihood)
    close(prior, [1 - 0.566666666667, 0.566666666667])
    close(before.log_evidence(x).sum() + math.log(2), -1.491654877, 1e-9)
    close(after.log_evidence(x).sum() + math.log(2), -1.46015621, 1e-9)
    between = after.elbo(x, before.posterior(x)).sum()
    assert before.log_evidence(x).sum() < between < after.log_evidence(x).sum()


# --- evidence and posterior by another road -------------------------------------------------------------


@repeatable
@given(st.one_of(discrete(), mixture()))
def test_finite_models_agree_with_sums_over_the_joint_table(case):
    model, joint, x, _ = case
    close(model.log_joint(x).exp(), joint)
    close(model.log_evidence(x), np.log(joint.sum(1)))
    close(model.posterior(x), joint / joint.sum(1, keepdims=True))


@repeatable
@given(linear())
def test_the_linear_model_agrees_with_the_formulas_of_the_joint_gaussian(case):
    model, (weight, sigma, bias), x, _ = case
    covariance = weight @ weight.T + sigma**2 * np.eye(len(bias))
    # The other form of the posterior, conditioning the joint Gaussian of x and z.
    gain = np.linalg.solve(covariance, weight).T
    close(model.log_evidence(x), stats.multivariate_normal.logpdf(x, bias, covariance).reshape(len(x)))
    close(model.posterior(x).mean, (x - bias) @ gain.T)
    close(model.posterior(x).covariance, np.eye(weight.shape[1]) - gain @ weight)
    close(model.gain, gain)
    close(model.covariance, covariance)


def test_the_joint_integrates_to_the_evidence():
    model = LinearGaussianModel([[0.7], [-1.2]], 0.8, bias=[0.1, 0.5])
    x = [[1.3, -0.4]]
    total, _ = integrate.quad(lambda z: math.exp(model.log_joint(x, [[z]]).item()), -12, 12, epsabs=1e-13)
    close(model.log_evidence(x), [math.log(total)])


def test_the_joint_density_is_prior_times_likelihood():
    x, z = [[1, 2, 0.5]], [[0.3, -0.7]]
    prior = stats.norm.logpdf(z).sum()
    likelihood = stats.norm.logpdf(x, [[0.3, -0.4, -1.4]], math.sqrt(0.5)).sum()
    close(PCA.log_joint(x, z), [prior + likelihood])


# --- the identity log evidence = ELBO + KL(q || posterior) ----------------------------------------------


@repeatable
@given(st.one_of(discrete(), mixture()))
def test_the_gap_of_a_finite_model_is_the_divergence_to_the_posterior(case):
    model, joint, x, q = case
    gap = model.log_evidence(x) - model.elbo(x, q)
    close(gap, kl_divergence(q, joint / joint.sum(1, keepdims=True)))
    close(model.elbo(x, model.posterior(x)), model.log_evidence(x))


@repeatable
@given(linear())
def test_the_gap_of_the_linear_model_is_the_divergence_to_the_posterior(case):
    model, _, x, q = case
    gap = model.log_evidence(x) - model.elbo(x, q)
    close(gap, torch_kl(normal(q), normal(model.posterior(x))))
    close(model.elbo(x, model.posterior(x)), model.log_evidence(x))


@repeatable
@given(linear())
def test_the_elbo_is_the_expected_log_likelihood_less_the_rate(case):
    model, (weight, sigma, bias), x, q = case
    spread = np.trace(weight @ q.covariance @ weight.T, axis1=-2, axis2=-1) / (2 * sigma**2)
    distortion = spread - stats.norm.logpdf(x, q.mean @ weight.T + bias, sigma).sum(1)
    prior = MultivariateNormal(torch.zeros(weight.shape[1]).double(), torch.eye(weight.shape[1]).double())
    close(model.elbo(x, q), -distortion - torch_kl(normal(q), prior).numpy())


# --- many at once, zeros, extremes, gradients -----------------------------------------------------------


def test_causes_are_picked_from_the_table_sample_by_sample():
    table = T2.log_joint([1, 0])
    picked = T2.log_joint([1, 0], [[0, 1], [1, 1], [0, 0]])
    assert picked.tolist() == [[table[n, z] for n, z in enumerate(row)] for row in [(0, 1), (1, 1), (0, 0)]]


def test_one_example_goes_with_many_q_and_one_q_with_many_examples():
    rows = np.array([[0.5, 0.5], [1, 0], [3 / 7, 4 / 7]])
    assert T2.elbo([1], rows).tolist() == [T2.elbo([1], row).item() for row in rows]
    assert T2.elbo([1, 0], rows[0]).tolist() == [T2.elbo([m], rows[0]).item() for m in (1, 0)]
    many = GaussianQ([[0.5], [0.6]], [[[0.3]], [[0.2]]])
    close(G1.elbo([[1.5]], many), [-2.020924935, -1.948657489], 1e-9)
    assert G1.elbo([[1.5], [0]], GaussianQ([0.5], [[0.3]])).shape == (2,)
    assert G1.log_joint([[1.5], [0]], np.zeros((7, 2, 1))).shape == (7, 2)


def test_each_of_many_covariances_counts_for_its_own_example():
    x, covariances = [[1.5], [0.2]], torch.tensor([[[0.3]], [[0.7]]])
    together = G1.elbo(x, GaussianQ([[0.5], [0.1]], covariances))
    apart = [G1.elbo(x[n : n + 1], GaussianQ([[(0.5, 0.1)[n]]], covariances[n])).item() for n in (0, 1)]
    close(together, apart)


def test_what_q_rules_out_adds_nothing_and_what_only_q_believes_costs_infinitely_much():
    sure = DiscreteModel([1, 0], [[0.8, 0.2], [0.2, 0.8]])
    close(sure.elbo([1], [1, 0]), sure.log_evidence([1]))
    close(sure.posterior([1]), [[1, 0]])
    assert sure.elbo([1], [0.5, 0.5]).item() == -math.inf


def test_impossible_data_has_evidence_zero_and_no_posterior():
    model = DiscreteModel([0.5, 0.5], [[1, 0], [1, 0]])
    assert model.log_evidence([0, 1]).tolist() == [0, -math.inf]
    with pytest.raises(ValueError, match="x was partly impossible under the model"):
        model.posterior([0, 1])


def test_far_from_every_hump_the_logarithms_survive():
    close(TWO_HUMPS.log_evidence([[1000]]), [-0.5 * 997**2 - 0.5 * math.log(2 * math.pi) - math.log(2)])
    close(TWO_HUMPS.posterior([[1000]]), [[0, 1]])


def test_a_noise_of_one_millionth_leaves_ten_digits_of_the_evidence():
    # Along the unit vector (.36, .48, .8) the variance is 9 + sigma^2, across it sigma^2.
    along, across, sigma = np.array([0.36, 0.48, 0.8]), np.array([0.8, -0.6, 0]), 1e-6
    model = LinearGaussianModel(3 * along[:, None], sigma)
    expected = stats.norm.logpdf(1.5, 0, math.hypot(3, sigma)) + stats.norm.logpdf([2e-6, 0], 0, sigma).sum()
    close(model.log_evidence([1.5 * along + 2e-6 * across]), [expected], 1e-9)


def leaves(*values) -> list[torch.Tensor]:
    return [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in values]


def test_at_the_posterior_the_elbo_has_the_gradient_of_the_evidence():
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    model = LinearGaussianModel(*leaves([[1.0, 0.3], [0.2, -1], [0.5, 2]], 0.7, [0.1, 0, -0.4]))
    parameters = model.weight, model.sigma, model.bias
    q = GaussianQ(*(part.detach() for part in model.posterior(x)))
    of_bound = torch.autograd.grad(model.elbo(x, q).sum(), parameters)
    of_evidence = torch.autograd.grad(model.log_evidence(x).sum(), parameters)
    for mine, exact in zip(of_bound, of_evidence, strict=True):
        close(mine, exact)


def test_gradients_flow_to_q_and_to_every_parameter():
    def discrete_elbo(prior, likelihood, q):
        model = DiscreteModel(prior.softmax(0), likelihood.softmax(1))
        return model.elbo([0, 2], q.softmax(1)) + model.log_evidence([0, 2])

    def mixture_elbo(weights, means, variance, q):
        return MixtureModel(weights.softmax(0), means, variance).elbo([[0.3], [1]], q.softmax(1))

    def linear_elbo(weight, sigma, mean, root):
        return LinearGaussianModel(weight, sigma).elbo([[0.3, 1]], GaussianQ(mean, root @ root.T))

    q = [[0.5, -0.2], [0.1, 1.0]]
    assert torch.autograd.gradcheck(discrete_elbo, leaves([0.1, 0.4], [[0.1, 0, 1.0], [0.4, 2, 0]], q))
    assert torch.autograd.gradcheck(mixture_elbo, leaves([0.1, 0.4], [[-1.0], [2.0]], 0.6, q))
    weight, root = [[1.0, 0.3], [0.2, -1]], [[0.8, 0.0], [0.3, 0.5]]
    assert torch.autograd.gradcheck(linear_elbo, leaves(weight, 0.7, [[0.4, -0.6]], root))


def test_the_gradient_stays_finite_where_q_and_the_joint_are_zero():
    q, = leaves([1.0, 0.0])
    DiscreteModel([1, 0], [[0.8, 0.2], [0.2, 0.8]]).elbo([1], q).sum().backward()
    assert torch.isfinite(q.grad).all()


def test_parameters_are_float64_copies_of_arrays_and_lists():
    weight = np.array([[2.0]])
    model = LinearGaussianModel(weight, 1)
    weight[0, 0] = 7
    assert model.weight.item() == 2 and model.weight.dtype == torch.float64
    assert T2.log_evidence(torch.tensor([1])).dtype == torch.float64


def test_a_linear_vae_gives_its_exact_answers_in_its_own_dtype():
    model, x = LinearVAE(3, 2), torch.ones(4, 3)
    found = model.log_evidence(x), model.posterior_distribution(x).mean, model.covariance
    assert {value.dtype for value in found} == {torch.float32}
    torch.testing.assert_close(model.exact.log_evidence(x).float(), found[0])


@pytest.mark.parametrize("make, message", [
    (lambda: DiscreteModel([0.5, 0.6], [[1], [1]]), "prior was summing to 1.1"),
    (lambda: DiscreteModel([[0.5, 0.5]], [[1], [1]]), r"prior was of shape \(1, 2\); expected shape \(K\)"),
    (lambda: DiscreteModel([1.5, -0.5], [[1], [1]]), "prior was with values down to -0.5"),
    (lambda: DiscreteModel([0.5, 0.5], [[0.5, 0.5]]),
     r"likelihood was of shape \(1, 2\); expected shape \(2, M\)"),
    (lambda: DiscreteModel([0.5, 0.5], [[0.5, 0.5], [0.5, 0.4]]), "likelihood was summing to 0.9"),
    (lambda: DiscreteModel("half", [[1]]), "prior was of type str; expected real numbers"),
    (lambda: T2.log_evidence([2]), r"x was \[2.0\]; expected whole numbers from 0 to 1"),
    (lambda: T2.log_evidence([-1]), "x was"),
    (lambda: T2.log_evidence([0.5]), "x was"),
    (lambda: T2.log_evidence(1), r"x was of shape \(\); expected shape \(N\)"),
    (lambda: T2.log_evidence([]), r"x was empty"),
    (lambda: T2.log_joint([1], [2]), "z was"),
    (lambda: T2.log_joint([1, 0, 1], [0, 1]), r"z was of shape \(2,\); expected shape \(3\)"),
    (lambda: T2.elbo([1], [0.5, 0.6]), "q was summing to 1.1"),
    (lambda: T2.elbo([1], [1.0]), r"q was of shape \(1,\); expected shape \(1, 2\)"),
    (lambda: T2.elbo([1, 0, 1], np.full((2, 2), 0.5)), r"q was of shape \(2, 2\); expected shape \(3, 2\)"),
    (lambda: T2.elbo([1], 0.5), "q was"),
    (lambda: MixtureModel([0.5, 0.4], [[0], [1]], 1), "weights was summing to 0.9"),
    (lambda: MixtureModel([1], [[0], [1]], 1), r"means was of shape \(2, 1\); expected shape \(1, D\)"),
    (lambda: MixtureModel([1], [0], 1), r"means was of shape \(1,\)"),
    (lambda: MixtureModel([1], [[0]], 0), "variance was down to 0; expected numbers > 0"),
    (lambda: MixtureModel([1], [[0]], math.inf), "variance was partly NaN or infinite"),
    (lambda: MixtureModel([0.5, 0.5], [[0], [1]], [1, 1, 1]), r"variance was of shape \(3,\)"),
    (lambda: MixtureModel([1], [[0]], [[1]]), r"variance was of shape \(1, 1\)"),
    (lambda: TWO_HUMPS.log_evidence([0, 1]), r"x was of shape \(2,\); expected shape \(N, 1\)"),
    (lambda: TWO_HUMPS.log_evidence([[math.nan]]), "x was partly NaN"),
    (lambda: LinearGaussianModel([1, 2], 1), r"weight was of shape \(2,\); expected shape \(D, k\)"),
    (lambda: LinearGaussianModel([[1], [2, 3]], 1), "weight was of type list"),
    (lambda: LinearGaussianModel([[1]], 0), "sigma was down to 0"),
    (lambda: LinearGaussianModel([[1]], [1]), r"sigma was of shape \(1,\)"),
    (lambda: LinearGaussianModel([[1]], 1, [0, 0]), r"bias was of shape \(2,\); expected shape \(1\)"),
    (lambda: G1.posterior([1.5]), r"x was of shape \(1,\); expected shape \(N, 1\)"),
    (lambda: G1.log_joint([[1.5]], [[0, 0]]), r"z was of shape \(1, 2\); expected shape \(1, 1\)"),
    (lambda: G1.elbo([[1.5]], ([[0.5]], [[0.3]])), "q was of type tuple; expected a GaussianQ"),
    (lambda: G1.elbo([[1.5]] * 3, GaussianQ([[0.5]] * 2, [[0.3]])), r"q.mean was of shape \(2, 1\)"),
    (lambda: G1.elbo([[1.5]], GaussianQ([[0.5]], [0.3])), r"q.covariance was of shape \(1,\)"),
    (lambda: G1.elbo([[1.5]] * 3, GaussianQ([0.5], [[[0.3]]] * 2)), r"q.covariance was of shape \(2, 1, 1\)"),
    (lambda: G1.elbo([[1.5]], GaussianQ([[0.5]], [[-0.3]])), "q.covariance was not symmetric"),
    (lambda: G1.elbo([[1.5]], GaussianQ([[0.5]], [[0]])), "or not positive definite"),
    (lambda: PCA.elbo([[1, 2, 0.5]], GaussianQ([[0, 0]], [[1, 0.5], [0, 1]])), "q.covariance was not sym"),
])
def test_what_does_not_fit_is_refused_under_its_name(make, message):
    with pytest.raises(ValueError, match=message):
        make()
