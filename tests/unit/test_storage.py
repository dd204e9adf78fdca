"""Weights on disk: what goes in comes out, and nothing else is let in."""

import os

import pytest
import torch
from torch import nn

from vaelib.likelihoods import Gaussian
from vaelib.models import mlp_vae
from vaelib.storage import file_sha256, load_weights, read_tensors, save_weights, tensor_sha256


def test_weights_and_metadata_survive_the_round_trip(tmp_path):
    vae, path = mlp_vae((6,), 2, Gaussian(0.3)), tmp_path / "vae.safetensors"
    digest = save_weights(vae, path, {"command": "make experiments", "seed": "0"})
    other = mlp_vae((6,), 2, Gaussian(1.0), seed=1)
    assert load_weights(other, path, sha256=digest) == {"command": "make experiments", "seed": "0"}
    for name, tensor in vae.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name
    assert other.likelihood.sigma.item() == pytest.approx(0.3)
    assert digest == file_sha256(path) and len(digest) == 64
    assert [file.name for file in tmp_path.iterdir()] == ["vae.safetensors"]


def test_sliced_and_tied_weights_are_stored(tmp_path):
    tied = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    tied[1].weight = tied[0].weight
    save_weights(tied, tmp_path / "tied.safetensors")
    tensors, _ = read_tensors(tmp_path / "tied.safetensors")
    assert torch.equal(tensors["1.weight"], tied[0].weight)


@pytest.mark.parametrize("other, message", [
    (nn.Linear(3, 5), r"weight is \(4, 3\) in the file and \(5, 3\) in the module"),
    (nn.Linear(3, 4, bias=False), "unexpected bias"),
    (nn.Sequential(nn.Linear(3, 4)), "missing 0.bias, missing 0.weight, unexpected bias"),
])
def test_weights_of_another_architecture_are_refused(tmp_path, other, message):
    path = tmp_path / "linear.safetensors"
    save_weights(nn.Linear(3, 4), path)
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    with pytest.raises(ValueError, match=f"path was .*linear.safetensors.*{message}"):
        load_weights(other, path)
    assert all(torch.equal(before[name], tensor) for name, tensor in other.state_dict().items())


def test_a_file_with_another_hash_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "linear.safetensors"
    save_weights(nn.Linear(3, 4), path)
    with pytest.raises(ValueError, match="sha256 was .*linear.safetensors; expected 0000"):
        load_weights(nn.Linear(3, 4), path, sha256="0000")


def test_what_is_no_safetensors_file_is_refused(tmp_path):
    path = tmp_path / "weights.pt"
    torch.save(nn.Linear(3, 4).state_dict(), path)
    with pytest.raises(ValueError, match="path was .*weights.pt.*expected a safetensors file"):
        load_weights(nn.Linear(3, 4), path)


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "linear.safetensors"
    save_weights(nn.Linear(3, 4), path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save_weights(nn.Linear(3, 4), path)
    assert path.read_bytes() == before


def test_the_hash_of_a_tensor_tells_numbers_shapes_and_dtypes_apart():
    x = torch.arange(6.0)
    hashes = {tensor_sha256(t) for t in (x, x + 1, x.reshape(2, 3), x.double(), x.flip(0))}
    assert len(hashes) == 5
    assert tensor_sha256(x) == tensor_sha256(x.clone())
    assert tensor_sha256(torch.zeros(2, 3).T) == tensor_sha256(torch.zeros(3, 2))
