"""timm's models as backbones, without network and downloads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import ferkit_backbones
import pytest
import timm
import torch
from ferkit_backbones.timm import TimmBackbone
from torch import nn

from ferkit.errors import ComponentError, WeightsError
from ferkit.recipe.load import load_recipe

SMALL = ("test_resnet", "test_efficientnet", "test_convnext", "test_vit", "mobilenetv3_small_050")


def images_for(backbone: TimmBackbone, count: int = 2) -> torch.Tensor:
    return torch.randn(count, *backbone.network.pretrained_cfg["input_size"])


@pytest.mark.parametrize("model", [*SMALL, "swin_tiny_patch4_window7_224"])
def test_every_stage_gives_a_map_with_the_channels_it_promises(model: str) -> None:
    backbone = TimmBackbone(model, pretrained=False).eval()
    maps = backbone(images_for(backbone, 1))
    assert list(maps) == [f"stage{number}" for number in range(1, len(maps) + 1)]
    assert {name: one.shape[1] for name, one in maps.items()} == backbone.stages
    assert all(one.dim() == 4 for one in maps.values())
    assert backbone.default_stage == list(maps)[-1]


@pytest.mark.parametrize("model", SMALL)
def test_a_frozen_stage_and_what_leads_to_it_is_left_alone_and_the_rest_is_trained(model: str) -> None:
    backbone = TimmBackbone(model, pretrained=False, freeze="stage2")
    is_trained = [one.requires_grad for one in backbone(images_for(backbone)).values()]
    assert is_trained == [False, False] + [True] * (len(is_trained) - 2)


@pytest.mark.parametrize("freeze", ["none", "stage2", "stage5", "all"])
def test_batch_norm_of_the_frozen_part_keeps_its_statistics(freeze: str) -> None:
    backbone = TimmBackbone("resnet10t", pretrained=False, freeze=freeze).train()
    before = {
        name: buffer.clone() for name, buffer in backbone.named_buffers() if name.endswith("running_mean")
    }
    with torch.no_grad():
        backbone(torch.randn(4, 3, 64, 64))
    moved = {
        name for name, buffer in backbone.named_buffers() if name in before and not buffer.equal(before[name])
    }
    norms = {
        f"{name}.running_mean"
        for name, module in backbone.named_modules()
        if isinstance(module, nn.BatchNorm2d) and module.weight.requires_grad
    }
    assert moved == norms
    assert bool(norms) == (freeze in ("none", "stage2"))


@pytest.mark.parametrize("model", SMALL)
@pytest.mark.parametrize("is_by_stage", [False, True])
def test_a_wholly_frozen_backbone_has_nothing_to_train(model: str, is_by_stage: bool) -> None:
    last = TimmBackbone(model, pretrained=False).default_stage
    backbone = TimmBackbone(model, pretrained=False, freeze=last if is_by_stage else "all")
    assert not any(parameter.requires_grad for parameter in backbone.parameters())
    assert not any(one.requires_grad for one in backbone(images_for(backbone).requires_grad_()).values())


def test_a_half_frozen_backbone_sends_no_gradient_to_the_frozen_half() -> None:
    backbone = TimmBackbone("resnet10t", pretrained=False, freeze="stage3")
    backbone(torch.randn(2, 3, 64, 64))["stage5"].sum().backward()
    has_gradient = {
        parameter.requires_grad: parameter.grad is not None for parameter in backbone.parameters()
    }
    assert has_gradient == {False: False, True: True}


def test_freezing_a_stage_draws_no_random_numbers_and_leaves_the_weights() -> None:
    torch.manual_seed(0)
    whole, after_whole = TimmBackbone("test_resnet", pretrained=False), torch.rand(3)
    torch.manual_seed(0)
    frozen, after_frozen = TimmBackbone("test_resnet", pretrained=False, freeze="stage2"), torch.rand(3)
    torch.testing.assert_close(frozen.state_dict(), whole.state_dict(), rtol=0, atol=0)
    assert torch.equal(after_whole, after_frozen)


def test_another_image_size_is_refused_by_a_model_that_takes_one_only() -> None:
    backbone = TimmBackbone("test_vit", pretrained=False)
    with pytest.raises(
        ComponentError, match=r"160 by 160 pixels only, got 96 by 96. Set model.image_size = 160"
    ):
        backbone(torch.randn(1, 3, 96, 96))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "resnt18"}, "model: timm has no model 'resnt18'. .*resnet18"),
        ({"model": "zzqqzzqq"}, "model: timm has no model 'zzqqzzqq'. timm.list_models"),
        ({"model": "resnet18.nope"}, "model: timm has no 'resnet18.nope'. .*resnet18.a1_in1k"),
        (
            {"model": "mixer_s32_224", "pretrained": True},
            "pretrained: timm has no weights.*pretrained = false",
        ),
        ({"freeze": "stage9"}, "freeze: no stage is called 'stage9'"),
    ],
)
def test_an_option_that_timm_can_not_meet_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TimmBackbone(**{"model": "test_resnet", "pretrained": False, **options})


def test_weights_that_can_not_be_downloaded_are_named_with_their_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr(timm, "create_model", refuse)
    with pytest.raises(
        WeightsError, match=r"model.safetensors in timm/resnet18.a1_in1k .*pretrained = false"
    ):
        TimmBackbone("resnet18")


def test_a_model_of_the_hub_is_passed_to_timm(monkeypatch: pytest.MonkeyPatch) -> None:
    create, asked = timm.create_model, []

    def answer(model: str, **options: Any) -> Any:
        asked.append((model, options["pretrained"]))
        return create("test_resnet", **{**options, "pretrained": False})

    monkeypatch.setattr(timm, "create_model", answer)
    assert TimmBackbone("hf_hub:me/mine").default_stage == "stage5"
    TimmBackbone("hf-hub:me/mine", pretrained=False)
    assert asked == [("hf_hub:me/mine", True), ("hf-hub:me/mine", False)]


def test_a_model_of_timm_needs_no_hub_without_its_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    backbone = TimmBackbone("hf_hub:timm/test_resnet.r160_in1k", pretrained=False)
    assert backbone.stages == TimmBackbone("test_resnet", pretrained=False).stages


@pytest.mark.parametrize("pretrained", [False, True])
def test_a_hub_that_can_not_be_reached_is_named(monkeypatch: pytest.MonkeyPatch, pretrained: bool) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsError, match=r"'hf_hub:me/mine' from the Hugging Face Hub: .*HF_HOME"):
        TimmBackbone("hf_hub:me/mine", pretrained)


README = Path(ferkit_backbones.__file__).with_name("README.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)\.(\w+)` \|.*\| (\S+) \|$", README, re.M)


@pytest.mark.parametrize(("model", "tag", "licence"), ROWS)
def test_the_readmes_models_pass_ferkits_trial_at_the_recipes_sizes(
    model: str, tag: str, licence: str
) -> None:
    settings = timm.get_pretrained_cfg(model)
    assert (settings.tag, settings.license) == (tag, licence)
    for side in (160, 224, 350):
        backbone = f'model.backbone={{name="timm", model="{model}", pretrained=false}}'
        recipe, _ = load_recipe(
            "quickstart", ['plugins=["ferkit_backbones"]', backbone, f"model.image_size={side}"]
        )
        assert recipe.model.backbone.options["model"] == model


def test_the_readme_has_five_models() -> None:
    assert len(ROWS) == 5
