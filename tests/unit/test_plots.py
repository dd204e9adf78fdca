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
    monkeypatch.setattr(plots, "display", lambda data, **options: outputs.append({"data": data} | options))
    return outputs


def alt(output: dict) -> str:
    return output["metadata"]["image/png"]["alt"]


def test_show_displays_a_png_with_its_alt_text_and_width(shown):
    figure, axes = plots.new(width=3.0, height=2.0)
    axes.plot([0, 1], [0, 1])
    text = "A straight line from the origin to the point one, one."
    plots.show(figure, text)
    assert base64.b64decode(shown[0]["data"]["image/png"]).startswith(b"\x89PNG")
    assert shown[0]["data"]["text/plain"] == alt(shown[0]) == text
    assert shown[0]["metadata"]["image/png"]["width"] == 300


@pytest.mark.parametrize("text", ["", "   ", "a figure", "latent-plane-of-the-digits.png", None])
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


@pytest.mark.parametrize("images, message", [
    (np.zeros((0, 1, 4, 4)), "images was empty"),
    (np.full((1, 1, 4, 4), np.nan), "images was partly NaN"),
    (np.full((1, 1, 4, 4), "a"), "images was of <U1"),
])
def test_what_cannot_be_painted_is_refused(images, message):
    with pytest.raises(ValueError, match=message):
        plots.montage(images, columns=1)


@pytest.mark.parametrize("gap", [-1, 0.5])
def test_a_gap_that_is_no_number_of_pixels_is_refused(gap):
    with pytest.raises(ValueError, match="gap was"):
        plots.montage(np.zeros((1, 1, 4, 4)), columns=1, gap=gap)


def test_counts_are_no_pictures_and_means_just_outside_the_interval_are(shown):
    words = "Two pictures for a test, one beside the other."
    plots.images(torch.tensor([-0.4, 1.4])[:, None, None, None].expand(2, 1, 4, 4), words)
    assert len(shown) == 1
    with pytest.raises(ValueError, match="images was values from 0 to 16; expected values from 0 to 1"):
        plots.images(torch.tensor([0.0, 16.0])[:, None, None, None].expand(2, 1, 4, 4), words)


@pytest.fixture
def plane(shown, monkeypatch):
    """Draw a latent plane; return the figure that would have been shown."""
    figures = []
    show = plots.show
    monkeypatch.setattr(plots, "show", lambda figure, alt: (figures.append(figure), show(figure, alt)))

    def draw(labels, vae=None, side=15):
        vae = vae or mlp_vae((1, 8, 8), 2, Binomial(16), hidden=(8,))
        x = torch.zeros(6, 1, 8, 8, dtype=next(vae.parameters()).dtype)
        plots.latent_plane(vae, x, labels, ["odd", "even"], side)
        return figures[-1]

    return draw


def test_the_latent_plane_says_what_is_drawn_and_marks_the_region(shown, plane):
    left, right = plane(torch.arange(6) % 2).axes
    assert right.get_title() == "decoded, from -1.8 to 1.8"
    square, = [patch for patch in left.patches if type(patch).__name__ == "Rectangle"]
    lowest = torch.distributions.Normal(0, 1).icdf(torch.tensor(0.5 / 15)).item()
    assert square.get_bbox().extents.tolist() == pytest.approx([lowest, lowest, -lowest, -lowest], abs=1e-5)
    words = "pictures decoded at equal shares of the prior, from about -1.8 to 1.8 in each direction."
    assert alt(shown[0]).endswith(f"Right: 15 by 15 {words}") and "smooth" not in alt(shown[0])


def test_the_latent_plane_of_a_double_model_is_drawn(shown, plane):
    plane([0, 1] * 3, mlp_vae((1, 8, 8), 2, Gaussian(), hidden=(8,)).double(), side=2)
    assert len(shown) == 1


@pytest.mark.parametrize("labels, message", [
    (torch.zeros(5, dtype=torch.int64), r"labels was of shape \(5,\); expected shape \(6,\)"),
    (torch.full((6,), 2), "labels was from 2 to 2; expected indices of 2 names, 0 to 1"),
    (torch.full((6,), -1), "labels was from -1 to -1"),
    (torch.zeros(6), "labels was of torch.float32; expected whole numbers"),
])
def test_labels_that_name_no_class_are_refused(shown, plane, labels, message):
    with pytest.raises(ValueError, match=message):
        plane(labels)
    assert not shown


def test_a_history_without_steps_has_no_curves():
    with pytest.raises(ValueError, match="history was empty"):
        plots.learning_curves(History())
