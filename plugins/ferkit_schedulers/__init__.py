"""Learning rate schedules of timm and torch, each with a warm-up."""

from ferkit.plugin import Component, hookimpl

SCHEDULERS = (
    ("constant", "constant:ConstantSchedule", "A constant rate"),
    (
        "cosine",
        "cosine:CosineSchedule",
        "Half a cosine to a minimum, with restarts (Loshchilov and Hutter 2017)",
    ),
    ("multi_step", "multi_step:MultiStepSchedule", "Steps at the epochs that are listed"),
    (
        "one_cycle",
        "one_cycle:OneCycleSchedule",
        "An increase, then a decrease to almost 0 (Smith and Topin 2018)",
    ),
    ("plateau", "plateau:PlateauSchedule", "Steps when the training loss stops decreasing"),
    ("poly", "poly:PolySchedule", "A power of the remaining part of the training"),
    ("step", "step:StepSchedule", "Steps after a number of epochs"),
    ("tanh", "tanh:TanhSchedule", "A hyperbolic tangent to a minimum"),
)


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component("scheduler", name, f"ferkit_schedulers.{target}", text) for name, target, text in SCHEDULERS
    ]
