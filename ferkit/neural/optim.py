"""Parameter groups, and the optimizer and scheduler of a recipe."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import Any, cast

import torch
from torch import nn

from ferkit.components.build import build
from ferkit.components.contract import disagree
from ferkit.components.options import context_parameter
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.errors import RunError
from ferkit.interfaces import Optimizer, Scheduler
from ferkit.neural import options as fit_options
from ferkit.neural.network import Network

DEFAULT = fit_options.Optimizer().name
Group = dict[str, Any]
"""Keys `params`, `lr` and `weight_decay`."""


def build_optimizer(network: Network, options: fit_options.Fit, registry: Registry) -> Optimizer:
    """Build the optimizer of `[fit.optimizer]`.

    Raises:
        ComponentError: It cannot be built with its options.
        RunError: It does not suit the network or the other options of `[fit]`.
    """
    part = options.optimizer
    component = registry.get("optimizer", part.name)
    kind = component.load()
    if getattr(kind, "needs_closure", False):
        _check_closure(options)
    is_curved = any(hasattr(one, "manifold") for one in network.parameters())
    if is_curved and not getattr(kind, "manifolds", False):
        raise RunError(
            f"fit.optimizer: the network has parameters on a manifold, which {part.name} does not support. "
            f"Use {DEFAULT}."
        )
    if part.weight_decay and context_parameter(component, "weight_decay") is None:
        raise RunError(f"fit.optimizer.weight_decay: {component} has no weight decay. Remove the key.")
    groups = parameter_groups(network, part)
    bare = Part(name=part.name, **part.options)
    optimizer = build(registry, "optimizer", bare, params=groups, lr=part.lr, weight_decay=part.weight_decay)
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise disagree(component, "a torch.optim.Optimizer", type(optimizer).__name__)
    return cast(Optimizer, optimizer)


def _check_closure(options: fit_options.Fit) -> None:
    name = options.optimizer.name
    if options.accumulate > 1:
        raise RunError(
            f"fit.accumulate: {name} computes the gradients of a batch twice, and can't be combined with "
            f"gradient accumulation (got {options.accumulate}). Use 1, or another optimizer."
        )
    if options.precision == "float16":
        raise RunError(
            f"fit.precision: {name} can't be combined with the scaled loss of float16. Use bfloat16."
        )


def build_scheduler(
    optimizer: Optimizer, options: fit_options.Fit, registry: Registry, steps_per_epoch: int
) -> Scheduler:
    """Build the scheduler of `[fit.schedule]`, which is stepped after every update.

    Raises:
        FerkitError: It cannot be built with its options.
    """
    context = {"optimizer": optimizer, "epochs": options.epochs, "steps_per_epoch": steps_per_epoch}
    scheduler: Scheduler = build(registry, "scheduler", options.schedule, **context)
    return scheduler


def parameter_groups(network: Network, options: fit_options.Optimizer) -> list[Group]:
    """Return the trained parameters with the rates `lr` (backbone), `head_lr` and `output_lr`.

    The default of `output_lr` is `head_lr`, and the default of `head_lr` is `lr`. The last group belongs to
    the head.
    """
    head_lr = options.head_lr or options.lr
    groups = [
        *_backbone_groups(network.backbone, options),
        *_groups(network.output.parameters(), options.output_lr or head_lr, options),
        *_groups(network.head.parameters(), head_lr, options),
    ]
    if not groups:
        raise RunError("Cannot train: the backbone is frozen and the head has no parameters. Unfreeze it.")
    return groups


def _backbone_groups(backbone: nn.Module, options: fit_options.Optimizer) -> list[Group]:
    if options.layer_decay == 1:
        return _groups(backbone.parameters(), options.lr, options)
    layers = list(find_layers(backbone).values())
    found = []
    for place, parameters in enumerate(reversed(layers)):
        found += _groups(parameters, options.lr * options.layer_decay**place, options)
    return found[::-1]


def find_layers(backbone: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Return the parameters of each layer by its name, in the order of the modules.

    A layer is a module directly in the backbone, or an item of a list of modules directly in it. Modules
    around the whole network do not count.
    """
    named = {tuple(name.split(".")): parameter for name, parameter in backbone.named_parameters()}
    shared = takewhile(lambda level: len(set(level)) == 1, zip(*(way[:-1] for way in named), strict=False))
    around = len(list(shared))
    layers: dict[str, list[nn.Parameter]] = {}
    for way, parameter in named.items():
        is_item = len(way) > around + 2 and way[around + 1].isdigit()
        layers.setdefault(".".join(way[: around + 1 + is_item]), []).append(parameter)
    return layers


def _groups(parameters: Iterable[nn.Parameter], rate: float, options: fit_options.Optimizer) -> list[Group]:
    trained = [one for one in parameters if one.requires_grad]
    decays = [(trained, options.weight_decay)]
    if not options.decay_norms:
        matrices = [one for one in trained if one.ndim > 1]
        decays = [([one for one in trained if one.ndim <= 1], 0.0), (matrices, options.weight_decay)]
    return [{"params": several, "lr": rate, "weight_decay": decay} for several, decay in decays if several]
