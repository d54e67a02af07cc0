"""Every optimizer by name, its options, and SAM."""

from __future__ import annotations

import ferkit_optimizers.of_timm as of_timm
import ferkit_optimizers.sam as sam
import pytest
import torch
from ferkit_optimizers import ferkit_components
from ferkit_optimizers.option_texts import TEXTS

from ferkit.components.component import Component
from ferkit.components.discovery import load_plugins
from ferkit.components.documentation import documentation, options
from ferkit.errors import ComponentError, RunError
from ferkit.neural import options as fit_options
from ferkit.neural.optim import build_optimizer
from tests.neural.tiny import tiny_network

REGISTRY = load_plugins()
COMPONENTS = {one.name: one for one in ferkit_components()}
SAM = {"base": {"name": "sgd"}}


@pytest.mark.parametrize("name", COMPONENTS)
def test_it_is_built_with_its_defaults_and_updates_a_network(name: str) -> None:
    network = tiny_network()
    part = fit_options.Optimizer(name=name, lr=1e-2, **(SAM if name == "sam" else {}))
    optimizer = build_optimizer(network, fit_options.Fit(optimizer=part), REGISTRY)
    before = {key: value.clone() for key, value in network.head.state_dict().items()}

    def compute() -> float:
        optimizer.zero_grad()
        loss = network(torch.ones(2, 3, 32, 32)).square().sum()
        loss.backward()
        return float(loss.item())

    for _ in range(2):  # the first update of ADOPT only measures the gradient
        compute()
        optimizer.step(compute) if name == "sam" else optimizer.step()
    after = network.head.state_dict()
    assert any(not torch.equal(before[key], after[key]) for key in before)
    assert all(torch.isfinite(value).all() for value in after.values())


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_option_has_a_type_and_a_description(name: str) -> None:
    found, text = options(COMPONENTS[name], REGISTRY), documentation(COMPONENTS[name])
    assert [one.name for one in found if f"{one.name}: " not in text] == []
    assert [one.name for one in found if not one.takes or one.takes == "anything"] == []


def test_no_description_is_left_over() -> None:
    used = {one.name for name in COMPONENTS for one in options(COMPONENTS[name], REGISTRY)}
    assert set(TEXTS) - used == set()


def test_options_of_classes_without_annotations_have_the_type_of_their_default() -> None:
    takes = {one.name: (one.takes, one.default) for one in options(COMPONENTS["adamp"], REGISTRY)}
    assert takes["betas"] == ("2 numbers", "[0.9, 0.999]")
    assert takes["nesterov"][0] == "true or false"
    assert takes["delta"][0] == "a number"


def test_an_optimizer_that_this_timm_lacks_is_named_with_its_version() -> None:
    component = Component("optimizer", "future", "ferkit_optimizers.of_timm:future", "Not there yet")
    with pytest.raises(ComponentError, match=f"timm {of_timm.timm.__version__} has no optimizer 'future'"):
        component.load()


def test_a_weight_decay_that_an_optimizer_does_not_have_is_refused() -> None:
    registry = load_plugins()
    registry.add(
        [Component("optimizer", "sparse", "torch.optim:SparseAdam", "Adam for sparse tensors")], "test"
    )
    part = fit_options.Optimizer(name="sparse", weight_decay=0.1)
    with pytest.raises(RunError, match="weight_decay: optimizer 'sparse'"):
        build_optimizer(tiny_network(), fit_options.Fit(optimizer=part), registry)
    values = [torch.nn.Parameter(torch.ones(2))]
    with pytest.raises(ValueError, match="weight_decay: the base optimizer has none"):
        sam.SAM([{"params": values}], torch.optim.SparseAdam(values), weight_decay=0.1)


def test_the_base_of_sam_applies_the_weight_decay() -> None:
    ends = []
    for decay in (0.0, 0.5):
        torch.manual_seed(0)
        network = tiny_network()
        plain = {"name": "momentum", "momentum": 0.0}
        part = fit_options.Optimizer(name="sam", lr=0.1, weight_decay=decay, base=plain)
        optimizer = build_optimizer(network, fit_options.Fit(optimizer=part), REGISTRY)
        before = [one.detach().clone() for one in network.parameters()]
        for one in network.parameters():
            one.grad = torch.ones_like(one)
        optimizer.step(lambda: 0.0)
        ends.append(list(network.parameters()))
    for start, without, decayed in zip(before, *ends, strict=True):
        torch.testing.assert_close(without - decayed, 0.1 * 0.5 * start)
