"""Losses of logits, for labels and soft targets; several of them wrap another one."""

from ferkit.plugin import Component, hookimpl

LOSSES = (
    ("arcface", "arcface:ArcFaceLoss", "An angular margin, for logits that are cosines (Deng et al. 2019)"),
    (
        "center",
        "center:CenterLoss",
        "Logits drawn to their class's centre, beside another loss (Wen et al. 2016)",
    ),
    (
        "class_balanced",
        "class_balanced:ClassBalancedLoss",
        "Classes weighed by their effective numbers (Cui et al. 2019)",
    ),
    ("cross_entropy", "cross_entropy:CrossEntropyLoss", "Cross entropy, as torch has it"),
    ("focal", "focal:FocalLoss", "Less weight for what is easy (Lin et al. 2017)"),
    (
        "label_smoothing",
        "label_smoothing:LabelSmoothingLoss",
        "Softened targets for another loss (Szegedy et al. 2016)",
    ),
    (
        "symmetric_cross_entropy",
        "symmetric_cross_entropy:SymmetricCrossEntropyLoss",
        "For labels that are partly wrong (Wang et al. 2019)",
    ),
)


@hookimpl
def ferkit_components() -> list[Component]:
    return [Component("loss", name, f"ferkit_losses.{target}", summary) for name, target, summary in LOSSES]
