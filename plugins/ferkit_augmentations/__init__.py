"""Augmentations of albumentations, torchvision and kornia, and Cutout on the device."""

from ferkit.plugin import Component, hookimpl

AUGMENTATIONS = (
    (
        "albumentations",
        "of_albumentations:AlbumentationsAugmentation",
        "An image transform of albumentations, on the CPU",
    ),
    ("cutout", "cutout:Cutout", "Erase squares of a batch on the device (DeVries and Taylor 2017)"),
    ("kornia", "of_kornia:KorniaAugmentation", "A 2D augmentation of kornia, on a batch on the device"),
    (
        "torchvision",
        "of_torchvision:TorchvisionAugmentation",
        "An image transform of torchvision.transforms.v2, on the CPU",
    ),
)


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component("augmentation", name, f"ferkit_augmentations.{target}", text)
        for name, target, text in AUGMENTATIONS
    ]
