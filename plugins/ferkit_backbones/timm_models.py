"""Creation of timm's models by name, and messages about unknown names and missing weights."""

from __future__ import annotations

import difflib
import re
from typing import Any

import timm

from ferkit.plugin import WeightsError

HOW_TO_LOAD = "Run this once on a machine with a network and copy the folder in HF_HOME"

HUB = re.compile(r"hf[-_]hub:(?P<repository>.+)", re.IGNORECASE)
"""A repository on the Hugging Face Hub, as timm names it."""


def create_network(model: str, pretrained: bool) -> Any:
    """Create timm's feature extractor. Raises ValueError (unknown name), WeightsError (missing weights)."""
    if found := HUB.fullmatch(model):
        return _create_from_hub(model, found["repository"], pretrained)
    check_name(model, pretrained)
    try:
        return timm.create_model(model, pretrained=pretrained, features_only=True)
    except Exception as error:
        if not pretrained:
            raise ValueError(f"model: {model!r} of timm is not a feature extractor: {error}") from error
        raise WeightsError(
            f"Cannot load timm's weights for {model!r} from {describe_source(model)}: "
            f"{type(error).__name__}. {HOW_TO_LOAD}, or set pretrained = false to start from random weights."
        ) from error


def _create_from_hub(model: str, repository: str, pretrained: bool) -> Any:
    """Create a model that a repository of the Hub describes in its config.json."""
    own = repository.removeprefix("timm/")
    if not pretrained and own != repository and timm.is_model(own):
        model = own  # timm's own repositories describe models that timm knows: the Hub is not needed
    try:
        return timm.create_model(model, pretrained=pretrained, features_only=True)
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(
            f"Cannot load {model!r} from the Hugging Face Hub: {type(error).__name__}: {reason}. Expected a "
            f"repository with a model of timm. Check its name. {HOW_TO_LOAD}."
        ) from error


def _as_timm_writes(model: str) -> str:
    return model.lower().replace("-", "_")


def check_name(model: str, pretrained: bool) -> None:
    """Check a model's name. Raises ValueError with the closest names or the available weights."""
    architecture, _, tag = model.partition(".")
    if not timm.is_model(model):
        close = difflib.get_close_matches(_as_timm_writes(model), timm.list_models(), n=5, cutoff=0.5)
        hint = f"Similar names: {', '.join(close)}" if close else "timm.list_models() lists all models"
        raise ValueError(f"model: timm has no model {model!r}. {hint}")
    weights = timm.list_pretrained(f"{architecture}.*")
    if tag and model not in weights:
        raise ValueError(f"model: timm has no {model!r}. Available: {', '.join([architecture, *weights])}")
    if pretrained and not timm.is_model_pretrained(model):
        raise ValueError(f"pretrained: timm has no weights for {model!r}. Set pretrained = false.")


def describe_source(model: str) -> str:
    """Return the source of a model's weights: a repository of the Hugging Face Hub, or a URL."""
    settings: Any = timm.get_pretrained_cfg(model)
    if settings.hf_hub_id:
        file = settings.hf_hub_filename or "model.safetensors"
        return f"{file} in {settings.hf_hub_id} on the Hugging Face Hub"
    return str(settings.url)
