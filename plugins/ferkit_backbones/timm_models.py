"""timm's models by name, and what is said where one can't be had."""

from __future__ import annotations

import difflib
from typing import Any

import timm

from ferkit.plugin import WeightsError


def create_network(model: str, pretrained: bool) -> Any:
    """timm's feature extractor. Raises ValueError for an unknown name, WeightsError for absent weights."""
    check_name(model, pretrained)
    try:
        return timm.create_model(model, pretrained=pretrained, features_only=True)
    except Exception as error:
        if not pretrained:
            raise ValueError(f"model: timm can't give {model!r} as a feature extractor: {error}") from error
        raise WeightsError(
            f"timm's weights for {model!r} can't be loaded from {describe_source(model)} "
            f"({type(error).__name__}). Run this once where there is a network and take along the folder "
            "that HF_HOME names, or set pretrained = false to train from random numbers"
        ) from error


def check_name(model: str, pretrained: bool) -> None:
    """Raises ValueError with the closest names, or those of the weights that there are."""
    architecture, _, tag = model.partition(".")
    if not timm.is_model(model):
        close = difflib.get_close_matches(model, timm.list_models(), n=5, cutoff=0.5)
        hint = f"The closest: {', '.join(close)}" if close else "timm.list_models() lists them all"
        raise ValueError(f"model: timm has no model {model!r}. {hint}")
    weights = timm.list_pretrained(f"{architecture}.*")
    if tag and model not in weights:
        raise ValueError(f"model: timm has no {model!r}. There is: {', '.join([architecture, *weights])}")
    if pretrained and not timm.is_model_pretrained(model):
        raise ValueError(f"pretrained: timm has no weights for {model!r}; set pretrained = false")


def describe_source(model: str) -> str:
    """Where timm looks for a model's weights: a repository of the Hugging Face hub, or an address."""
    settings: Any = timm.get_pretrained_cfg(model)
    if settings.hf_hub_id:
        file = settings.hf_hub_filename or "model.safetensors"
        return f"{file} of the Hugging Face hub's {settings.hf_hub_id}"
    return str(settings.url)
