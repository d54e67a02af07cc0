"""The folded backbone: the same maps as its modules, also after changes of tensors."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest
import torch
from ferkit_backbones.inception_resnet_v1.backbone import STAGES, InceptionResnetV1Backbone
from torch import Tensor, nn

SIDE = 96


def make_backbone(**options: str) -> InceptionResnetV1Backbone:
    """With statistics that a batch norm could have, so that folding them wrongly shows."""
    torch.manual_seed(0)
    backbone = InceptionResnetV1Backbone(weights="none", **options).eval()
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.3)
    return backbone


def unfolded(backbone: InceptionResnetV1Backbone, images: Tensor) -> dict[str, Tensor]:
    """The stages' maps by the modules themselves."""
    maps = {}
    for stage, modules in list(STAGES.items())[:-1]:
        for name in modules:
            images = backbone.trunk.get_submodule(name)(images)
        maps[stage] = images
    return maps


def assert_same(backbone: InceptionResnetV1Backbone, images: Tensor, tolerance: float = 1e-5) -> None:
    features, expected = backbone(images), unfolded(backbone, images)
    for stage, maps in expected.items():
        difference = (features[stage] - maps).abs().max() / maps.abs().max()
        assert difference < tolerance, stage


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_every_stage_gives_the_maps_of_its_modules(images: Tensor) -> None:
    assert_same(make_backbone(), images)


@torch.no_grad()
def test_in_bfloat16_folding_is_no_less_exact_than_the_modules(images: Tensor) -> None:
    backbone = make_backbone()
    exact = unfolded(backbone, images)["block8"]
    with torch.autocast("cpu", torch.bfloat16):
        folded, modules = backbone(images)["block8"], unfolded(backbone, images)["block8"]
    assert folded.dtype == torch.bfloat16
    assert (folded - exact).abs().mean() < 1.1 * (modules - exact).abs().mean()


def halve_a_kernel(backbone: InceptionResnetV1Backbone) -> None:
    with torch.no_grad():
        backbone.trunk.conv2d_4a.conv.weight.mul_(0.5)


def halve_a_kernel_unseen(backbone: InceptionResnetV1Backbone) -> None:
    backbone.trunk.conv2d_4a.conv.weight.data.mul_(0.5)
    backbone.eval()


def move_a_mean(backbone: InceptionResnetV1Backbone) -> None:
    backbone.trunk.conv2d_2a.bn.running_mean.add_(1)


def load_another(backbone: InceptionResnetV1Backbone) -> None:
    torch.manual_seed(5)
    backbone.load_state_dict(InceptionResnetV1Backbone(weights="none").state_dict())


def replace_a_parameter(backbone: InceptionResnetV1Backbone) -> None:
    conv = backbone.trunk.repeat_2[3].conv2d
    conv.weight = nn.Parameter(torch.randn_like(conv.weight) / 30)


def train_a_step(backbone: InceptionResnetV1Backbone) -> None:
    backbone.train()
    with torch.enable_grad():
        optimizer = torch.optim.SGD(backbone.parameters(), lr=0.1)
        backbone(torch.randn(4, 3, SIDE, SIDE))["block8"].mean().backward()
        optimizer.step()
    backbone.eval()


@pytest.mark.parametrize(
    "change",
    [halve_a_kernel, halve_a_kernel_unseen, move_a_mean, load_another, replace_a_parameter, train_a_step],
)
@torch.no_grad()
def test_what_changed_is_folded_anew(
    change: Callable[[InceptionResnetV1Backbone], None], images: Tensor
) -> None:
    backbone = make_backbone()
    before = backbone(images)["block8"]
    change(backbone)
    assert not torch.allclose(backbone(images)["block8"], before)
    assert_same(backbone, images)


@torch.no_grad()
def test_unchanged_kernels_are_folded_once(images: Tensor) -> None:
    backbone = make_backbone()
    backbone(images)
    kept = {module: folded.weight for module, folded in backbone.folding._kept.items()}
    backbone(images)
    assert len(kept) == 111 + 21, "convolutions with a batch norm, and those that end a residual block"
    assert all(backbone.folding._kept[module].weight is weight for module, weight in kept.items())


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
@torch.no_grad()
def test_a_copy_keeps_nothing_of_the_original(
    duplicate: Callable[[InceptionResnetV1Backbone], InceptionResnetV1Backbone], images: Tensor
) -> None:
    backbone = make_backbone()
    backbone(images)
    twin = duplicate(backbone)
    halve_a_kernel(twin)
    assert_same(twin, images)
    assert_same(backbone, images)


def test_a_network_made_in_inference_mode_is_folded_at_each_pass(images: Tensor) -> None:
    with torch.inference_mode():
        backbone = make_backbone()
        backbone(images)
        halve_a_kernel(backbone)
        assert_same(backbone, images)


def test_with_gradients_the_modules_themselves_are_run(images: Tensor) -> None:
    backbone = make_backbone()
    backbone(images)["block8"].mean().backward()
    gradient = backbone.trunk.conv2d_1a.bn.weight.grad
    assert gradient is not None
    assert gradient.abs().sum() > 0
    assert not backbone.folding._kept


def test_a_frozen_trunk_is_folded_in_training_too(images: Tensor) -> None:
    backbone = make_backbone(freeze="all").train()
    assert_same(backbone, images)
    assert backbone.folding._kept


def test_a_frozen_backbone_can_be_tried_on_nothing() -> None:
    with torch.device("meta"):
        backbone = InceptionResnetV1Backbone(weights="none", freeze="all").eval()
        with torch.inference_mode():
            maps = backbone(torch.zeros(2, 3, 96, 96))
    assert {name: one.shape[1] for name, one in maps.items()} == dict(backbone.stages)
