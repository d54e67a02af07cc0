"""Measure each operation of a backbone against the machine's roofline.

The bound of an operation is min(peak, intensity x bandwidth): the peak of a large matrix multiplication or
convolution, the bandwidth of a copy in memory, and the operations per byte of its inputs and output. Each
distinct operation is timed alone, with its own input. Those of the same kind and shapes are one row. An
input that fits into a cache is read faster than the bandwidth, so that it can pass the bound.

    python -m benchmarks.roofline --image-size 160 --batch-size 16
    python -m benchmarks.roofline --precision bfloat16 --backbone '{name="timm", model="resnet18"}'

Williams, Waterman and Patterson (2009), "Roofline", Communications of the ACM 52(4).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from benchmarks.script import count, describe_options
from ferkit.neural.build import build_model
from ferkit.recipe.load import load_recipe

INCEPTION = '{name="inception_resnet_v1", weights="none"}'
COPIED = 64 * 2**20
"""Bytes of the array whose copy gives the bandwidth: more than a cache holds."""


@dataclass(slots=True)
class Layer:
    """An operation of the network, or several of the same kind and shapes.

    Attributes:
        kind: Name and kernel, such as "convolution 3x3".
        shapes: Shapes of input and output, without the batch.
        times: Number of such calls.
        flops: Operations of one call, 2 for each multiply-add. 0 if there are no products.
        moved: Bytes of inputs, weights and output.
        seconds: Shortest time of one call.
    """

    kind: str
    shapes: str
    times: int
    flops: int
    moved: int
    seconds: float

    def bound(self, peak: float, bandwidth: float) -> float:
        """Return the shortest possible time in seconds, for operations and bytes per second."""
        return max(self.flops / peak, self.moved / bandwidth)


def time_call(call: Callable[[], object], repeats: int) -> float:
    """Return the shortest time of a call in seconds, after a warm-up call."""
    call()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Times every operation of a call, by kind and shapes. Views of tensors are left out."""

    def __init__(self, repeats: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.repeats = repeats
        self.found: dict[tuple[str, str], Layer] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call an operation, and time it alone when its kind and shapes are new."""
        options = kwargs or {}
        output = func(*args, **options)
        tensors = [one for one in tree_leaves((args, options)) if isinstance(one, Tensor)]
        if not isinstance(output, Tensor) or func.is_view or not tensors:
            return output
        kernel = f" {_sizes(tensors[1], 2)}" if "conv" in str(func) else ""
        key = f"{func.overloadpacket.__name__}{kernel}", f"{_sizes(tensors[0])} to {_sizes(output)}"
        if key in self.found:
            self.found[key].times += 1
            return output
        count_of = flop_registry.get(func.overloadpacket)
        flops = count_of(*args, **options, out_val=output) if count_of else 0
        moved = output.nbytes + sum(one.nbytes for one in tensors)
        seconds = time_call(lambda: func(*args, **options), self.repeats)
        self.found[key] = Layer(*key, 1, flops, moved, seconds)
        return output


def measure_layers(network: nn.Module, images: Tensor, repeats: int) -> list[Layer]:
    """Return the distinct operations of a call, the slowest in all first."""
    network(images)  # a first call folds kernels
    with Watch(repeats) as watch:
        network(images)
    return sorted(watch.found.values(), key=lambda one: -one.times * one.seconds)


def measure_machine(kind: torch.dtype, repeats: int) -> tuple[float, float]:
    """Return the peak in operations per second, and the bandwidth of a copy in bytes per second."""
    one, other = (torch.randn(2048, 2048).to(kind) for _ in range(2))
    source = torch.empty(COPIED, dtype=torch.uint8)
    target = torch.empty_like(source)
    product = 2 * 2048**3 / time_call(lambda: torch.mm(one, other), repeats)
    bandwidth = 2 * COPIED / time_call(lambda: target.copy_(source), repeats)
    return max(product, _peak_of_convolution(kind, repeats)), bandwidth


def _peak_of_convolution(kind: torch.dtype, repeats: int) -> float:
    """Return the operations per second of a large 3x3 convolution.

    On processors of AMD it is twice as fast as a product of matrices, which another library computes there.
    """
    channels, side = 256, 32
    kernel = torch.randn(channels, channels, 3, 3).to(kind, memory_format=torch.channels_last)
    images = torch.randn(16, channels, side, side).to(kind, memory_format=torch.channels_last)
    flops = 2 * 16 * channels**2 * 9 * side**2
    return flops / time_call(lambda: torch.conv2d(images, kernel, padding=1), repeats)


def show(layers: list[Layer], peak: float, bandwidth: float, whole: float) -> None:
    """Print a row per distinct layer, and the sums."""
    table = Table(box=None, header_style="bold")
    headings = ("layer", "shapes", "layers", "ms", "GFLOP/s", "FLOP/byte", "bound by", "of the bound")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in ("layer", "shapes", "bound by") else "right")
    for one in layers:
        bound = one.bound(peak, bandwidth)
        table.add_row(
            one.kind,
            one.shapes,
            str(one.times),
            f"{1e3 * one.times * one.seconds:.2f}",
            f"{one.flops / one.seconds / 1e9:.0f}",
            f"{one.flops / one.moved:.1f}",
            "arithmetic" if one.flops / peak > one.moved / bandwidth else "memory",
            f"{100 * bound / one.seconds:.0f}%",
        )
    console = Console()
    console.print(table)
    alone = sum(one.times * one.seconds for one in layers)
    bounds = sum(one.times * one.bound(peak, bandwidth) for one in layers)
    flops = sum(one.times * one.flops for one in layers)
    console.print(f"peak {peak / 1e9:.0f} GFLOP/s, copy {bandwidth / 1e9:.1f} GB/s")
    console.print(f"layers alone {1e3 * alone:.1f} ms, their bounds {1e3 * bounds:.1f} ms")
    console.print(f"the whole network {1e3 * whole:.1f} ms: {100 * flops / peak / whole:.0f}% of the peak")


def main(arguments: list[str] | None = None) -> None:
    """Parse the options, measure, print."""
    parser = describe_options(__doc__)
    add = parser.add_argument
    add("--backbone", default=INCEPTION, help="a TOML table [InceptionResnetV1 without weights]")
    add("--image-size", type=count, default=160)
    add("--batch-size", type=count, default=16)
    add("--precision", choices=("float32", "bfloat16"), default="float32")
    add("--repeats", type=count, default=10, help="timed calls of each layer [10]")
    add("--out", type=Path, metavar="FILE", help="write the layers as JSON")
    _run(parser.parse_args(arguments))


def _run(options: argparse.Namespace) -> None:
    kind = getattr(torch, options.precision)
    settings = [f"model.backbone={options.backbone}", f"model.image_size={options.image_size}"]
    recipe, registry = load_recipe("quickstart", settings)
    network = build_model(recipe.model, registry, ["a", "b"]).backbone.eval().to(kind)
    images = torch.randn(options.batch_size, 3, options.image_size, options.image_size).to(kind)
    network = network.to(memory_format=torch.channels_last)
    images = images.to(memory_format=torch.channels_last)
    with torch.no_grad():
        peak, bandwidth = measure_machine(kind, options.repeats)
        layers = measure_layers(network, images, options.repeats)
        whole = time_call(lambda: network(images), options.repeats)
    show(layers, peak, bandwidth, whole)
    if options.out:
        record = {"peak": peak, "bandwidth": bandwidth, "seconds": whole, "layers": list(map(asdict, layers))}
        options.out.write_text(json.dumps(record, indent=2) + "\n")


def _sizes(tensor: Tensor, first: int = 1) -> str:
    """Return the sizes from that dimension on: "64x53x53"."""
    return "x".join(map(str, tensor.shape[first:]))


if __name__ == "__main__":
    main()
