"""The head multiscale: scales, pooling and errors."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from ferkit_heads.multiscale import MultiscaleHead
from ferkit_heads.multiscale_chains import Chain, make_chain, map_sizes
from torch import Tensor

from ferkit.errors import ComponentError

CHANNELS = {"repeat_1": 4, "repeat_2": 6, "block8": 8}
WIDTHS = (5, 4, 3)


def make_head(**options: Any) -> MultiscaleHead:
    return MultiscaleHead(CHANNELS, num_classes=7, widths=WIDTHS, **options)


def sides_of(chain: Chain, side: int) -> list[int]:
    """The sides of the maps that the layers return."""
    maps = [torch.randn(1, 8, side, side)]
    for layer in make_chain(chain, 8, WIDTHS).eval():
        maps.append(layer(maps[-1]))
    return [one.shape[2] for one in maps]


@pytest.mark.parametrize(
    ("chain", "expected"),
    [("ssd", [9, 5, 3, 1]), ("stride", [9, 5, 3, 2]), ("unpadded", [9, 7, 5, 3]), ("pool", [9, 4, 2, 1])],
)
def test_each_chain_shrinks_the_maps_of_350_pixels_as_documented(chain: Chain, expected: list[int]) -> None:
    assert sides_of(chain, 9) == expected


@pytest.mark.parametrize("chain", ["ssd", "stride", "unpadded", "pool"])
@pytest.mark.parametrize("side", [1, 2, 3, 4, 9, 10])
def test_map_sizes_foretells_what_the_layers_give(chain: Chain, side: int) -> None:
    assert map_sizes(chain, side) == sides_of(chain, side)


def test_recommended_head_concatenates_2816_numbers() -> None:
    head = MultiscaleHead({"block8": 1792, "repeat_1": 256}, num_classes=7)
    assert head.stages == ("block8",)
    assert head.classify.in_features == 2816


@pytest.mark.parametrize("side", [9, 4, 3, 1])
@pytest.mark.parametrize("chain", ["ssd", "stride", "unpadded", "pool"])
def test_every_map_size_trains_and_classifies_an_image_alone(chain: Chain, side: int) -> None:
    head = make_head(chain=chain)
    head({"block8": torch.randn(2, 8, side, side)}).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in head.parameters() if p.grad is not None)
    assert head.eval()({"block8": torch.randn(1, 8, side, side)}).shape == (1, 7)


def test_every_scale_takes_part_in_the_logits() -> None:
    head = make_head().eval()
    head({"block8": torch.randn(4, 8, 9, 9)}).sum().backward()
    assert head.classify.weight.grad is not None
    by_scale = head.classify.weight.grad.split([8, *WIDTHS], dim=1)
    assert all(gradient.abs().sum() > 0 for gradient in by_scale)


def test_convolutions_have_no_bias_before_their_batch_norm() -> None:
    convolutions = [m for m in make_head().modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(convolutions) == 6
    assert all(one.bias is None for one in convolutions)


@pytest.mark.parametrize(
    ("combine", "pool"), [("gap", lambda m: m.mean(dim=(2, 3))), ("max", lambda m: m.amax(dim=(2, 3)))]
)
def test_taps_are_pooled_and_concatenated_in_their_order(combine: str, pool: Any) -> None:
    head = make_head(source="taps", taps=("repeat_1", "block8"), combine=combine).eval()
    maps: dict[str, Tensor] = {"repeat_1": torch.randn(2, 4, 5, 5), "block8": torch.randn(2, 8, 3, 3)}
    assert head.stages == ("repeat_1", "block8")
    expected = head.classify(torch.cat([pool(maps["repeat_1"]), pool(maps["block8"])], dim=1))
    torch.testing.assert_close(head(maps), expected)


def test_flatten_counts_every_value() -> None:
    head = make_head(combine="flatten", map_size=9).eval()
    assert head.classify.in_features == 8 * 81 + 5 * 25 + 4 * 9 + 3
    assert head({"block8": torch.randn(1, 8, 9, 9)}).shape == (1, 7)


def test_flatten_of_the_trunk_s_own_map_keeps_the_places_apart() -> None:
    head = make_head(combine="flatten", map_size=4).eval()
    maps = torch.randn(1, 8, 4, 4)
    assert not torch.allclose(head({"block8": maps}), head({"block8": maps.flip(3)}))


def test_flatten_on_maps_of_another_size_says_which_size_came() -> None:
    head = make_head(combine="flatten", map_size=9)
    with pytest.raises(ComponentError, match=r"map_size = 9, but block8 gives maps of 4 by 4.*map_size = 4"):
        head({"block8": torch.randn(2, 8, 4, 4)})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"combine": "flatten"}, "map_size: .* got None"),
        ({"combine": "flatten", "map_size": 0}, "map_size: .* got 0"),
        ({"combine": "flatten", "source": "taps"}, 'combine: "flatten" needs source = "chain"'),
        ({"stage": "blok8"}, "stage: .*'blok8'. Did you mean 'block8'"),
        ({"source": "taps", "taps": ("repeat_1", "x")}, "taps: the backbone has no stage 'x'. There is"),
        ({"source": "taps", "taps": ()}, "taps: expected at least one stage"),
        ({"dropout": 1.0}, "dropout: .* got 1.0"),
    ],
)
def test_an_option_that_can_not_work_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_head(**options)


def test_a_map_without_channels_is_refused() -> None:
    with pytest.raises(ValueError, match=r"widths: .* got \[5, 0, 3\]"):
        MultiscaleHead(CHANNELS, num_classes=7, widths=(5, 0, 3))


def test_deep_supervision_gives_the_logits_of_each_scale_in_training_only() -> None:
    head = make_head(deep_supervision=0.4)
    features = {"block8": torch.randn(2, 8, 9, 9)}
    logits, scales = head(features)
    assert logits.shape == (2, 7)
    assert {name: one.shape for name, one in scales.items()} == {f"scale_{n}": (2, 7) for n in range(1, 5)}
    assert head.auxiliary_weight == 0.4
    sum(one.sum() for one in scales.values()).backward()
    assert all(layer.weight.grad is not None for layer in head.classify_scales)
    assert head.eval()(features).shape == (2, 7)


def test_without_deep_supervision_the_head_has_the_parameters_it_always_had() -> None:
    plain = make_head()
    assert not any("scales" in name for name in plain.state_dict())
    assert plain({"block8": torch.randn(2, 8, 9, 9)}).shape == (2, 7)


def test_a_negative_weight_of_deep_supervision_is_refused() -> None:
    with pytest.raises(ValueError, match=r"deep_supervision.*-1"):
        make_head(deep_supervision=-1.0)
