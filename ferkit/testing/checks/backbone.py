"""Checks of backbones."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from ferkit.components.contract import wrong_maps
from ferkit.components.options import option_parameters
from ferkit.testing.check import check, expect, expect_agreed, skip
from ferkit.testing.checks.module import BATCH, answer, inputs
from ferkit.testing.component_under_test import ComponentUnderTest


@check("backbone")
def tells_its_stages(subject: ComponentUnderTest) -> None:
    """`stages` and `default_stage`."""
    stages: Mapping[str, int] = getattr(subject.built, "stages", None) or {}
    mend = 'Set self.stages = {"early": 64, "late": 512}: each stage\'s channels, from shallow to deep.'
    is_right = bool(stages) and all(isinstance(channels, int) for channels in stages.values())
    expect(is_right, "stages, the channels of each by name", repr(stages), mend)
    default = getattr(subject.built, "default_stage", None)
    mend = f"Set self.default_stage to one of {', '.join(stages)}."
    expect(default in stages, "default_stage, one of the stages", repr(default), mend)


@check("backbone", is_basis=True)
def gives_a_map_of_each_stage(subject: ComponentUnderTest) -> None:
    """(B, C, h, w) for each stage, with the channels that `stages` tells."""
    with torch.no_grad():
        maps = subject.built.eval()(*inputs(subject, subject.built))
    mend = "Return a dict from each stage's name to its map, before any pooling, or mend `stages`."
    expect_agreed(wrong_maps(maps, subject.built.stages), mend)
    expect(set(maps) == set(subject.built.stages), f"maps of {sorted(subject.built.stages)}", set(maps), mend)
    counts = {len(found) for found in maps.values()}
    expect(counts == {BATCH}, f"maps of {BATCH} images", counts, mend)


@check("backbone", rests=True)
def stages_go_from_shallow_to_deep(subject: ComponentUnderTest) -> None:
    """No later stage with a larger map."""
    with torch.no_grad():
        maps = subject.built.eval()(*inputs(subject, subject.built))
    areas = [maps[name].shape[-2] * maps[name].shape[-1] for name in subject.built.stages]
    mend = "Write the stages in the order in which an image passes through them."
    expect(areas == sorted(areas, reverse=True), "maps that grow no larger", areas, mend)


@check("backbone", rests=True)
def frozen_parts_stay_as_they_are(subject: ComponentUnderTest) -> None:
    """With freeze = "all", no parameter is trained and no statistic moves, whatever train() says."""
    if "freeze" not in option_parameters(subject.component):
        skip("it has no option freeze")
    module = subject.build(freeze="all")
    trained = [name for name, parameter in module.named_parameters() if parameter.requires_grad]
    mend = "Call requires_grad_(False) on what is frozen."
    expect(not trained, "no trained parameter", f"{', '.join(trained[:3])}", mend)
    before = answer(subject, module)
    with torch.no_grad():
        module.train()(*inputs(subject, module))
    after = answer(subject, module)
    mend = "Override train(): frozen parts stay in eval mode, so that batch norm's statistics stay."
    is_same = all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    expect(is_same, "the same maps before and after a batch in training", "others", mend)
