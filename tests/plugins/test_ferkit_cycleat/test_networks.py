"""Generators, discriminators, the buffer between them, and the classifiers."""

from __future__ import annotations

import pytest
import torch
from ferkit_cycleat.adversarial import (
    ImageBuffer,
    PatchDiscriminator,
    choose_layers,
    discriminator_loss,
    generator_loss,
    patch_side,
)
from ferkit_cycleat.classifiers import make_classifier
from ferkit_cycleat.generators import ResnetGenerator


@pytest.mark.parametrize(("height", "width"), [(16, 16), (20, 20), (12, 28)])
def test_a_generator_keeps_shape_and_range(height: int, width: int) -> None:
    images = torch.rand(2, 3, height, width) * 2 - 1
    translated = ResnetGenerator(width=4, blocks=2)(images)
    assert translated.shape == images.shape
    assert translated.abs().max() <= 1


def test_a_residual_generator_begins_as_the_identity_and_can_be_trained_away_from_it() -> None:
    images = torch.rand(2, 3, 16, 16) * 2 - 1
    generator = ResnetGenerator(width=4, blocks=1, is_residual=True)
    translated = generator(images)
    torch.testing.assert_close(translated, images, atol=0.021, rtol=0)
    (translated - 0.5).square().mean().backward()
    assert generator.last.weight.grad is not None
    assert generator.last.weight.grad.abs().sum() > 0
    assert not torch.allclose(ResnetGenerator(4, 1)(images), images, atol=0.1)


@pytest.mark.parametrize("blocks", [0, 3])
def test_a_generator_has_as_many_residual_blocks_as_asked_for_four_times_as_wide(blocks: int) -> None:
    inner = [m for m in ResnetGenerator(4, blocks).modules() if isinstance(m, torch.nn.Conv2d)]
    assert sum(one.in_channels == one.out_channels == 16 for one in inner) == 2 * blocks


@pytest.mark.parametrize(("layers", "side"), [(3, 70), (2, 34), (1, 16)])
def test_a_score_sees_as_large_a_patch_as_foretold(layers: int, side: int) -> None:
    assert patch_side(layers) == side
    # Convolutions alone: instance norm lets every place see every other.
    judge = torch.nn.Sequential(
        *(m for m in PatchDiscriminator(2, layers).layers if not isinstance(m, torch.nn.InstanceNorm2d))
    )
    image = torch.randn(1, 3, 128, 128, requires_grad=True)
    scores = judge(image)
    middle = scores.shape[2] // 2
    scores[0, 0, middle, middle].backward()
    assert image.grad is not None
    seen = image.grad.abs().sum(dim=(0, 1))
    assert (int((seen.sum(dim=1) > 0).sum()), int((seen.sum(dim=0) > 0).sum())) == (side, side)


@pytest.mark.parametrize(("image_size", "layers"), [(256, 3), (128, 3), (64, 2), (32, 1), (16, 1)])
def test_smaller_images_are_judged_by_smaller_patches(image_size: int, layers: int) -> None:
    assert choose_layers(image_size) == layers
    assert PatchDiscriminator(2, layers)(torch.zeros(1, 3, image_size, image_size)).shape[:2] == (1, 1)


def test_a_discriminator_s_width_doubles_up_to_eight_times() -> None:
    judge = PatchDiscriminator(2, 5)
    widths = [m.out_channels for m in judge.modules() if isinstance(m, torch.nn.Conv2d)]
    assert widths == [2, 4, 8, 16, 16, 16, 1]


def test_lsgan_by_hand() -> None:
    real, translated = torch.tensor([1.0, 0.5]), torch.tensor([0.0, 0.5])
    assert generator_loss(translated).item() == pytest.approx((1 + 0.25) / 2)
    assert discriminator_loss(real, translated).item() == pytest.approx((0.125 + 0.125) / 2)
    half = torch.full((4,), 0.5)
    assert discriminator_loss(half, half).item() == pytest.approx(0.25)


def numbered(*values: float) -> torch.Tensor:
    return torch.tensor(values)[:, None, None, None].expand(-1, 3, 2, 2)


def values(images: torch.Tensor) -> list[float]:
    return images[:, 0, 0, 0].tolist()


def test_a_buffer_hands_on_what_comes_until_it_is_full() -> None:
    buffer = ImageBuffer(3)
    assert values(buffer.exchange(numbered(1, 2, 3), torch.Generator())) == [1, 2, 3]
    assert [image[0, 0, 0].item() for image in buffer.images] == [1, 2, 3]


def test_a_full_buffer_exchanges_about_half_and_loses_nothing() -> None:
    buffer = ImageBuffer(50)
    draws = torch.Generator().manual_seed(0)
    buffer.exchange(numbered(*range(50)), draws)
    handed_on = values(buffer.exchange(numbered(*range(100, 300)), draws))
    is_new = [one == 100 + place for place, one in enumerate(handed_on)]
    assert 70 < sum(is_new) < 130
    left = [image[0, 0, 0].item() for image in buffer.images]
    assert sorted(handed_on + left) == [*range(50), *range(100, 300)]


def test_a_buffer_of_nothing_hands_on_what_comes() -> None:
    buffer = ImageBuffer(0)
    assert values(buffer.exchange(numbered(1, 2), torch.Generator())) == [1, 2]
    assert buffer.images == []


def test_what_a_buffer_keeps_is_not_what_is_trained_further() -> None:
    buffer = ImageBuffer(2)
    images = torch.zeros(2, 3, 2, 2, requires_grad=True)
    buffer.exchange(images * 1, torch.Generator())
    with torch.no_grad():
        images += 5
    assert all(not image.requires_grad and image.sum() == 0 for image in buffer.images)


@pytest.mark.parametrize(
    ("kind", "side", "expected"), [("resnet18", 128, 8), ("resnet18", 64, 4), ("small", 64, 8)]
)
def test_a_classifier_s_maps_are_as_documented_and_its_logits_made_from_them(
    kind: str, side: int, expected: int
) -> None:
    classifier = make_classifier(kind, 4, num_classes=7).eval()  # type: ignore[arg-type]
    images = torch.randn(2, 3, side, side)
    maps, logits = classifier.look(images)
    assert maps.shape == (2, 32, expected, expected)
    torch.testing.assert_close(classifier(images), logits)
    assert classifier(images).shape == (2, 7)


def test_resnet18_at_its_usual_width_has_torchvision_s_parameters() -> None:
    from torchvision.models import resnet18

    ours = make_classifier("resnet18", 64, num_classes=7)
    expected = sum(p.numel() for p in resnet18(num_classes=7).parameters())
    assert sum(p.numel() for p in ours.parameters()) == expected
