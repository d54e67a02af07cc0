"""Where a classifier looks, and how far two of them differ in it."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from ferkit_cycleat.classifiers import Classifier

Kind = Literal["activation", "grad_cam"]


def activation_attention(maps: Tensor) -> Tensor:
    """at(f) = v/‖v‖, v the mean of f² over the channels (Zagoruyko and Komodakis 2017, and their code).

    (B, C, h, w) -> (B, h·w), each row of length 1, or 0 where nothing is active.
    """
    return F.normalize(maps.square().mean(dim=1).flatten(1), dim=1)


def grad_cam_attention(maps: Tensor, logits: Tensor, classes: Tensor) -> Tensor:
    """ReLU(Σ_c α_c·f_c), α_c the mean over all places of ∂logit/∂f_c (Selvaraju et al. 2017), length 1.

    maps: (B, C, h, w), which the logits (B, K) were made from, with gradients; classes: (B,), whose logit it
    is. -> (B, h·w), which can itself be differentiated.
    """
    chosen = logits.gather(1, classes[:, None]).sum()
    (slopes,) = torch.autograd.grad(chosen, maps, create_graph=True)
    weights = slopes.mean(dim=(2, 3), keepdim=True)
    return F.normalize(F.relu((weights * maps).sum(dim=1)).flatten(1), dim=1)


def attention_of(kind: Kind, maps: Tensor, logits: Tensor, classes: Tensor) -> Tensor:
    """(B, h·w). Grad-CAM's classes are the true ones of the labelled source images."""
    if kind == "activation":
        return activation_attention(maps)
    return grad_cam_attention(maps, logits, classes)


def teach_attention(kind: Kind, classifier: Classifier, images: Tensor, classes: Tensor) -> Tensor:
    """The attention of a classifier that is not trained by it: (B, h·w), without gradients."""
    with torch.enable_grad():
        maps = classifier.maps(images).detach().requires_grad_()
        return attention_of(kind, maps, classifier.logits_of(maps), classes).detach()


def attention_loss(of_student: Tensor, of_teacher: Tensor) -> Tensor:
    """The mean of the squared differences over images and places, as in Zagoruyko and Komodakis's code."""
    return (of_student - of_teacher).square().mean()
