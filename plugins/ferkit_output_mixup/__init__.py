"""What happens to logits: nothing, or the paper's output mix-up."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component("output", "identity", "ferkit_output_mixup.output:Identity", "Logits as they are"),
        Component(
            "output",
            "output_mixup",
            "ferkit_output_mixup.output:OutputMixup",
            "Every class mixed with the neutral one",
        ),
    ]
