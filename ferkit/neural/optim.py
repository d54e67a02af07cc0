"""The optimizer and the learning rate schedule of a recipe."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn
from torch.optim import Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LRScheduler, OneCycleLR, StepLR

from ferkit.errors import RunError
from ferkit.neural import options as fit_options
from ferkit.neural.network import Network


def make_optimizer(network: Network, options: fit_options.Optimizer) -> Optimizer:
    """Create Adam or AdamW with the rates `lr` (backbone), `head_lr` and `output_lr`.

    The default of `output_lr` is `head_lr`, and the default of `head_lr` is `lr`.
    """
    head_lr = options.head_lr or options.lr
    groups = [
        {"params": _trained(network.backbone), "lr": options.lr},
        {"params": _trained(network.output), "lr": options.output_lr or head_lr},
        {"params": _trained(network.head), "lr": head_lr},
    ]
    groups = [group for group in groups if group["params"]]
    if not groups:
        raise RunError("Cannot train: the backbone is frozen and the head has no parameters. Unfreeze it.")
    kind = _optimizer_class(network, options)
    return kind(groups, lr=options.lr, eps=options.eps, weight_decay=options.weight_decay)


def check_optimizer(network: Network, options: fit_options.Optimizer) -> bool:
    """Return True if parameters are on a manifold. Raises RunError if the optimizer does not support it."""
    is_curved = any(hasattr(parameter, "manifold") for parameter in network.parameters())
    if is_curved and options.name != "adam":
        raise RunError(
            f"fit.optimizer: the network has parameters on a manifold, which {options.name} does not "
            "support. Use adam."
        )
    return is_curved


def _optimizer_class(network: Network, options: fit_options.Optimizer) -> Callable[..., Optimizer]:
    """Return Riemannian Adam if a parameter is on a manifold. It treats the others as Adam does."""
    if not check_optimizer(network, options):
        return Adam if options.name == "adam" else AdamW
    from geoopt.optim import RiemannianAdam

    riemannian: Callable[..., Optimizer] = RiemannianAdam
    return riemannian


def _trained(module: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in module.parameters() if parameter.requires_grad]


def make_scheduler(
    optimizer: Optimizer, schedule: fit_options.Schedule, epochs: int, steps_per_epoch: int
) -> LRScheduler:
    """Create a scheduler that is stepped after every batch."""
    steps = epochs * steps_per_epoch
    match schedule:
        case fit_options.StepSchedule(mode="multiply"):
            return StepLR(optimizer, schedule.every * steps_per_epoch, schedule.factor)
        case fit_options.StepSchedule():
            every, factor = schedule.every * steps_per_epoch, schedule.factor
            return LambdaLR(optimizer, lambda step: max(0.0, 1.0 - factor * (step // every)))
        case fit_options.CosineSchedule():
            return CosineAnnealingLR(optimizer, T_max=steps)
        case fit_options.OneCycleSchedule():
            if schedule.warmup * steps <= 1:
                raise RunError(
                    f"schedule one_cycle: a warmup of {schedule.warmup} of {steps} steps is less than one "
                    "step. Increase fit.schedule.warmup or fit.epochs, or use another schedule."
                )
            peaks = [group["lr"] for group in optimizer.param_groups]
            return OneCycleLR(
                optimizer, peaks, total_steps=steps, pct_start=schedule.warmup, cycle_momentum=False
            )
        case fit_options.ConstantSchedule():
            return LambdaLR(optimizer, lambda step: 1.0)
