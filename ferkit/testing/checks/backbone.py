"""Checks of backbones."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from ferkit.components.contract import wrong_maps, wrong_normalisation
from ferkit.components.options import option_parameters
from ferkit.testing.check import check, expect, expect_agreed, skip
from ferkit.testing.checks.module import BATCH, answer, inputs
from ferkit.testing.component_under_test import ComponentUnderTest


@check("backbone")
def tells_its_stages(subject: ComponentUnderTest) -> None:
    """It has the attributes `stages` and `default_stage`."""
    stages: Mapping[str, int] = getattr(subject.built, "stages", None) or {}
    fix = 'Set self.stages = {"early": 64, "late": 512}: each stage\'s channels, from shallow to deep.'
    is_right = bool(stages) and all(isinstance(channels, int) for channels in stages.values())
    expect(is_right, "stages, a mapping of names to channels", repr(stages), fix)
    default = getattr(subject.built, "default_stage", None)
    fix = f"Set self.default_stage to one of {', '.join(stages)}."
    expect(default in stages, "default_stage, one of the stages", repr(default), fix)


@check("backbone")
def states_mean_and_std_of_its_images(subject: ComponentUnderTest) -> None:
    """Its `mean` and `std`, if it has them, are three numbers each, for pixels from 0 to 1."""
    if getattr(subject.built, "mean", None) is None and getattr(subject.built, "std", None) is None:
        skip("it has no `mean` and `std`, which are optional")
    fix = "Set self.mean = (0.485, 0.456, 0.406) and self.std = (0.229, 0.224, 0.225), or other names."
    expect_agreed(wrong_normalisation(subject.built), fix)


@check("backbone", is_basis=True)
def gives_a_map_of_each_stage(subject: ComponentUnderTest) -> None:
    """It returns (B, C, h, w) for each stage, with the channels in `stages`."""
    with torch.no_grad():
        maps = subject.built.eval()(*inputs(subject, subject.built))
    fix = "Return a dict of stage to feature map, before any pooling, or correct `stages`."
    expect_agreed(wrong_maps(maps, subject.built.stages), fix)
    expect(set(maps) == set(subject.built.stages), f"maps of {sorted(subject.built.stages)}", set(maps), fix)
    counts = {len(found) for found in maps.values()}
    expect(counts == {BATCH}, f"maps of {BATCH} images", counts, fix)


@check("backbone", rests=True)
def stages_go_from_shallow_to_deep(subject: ComponentUnderTest) -> None:
    """No stage has a larger map than the stage before it."""
    with torch.no_grad():
        maps = subject.built.eval()(*inputs(subject, subject.built))
    areas = [maps[name].shape[-2] * maps[name].shape[-1] for name in subject.built.stages]
    fix = "List the stages in the order in which an image passes through them."
    expect(areas == sorted(areas, reverse=True), "no map larger than the one before it", areas, fix)


@check("backbone", rests=True)
def frozen_parts_stay_as_they_are(subject: ComponentUnderTest) -> None:
    """With `freeze = "all"`, parameters and statistics stay constant in training mode."""
    if "freeze" not in option_parameters(subject.component):
        skip("it has no option `freeze`")
    module = subject.build(freeze="all")
    trained = [name for name, parameter in module.named_parameters() if parameter.requires_grad]
    fix = "Call requires_grad_(False) on the frozen modules."
    expect(not trained, "no trainable parameter", f"{', '.join(trained[:3])}", fix)
    before = answer(subject, module)
    with torch.no_grad():
        module.train()(*inputs(subject, module))
    after = answer(subject, module)
    fix = "Override train() and keep frozen modules in eval mode, which keeps the statistics of batch norm."
    is_same = all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    expect(is_same, "the same maps before and after a batch in training mode", "different maps", fix)
