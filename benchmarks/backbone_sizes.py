"""Print the stages, parameters and GFLOPs of backbones, counted on torch's meta device.

Each model is checked as `ferkit check` does, without weights, then counted for one image. GFLOPs are
torch's count, with two operations for each multiply-add.

    python -m benchmarks.backbone_sizes --image-size 224 resnet18 convnext_tiny
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import timm
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.script import describe_options
from ferkit.interfaces import CANONICAL_LABELS
from ferkit.neural.build import build_model
from ferkit.recipe.load import load_recipe


def describe(model: str, size: int) -> str:
    """Return the row of a timm model in a Markdown table. Raises RecipeError."""
    overrides = [
        f'model.backbone={{name="timm", model="{model}", pretrained=false}}',
        'model.head={name="linear"}',
        f"model.image_size={size}",
    ]
    recipe, registry = load_recipe("quickstart", overrides)
    with torch.device("meta"), torch.no_grad():
        network = build_model(recipe.model, registry, CANONICAL_LABELS).eval()
        backbone = network.backbone
        with FlopCounterMode(display=False) as counter:
            maps = backbone(torch.zeros(1, 3, size, size))
    channels = ", ".join(f"{one.shape[1]}×{one.shape[2]}²" for one in maps.values())
    parameters = sum(parameter.numel() for parameter in backbone.parameters()) / 1e6
    settings: Any = timm.get_pretrained_cfg(model)
    flops = counter.get_total_flops() / 1e9
    return f"| `{model}.{settings.tag}` | {channels} | {parameters:.1f} | {flops:.1f} | {settings.license} |"


def main(typed: Sequence[str] | None = None) -> None:
    parser = describe_options(__doc__)
    parser.add_argument("models", nargs="+", help="names of timm models")
    parser.add_argument("--image-size", type=int, default=224, help="network input in pixels [224]")
    arguments = parser.parse_args(typed)
    print("| weights | stages: channels × size² | parameters, million | GFLOPs | licence of the weights |")
    print("|---|---|---|---|---|")
    for model in arguments.models:
        print(describe(model, arguments.image_size))


if __name__ == "__main__":
    main()
