import pytest
import torch
from ferkit_nws.loss import PolyFocalLoss


def loss(**options):
    return PolyFocalLoss(num_classes=3, class_counts=[4, 2, 2], **options)


LOGITS = torch.tensor([[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]])
LABELS = torch.tensor([0, 2])


def test_without_gamma_and_epsilon_it_is_cross_entropy():
    expected = torch.nn.functional.cross_entropy(LOGITS, LABELS)
    assert loss(gamma=0.0, epsilon=0.0)(LOGITS, LABELS) == pytest.approx(float(expected))


def test_it_is_the_formula():
    p = LOGITS.softmax(dim=1)[torch.arange(2), LABELS]
    expected = (-((1 - p) ** 2) * p.log() + 0.5 * (1 - p) ** 3).mean()
    assert loss(gamma=2.0, epsilon=0.5)(LOGITS, LABELS) == pytest.approx(float(expected))


def test_every_class_weighs_the_same():
    assert torch.allclose(
        loss(class_weights="inverse_frequency").weights, torch.tensor([2 / 3, 4 / 3, 4 / 3])
    )
