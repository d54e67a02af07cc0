"""Cross entropy, focal loss and label smoothing, which wraps either."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "loss",
            "cross_entropy",
            "ferkit_losses.cross_entropy:CrossEntropyLoss",
            "Cross entropy, as torch has it",
        ),
        Component(
            "loss", "focal", "ferkit_losses.focal:FocalLoss", "Less weight for what is easy (Lin et al. 2017)"
        ),
        Component(
            "loss",
            "label_smoothing",
            "ferkit_losses.label_smoothing:LabelSmoothingLoss",
            "Softened targets for another loss (Szegedy et al. 2016)",
        ),
    ]
