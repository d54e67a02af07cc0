"""The head covpool: values, extreme inputs and errors."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from ferkit_covpool.bimap import BiMap, geoopt
from ferkit_covpool.covpool import CovPoolHead
from ferkit_covpool.covpool_net import CovPoolBackbone
from torch import Tensor
from torch.nn import functional as F

from ferkit.errors import ComponentError, RunError

CHANNELS = {"early": 6, "late": 8, "embedding": 5}


def make_head(**options: Any) -> CovPoolHead:
    return CovPoolHead(CHANNELS, num_classes=3, **{"bimap": (4,), "hidden": (10, 6), **options})


def make_maps(count: int = 4, side: int = 3) -> dict[str, Tensor]:
    return {"late": torch.randn(count, 8, side, side)}


@pytest.mark.parametrize(("stage", "expected"), [("", "late"), ("early", "early")])
def test_the_stage_with_most_channels_is_taken_unless_one_is_named(stage: str, expected: str) -> None:
    assert make_head(stage=stage).stages == (expected,)


def test_of_stages_with_as_many_channels_the_deepest_is_taken() -> None:
    assert CovPoolHead({"a": 4, "b": 8, "c": 8, "d": 2}, 3, bimap=(4,), hidden=(3,)).stages == ("c",)


def test_with_the_papers_options_it_flattens_16384_numbers_into_2000_and_128() -> None:
    with torch.device("meta"):
        head = CovPoolHead(CovPoolBackbone.stages, num_classes=7)
    widths = [
        (one.in_features, one.out_features) for one in head.modules() if isinstance(one, torch.nn.Linear)
    ]
    assert widths == [(16384, 2000), (2000, 128), (128, 7)]
    assert [one.weight.shape for one in head.bimaps if isinstance(one, BiMap)] == [(256, 128)]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"channels": 5},
        {"bimap": ()},
        {"bimap": (6, 4, 2)},
        {"hidden": ()},
        {"stage": "early"},
        {"bimap": (8, 8)},
    ],
)
def test_every_option_trains_and_classifies_an_image_alone(options: dict[str, Any]) -> None:
    head = make_head(**options)
    maps = {name: torch.randn(4, width, 3, 2) for name, width in CHANNELS.items()}
    head(maps).square().sum().backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name
    assert head.eval()({name: one[:1] for name, one in maps.items()}).shape == (1, 3)


def test_what_it_classifies_is_the_rectified_logarithm_of_the_mapped_covariance() -> None:
    head = make_head(hidden=()).double().eval()
    maps = torch.randn(1, 8, 5, 5, dtype=torch.float64)
    covariance = torch.cov(maps[0].flatten(1))
    weight = head.bimaps[0].weight
    mapped = weight.T @ (covariance + 1e-4 * covariance.trace() * torch.eye(8)) @ weight
    values, vectors = torch.linalg.eigh(mapped)
    expected = vectors @ values.clamp(1e-4, 1e4).log().diag() @ vectors.T
    torch.testing.assert_close(head.embed({"late": maps}), expected.flatten()[None])
    assert head({"late": maps}).dtype == torch.float64


def test_it_embeds_what_the_last_linear_layer_classifies_before_its_relu() -> None:
    head = make_head().eval()
    maps = make_maps()
    embedded = head.embed(maps)
    assert embedded.shape == (4, 6)
    assert (embedded < 0).any()
    torch.testing.assert_close(head(maps), head.classify(embedded.relu()))


def test_fewer_places_than_channels_are_no_obstacle() -> None:
    head = CovPoolHead({"late": 64}, num_classes=3, bimap=(16,), hidden=(8,))
    maps = torch.randn(4, 64, 2, 2, requires_grad=True)
    head({"late": maps}).square().sum().backward()
    assert maps.grad is not None
    assert maps.grad.isfinite().all()


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_constant_maps_give_finite_logits_and_gradients(value: float) -> None:
    head = make_head()
    maps = torch.full((4, 8, 3, 3), value, requires_grad=True)
    logits = head({"late": maps})
    logits.square().sum().backward()
    assert logits.isfinite().all()
    assert maps.grad is not None
    assert maps.grad.isfinite().all()
    assert all(one.grad is not None and one.grad.isfinite().all() for one in head.parameters())


@pytest.mark.parametrize("bad", [float("nan"), float("-inf")])
def test_maps_that_are_not_finite_are_refused_with_the_stage_and_the_count(bad: float) -> None:
    maps = make_maps()
    maps["late"][2, 0, 1, 1] = bad
    message = r"expected finite maps, got NaN or infinite values for 1 of 4 images \(stage late\).*Lower fit"
    with pytest.raises(RunError, match=message):
        make_head()(maps)


def test_values_too_large_for_a_covariance_are_refused() -> None:
    with pytest.raises(RunError, match="the maps' values are too large"):
        make_head()({"late": 1e30 * torch.randn(4, 8, 3, 3)})


def test_a_map_of_one_place_is_refused_with_what_to_do() -> None:
    message = r"at least 2 positions, but stage 'embedding' gives 1 by 1. Set model.head.stage to an earlier"
    with pytest.raises(ComponentError, match=message):
        make_head(stage="embedding")({"embedding": torch.randn(4, 5, 1, 1)})


def test_the_matrices_stay_in_single_precision_under_half_precision() -> None:
    head, maps = make_head(), make_maps()
    expected = head.logarithms(maps["late"])
    with torch.autocast("cpu", torch.bfloat16):
        logarithms = head.logarithms(maps["late"])
        head(maps).float().square().sum().backward()
    assert logarithms.dtype == torch.float32
    torch.testing.assert_close(logarithms, expected)
    assert all(one.grad is not None and one.grad.isfinite().all() for one in head.parameters())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stage": "lat"}, "stage: .*'lat'. Did you mean 'late'"),
        ({"channels": -1}, "channels: .* got -1"),
        ({"bimap": (9,)}, r"bimap: expected sizes from 1 to 8 .* got \[9\]"),
        ({"bimap": (4, 5)}, r"bimap: .* none larger than the previous one, got \[4, 5\]"),
        ({"bimap": (4, 0)}, r"bimap: .* got \[4, 0\]"),
        ({"channels": 3}, r"bimap: expected sizes from 1 to 3 .* got \[4\]"),
        ({"hidden": (4, 0)}, r"hidden: expected at least 1 unit .* got \[4, 0\]"),
        ({"batch_norm_momentum": 0.0}, "batch_norm_momentum: expected .* got 0.0"),
    ],
)
def test_an_option_that_can_not_work_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_head(**options)


def departure(weight: Tensor) -> float:
    """Distance of WᵀW from the identity."""
    return (weight.mT @ weight - torch.eye(weight.shape[1])).abs().max().item()


def test_a_map_begins_orthonormal_and_as_no_other_does() -> None:
    one, other = (BiMap(12, 5).weight.detach() for _ in range(2))
    assert departure(one) < 1e-6
    assert departure(other) < 1e-6
    assert (one - other).abs().max() > 0.1
    assert one.abs().min() > 0


def test_the_map_stays_orthonormal_after_every_step() -> None:
    torch.manual_seed(0)
    head = make_head(bimap=(6, 4))
    optimizer = geoopt.optim.RiemannianAdam(head.parameters(), lr=0.05, weight_decay=0.05)
    started = [one.weight.detach().clone() for one in head.bimaps if isinstance(one, BiMap)]
    for _ in range(20):
        optimizer.zero_grad()
        F.cross_entropy(head(make_maps(6)), torch.tensor([0, 1, 2] * 2)).backward()
        optimizer.step()
        assert all(departure(one.weight.detach()) < 1e-5 for one in head.bimaps if isinstance(one, BiMap))
    ended = [one.weight.detach() for one in head.bimaps if isinstance(one, BiMap)]
    assert all((a - b).abs().max() > 0.1 for a, b in zip(started, ended, strict=True))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda head: pickle.loads(pickle.dumps(head))])
def test_a_copy_is_the_same_and_keeps_its_manifold(copied: Any) -> None:
    head, maps = make_head().eval(), make_maps()
    twin = copied(head)
    assert torch.equal(twin(maps), head(maps))
    assert isinstance(twin.bimaps[0].weight, geoopt.ManifoldParameter)
    assert isinstance(twin.bimaps[0].weight.manifold, geoopt.EuclideanStiefel)
