"""The widgets as Python sees them: traits, checks, and the HTML they write for pages without a kernel."""

import base64
import io
import json
import math
import re

import ipywidgets
import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from vaelib import likelihoods, plots
from vaelib.models import conv_vae, mlp_autoencoder, mlp_vae
from vaelib.widgets import SHARED_SCRIPT, LatentExplorer, base, keep_first_of_each
from vaelib.widgets.codes import on_path, spread


@pytest.fixture(scope="module")
def vae():
    return mlp_vae((1, 8, 8), 2, likelihoods.Binomial(16), hidden=(12,))


@pytest.fixture(scope="module")
def counts():
    return torch.randint(0, 17, (5, 1, 8, 8), generator=torch.Generator().manual_seed(0)).float()


def shared(html: str) -> dict[tuple[str, str], str]:
    return {
        match.group(1, 2): match.group(0).split(">", 1)[1].removesuffix("</script>")
        for match in SHARED_SCRIPT.finditer(html)
    }


def state(html: str) -> dict:
    return json.loads(re.search(r"data-vaelib-state>(.*?)</script>", html, re.DOTALL).group(1))


def test_display_carries_both_the_live_view_and_the_static_page(vae):
    bundle, _ = LatentExplorer(vae)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"] == "LatentExplorer(z=[0.0, 0.0])"
    assert bundle["text/html"].startswith('<div class="vaelib-widget"')


def test_the_widget_is_an_ipywidget_that_can_be_laid_out_and_linked(vae):
    widget, other = LatentExplorer(vae), LatentExplorer(vae)
    assert ipywidgets.VBox([widget]).children == (widget,)
    link = ipywidgets.link((widget, "z"), (other, "z"))
    widget.z = [0.5, -1.0]
    assert other.z == [0.5, -1.0]
    link.unlink()


def test_static_html_holds_the_state_the_module_and_the_weights(vae, counts):
    widget = LatentExplorer(vae, codes=torch.randn(9, 2), labels=torch.arange(9) % 3, inputs=counts, end=2)
    html = widget.static_html()
    kept, scripts = state(html), shared(html)
    assert kept["z"] == widget.z and (kept["start"], kept["end"]) == (0, 2)
    assert set(kept["blobs"]) == {"weights", "codes", "labels", "inputs"}
    for name, digest in kept["blobs"].items():
        assert base64.b64decode(scripts["blob", digest]) == getattr(widget, name)
    modules = re.search(r'data-vaelib-widget="([\w ]+)"', html).group(1).split()
    files = ("core.js", "decoder.js", "codes.js", "latent_explorer.js")
    assert [scripts["module", name] for name in modules] == [base.read_js(name) for name in files]
    assert [kind for kind, _ in scripts].count("host") == 1
    assert len(SHARED_SCRIPT.sub("", html)) < len(html) / 4
    assert "http://" not in html.replace("http://www.w3.org", "") and "https://" not in html


def test_widgets_over_one_decoder_share_module_weights_and_host(vae):
    first, second = shared(LatentExplorer(vae).static_html()), shared(
        LatentExplorer(vae, z=[1.0, 1.0]).static_html()
    )
    assert first == second


def test_text_that_would_end_a_script_cannot():
    text = base.script("plain", "module", "a = '</script><!-- </SCRIPT >'")
    assert text.count("</script") == 1 and text.endswith("</script>") and "<!--" not in text
    assert SHARED_SCRIPT.fullmatch(text)
    assert base.as_json({"title": "</script><!--"}).count("<") == 0
    with pytest.raises(ValueError, match="JSON compliant"):
        base.as_json({"z": math.nan})


def test_titles_and_names_cannot_break_the_page(vae):
    nasty = '"><script>alert(1)</script>'
    html = LatentExplorer(
        vae, torch.zeros(1, 2), torch.tensor([0]), label_names=[nasty], title=nasty, caption=nasty
    ).static_html()
    assert "<script>alert" not in html
    assert state(html)["title"] == nasty


def test_the_static_picture_is_what_the_decoder_says_and_its_text_too(vae):
    codes = torch.tensor([[-2.0, 2.0], [2.0, 2.0], [0.0, -2.0]])
    widget = LatentExplorer(vae, codes, torch.tensor([0, 1, 2]), label_names=["a", "b", "c"])
    pixels, caption, text = widget.still()
    assert pixels.shape == (5 * 8 + 4, 5 * 8 + 4)
    corner = vae.decode_mean(torch.tensor([[-2.0, 2.0]]))[0, 0] / 16
    assert np.allclose(pixels[:8, :8], 1 - corner.detach().numpy(), atol=1e-6)
    assert text.endswith("row by row from the top: a a a b b; a a a b b; a a c b b; c c c c c; c c c c c.")
    source = re.search(r'src="data:image/png;base64,([^"]+)" alt="([^"]+)"', widget.static_html())
    assert source.group(2) == text
    assert f"<figcaption>Latent explorer. {caption}</figcaption>" in widget.static_html()
    assert base64.b64decode(source.group(1)).startswith(b"\x89PNG")


def test_with_more_dimensions_the_picture_has_a_row_for_each():
    vae = conv_vae(3, likelihoods.Gaussian(0.1), (3, 16, 16), width=4)
    widget = LatentExplorer(vae, z=[0.5, 0.0, -1.0])
    pixels, caption, text = widget.still()
    assert pixels.shape == (3 * 17 - 1, 7 * 17 - 1, 3)
    expected = vae.decode_mean(torch.tensor([[0.5, 3.0, -1.0]]))[0].clamp(0, 1).permute(1, 2, 0)
    assert np.allclose(pixels[17:33, -16:], expected.detach().numpy(), atol=1e-6)
    assert caption == text and "3 rows" in text and "(0.50, 0.00, −1.00)" in text


@pytest.mark.parametrize(
    ("shape", "kind", "step"), [((6, 9), "image/png", 0.5 / 255), ((32, 64, 3), "image/jpeg", 0.1)]
)
def test_a_picture_file_gives_back_its_pixels(shape, kind, step):
    across = np.linspace(0, 1, shape[1])
    pixels = np.broadcast_to(across[:, None] if len(shape) == 3 else across, shape)
    found, content = base.picture_file(pixels)
    again = matplotlib.image.imread(io.BytesIO(content), format=kind.removeprefix("image/"))[..., :3]
    again = again / 255 if again.dtype == np.uint8 else again
    expected = pixels if len(shape) == 3 else np.repeat(pixels[..., None], 3, -1)
    assert found == kind
    assert np.abs(again - expected).max() <= step + 1e-6


def test_paths_move_the_point(vae, counts):
    widget = LatentExplorer(vae, inputs=counts, start=1, end=3)
    means = vae.posterior(counts).mean.tolist()
    assert np.allclose(widget.z, means[1], atol=1e-4)
    widget.path_position = 0.25
    assert np.allclose(widget.z, [0.75 * a + 0.25 * b for a, b in zip(means[1], means[3])], atol=1e-4)
    widget.z = [3.0, 3.0]
    assert widget.path_position == 0.25
    widget.end = 0
    assert np.allclose(widget.z, [0.75 * a + 0.25 * b for a, b in zip(means[1], means[0])], atol=1e-4)
    widget.start = None
    widget.path_position = 1.0
    assert np.allclose(widget.z, [0.75 * a + 0.25 * b for a, b in zip(means[1], means[0])], atol=1e-4)


def test_a_given_point_comes_before_the_path(vae, counts):
    widget = LatentExplorer(vae, inputs=counts, z=torch.tensor([0.5, 1.0]))
    assert widget.z == [0.5, 1.0] and (widget.start, widget.end) == (0, 1)
    assert LatentExplorer(vae).start is None


def test_on_path_walks_a_straight_line():
    assert on_path([0.0, 1.0], [2.0, -1.0], 0.5) == [1.0, 0.0]


def test_a_front_end_that_sends_point_and_path_together_is_not_answered_back(vae, counts):
    widget = LatentExplorer(vae, inputs=counts, start=0, end=1)
    point = on_path(*widget.spec["input_codes"][:2], 0.4)
    heard = []
    widget.observe(heard.append, "z")
    widget.set_state({"z": point, "path_position": 0.4})
    assert len(heard) == 1 and widget.z == point


def test_codes_are_thinned_evenly_and_kept_to_a_hundredth(vae):
    generator = torch.Generator().manual_seed(0)
    codes = torch.randn(3000, 2, generator=generator)
    labels = (torch.rand(3000, generator=generator) < 0.03).long()
    widget = LatentExplorer(vae, codes, labels)
    shown = np.frombuffer(widget.codes, "<i2").reshape(-1, 2) / 100
    classes = np.frombuffer(widget.labels, "u1")
    assert len(shown) == len(classes) == 600
    assert (classes == 1).sum() == min(300, int(labels.sum()))
    kept = spread(labels.numpy(), 600)
    assert np.array_equal(classes, labels.numpy()[kept])
    assert np.abs(shown - codes.numpy()[kept]).max() <= 0.005 + 1e-6
    assert LatentExplorer(vae, codes, labels).codes == widget.codes
    assert widget.spec["extent"] >= codes.abs().max()


def test_spread_keeps_all_of_few_and_fills_up_from_the_many():
    classes = np.array([0] * 100 + [1] * 3 + [2] * 50)
    kept = spread(classes, 43)
    assert np.bincount(classes[kept]).tolist() == [20, 3, 20]
    assert len(np.unique(kept)) == 43
    assert spread(classes, 1000).tolist() == list(range(153))
    assert spread(np.empty(0, int), 10).tolist() == []


def test_without_labels_there_are_no_classes(vae):
    widget = LatentExplorer(vae, torch.randn(10, 2))
    assert widget.spec["classes"] == [] and widget.labels == b""
    assert "10 of 10" in widget.caption and "39%, 86% and 99%" in widget.caption


WRONG = {
    "codes of the wrong width": (
        dict(codes=torch.zeros(4, 3)),
        r"codes was of shape \(4, 3\); expected shape \(N, 2\)",
    ),
    "codes that are not finite": (dict(codes=torch.full((4, 2), math.nan)), "codes was as large as nan"),
    "labels without codes": (dict(labels=torch.zeros(4, dtype=int)), "labels was given without codes"),
    "too few labels": (
        dict(codes=torch.zeros(4, 2), labels=torch.zeros(3, dtype=int)),
        r"labels was of shape \(3,\)",
    ),
    "labels that are not whole": (dict(codes=torch.zeros(4, 2), labels=torch.zeros(4)), "labels was float32"),
    "negative labels": (dict(codes=torch.zeros(1, 2), labels=torch.tensor([-1])), "labels was int64 from -1"),
    "a label without a name": (
        dict(codes=torch.zeros(1, 2), labels=torch.tensor([2]), label_names=["a", "b"]),
        "label_names was 2 names; expected at least 3",
    ),
    "names without labels": (dict(label_names=["a"]), "label_names was given without labels"),
    "inputs of the wrong shape": (dict(inputs=torch.zeros(3, 1, 4, 4)), "x was of shape"),
    "inputs outside the data's range": (dict(inputs=torch.full((3, 1, 8, 8), 17.0)), "x was"),
    "a single input": (dict(inputs=torch.zeros(1, 1, 8, 8)), "inputs was 1 pictures"),
    "a point of the wrong length": (dict(z=[0.0]), r"z was \[0.0\]; expected 2 finite numbers"),
    "a point that is not finite": (dict(z=[0.0, math.inf]), "z was"),
    "an end that does not exist": (
        dict(inputs=torch.zeros(2, 1, 8, 8), end=2),
        "end was 2; expected None or an index of one of 2",
    ),
    "a place off the path": (dict(path_position=1.5), "path_position was 1.5"),
    "a point that is no numbers": (dict(z="ab"), "z was of type str; expected real numbers"),
    "a point far away": (dict(z=[0.0, 1e6]), "expected 2 finite numbers from -10 to 10"),
    "codes that are no numbers": (dict(codes="ab"), "codes was of type str"),
    "codes of unequal length": (dict(codes=[[0.0, 1.0], [0.0]]), "codes was of type list"),
    "labels that are no numbers": (dict(codes=torch.zeros(1, 2), labels=["a"]), "labels was of type list"),
    "a start without inputs": (dict(start=0), "start was 0; expected None or an index of one of 0 inputs"),
    "an end without inputs": (dict(end=1), "end was 1; expected None or an index of one of 0 inputs"),
    "a start that is no index": (dict(inputs=torch.zeros(2, 1, 8, 8), start="0"), "start was '0'"),
    "an end that is no index": (dict(inputs=torch.zeros(2, 1, 8, 8), end=1.0), "end was 1.0"),
    "an end that is a truth value": (dict(inputs=torch.zeros(2, 1, 8, 8), end=True), "end was True"),
    "a place that is no number": (dict(path_position="half"), "path_position was 'half'"),
    "an unknown type of number": (dict(dtype="int8"), "dtype was 'int8'; expected one of"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments_are_refused(vae, case):
    arguments, message = WRONG[case]
    with pytest.raises(ValueError, match=message):
        LatentExplorer(vae, **arguments)


def test_an_argument_that_does_not_exist_is_refused(vae):
    with pytest.raises(TypeError, match="LatentExplorer has no argument 'titel'"):
        LatentExplorer(vae, titel="Digits")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("z", [1.0]),
        ("z", [0.0, math.nan]),
        ("start", 5),
        ("end", -1),
        ("path_position", -0.1),
        ("path_position", None),
        ("start", "a"),
        ("end", 0.5),
        ("z", "ab"),
        ("z", [0.0, 11.0]),
        ("z", None),
        ("axes", "01"),
        ("axes", [0, True]),
        ("axes", [0, 2]),
        ("axes", [1, 1]),
    ],
)
def test_traits_set_wrongly_later_are_refused_and_keep_their_value(vae, counts, name, value):
    widget = LatentExplorer(vae, inputs=counts)
    before = getattr(widget, name)
    with pytest.raises(ValueError, match=f"{name} was"):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


def test_models_it_cannot_show_are_refused():
    bernoulli = likelihoods.Bernoulli()
    with pytest.raises(ValueError, match="vae was of type Autoencoder"):
        LatentExplorer(mlp_autoencoder((1, 8, 8), 2, bernoulli, hidden=(4,)))
    with pytest.raises(ValueError, match="1 latent dimension"):
        LatentExplorer(mlp_vae((1, 8, 8), 1, bernoulli, hidden=(4,)))
    with pytest.raises(ValueError, match="expected images"):
        LatentExplorer(mlp_vae((5,), 2, bernoulli, hidden=(4,)))


def test_a_page_keeps_the_first_of_each_shared_script_and_all_else(vae):
    first, second = LatentExplorer(vae).static_html(), LatentExplorer(vae, z=[1.0, 1.0]).static_html()
    page = keep_first_of_each(f"<p>before</p>{first}<p>between</p>{second}<p>after</p>")
    assert page == f"<p>before</p>{first}<p>between</p>{SHARED_SCRIPT.sub('', second)}<p>after</p>"
    assert keep_first_of_each(page) == page


def test_a_subclass_that_keeps_the_mean_is_shown_and_another_is_refused(vae):
    class Renamed(likelihoods.Binomial):
        """Counts by another name."""

    class Halved(likelihoods.Bernoulli):
        """Not what the browser computes."""

        def mean(self, output):
            return super().mean(output) / 2

    assert LatentExplorer(mlp_vae((1, 8, 8), 2, Renamed(16), hidden=(4,))).spec["likelihood"] == "Binomial"
    with pytest.raises(ValueError, match="vae.likelihood was of type Halved; expected Bernoulli, "):
        LatentExplorer(mlp_vae((1, 8, 8), 2, Halved(), hidden=(4,)))


def test_a_point_stretches_the_plane_a_little_and_data_as_far_as_they_lie(vae):
    assert LatentExplorer(vae).spec["extent"] == 3.5
    assert LatentExplorer(vae, z=[10, -10]).spec["extent"] == 10.5
    far = LatentExplorer(vae, codes=torch.tensor([[40.0, 0.0]]), z=[30.0, 0.0])
    assert far.spec["extent"] == 42
    far.z = (41.0, 0)
    assert far.z == [41.0, 0.0]


def test_whole_numbers_of_numpy_and_torch_are_taken(vae, counts):
    path = dict(start=np.int64(1), end=None, path_position=1)
    widget = LatentExplorer(vae, inputs=counts, z=np.zeros(2, "f4"), **path)
    assert (widget.start, widget.end, widget.path_position, widget.z) == (1, None, 1.0, [0.0, 0.0])
    assert state(widget.static_html())["start"] == 1


def test_a_figure_becomes_a_small_png_of_the_same_picture():
    figure, axes = plots.new(width=4, height=2)
    axes.bar([0, 1], [1, 2], color=["#0072B2", "#D55E00"])
    plain = io.BytesIO()
    figure.savefig(plain, format="png", dpi=110, facecolor="white")
    kind, content = base.picture_file(figure)
    found, expected = (matplotlib.image.imread(io.BytesIO(one))[..., :3] for one in (content, plain.getvalue()))
    assert kind == "image/png" and len(content) < len(plain.getvalue())
    assert found.shape == expected.shape
    assert np.abs(found - expected).mean() < 0.01
    assert not plt.fignum_exists(figure.number)
