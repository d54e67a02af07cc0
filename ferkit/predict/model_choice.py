"""A model and its options, before it is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ferkit.predict.model.which import FoldChoice

if TYPE_CHECKING:
    from ferkit.predict.predictor import Predictor


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The arguments of a `Predictor`, as they are sent to other processes.

    Attributes:
        name: A run folder, a model file, a bundled model or a model on the Hub; None for the default.
        repeat: The repeat of a run, from 0.
        fold: The fold of a run.
        detector: The detector with its options; None for that of the model.
        device: "auto", "cpu", "cuda" or "cuda:0".
        batch_size: Number of images, and of faces, in a batch.
        threshold: Confidence, 0..1, below which a row is marked as abstained.
        trust_plugins: Import modules that the model names.
    """

    name: str | None = None
    repeat: int | None = None
    fold: FoldChoice | None = None
    detector: str | None = None
    device: str = "auto"
    batch_size: int = 16
    threshold: float = 0.0
    trust_plugins: bool = False

    def open_early(self) -> None:
        """Start to open the bundled model, so that onnxruntime works while modules are imported."""
        from ferkit.predict.model.bundled import open_graph_early

        if self.name is None:
            open_graph_early(self.device)

    def load(self) -> Predictor:
        """Load the model. Raises RunError, ComponentError."""
        from ferkit.predict.predictor import Predictor

        return Predictor(
            self.name,
            repeat=self.repeat,
            fold=self.fold,
            detector=self.detector,
            device=self.device,
            batch_size=self.batch_size,
            threshold=self.threshold,
            trust_plugins=self.trust_plugins,
        )
