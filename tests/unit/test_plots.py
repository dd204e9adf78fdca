"""Figures: every one has an alt text that says something, and pictures keep their pixels."""

import base64

import matplotlib
import numpy as np
import pytest
import torch

from vaelib import plots
from vaelib.likelihoods import Binomial, Gaussian
from vaelib.models import conv_vae, mlp_vae
from vaelib.training import History

matplotlib.use("Agg")


@pytest.fixture
def shown(monkeypatch) -> list[dict]:
    """What `plots` displays, in place of a notebook's page."""
    outputs = []
    monkeypatch.setattr(plots, "display", lambda data, metadata, raw: outputs.append({"data": data, "metadata": metadata}))
    return outputs


def alt(output: dict) -> str:
    return output["metadata"]["image/png"]["alt"]


def test_show_displays_a_png_with_its_alt_text_and_width(shown):
    figure, axes = plots.new(width=3.0, height=2.0)
    axes.plot([0, 1], [0, 1])
    plots.show(figure, "A straight line from the origin to the point one, one.")
    assert base64.b64decode(shown[0]["data"]["image/png"]).startswith(b"\x89PNG")
    assert shown[0]["data"]["text/plain"] == alt(shown[0]) == "A straight line from the origin to the point one, one."
    assert shown[0]["metadata"]["image/png"]["width"] == 300


@pytest.mark.parametrize("text", ["", "   ", "a figure", "latent-plane-of-the-digits.png"])
def test_show_refuses_an_alt_text_that_says_nothing(shown, text):
    figure, _ = plots.new()
    with pytest.raises(ValueError, match="alt was"):
        plots.show(figure, text)
    assert not shown


def test_drawing_leaves_matplotlibs_settings_alone():
    before = dict(matplotlib.rcParams)
    plots.new(1, 2)
    assert dict(matplotlib.rcParams) == before


def test_pictures_are_channels_last_and_clipped_for_painting():
    images = torch.tensor([[[[-0.5, 0.25]], [[1.5, 0.5]], [[0.0, 1.0]]]])
    assert plots.as_pictures(images).tolist() == [[[[0.0, 1.0, 0.0], [0.25, 0.5, 1.0]]]]
    assert plots.as_pictures(np.zeros((2, 1, 4, 5))).shape == (2, 4, 5)


@pytest.mark.parametrize("shape", [(1, 8, 8), (2, 2, 8, 8), (8,)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="images was of shape"):
        plots.as_pictures(torch.zeros(shape))


def test_a_montage_puts_each_picture_in_its_place():
    images = np.arange(3, dtype=float).reshape(3, 1, 1, 1) / 4 * np.ones((3, 3, 2, 2))
    sheet = plots.montage(images, columns=2, gap=1)
    assert sheet.shape == (5, 5, 3)
    assert sheet[0, 0, 0] == 0.0 and sheet[0, 3, 0] == 0.25 and sheet[3, 0, 0] == 0.5
    assert (sheet[2] == 1).all() and (sheet[:, 2] == 1).all() and (sheet[3:, 3:] == 1).all()


def test_grey_pictures_are_ink_on_white_paper():
    assert plots.montage(np.ones((1, 1, 1, 1)), columns=1)[0, 0] == 0.0
    with pytest.raises(ValueError, match="columns was 0"):
        plots.montage(np.ones((1, 1, 1, 1)), columns=0)


def test_reconstructions_tell_their_error(shown):
    vae = mlp_vae((1, 8, 8), 2, Binomial(16), hidden=(8,))
    x = torch.randint(0, 17, (4, 1, 8, 8), generator=torch.Generator().manual_seed(0)).float()
    plots.reconstructions(vae, x, "digits")
    error = ((x - vae.reconstruct(x)) / 16).square().mean().sqrt().item()
    assert f"{error:.2f} in root mean square" in alt(shown[0]) and "4 digits" in alt(shown[0])


def test_samples_and_colour_models_are_drawn(shown):
    plots.samples(conv_vae(3, Gaussian(0.1), width=4), "fruits", n=4, columns=2)
    assert alt(shown[0]).startswith("4 fruits that the model invented")


def test_the_latent_plane_names_the_classes_and_needs_two_dimensions(shown):
    x, labels = torch.zeros(6, 1, 8, 8), torch.arange(6) % 2
    plots.latent_plane(mlp_vae((1, 8, 8), 2, Binomial(16), hidden=(8,)), x, labels, ["odd", "even"], side=3)
    assert "odd, even" in alt(shown[0]) and "6 images" in alt(shown[0])
    with pytest.raises(ValueError, match="latent_dim was 3"):
        plots.latent_plane(mlp_vae((1, 8, 8), 3, Binomial(16), hidden=(8,)), x, labels, ["odd", "even"])


def test_learning_curves_tell_where_they_end(shown):
    history = History(rate=[1.0] * 40, distortion=[20.0] * 39 + [45.0])
    plots.learning_curves(history, window=25)
    assert "The distortion ends at 21.0, the rate at 1.0 and the ELBO at -22.0" in alt(shown[0])
