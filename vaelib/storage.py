"""Weights and checkpoints on disk, as safetensors: plain numbers, never pickled code."""

import hashlib
import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from vaelib.checks import require


def save_weights(module: nn.Module, path: str | Path, metadata: dict[str, str] | None = None) -> str:
    """Write the parameters and buffers of `module` to `path`; return the file's sha256.

    `metadata` are strings kept beside the weights (command, seed, versions). The file appears whole or not.
    """
    write_tensors(path, module.state_dict(), metadata or {})
    return file_sha256(path)


def load_weights(module: nn.Module, path: str | Path, sha256: str | None = None) -> dict[str, str]:
    """Read weights written by `save_weights` into `module`; return their metadata.

    Raises `ValueError`, leaving `module` as it was, if the file is no safetensors file, does not have the
    given `sha256`, or belongs to another architecture (names or shapes differ).
    """
    if sha256 is not None:
        found = file_sha256(path)
        require(found == sha256, "sha256", f"{found} for {path}", sha256)
    tensors, metadata = read_tensors(path)
    mismatch = _mismatch({name: tuple(t.shape) for name, t in module.state_dict().items()}, tensors)
    require(not mismatch, "path", f"{path}, whose weights differ: {mismatch}", "weights of this module")
    module.load_state_dict(tensors)
    return metadata


def write_tensors(path: str | Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write tensors and string metadata to `path`, so that a crash leaves the old file or the new one."""
    path = Path(path)
    part = path.with_name(path.name + ".part")
    # Tied or sliced tensors share memory, which safetensors refuses to write twice.
    layout = torch.contiguous_format
    copies = {name: tensor.detach().clone(memory_format=layout) for name, tensor in tensors.items()}
    save_file(copies, part, metadata)
    os.replace(part, path)


def read_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return (tensors on the CPU, metadata) of a safetensors file. Raises `ValueError` if it is none."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})
    except SafetensorError as error:
        raise ValueError(f"path was {path}, not readable ({error}); expected a safetensors file") from error


def file_sha256(path: str | Path) -> str:
    """Return the sha256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tensor_sha256(tensor: Tensor) -> str:
    """Return the sha256 of a tensor's numbers, dtype and shape, in hexadecimal."""
    digest = hashlib.sha256(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
    digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy())
    return digest.hexdigest()


def _mismatch(expected: dict[str, tuple[int, ...]], found: dict[str, Tensor]) -> str:
    missing = [f"missing {name}" for name in sorted(expected.keys() - found.keys())]
    extra = [f"unexpected {name}" for name in sorted(found.keys() - expected.keys())]
    shapes = [
        f"{name} is {tuple(found[name].shape)} in the file and {expected[name]} in the module"
        for name in sorted(expected.keys() & found.keys())
        if tuple(found[name].shape) != expected[name]
    ]
    return ", ".join(missing + extra + shapes)
