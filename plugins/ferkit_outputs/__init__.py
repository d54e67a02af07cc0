"""What may be done to logits beside nothing: a temperature, and an adjustment for unequal classes."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
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
