"""Outputs: nothing, the paper's output mix-up, a temperature, an adjustment for unequal classes."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component("output", "identity", "ferkit_outputs.output_mixup:Identity", "Logits as they are"),
        Component(
            "output",
            "output_mixup",
            "ferkit_outputs.output_mixup:OutputMixup",
            "Every class mixed with the neutral one",
        ),
        Component(
            "output",
            "temperature",
            "ferkit_outputs.temperature:TemperatureOutput",
            "Logits over a temperature, given or learned (Guo et al. 2017)",
        ),
        Component(
            "output",
            "logit_adjustment",
            "ferkit_outputs.logit_adjustment:LogitAdjustmentOutput",
            "Logits corrected for how frequent the classes are (Menon et al. 2021)",
        ),
    ]
