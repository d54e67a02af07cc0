"""The network covpool_net, alone and with its head."""

from __future__ import annotations

import pytest
import torch
from ferkit_covpool.bimap import geoopt
from ferkit_covpool.covpool import CovPoolHead
from ferkit_covpool.covpool_net import CovPoolBackbone, standardize
from ferkit_losses.center import CenterLoss

from tests.builders import LABELS, make_faces


def test_stages_for_100_pixels_are_those_of_the_paper() -> None:
    backbone = CovPoolBackbone().eval()
    maps = backbone(torch.randn(1, 3, 100, 100))
    assert {name: tuple(one.shape[1:]) for name, one in maps.items()} == {
        "block1": (64, 50, 50),
        "block2": (96, 25, 25),
        "block3": (128, 12, 12),
        "block4": (256, 12, 12),
    }
    assert {name: one.shape[1] for name, one in maps.items()} == dict(backbone.stages)
    assert backbone.default_stage == "block4"


def test_it_has_six_convolutions_with_batch_norm_and_no_bias() -> None:
    modules = list(CovPoolBackbone(batch_norm_momentum=0.005).modules())
    convolutions = [one for one in modules if isinstance(one, torch.nn.Conv2d)]
    assert [one.out_channels for one in convolutions] == [64, 96, 128, 128, 256, 256]
    assert all(one.bias is None and one.weight.abs().max() <= 0.2 for one in convolutions)
    norms = [one for one in modules if isinstance(one, torch.nn.BatchNorm2d)]
    assert [(one.eps, one.momentum) for one in norms] == [(1e-3, 0.005)] * 6


def test_an_image_is_standardised_by_itself_whatever_its_brightness_and_contrast() -> None:
    images = torch.rand(2, 3, 8, 8)
    changed = standardize(5 * images + 3)
    torch.testing.assert_close(changed, standardize(images), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(changed.mean(dim=(1, 2, 3)), torch.zeros(2), rtol=0, atol=1e-5)
    torch.testing.assert_close(changed.std(dim=(1, 2, 3), correction=0), torch.ones(2))


def test_an_image_of_one_colour_stays_finite() -> None:
    assert standardize(torch.full((1, 3, 8, 8), 0.5)).abs().max() < 1e-3


def test_brightness_reaches_the_maps_only_if_images_are_not_standardised() -> None:
    images = torch.rand(1, 3, 16, 16)
    for is_on in (True, False):
        backbone = CovPoolBackbone(standardize=is_on).eval()
        dark, bright = (backbone(one)["block4"] for one in (images, images + 0.5))
        assert torch.allclose(dark, bright, atol=1e-4) == is_on


def test_momentum_outside_0_to_1_is_refused() -> None:
    with pytest.raises(ValueError, match=r"batch_norm_momentum: expected .* got 1.5"):
        CovPoolBackbone(batch_norm_momentum=1.5)


def test_network_head_and_loss_learn_faces_that_differ_in_brightness() -> None:
    torch.manual_seed(0)
    faces = make_faces(per_class=4, side=16)
    images = torch.stack([torch.from_numpy(face.image).permute(2, 0, 1) for face in faces]).float() / 128 - 1
    targets = torch.tensor([LABELS.index(face.sample.label) for face in faces])
    backbone = CovPoolBackbone(standardize=False)
    head = CovPoolHead(backbone.stages, num_classes=3, stage="block2", bimap=(16,), hidden=(16,))
    parameters = [*backbone.parameters(), *head.parameters()]
    optimizer, loss = geoopt.optim.RiemannianAdam(parameters, lr=5e-3), CenterLoss(num_classes=3)
    for _ in range(15):
        optimizer.zero_grad()
        loss(head(backbone(images)), targets).backward()
        optimizer.step()
    assert (head(backbone(images)).argmax(dim=1) == targets).all()
