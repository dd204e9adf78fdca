"""The stack against counting, the message's length against the ELBO, and images that come back exactly."""

import dataclasses
import math
import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Normal

from vaelib.bits_back import PRECISION, Message, Stack, compress, decompress
from vaelib.datasets import digits
from vaelib.likelihoods import Bernoulli, Binomial
from vaelib.models import VAE, mlp_autoencoder, mlp_vae
from vaelib.objectives import elbo
from vaelib.training import fit

repeatable = settings(max_examples=60, deadline=None, derandomize=True, database=None)
IMAGES = digits("binary")[0]
TRAIN, TEST = IMAGES[:1500], IMAGES[1500:]


def trained(latent_dim: int, steps: int = 1500) -> VAE:
    vae = mlp_vae((1, 8, 8), latent_dim, Bernoulli(), hidden=(256,))
    fit(vae, TRAIN, steps=steps, seed=0)
    return vae


@pytest.fixture(scope="module")
def quick() -> VAE:
    return trained(2, steps=60)


@pytest.fixture(scope="module")
def planar() -> VAE:
    return trained(2)


def random_state(n_bits: int) -> int:
    return 1 << n_bits - 1 | random.Random(0).getrandbits(n_bits - 1)


@st.composite
def symbols(draw) -> tuple[int, list[tuple[int, int]]]:
    """A precision and some symbols: pieces (start, frequency) of 2**precision slots cut at random places."""
    precision = draw(st.integers(2, 24))
    cuts = draw(st.sets(st.integers(1, 2**precision - 1), min_size=1, max_size=6))
    edges = [0, *sorted(cuts), 2**precision]
    pieces = [(start, end - start) for start, end in zip(edges, edges[1:])]
    return precision, draw(st.lists(st.sampled_from(pieces), min_size=1, max_size=60))


@given(symbols(), st.integers(0, 2**80))
@repeatable
def test_what_is_pushed_pops_in_reverse_and_leaves_the_state_as_it_was(pushed, state):
    (precision, pieces), stack = pushed, Stack(state)
    for start, frequency in pieces:
        stack.push(start, frequency, precision)
        assert start <= stack.slot(precision) < start + frequency
    for start, frequency in reversed(pieces):
        stack.pop(start, frequency, precision)
    assert stack.state == state


@given(symbols())
@repeatable
def test_the_length_is_the_sum_of_the_surprises(pushed):
    precision, pieces = pushed
    stack = Stack(random_state(precision + 20))
    before = math.log2(stack.state)
    for piece in pieces:
        stack.push(*piece, precision)
    surprise = sum(precision - math.log2(frequency) for _, frequency in pieces)
    bound = len(pieces) * 2 * 2.0**-19  # 2 frequency / state, with frequency <= 2**precision
    assert math.log2(stack.state) - before == pytest.approx(surprise, abs=bound + 1e-9)
    assert stack.len_bits == math.floor(math.log2(stack.state)) + 1


def test_a_state_worked_out_by_hand():
    stack = Stack(13)
    stack.push(1, 3, precision=2)  # 13 = 4 * 3 + 1, so 4 * 4 + 1 + 1
    assert (stack.state, stack.slot(2), stack.len_bits) == (18, 2, 5)
    stack.pop(1, 3, precision=2)
    assert stack.state == 13


def test_random_bits_pop_as_symbols_with_the_odds_of_their_frequencies():
    pieces, counts = [(0, 1), (1, 5), (6, 2)], [0, 0, 0]
    for state in range(64, 128):  # every number of seven bits once
        owner = next(i for i, (start, n) in enumerate(pieces) if start <= Stack(state).slot(3) < start + n)
        counts[owner] += 1
    assert counts == [8, 40, 16]


@pytest.mark.parametrize("call, message", [
    (lambda: Stack(-1), "state was below 0 or not whole"),
    (lambda: Stack(2.5), "state was below 0 or not whole"),
    (lambda: Stack(9).push(-1, 2), "start was -1"),
    (lambda: Stack(9).push(0, 0), "frequency was 0"),
    (lambda: Stack(9).push(3, 6, precision=3), "frequency was 6; expected at most 5, as start is 3"),
    (lambda: Stack(9).pop(2, 4, precision=3), "start was 2; expected the start of slot 1's owner"),
])
def test_slots_that_are_not_there_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("latent_bits", [1, 4, 12, 16])
def test_images_come_back_exactly_at_every_precision(quick, latent_bits):
    message = compress(quick, TEST[:40], latent_bits=latent_bits)
    assert (message.n_images, message.latent_bits) == (40, latent_bits)
    back = decompress(quick, message)
    assert torch.equal(back, TEST[:40]) and back.dtype == TEST.dtype


def test_images_no_model_expects_come_back_too(quick):
    noise = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0)) < 0.5
    strange = torch.cat([torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8), noise.float()])
    assert torch.equal(decompress(quick, compress(quick, strange)), strange)


def test_a_sure_model_still_gives_every_pixel_a_slot():
    vae = mlp_vae((6,), 1, Bernoulli())
    with torch.no_grad():
        vae.decoder[-2].bias.fill_(200.0)
    message = compress(vae, torch.zeros(1, 6))
    assert torch.equal(decompress(vae, message), torch.zeros(1, 6))
    assert message.net_bits == pytest.approx(6 * PRECISION, abs=8)


def test_more_initial_bits_make_a_longer_message_and_the_same_net_length(quick):
    short, long = (compress(quick, TEST, initial_bits=n) for n in (52, 4096))
    assert (short.initial_bits, long.initial_bits) == (52, 4096)
    assert long.total_bits == long.net_bits + 4096
    assert long.net_bits == pytest.approx(short.net_bits, rel=0.02)
    assert compress(quick, TEST).initial_bits == 52


def test_an_image_alone_pays_for_its_own_initial_bits(quick):
    alone = [compress(quick, TEST[i : i + 1], seed=i) for i in range(100)]
    chain = compress(quick, TEST[:100])
    assert sum(m.total_bits for m in alone) > 1.5 * chain.total_bits
    assert sum(m.net_bits for m in alone) == pytest.approx(chain.net_bits, rel=0.06)


def test_the_initial_bits_are_what_is_left(quick):
    message, other = (compress(quick, TEST[:5], initial_bits=300, seed=seed) for seed in (3, 4))
    assert message.state != other.state
    with pytest.raises(ValueError, match="message was one that leaves other bits than it began with"):
        decompress(quick, dataclasses.replace(message, seed=4))
    assert torch.equal(decompress(quick, message), decompress(quick, other))


def test_a_long_message_is_no_different(quick):
    message = compress(quick, TRAIN[:600])
    assert message.total_bits > 16_000  # longer than the numbers that Python prints
    assert torch.equal(decompress(quick, message), TRAIN[:600])
    assert str(message) == "Message(n_images=600, latent_bits=12, initial_bits=52, seed=0)"


@pytest.mark.parametrize("latent_dim", [2, 8])
def test_the_net_length_of_the_held_out_digits_is_the_negative_elbo(latent_dim, planar):
    vae = planar if latent_dim == 2 else trained(8)
    with torch.no_grad():
        bits = -elbo(vae, TEST, 200, torch.Generator().manual_seed(0)).sum().item() / math.log(2)
    message = compress(vae, TEST, latent_bits=12)
    assert torch.equal(decompress(vae, message), TEST)
    assert message.net_bits == pytest.approx(bits, rel=0.02)


@torch.no_grad()
def cost_with_bins(vae: VAE, x: torch.Tensor, latent_bits: int) -> float:
    """The negative ELBO of all x in bits when z, two latents, is the centre of a bin: a sum over all bins."""
    n = 2**latent_bits
    prior = Normal(torch.zeros(1, dtype=torch.float64), 1.0)
    edges, centres = prior.icdf(torch.arange(n + 1) / n), prior.icdf((torch.arange(n) + 0.5) / n)
    mean, log_var = vae.posterior(x)
    mass = Normal(mean[..., None], torch.exp(log_var / 2)[..., None]).cdf(edges).diff(dim=-1)  # (N, 2, n)
    rate = torch.xlogy(mass, mass * n).sum((1, 2))
    z = torch.cartesian_prod(centres, centres).to(x)
    outputs = vae.decode(z)[:, None].expand(-1, *x.shape)
    log_likelihood = vae.likelihood.log_prob(x, outputs)  # (n * n, N)
    weights = (mass[:, 0, :, None] * mass[:, 1, None, :]).flatten(1)
    return ((rate - (weights * log_likelihood.T).sum(1)).sum() / math.log(2)).item()


@pytest.mark.parametrize("latent_bits", [2, 4])
def test_the_mean_net_length_is_the_negative_elbo_of_the_model_with_bins(planar, latent_bits):
    lengths = [compress(planar, TEST, latent_bits=latent_bits, seed=seed).net_bits for seed in range(10)]
    assert sum(lengths) / 10 == pytest.approx(cost_with_bins(planar, TEST, latent_bits), rel=0.0045)


@pytest.mark.parametrize("bit", [0, 1, 2, 3, 30, 400, -2])
def test_a_changed_message_does_not_pass(planar, bit):
    message = compress(planar, TEST[:40])
    changed = message.state ^ 1 << bit % message.total_bits
    with pytest.raises(ValueError, match="message was .*; expected an intact one of this model"):
        decompress(planar, dataclasses.replace(message, state=changed))


def test_a_changed_message_does_not_pass_where_q_is_too_narrow_for_its_wrong_z():
    vae = mlp_vae((6,), 2, Bernoulli())
    with torch.no_grad():
        vae.encoder[-1].bias[2:] = -30.0  # ln variance
    message = compress(vae, torch.ones(3, 6))
    assert torch.equal(decompress(vae, message), torch.ones(3, 6))
    with pytest.raises(ValueError, match="message was"):
        decompress(vae, dataclasses.replace(message, state=message.state ^ 1 << 10))


def test_a_message_of_another_model_does_not_pass(quick, planar):
    message = compress(quick, TEST[:40])
    for other in (planar, mlp_vae((1, 8, 8), 3, Bernoulli())):
        with pytest.raises(ValueError, match="message was"):
            decompress(other, message)


def test_coding_leaves_the_model_as_it_was(quick):
    before = {name: weights.clone() for name, weights in quick.state_dict().items()}
    assert quick.train().training
    compress(quick, TEST[:2])
    assert quick.training and all(weights.requires_grad for weights in quick.parameters())
    for name, weights in quick.state_dict().items():
        assert weights.dtype == torch.float32 and torch.equal(weights, before[name])


@pytest.mark.parametrize("options, message", [
    ({"latent_bits": 0}, "latent_bits was 0"),
    ({"latent_bits": 17}, "latent_bits was 17; expected at most 16"),
    ({"latent_bits": 8.0}, "latent_bits was 8.0"),
    ({"initial_bits": 51}, "initial_bits was 51; expected at least 52"),
    ({"initial_bits": 64.0}, "initial_bits was 64.0"),
    ({"seed": -1}, "seed was -1"),
])
def test_numbers_that_make_no_code_are_refused(quick, options, message):
    with pytest.raises(ValueError, match=message):
        compress(quick, TEST[:1], **options)


@pytest.mark.parametrize("vae, x, message", [
    (mlp_vae((1, 8, 8), 2, Binomial()), TEST[:1], r"vae was with Binomial\(total=16\)"),
    (mlp_autoencoder((1, 8, 8), 2, Bernoulli()), TEST[:1], "vae was of type Autoencoder"),
    (mlp_vae((1, 8, 8), 2, Bernoulli()), TEST[:1] / 2, "x was not binary"),
    (mlp_vae((1, 8, 8), 2, Bernoulli(grey=True)), TEST[:1] / 2, "x was partly grey"),
    (mlp_vae((1, 8, 8), 2, Bernoulli()), TEST[:1].flatten(1), "x was of shape"),
    (mlp_vae((1, 8, 8), 2, Bernoulli()), TEST[:0], "x was empty"),
])
def test_other_models_and_other_data_are_refused(vae, x, message):
    with pytest.raises(ValueError, match=message):
        compress(vae, x)


def test_what_is_no_message_is_refused(quick):
    with pytest.raises(ValueError, match="message was of type int"):
        decompress(quick, 5)
    with pytest.raises(ValueError, match="latent_bits was 20"):
        decompress(quick, Message(state=1, n_images=1, latent_bits=20, initial_bits=64, seed=0))
