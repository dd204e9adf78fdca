"""The museum: every check passes the healthy programs and catches its own exhibit; symptoms are measured."""

import ast

import museum
import pytest
import torch
from museum import EXHIBITS, GaussianProgram, Program, complaint

from vaelib import gaussian, likelihoods
from vaelib.datasets import digits

CHECKS = [exhibit.check for exhibit in EXHIBITS.values()]
HEALTHY = [Program, GaussianProgram]
# Which checks complain of which exhibit. A comparison with torch's own divergence (C) catches three bugs.
CAUGHT = {letter: letter for letter in EXHIBITS} | {"B": "BC", "J": "CJ"}


@pytest.fixture(autouse=True)
def seeded():
    with museum.seeded(0):
        yield


@pytest.fixture(scope="module")
def counts():
    return digits("counts")[0]


@pytest.fixture(scope="module")
def trained(counts):
    """Each program after a short training on 1,500 digits, with its history, made when first asked for."""
    made = {}

    def get(kind):
        if kind not in made:
            program = kind()
            made[kind] = program, museum.train(program, counts[:1500], steps=300)
        return made[kind]

    return get


def reported(history) -> float:
    """The loss that a program reports, averaged over the last 50 steps."""
    return -sum(history.elbo[-50:]) / 50


def drawn(program) -> torch.Tensor:
    """64 pictures from the prior, without gradient."""
    with torch.no_grad():
        return program.picture(program.decode(torch.randn(64, program.latent_dim)))


@pytest.mark.parametrize("kind", HEALTHY)
@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("seed", range(3))
def test_every_check_passes_the_healthy_programs(check, kind, seed):
    torch.manual_seed(seed)
    assert complaint(check, kind(latent_dim=2 + seed, seed=seed)) == ""


@pytest.mark.parametrize("letter", EXHIBITS)
@pytest.mark.parametrize("seed", range(3))
def test_every_exhibit_fails_its_own_check(letter, seed):
    torch.manual_seed(seed)
    exhibit = EXHIBITS[letter]
    with pytest.raises(AssertionError):
        exhibit.check(exhibit.program(seed=seed))
    assert len(complaint(exhibit.check, exhibit.program(seed=seed))) > 20


@pytest.mark.parametrize("letter", EXHIBITS)
def test_which_checks_catch_which_exhibit(letter):
    program = EXHIBITS[letter].program()
    found = [name for name, exhibit in EXHIBITS.items() if complaint(exhibit.check, program)]
    assert found == list(CAUGHT[letter])


@pytest.mark.parametrize("kind", HEALTHY)
def test_training_leaves_a_healthy_program_healthy(kind, trained):
    program, history = trained(kind)
    assert [complaint(check, program) for check in CHECKS] == [""] * len(CHECKS)
    assert reported(history) < 0.6 * -sum(history.elbo[:5]) / 5


def test_the_healthy_terms_are_those_of_vaelib(counts):
    mean, log_var = torch.randn(2, 20, 5)
    output = torch.randn(20, 1, 8, 8)
    for program, family in [(Program(), likelihoods.Bernoulli()), (GaussianProgram(), likelihoods.Gaussian(0.2))]:
        x = program.prepare(counts[:20])
        torch.testing.assert_close(program.kl(mean, log_var), gaussian.kl_to_standard_normal(mean, log_var))
        torch.testing.assert_close(program.nll(x, output), -family.log_prob(x, output))
        torch.testing.assert_close(program.picture(output), family.mean(output))


@pytest.mark.parametrize("letter", EXHIBITS)
def test_an_exhibit_replaces_one_short_method_and_its_label_gives_nothing_away(letter):
    exhibit = EXHIBITS[letter]
    replaced = [name for name, value in vars(exhibit.program).items() if callable(value)]
    assert replaced == [exhibit.method]
    assert exhibit.program.__base__ in HEALTHY
    assert exhibit.title == f"Exhibit {letter}"
    function = ast.parse(exhibit.code).body[0]
    assert function.name == exhibit.method
    assert len(exhibit.code.splitlines()) <= 12
    assert exhibit.program.__name__ not in exhibit.code and '"""' not in exhibit.code and "#" not in exhibit.code
    assert exhibit.bug.endswith(".") and exhibit.symptom.endswith(".") and exhibit.bug != exhibit.symptom


def test_a_variance_as_sigma_reports_a_better_bound_than_it_has(trained, counts):
    (healthy, good), (broken, bad) = trained(Program), trained(museum.VarianceAsSigma)
    assert reported(bad) < reported(good) - 1
    assert sum(museum.audit(broken, counts[1500:])) > sum(museum.audit(healthy, counts[1500:])) + 0.5


def test_a_flipped_kl_explodes(trained):
    _, history = trained(museum.KLSignFlipped)
    assert history.rate[-1] < -1e6 and history.distortion[-1] > 1e6


def test_a_kl_without_its_half_presses_the_rate_down(trained, counts):
    (healthy, _), (broken, history) = trained(Program), trained(museum.KLWithoutHalf)
    rate, _ = museum.audit(broken, counts[:1500])
    assert rate < 0.7 * museum.audit(healthy, counts[:1500])[0]
    assert sum(history.rate[-50:]) / 50 == pytest.approx(2 * rate, rel=0.15)


def test_a_mean_for_a_sum_collapses_at_a_small_loss(trained, counts):
    (healthy, _), (broken, history) = trained(Program), trained(museum.MeanForSum)
    assert museum.audit(broken, counts[:1500])[0] < 0.05 and reported(history) < 1
    assert drawn(broken).std(0).mean() < 0.3 * drawn(healthy).std(0).mean()


def test_shared_noise_makes_jagged_curves(trained):
    def jags(history):
        last = torch.tensor(history.distortion[-100:])
        return (last[1:] - last[:-1]).std()

    (_, good), (_, bad) = trained(Program), trained(museum.SharedNoise)
    assert jags(bad) > 2 * jags(good) and reported(bad) > reported(good) + 1


def test_a_second_sigmoid_leaves_everything_grey(trained):
    program, history = trained(museum.SigmoidTwice)
    low, high = drawn(program).aminmax()
    assert low >= 0.5 and high < 0.74
    assert reported(history) > 1.5 * reported(trained(Program)[1])


def test_cross_entropy_off_its_range_has_no_floor(trained):
    _, history = trained(museum.CrossEntropyOffRange)
    assert history.distortion[-1] < 10 * history.distortion[100] < 0


def test_noise_at_evaluation_shows_in_reconstructions_alone(trained, counts):
    (healthy, good), (broken, bad) = trained(Program), trained(museum.NoiseAtEvaluation)
    x = healthy.prepare(counts[1500:])
    assert bad == good
    assert (broken.reconstruct(x) - x).square().mean() > 1.1 * (healthy.reconstruct(x) - x).square().mean()


def test_a_flipped_normaliser_shifts_the_report_and_nothing_else(trained):
    (healthy, good), (broken, bad) = trained(GaussianProgram), trained(museum.NormaliserSignFlipped)
    shift = -64 * torch.log(2 * torch.pi * torch.tensor(0.04))
    torch.testing.assert_close(torch.tensor(bad.distortion) - torch.tensor(good.distortion),
                               shift.expand(len(good)), rtol=1e-3, atol=0.0)
    assert all(torch.equal(*pair) for pair in zip(broken.parameters(), healthy.parameters(), strict=True))


def test_an_averaged_kl_reports_the_best_bound_and_has_one_of_the_worst(trained, counts):
    (healthy, good), (broken, bad) = trained(Program), trained(museum.KLAveraged)
    assert reported(bad) < reported(good) - 5
    rate, distortion = museum.audit(broken, counts[1500:])
    assert rate + distortion > sum(museum.audit(healthy, counts[1500:])) + 3
    assert rate > 5 * sum(bad.rate[-50:]) / 50
    x = healthy.prepare(counts[1500:])
    assert (broken.reconstruct(x) - x).square().mean() < 0.95 * (healthy.reconstruct(x) - x).square().mean()


def test_an_audit_of_a_healthy_program_agrees_with_its_own_report(trained, counts):
    program, history = trained(Program)
    assert sum(museum.audit(program, counts[:1500])) == pytest.approx(reported(history), rel=0.05)


def test_a_training_repeats_and_leaves_torchs_random_state_alone(counts):
    before = torch.get_rng_state()
    one, two = (museum.train(Program(), counts[:200], steps=3, seed=1) for _ in range(2))
    assert one == two and len(one) == 3
    museum.audit(Program(), counts[:9])
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("call, message", [
    (lambda: museum.train(Program(), torch.zeros(2, 1, 8, 8), steps=0), "steps was 0"),
    (lambda: Program(latent_dim=0), "latent_dim was 0"),
])
def test_bad_arguments_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
