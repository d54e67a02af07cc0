"""Additions to the training of a network."""

from ferkit.plugin import Component, hookimpl

CALLBACKS = (
    ("early_stopping", "early_stopping:EarlyStopping", "End the training when validation no longer improves"),
    ("ema", "ema:ExponentialMovingAverage", "Evaluate and save an average of the weights, by timm"),
    ("lora", "lora:LoRA", "Train low-rank changes of the backbone's weights (Hu et al. 2022), by peft"),
    ("mixup", "mixup:MixUp", "Mix the images of a batch: Mixup (Zhang et al. 2018) and CutMix, by timm"),
)


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component("callback", name, f"ferkit_callbacks.{target}", text) for name, target, text in CALLBACKS
    ]
