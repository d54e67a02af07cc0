"""Right components, which the wrong ones are made of."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import log_softmax, one_hot

from ferkit.plugin import (
    Callback,
    DataError,
    Detections,
    Epoch,
    Face,
    FeatureEstimator,
    Sample,
    TrainingSetup,
)


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


class RightAugmentation:
    """A flip. p: its probability."""

    def __init__(self, p: float = 0.5) -> None:
        self.p = p

    def __call__(self, images: Any, seed: int) -> Any:
        return images[:, ::-1] if np.random.default_rng(seed).random() < self.p else images


class RightBatchAugmentation:
    """Flips of a batch. p: their probability."""

    is_batched = True

    def __init__(self, p: float = 0.5) -> None:
        self.p = p

    def __call__(self, images: Tensor, seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        is_flipped = torch.rand(len(images), 1, 1, 1, generator=generator) < self.p
        return torch.where(is_flipped, images.flip(3), images)


class RightOptimizer(torch.optim.Optimizer):
    """Gradient descent with momentum. scale: of the steps."""

    def __init__(self, params: list[dict[str, Any]], lr: float, scale: float = 1.0) -> None:
        super().__init__(params, {"lr": lr})
        self.scale = scale

    def memory(self, parameter: Tensor) -> dict[str, Any]:
        return self.state[parameter]

    def gradient(self, parameter: Tensor) -> Tensor | None:
        return parameter.grad

    def rate_of(self, group: dict[str, Any]) -> float:
        return float(group["lr"])

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for parameter in group["params"]:
                if (gradient := self.gradient(parameter)) is not None:
                    memory = self.memory(parameter)
                    memory["mean"] = 0.5 * memory.get("mean", 0.0) + gradient
                    parameter -= self.scale * self.rate_of(group) * memory["mean"]


class RightClosureOptimizer(RightOptimizer):
    """Gradient descent with the gradient of a place nearby. scale: of the steps."""

    needs_closure = True

    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        assert closure
        trained = [one for group in self.param_groups for one in group["params"] if one.grad is not None]
        moved = [(one, one.detach().clone()) for one in trained]
        with torch.no_grad():
            for one in trained:
                one.add_(0.01 * one.grad)
        closure()
        self.back(moved)
        super().step()

    def back(self, moved: list[tuple[Tensor, Tensor]]) -> None:
        with torch.no_grad():
            for parameter, before in moved:
                parameter.copy_(before)


class RightScheduler:
    """A linear decay. lowest: the last factor."""

    def __init__(
        self, optimizer: torch.optim.Optimizer, epochs: int, steps_per_epoch: int, lowest: float = 0.0
    ) -> None:
        self.optimizer = optimizer
        self.rates = [group["lr"] for group in optimizer.param_groups]
        self.total = epochs * steps_per_epoch
        self.lowest = lowest
        self.updates = 0
        self.set_rates()

    def factor(self) -> float:
        return max(self.lowest, 1 - self.updates / self.total)

    def set_rates(self) -> None:
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * self.factor()

    def step(self) -> None:
        self.updates += 1
        self.set_rates()

    def state_dict(self) -> dict[str, Any]:
        return {"updates": self.updates}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.updates = state_dict["updates"]


class RightCallback(Callback):
    """An average of the weights. decay: of the average."""

    def __init__(self, decay: float = 0.9) -> None:
        self.decay = decay

    def begin(self, setup: TrainingSetup) -> None:
        self.network = setup.network
        self.average = copy.deepcopy(setup.network)

    @torch.no_grad()
    def end_step(self) -> None:
        for mean, value in zip(
            self.average.state_dict().values(), self.network.state_dict().values(), strict=True
        ):
            mean.copy_(self.decay * mean + (1 - self.decay) * value)

    def evaluated_network(self) -> nn.Module:
        return self.average

    def state_dict(self) -> dict[str, Any]:
        return {"average": self.average.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.average.load_state_dict(state_dict["average"])
