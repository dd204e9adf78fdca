"""Write a network down as a list of layers and one block of bytes, so that a browser can run it.

A decoder, or an encoder of fully connected layers; their gated kin of a `MultiRateVAE` too. JavaScript's
numbers are doubles, so what the browser computes differs from torch by rounding alone: for `float32` its
outputs equal torch's within 1e-5. `float16` rounds every weight once, by at most one part in 2048; then the
outputs equal those of `with_rounded_weights(network, "float16")` within 1e-5.
"""

import copy
import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from vaelib.checks import require
from vaelib.multirate import GatedLinear

DTYPES = {"float16": "<f2", "float32": "<f4"}

ELEMENTWISE = {
    nn.ReLU: "relu",
    nn.SiLU: "silu",
    nn.Tanh: "tanh",
    nn.Sigmoid: "sigmoid",
    nn.Softplus: "softplus",
}
_SHAPED = (nn.Linear, nn.Flatten, nn.Unflatten, nn.Upsample, nn.Conv2d)


def export_layers(network: nn.Sequential, dtype: str = "float16") -> dict:
    """Turn a network into layers a browser can run.

    Returns a dictionary: `layers`, a list of JSON-able records whose `weight` and `bias` say where in the
    block they start, counted in numbers; `dtype`; and `blob`, the block itself: all weights as little-endian
    numbers of that type. The record of a `GatedLinear` holds its dial's layers besides.

    Raises ValueError, naming the layer, for a layer the browser does not know, a shape it cannot take, and a
    weight that is not finite or too large for `dtype`.
    """
    _check_dtype(dtype)
    plain = isinstance(network, nn.Sequential)
    require(plain, "network", f"of type {type(network).__name__}", "an nn.Sequential")
    blocks: list[np.ndarray] = []
    layers = _write(network, dtype, blocks)
    require(len(blocks) > 0, "network", "without weights", "at least one layer with weights")
    return {"layers": layers, "dtype": dtype, "blob": b"".join(block.tobytes() for block in blocks)}


def _write(network: nn.Sequential, dtype: str, blocks: list[np.ndarray]) -> list[dict]:
    """Return the records of the layers, and append their numbers to the blocks."""
    layers: list[dict] = []
    shape: tuple[int, ...] | None = None
    for name, layer in _named_layers(network):
        record, shape = _describe(name, layer, shape)
        for part in ("weight", "bias"):
            values = getattr(layer, part, None)
            if values is not None:
                record[part] = sum(block.size for block in blocks)
                blocks.append(_as_numbers(f"{part} of {name}", values, dtype))
        if isinstance(layer, GatedLinear):
            dial = _write(layer.dial, dtype, blocks)
            record |= {"type": "gated", "gates_inputs": layer.gates_inputs, "dial": dial}
        layers.append(record)
    return layers


def with_rounded_weights(network: nn.Sequential, dtype: str = "float16") -> nn.Sequential:
    """Return a copy of the network with weights rounded to `dtype` and back: what the browser runs.

    Raises ValueError for another `dtype` than float16 and float32.
    """
    _check_dtype(dtype)
    rounded = copy.deepcopy(network)
    with torch.no_grad():
        for parameter in rounded.parameters():
            parameter.copy_(parameter.to(getattr(torch, dtype)))
    return rounded


def _check_dtype(dtype: str) -> None:
    """Raise ValueError unless `dtype` names a type the browser can read."""
    known = isinstance(dtype, str) and dtype in DTYPES
    require(known, "dtype", repr(dtype), f"one of {', '.join(DTYPES)}")


def _named_layers(network: nn.Sequential, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Yield each layer with the name an error should use, looking into nested `nn.Sequential`s."""
    for key, layer in network.named_children():
        if isinstance(layer, nn.Sequential):
            yield from _named_layers(layer, f"{prefix}{key}.")
        else:
            yield f"layer {prefix}{key} ({type(layer).__name__})", layer


def _as_numbers(name: str, values: torch.Tensor, dtype: str) -> np.ndarray:
    """Return a weight as a flat little-endian array; raise ValueError if it is not finite in that type."""
    numbers = values.detach().cpu().to(getattr(torch, dtype)).numpy().astype(DTYPES[dtype]).ravel()
    wrong = int(np.sum(~np.isfinite(numbers)))
    require(wrong == 0, name, f"not finite in {wrong} places", f"numbers that are finite in {dtype}")
    return numbers


def _describe(
    name: str, layer: nn.Module, shape: tuple[int, ...] | None
) -> tuple[dict, tuple[int, ...] | None]:
    """Return one layer's record and its output's shape, no batch; `shape` is its input's, if known."""
    kind = type(layer)
    if kind in (nn.Linear, GatedLinear):
        return _linear(name, layer, shape)
    if kind in ELEMENTWISE:
        return _elementwise(name, layer), shape
    if kind is nn.Flatten:
        dims = (layer.start_dim, layer.end_dim)
        require(dims == (1, -1), name, f"flattening dimensions {dims}", "(1, -1), everything but the batch")
        return {"type": "flatten"}, shape and (math.prod(shape),)
    if kind is nn.Unflatten:
        size = tuple(layer.unflattened_size)
        fits = layer.dim == 1 and shape == (math.prod(size),)
        require(fits, name, f"given shape {shape}", f"a flat input that fills {size}")
        return {"type": "unflatten"}, size
    if kind is nn.Upsample:
        return _upsample(name, layer, shape)
    if kind is nn.Conv2d:
        return _convolution(name, layer, shape)
    known = ", ".join(known.__name__ for known in (*ELEMENTWISE, *_SHAPED))
    raise ValueError(f"network was made with {name}; expected layers the browser knows: {known}")


def _linear(name: str, layer: nn.Linear, shape: tuple[int, ...] | None) -> tuple[dict, tuple[int, ...]]:
    """Describe `nn.Linear`."""
    fits = shape in (None, (layer.in_features,))
    require(fits, name, f"given shape {shape}", f"a flat input of {layer.in_features}")
    return {"type": "linear", "in": layer.in_features, "out": layer.out_features}, (layer.out_features,)


def _elementwise(name: str, layer: nn.Module) -> dict:
    """Describe an activation."""
    if isinstance(layer, nn.Softplus):
        require(layer.beta == 1, name, f"of beta={layer.beta}", "beta=1")
    return {"type": ELEMENTWISE[type(layer)]}


def _upsample(name: str, layer: nn.Upsample, shape: tuple[int, ...] | None) -> tuple[dict, tuple[int, ...]]:
    """Describe nearest-neighbour upsampling by two."""
    doubling = layer.mode == "nearest" and layer.scale_factor in (2, (2, 2))
    was = f"of scale_factor={layer.scale_factor}, mode={layer.mode!r}"
    require(doubling, name, was, "scale_factor=2, mode='nearest'")
    channels, height, width = _image_shape(name, shape)
    record = {"type": "upsample", "channels": channels, "height": height, "width": width}
    return record, (channels, 2 * height, 2 * width)


def _convolution(name: str, layer: nn.Conv2d, shape: tuple[int, ...] | None) -> tuple[dict, tuple[int, ...]]:
    """Describe a 3 by 3 convolution that keeps the image's size."""
    plain = layer.padding in ((1, 1), "same") and layer.padding_mode == "zeros" and layer.stride == (1, 1)
    plain = plain and layer.kernel_size == (3, 3) and layer.dilation == (1, 1) and layer.groups == 1
    require(plain, name, repr(layer), "kernel 3, stride 1, zero padding 1, no dilation, no groups")
    channels, height, width = _image_shape(name, shape)
    fits = channels == layer.in_channels
    require(fits, name, f"given {channels} channels", f"{layer.in_channels} input channels")
    record = {"type": "conv", "in": channels, "out": layer.out_channels, "height": height, "width": width}
    return record, (layer.out_channels, height, width)


def _image_shape(name: str, shape: tuple[int, ...] | None) -> tuple[int, int, int]:
    """Return (channels, height, width); raise ValueError where the input is no image."""
    is_image = shape is not None and len(shape) == 3
    require(is_image, name, f"given shape {shape}", "an image (channels, height, width)")
    return shape

