"""Outputs between the head's logits and the loss or the probabilities."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component("output", "identity", "ferkit_outputs.output_mixup:Identity", "Unchanged logits"),
        Component(
            "output",
            "output_mixup",
            "ferkit_outputs.output_mixup:OutputMixup",
            "Every class mixed with the neutral class",
        ),
        Component(
            "output",
            "temperature",
            "ferkit_outputs.temperature:TemperatureOutput",
            "Logits divided by a temperature, given or learned (Guo et al. 2017)",
        ),
        Component(
            "output",
            "logit_adjustment",
            "ferkit_outputs.logit_adjustment:LogitAdjustmentOutput",
            "Logits corrected for class frequencies (Menon et al. 2021)",
        ),
    ]
