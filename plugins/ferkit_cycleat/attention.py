"""Attention maps of a classifier, and the difference between two of them."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from ferkit_cycleat.classifiers import Classifier

Kind = Literal["activation", "grad_cam"]


def activation_attention(maps: Tensor) -> Tensor:
    """Return at(f) = v/‖v‖, v the mean of f² over the channels (code of Zagoruyko and Komodakis 2017).

    It maps (B, C, h, w) to (B, h·w). Rows have length 1, or 0 if nothing is active.
    """
    return F.normalize(maps.square().mean(dim=1).flatten(1), dim=1)


def grad_cam_attention(maps: Tensor, logits: Tensor, classes: Tensor) -> Tensor:
    """Return ReLU(Σ_c α_c·f_c), α_c the mean of ∂logit/∂f_c (Selvaraju et al. 2017), with length 1.

    Args:
        maps: (B, C, h, w) feature maps with gradients.
        logits: (B, K) logits computed from these maps.
        classes: (B,) class of the logit for each image.

    Returns:
        (B, h·w), differentiable.
    """
    chosen = logits.gather(1, classes[:, None]).sum()
    (slopes,) = torch.autograd.grad(chosen, maps, create_graph=True)
    weights = slopes.mean(dim=(2, 3), keepdim=True)
    return F.normalize(F.relu((weights * maps).sum(dim=1)).flatten(1), dim=1)


def attention_of(kind: Kind, maps: Tensor, logits: Tensor, classes: Tensor) -> Tensor:
    """Return attention maps, (B, h·w). Grad-CAM uses the true classes of labelled source images."""
    if kind == "activation":
        return activation_attention(maps)
    return grad_cam_attention(maps, logits, classes)


def teach_attention(kind: Kind, classifier: Classifier, images: Tensor, classes: Tensor) -> Tensor:
    """Return the attention of a classifier that this loss does not train: (B, h·w), without gradients."""
    is_cam = kind == "grad_cam"
    with torch.set_grad_enabled(is_cam):
        # The parameters may be frozen: the maps need gradients only because the images do.
        maps, logits = classifier.look(images.detach().requires_grad_(is_cam))
        return attention_of(kind, maps, logits, classes).detach()


def attention_loss(of_student: Tensor, of_teacher: Tensor) -> Tensor:
    """Return the mean squared difference over images and positions, as Zagoruyko and Komodakis's code."""
    return (of_student - of_teacher).square().mean()
