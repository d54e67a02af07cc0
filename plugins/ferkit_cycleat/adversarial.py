"""Adversarial training: PatchGAN, LSGAN and a buffer of earlier translations."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ferkit_cycleat.generators import initialise

KERNEL = 4


class PatchDiscriminator(nn.Module):
    """A score for each patch of an image, near 1 for real and near 0 for translated (Isola et al. 2017).

    It maps (B, 3, H, W) to (B, 1, h, w).

    Args:
        width: Channels of the first layer.
        layers: Layers that halve the map. 3 gives patches of 70×70 pixels, 2 of 34×34, 1 of 16×16.
    """

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        convolutions: list[nn.Module] = [nn.Conv2d(3, width, KERNEL, stride=2, padding=1), nn.LeakyReLU(0.2)]
        channels = width
        for stride in [2] * (layers - 1) + [1]:
            wider = min(2 * channels, 8 * width)
            convolutions += [
                nn.Conv2d(channels, wider, KERNEL, stride=stride, padding=1),
                nn.InstanceNorm2d(wider),
                nn.LeakyReLU(0.2),
            ]
            channels = wider
        self.layers = nn.Sequential(*convolutions, nn.Conv2d(channels, 1, KERNEL, padding=1))
        self.apply(initialise)

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.layers(images)
        return scores


def patch_side(layers: int) -> int:
    """Return the side of the patch that one score of a `PatchDiscriminator` depends on, in pixels."""
    side = 1
    for stride in [1, 1] + [2] * layers:  # from the last layer to the first
        side = (side - 1) * stride + KERNEL
    return side


def choose_layers(image_size: int) -> int:
    """Return the number of halvings for patches of about half the image at most: 3 from 128 pixels."""
    return 3 if image_size >= 128 else 2 if image_size >= 64 else 1


def generator_loss(scores_of_translated: Tensor) -> Tensor:
    """Return the LSGAN loss of a generator (Mao et al. 2017): squared distance of its scores from 1."""
    return (scores_of_translated - 1).square().mean()


def discriminator_loss(scores_of_real: Tensor, scores_of_translated: Tensor) -> Tensor:
    """Return a discriminator's LSGAN loss, halved as in CycleGAN: 0 if perfect, 0.25 at chance."""
    return ((scores_of_real - 1).square().mean() + scores_of_translated.square().mean()) / 2


class ImageBuffer:
    """A buffer of earlier translations for a discriminator (Shrivastava et al. 2017).

    Until it is full, the buffer stores and returns every image. Then, with probability ½, it returns a stored
    image and stores the new one in its place.

    Args:
        capacity: Number of images. 0 disables the buffer.
    """

    def __init__(self, capacity: int = 50) -> None:
        self.capacity = capacity
        self.images: list[Tensor] = []

    def exchange(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Exchange images (B, 3, H, W) for as many; the CPU generator selects them."""
        if self.capacity == 0:
            return images
        handed_on = []
        for image in images.detach():
            if len(self.images) < self.capacity:
                self.images.append(image.clone())
                handed_on.append(image)
                continue
            is_swapped = torch.rand((), generator=generator).item() > 0.5
            place = int(torch.randint(self.capacity, (), generator=generator))
            handed_on.append(self.images[place] if is_swapped else image)
            if is_swapped:
                self.images[place] = image.clone()
        return torch.stack(handed_on)
