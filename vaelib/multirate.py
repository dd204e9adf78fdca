"""One VAE for every beta: gates that depend on ln beta alone, and that fold into an ordinary `VAE`.

Every fully connected layer gets a dial: a small network that turns ln beta into gates between 0 and 2 and
into shifts. At a fixed beta these are constants, so they disappear into the layer's weight and bias.
Sources: Bae et al. 2023 (arXiv 2212.03905), who gate by an activation of an affine function of ln beta; Perez
et al. 2018 (arXiv 1709.07871), whose networks put out a scale and a shift, as the dial does.
"""

import copy
import math

import torch
from torch import Tensor, nn

from vaelib import gaussian
from vaelib.checks import positive, require
from vaelib.models import VAE, LatentModel, Posterior, Terms

DIAL_UNITS = 16
# The dial's units begin as soft steps at DIAL_UNITS places along ln beta, each about one unit wide.
STEEPNESS = 2.0


class GatedLinear(nn.Linear):
    """A linear layer with a dial: gate * (W x + b) + shift, or W (gate * x) + b + shift if `gates_inputs`.

    W, b are those of `layer`. `dial` maps ln beta (..., 1) to the logits of half the gates, then the shifts.
    It begins at gates 1 and shifts 0 for every beta: the layer is then the one it was made from.
    """

    def __init__(self, layer: nn.Linear, gates_inputs: bool, low: float, high: float) -> None:
        super().__init__(layer.in_features, layer.out_features, device="meta")
        self.weight, self.bias, self.gates_inputs = layer.weight, layer.bias, gates_inputs
        numbers = layer.out_features + (layer.in_features if gates_inputs else layer.out_features)
        places = torch.linspace(math.log(low), math.log(high), DIAL_UNITS)
        steps = _linear(torch.full((DIAL_UNITS, 1), STEEPNESS), -STEEPNESS * places)
        still = _linear(torch.zeros(numbers, DIAL_UNITS), torch.zeros(numbers))
        self.dial = nn.Sequential(steps, nn.Tanh(), still)

    def forward(self, x: Tensor, log_beta: Tensor) -> Tensor:
        """Return the output (N, out_features) for x (N, in_features) and log_beta (N, 1) or (1,)."""
        gate, shift = self.gate_and_shift(log_beta)
        return super().forward(gate * x) + shift if self.gates_inputs else gate * super().forward(x) + shift

    def gate_and_shift(self, log_beta: Tensor) -> tuple[Tensor, Tensor]:
        """Return gates in (0, 2), (..., in_features or out_features), and shifts, (..., out_features)."""
        numbers = self.dial(log_beta)
        return 2 * torch.sigmoid(numbers[..., :-self.out_features]), numbers[..., -self.out_features:]

    def at(self, log_beta: Tensor) -> nn.Linear:
        """Return the ordinary layer that this one is at log_beta (1,)."""
        gate, shift = self.gate_and_shift(log_beta)
        if self.gates_inputs:
            return _linear(self.weight * gate, self.bias + shift)
        return _linear(gate[:, None] * self.weight, gate * self.bias + shift)


class GatedNetwork(nn.Sequential):
    """An `nn.Sequential` whose linear layers are gated; other layers do not hear of beta."""

    def forward(self, x: Tensor, log_beta: Tensor | None = None) -> Tensor:
        """Return the output for x (N, ...) and log_beta (N, 1), or (1,) for all; without it beta is 1."""
        log_beta = x.new_zeros(1) if log_beta is None else log_beta
        for layer in self:
            x = layer(x, log_beta) if isinstance(layer, GatedLinear) else layer(x)
        return x

    def at(self, log_beta: Tensor) -> nn.Sequential:
        """Return the ordinary network that this one is at log_beta (1,), with weights of its own."""
        return nn.Sequential(*(
            layer.at(log_beta) if isinstance(layer, GatedLinear) else copy.deepcopy(layer) for layer in self
        ))


class MultiRateVAE(LatentModel):
    """The VAEs of all beta from `low` to `high` in one model, made from the networks of `vae`.

    `fit(model, x, steps=...)` trains it for the whole range at once; `model.at(beta)` is an ordinary `VAE`.
    Encoder layers gate their outputs. Decoder layers gate their inputs, the first of them the latents, as the
    linear beta-VAE does. Before training it is `vae` at every beta. Where no beta is given (`decode`,
    `sample_images`), beta is 1. Train it on a wider range than you serve.

    Raises `ValueError` if `vae` is no `VAE`, if one of its networks is no `nn.Sequential` with an `nn.Linear`
    with bias directly in it, if its likelihood has parameters to learn (they would have to depend on beta),
    and unless 0 < low < high.
    """

    numbers_per_latent = 2

    def __init__(self, vae: VAE, low: float = 0.03, high: float = 30.0) -> None:
        require(isinstance(vae, VAE), "vae", f"of type {type(vae).__name__}", "a VAE")
        learned = any(True for _ in vae.likelihood.parameters())
        require(not learned, "vae", "with a likelihood that learns", "one without: beta moves them")
        low, high = positive("low", low), positive("high", high)
        require(low < high, "low", low, f"a number below high = {high}")
        vae = copy.deepcopy(vae)
        encoder = _gated("encoder", vae.encoder, False, low, high)
        decoder = _gated("decoder", vae.decoder, True, low, high)
        super().__init__(encoder, decoder, vae.likelihood, vae.latent_dim, vae.data_shape)
        self.low, self.high = low, high

    def extra_repr(self) -> str:
        return f"low={self.low}, high={self.high}"

    @torch.no_grad()
    def at(self, beta: float) -> VAE:
        """Return the `VAE` of this beta, with weights of its own: nothing that happens to it comes back here.

        Raises `ValueError` unless low <= beta <= high.
        """
        inside = self.low <= positive("beta", beta) <= self.high
        require(inside, "beta", beta, f"a number from {self.low} to {self.high}, where the model was trained")
        log_beta = next(self.parameters()).new_tensor([math.log(beta)])
        networks = self.encoder.at(log_beta), self.decoder.at(log_beta)
        return VAE(*networks, copy.deepcopy(self.likelihood), self.latent_dim, self.data_shape)

    def draw_log_betas(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Return ln beta of n examples, (n,): one in each of n slices of the range, all moved by one draw.

        ln beta is ln low + (ln high - ln low) sqrt(u) with uniform u: large beta come more often. There
        latents switch off, so the weights change most within a short stretch of ln beta.
        """
        device = None if generator is None else generator.device
        u = (torch.arange(n, device=device) + torch.rand(1, generator=generator, device=device)) / n
        return math.log(self.low) + math.log(self.high / self.low) * u.sqrt()

    def _terms(self, x: Tensor, generator: torch.Generator | None = None) -> Terms:
        """Return the terms of x, each at a beta of its own, with the rates already times that beta."""
        log_beta = self.draw_log_betas(len(x), generator).to(x)[:, None]
        posterior = Posterior(*self.encoder(self.likelihood.to_unit(x), log_beta).chunk(2, dim=-1))
        output = self.decoder(gaussian.sample(*posterior, generator), log_beta)
        rates = log_beta.exp() * gaussian.kl_per_dimension(*posterior)
        return Terms(rates, -self.likelihood._log_prob(x, output))


def _gated(name: str, network: nn.Module, gates_inputs: bool, low: float, high: float) -> GatedNetwork:
    layers = list(network) if isinstance(network, nn.Sequential) else []
    linear = [layer for layer in layers if isinstance(layer, nn.Linear)]
    fits = len(linear) > 0 and all(layer.bias is not None for layer in linear)
    require(fits, "vae", f"with the {name} {network!r}", "an nn.Sequential with nn.Linear layers with bias")
    gated = (
        GatedLinear(layer, gates_inputs, low, high) if isinstance(layer, nn.Linear) else layer
        for layer in layers
    )
    return GatedNetwork(*gated).to(linear[0].weight)


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    """Return the layer of this weight (outputs, inputs) and bias (outputs,); it draws no random numbers."""
    layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    return layer
