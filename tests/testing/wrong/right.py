"""Right components, which the wrong ones are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import log_softmax, one_hot

from ferkit.plugin import DataError, Detections, Epoch, Face, FeatureEstimator, Sample


class RightBackbone(nn.Module):
    """Two convolutions. freeze: "none" or "all"."""

    default_stage = "late"

    def __init__(self, freeze: str = "none") -> None:
        super().__init__()
        self.stages: Mapping[str, int] = {"early": 4, "late": 6}
        self.early = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU())
        self.late = nn.Sequential(nn.Conv2d(4, 6, 3, stride=2), nn.BatchNorm2d(6))
        self.is_frozen = freeze == "all"
        self.requires_grad_(not self.is_frozen)

    def train(self, mode: bool = True) -> RightBackbone:
        return super().train(mode and not self.is_frozen)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        early = self.early(images)
        return {"early": early, "late": self.late(early)}


class RightNormalisedBackbone(RightBackbone):
    """The same, with the mean and std of its images. freeze: "none" or "all"."""

    mean, std = (0.485, 0.456, 0.406), [0.229, 0.224, 0.225]


class RightHead(nn.Module):
    """The mean of each channel, then one linear layer. dropout: before it."""

    def __init__(self, in_channels: int, num_classes: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(in_channels, num_classes)

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.classify(self.dropout(self.embed(features)))
        return logits

    def embed(self, features: Tensor) -> Tensor:
        return features.mean(dim=(2, 3))


class RightAuxiliaryHead(RightHead):
    """The same, with an auxiliary loss and auxiliary logits in training. dropout: before the linear layer."""

    auxiliary_weight = 0.3

    def forward(self, features: Tensor) -> Tensor | tuple[Tensor, dict[str, Tensor]]:  # type: ignore[override]
        logits = super().forward(features)
        if not self.training:
            return logits
        return logits, {"size": logits.square().mean(), "undropped": self.classify(self.embed(features))}


class RightStagesHead(RightHead):
    """The same of a stage that it chooses. stage: its name. dropout: before the linear layer."""

    def __init__(
        self, in_channels: Mapping[str, int], num_classes: int, stage: str = "deep", dropout: float = 0.5
    ) -> None:
        super().__init__(in_channels[stage], num_classes, dropout)
        self.stages: tuple[str, ...] = (stage,)

    def embed(self, features: Mapping[str, Tensor]) -> Tensor:  # type: ignore[override]
        return features[self.stages[0]].mean(dim=(2, 3))


class RightOutput(nn.Module):
    """Logits, those of the neutral class scaled. scale: by how much at first."""

    def __init__(self, labels: Sequence[str], scale: float = 0.9) -> None:
        super().__init__()
        self.labels = list(labels)
        self.scale = nn.Parameter(torch.tensor(float(scale)))

    def forward(self, logits: Tensor) -> Tensor:
        neutral = torch.tensor([label == "neutral" for label in self.labels], device=logits.device)
        return torch.where(neutral, self.scale * logits, logits)


class RightLoss(nn.Module):
    """Cross entropy. weight: of the whole."""

    def __init__(self, num_classes: int, class_counts: Sequence[int], weight: float = 1.0) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.weight = weight

    def soften(self, targets: Tensor) -> Tensor:
        return one_hot(targets, self.num_classes).float() if targets.dim() == 1 else targets

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        each = -(self.soften(targets) * log_softmax(logits, dim=1)).sum(dim=1)
        return self.weight * each.mean()


class RightEmbeddingLoss(RightLoss):
    """The same, and the size of the embeddings. weight: of the cross entropy."""

    needs_embeddings = True

    def forward(self, logits: Tensor, targets: Tensor, embeddings: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(logits, targets) + 1e-6 * embeddings.square().mean()


class RightDescriptor:
    """A histogram. bins: of greys; scale: of what it gives."""

    def __init__(self, bins: int = 8, scale: float = 1.0) -> None:
        self.bins = bins
        self.scale = scale
        self.signature = f"histogram 1 bins={bins} scale={scale}"

    def __call__(self, image: NDArray[np.float64]) -> NDArray[np.float64]:
        counts, _ = np.histogram(image, self.bins, (0, 256))
        return self.scale * counts / image.size


class RightDetector:
    """The middle of an image. share: of its width."""

    def __init__(self, share: float = 0.5) -> None:
        self.share = share
        self.version = "1"

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        return [self.detect(image) for image in images]

    def detect(self, image: NDArray[np.uint8]) -> Detections:
        height, width = image.shape[:2]
        if min(height, width) < 8:
            return self.found(np.zeros((0, 4)), [], np.zeros((0, 5, 2)))
        edge = (1 - self.share) / 2
        box = [width * edge, height * edge, width * (1 - edge), height * (1 - edge)]
        marks = [
            [width * x, height * y] for x, y in ((0.4, 0.4), (0.6, 0.4), (0.5, 0.5), (0.4, 0.6), (0.6, 0.6))
        ]
        return self.found([box], [0.9], [marks])

    def found(self, boxes: object, scores: object, landmarks: object) -> Detections:
        return Detections(*(np.asarray(one, dtype=np.float32) for one in (boxes, scores, landmarks)))


class RightDataset:
    """A folder for each class. root: the folder of the folders."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def problems(self) -> list[str]:
        return [] if self.root.is_dir() else [f"there is no folder {self.root}"]

    def samples(self) -> list[Sample]:
        if problems := self.problems():
            raise DataError(problems[0])
        return [self.sample(path) for path in sorted(self.root.glob("*/*.png"))]

    def sample(self, path: Path) -> Sample:
        return Sample(path, path.parent.name, {"person": path.stem.rpartition("_")[2]})


class RightEstimator:
    """The nearest class mean, as the network sees it. sharpness: of the probabilities."""

    def __init__(
        self, labels: Sequence[str], seed: int, network: FeatureEstimator, sharpness: float = 1.0
    ) -> None:
        self.labels = list(labels)
        self.seed = seed
        self.network = network
        self.sharpness = sharpness

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        seen, truth = self.network.embed(train), np.array([face.sample.label for face in train])
        self.means = np.stack([seen[truth == label].mean(axis=0) for label in self.labels])
        yield self.epoch(1, self.predict(validation))

    def epoch(self, number: int, probabilities: NDArray[np.float64]) -> Epoch:
        return Epoch(number, 0.5, 0.5, 0.5, probabilities, 0.0, 0.1)

    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        distances = np.linalg.norm(self.network.embed(faces)[:, None] - self.means, axis=2)
        weights = np.exp(-self.sharpness * (distances - distances.min(axis=1, keepdims=True)))
        rows: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
        return rows
