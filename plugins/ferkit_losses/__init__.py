"""Losses of logits, for labels and soft targets. Several wrap another loss."""

from ferkit.plugin import Component, hookimpl

LOSSES = (
    ("arcface", "arcface:ArcFaceLoss", "Angular margin, for logits that are cosines (Deng et al. 2019)"),
    (
        "center",
        "center:CenterLoss",
        "Another loss plus the distance to the class centre (Wen et al. 2016)",
    ),
    (
        "class_balanced",
        "class_balanced:ClassBalancedLoss",
        "Classes weighted by effective number of images (Cui et al. 2019)",
    ),
    ("cross_entropy", "cross_entropy:CrossEntropyLoss", "Cross entropy of torch"),
    ("focal", "focal:FocalLoss", "Lower weight for easy images (Lin et al. 2017)"),
    (
        "label_smoothing",
        "label_smoothing:LabelSmoothingLoss",
        "Smoothed targets for another loss (Szegedy et al. 2016)",
    ),
    (
        "symmetric_cross_entropy",
        "symmetric_cross_entropy:SymmetricCrossEntropyLoss",
        "Cross entropy for noisy labels (Wang et al. 2019)",
    ),
)


@hookimpl
def ferkit_components() -> list[Component]:
    return [Component("loss", name, f"ferkit_losses.{target}", summary) for name, target, summary in LOSSES]
