from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ferkit.components.discovery import load_plugins
from ferkit.errors import RunError
from ferkit.neural import options as fit_options
from ferkit.neural.network import Network
from ferkit.neural.optim import build_optimizer, build_scheduler, find_layers
from tests.neural.tiny import tiny_network

REGISTRY = load_plugins()


def made(network: Network, options: fit_options.Optimizer) -> Any:
    return build_optimizer(network, fit_options.Fit(optimizer=options), REGISTRY)


def rates(schedule: fit_options.Part, epochs: int = 6) -> list[float]:
    """The backbone's learning rate in each epoch of two steps."""
    fit = fit_options.Fit(
        epochs=epochs, optimizer=fit_options.Optimizer(lr=1.0, head_lr=10.0), schedule=schedule
    )
    optimizer = build_optimizer(tiny_network(), fit, REGISTRY)
    scheduler = build_scheduler(optimizer, fit, REGISTRY, steps_per_epoch=2)
    found = []
    for _ in range(epochs):
        found.append(optimizer.param_groups[0]["lr"])
        for _ in range(2):
            optimizer.step()
            scheduler.step()
    return found


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (fit_options.Part(name="constant"), [1, 1, 1, 1, 1, 1]),
        (fit_options.Part(name="step", every=2, factor=0.25), [1, 1, 0.25, 0.25, 0.0625, 0.0625]),
        (fit_options.Part(name="step", every=2, mode="subtract"), [1, 1, 0.75, 0.75, 0.5, 0.5]),
        (fit_options.Part(name="step", every=1, mode="subtract"), [1, 0.75, 0.5, 0.25, 0, 0]),
        (fit_options.Part(name="cosine"), [(1 + np.cos(np.pi * e / 6)) / 2 for e in range(6)]),
    ],
)
def test_the_rate_takes_its_course(schedule: fit_options.Part, expected: list[float]) -> None:
    assert rates(schedule) == pytest.approx(expected)


def test_one_cycle_rises_and_falls() -> None:
    course = rates(fit_options.Part(name="one_cycle"), epochs=10)
    assert course[0] == pytest.approx(1 / 25)
    assert max(course) == pytest.approx(1, abs=0.05)
    assert course[-1] < 0.1


def test_a_warmup_of_less_than_a_step_is_refused() -> None:
    schedule = fit_options.Part(name="one_cycle", warmup=0.05)
    with pytest.raises(RunError, match=r"a warmup of 0\.05 of 12 steps is less than one step"):
        rates(schedule)


def test_the_output_has_a_rate_of_its_own_or_the_heads() -> None:
    network = tiny_network()
    network.output = nn.Linear(3, 3)
    for options, expected in (
        ({"output_lr": 0.1}, [1.0, 0.1, 10.0]),
        ({}, [1.0, 10.0, 10.0]),
    ):
        optimizer = made(network, fit_options.Optimizer(lr=1.0, head_lr=10.0, **options))
        assert [group["lr"] for group in optimizer.param_groups] == expected


def test_the_head_has_a_rate_of_its_own() -> None:
    optimizer = made(tiny_network(), fit_options.Optimizer(lr=1.0, head_lr=10.0))
    assert [group["lr"] for group in optimizer.param_groups] == [1.0, 10.0]


def test_each_layer_has_the_rate_of_the_next_one_times_the_decay() -> None:
    network = tiny_network()
    layers = {"early.0": 2, "early.1": 2, "late.0": 2, "late.1": 2}
    assert {name: len(several) for name, several in find_layers(network.backbone).items()} == layers
    optimizer = made(network, fit_options.Optimizer(lr=1.0, head_lr=10.0, layer_decay=0.5))
    rates = {id(one): group["lr"] for group in optimizer.param_groups for one in group["params"]}
    expected = {"early.0": 0.125, "early.1": 0.25, "late.0": 0.5, "late.1": 1.0}
    for name, several in find_layers(network.backbone).items():
        assert {rates[id(one)] for one in several} == {expected[name]}
    assert {rates[id(one)] for one in network.head.parameters()} == {10.0}


def test_the_module_around_a_network_is_no_layer() -> None:
    inner = nn.ModuleDict(
        {"stem": nn.Linear(2, 2), "blocks": nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))}
    )
    layers = find_layers(nn.ModuleDict({"network": inner}))
    assert list(layers) == ["network.stem", "network.blocks.0", "network.blocks.1"]


def test_biases_and_norms_are_left_without_weight_decay_if_the_recipe_says_so() -> None:
    options = fit_options.Optimizer(name="adamw", weight_decay=0.1, decay_norms=False)
    for group in made(tiny_network(), options).param_groups:
        assert {one.ndim > 1 for one in group["params"]} == {group["weight_decay"] == 0.1}


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_the_optimizer_is_the_recipes_with_its_epsilon(name: str) -> None:
    optimizer = made(tiny_network(), fit_options.Optimizer(name=name, eps=0.1))
    assert type(optimizer).__name__.lower() == name
    assert {group["eps"] for group in optimizer.param_groups} == {0.1}


def test_parameters_on_a_manifold_are_moved_by_riemannian_adam_and_by_no_other() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # geoopt 0.5 compiles with what torch has deprecated
        import geoopt
    network = tiny_network()
    start = torch.linalg.qr(torch.randn(4, 2)).Q
    network.head.turn = geoopt.ManifoldParameter(start.clone(), geoopt.EuclideanStiefel())
    optimizer = made(network, fit_options.Optimizer(lr=0.3))
    for _ in range(3):
        network.head.turn.grad = torch.randn(4, 2)
        optimizer.step()
    assert not torch.allclose(network.head.turn, start)
    assert torch.allclose(network.head.turn.mT @ network.head.turn, torch.eye(2), atol=1e-5)
    with pytest.raises(RunError, match="on a manifold, which adamw does not support"):
        made(network, fit_options.Optimizer(name="adamw"))
