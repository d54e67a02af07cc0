"""How large backbones are: their stages, parameters and multiplications, counted on torch's meta device.

Every one is tried as `ferkit check` tries a recipe, without weights, and then counted for one image. GFLOPs
are torch's own count, two for a multiplication with its addition.

    python -m benchmarks.backbone_sizes --image-size 224 resnet18 convnext_tiny
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import timm
import torch
from torch.utils.flop_counter import FlopCounterMode

from ferkit.interfaces import CANONICAL_LABELS
from ferkit.neural.build import build_model
from ferkit.recipe.load import load_recipe


def describe(model: str, side: int) -> str:
    """A row of a Markdown table for one of timm's models. Raises RecipeError at a problem."""
    overrides = [
        f'model.backbone={{name="timm", model="{model}", pretrained=false}}',
        'model.head={name="linear"}',
        f"model.image_size={side}",
    ]
    recipe, registry = load_recipe("quickstart", overrides)
    with torch.device("meta"), torch.no_grad():
        network = build_model(recipe.model, registry, CANONICAL_LABELS).eval()
        backbone = network.backbone
        with FlopCounterMode(display=False) as counter:
            maps = backbone(torch.zeros(1, 3, side, side))
    channels = ", ".join(f"{one.shape[1]}×{one.shape[2]}²" for one in maps.values())
    parameters = sum(parameter.numel() for parameter in backbone.parameters()) / 1e6
    settings: Any = timm.get_pretrained_cfg(model)
    flops = counter.get_total_flops() / 1e9
    return f"| `{model}.{settings.tag}` | {channels} | {parameters:.1f} | {flops:.1f} | {settings.license} |"


def main(typed: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("models", nargs="+", help="names that timm knows")
    parser.add_argument("--image-size", type=int, default=224, help="pixels")
    arguments = parser.parse_args(typed)
    print("| weights | stages: channels × side² | parameters, million | GFLOPs | licence of the weights |")
    print("|---|---|---|---|---|")
    for model in arguments.models:
        print(describe(model, arguments.image_size))


if __name__ == "__main__":
    main()
