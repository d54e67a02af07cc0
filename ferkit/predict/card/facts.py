"""The contents of a model card, read from the model and the files of its run."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from ferkit.data.align import template_points
from ferkit.evaluation.run_files import is_finished, read_environment, read_images, read_summary
from ferkit.evaluation.summary import Summary
from ferkit.predict.card.config import config_file
from ferkit.predict.model.description import Description
from ferkit.predict.model.load import Loaded
from ferkit.predict.model.which import DIRECTORY

UNKNOWN_LICENCE = "unknown"
"""The Hub's word for a license that is not stated."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The contents of a model card.

    Attributes:
        file: The model.
        description: Of the model.
        parameters: Of its network.
        images: Number of its training images, if known.
        licence: Of the model.
        fold: The folder of the network in the run; "all" for the mean of a repeat's folds; "" for a file.
        temperatures: Temperature of each network; 1 if none was fitted.
        summary: Of the run; None for a model file and for a run that is not finished.
        environment: Of the run; empty for a model file.
        recipe: Of the run; empty for a model file.
        groups: Kind -> number of groups of the tested images.
        repository: USER/NAME on the Hub; "" for a local file.
    """

    file: Path
    description: Description
    parameters: int
    images: int = 0
    licence: str = UNKNOWN_LICENCE
    fold: str = ""
    temperatures: tuple[float, ...] = ()
    summary: Summary | None = None
    environment: Mapping[str, Any] = field(default_factory=dict)
    recipe: str = ""
    groups: Mapping[str, int] = field(default_factory=dict)
    repository: str = ""

    @property
    def name(self) -> str:
        """Name of the model: that of its repository on the Hub, or of its file."""
        return self.repository.split("/")[-1] or self.file.stem

    @property
    def file_name(self) -> str:
        """Name of the published file: "model" and its suffix on the Hub."""
        return f"model{self.file.suffix}" if self.repository else self.file.name

    @property
    def reference(self) -> str:
        """The value of --model."""
        return f"hf://{self.repository}" if self.repository else self.file.name

    @property
    def config_name(self) -> str:
        """Name of the file with the configuration."""
        return "config.json" if self.repository else config_file(self.file).name

    @property
    def scores(self) -> Mapping[str, Mapping[str, Any]]:
        """Scores by epoch selection, from the run or the model file; empty if nothing was measured."""
        if self.summary:
            return self.summary.scores
        found: Mapping[str, Mapping[str, Any]] = self.description.metrics.get("scores", {})
        return found

    @property
    def is_demo(self) -> bool:
        """Return true if the run or model file says that the training images were generated."""
        return self.summary.demo if self.summary else bool(self.description.metrics.get("demo"))

    @property
    def main(self) -> Mapping[str, Any]:
        """Scores of the epoch that was not selected on test images, or else of the first selection."""
        honest = [one for one in self.scores.values() if not one["selected_on_test"]]
        return next(iter([*honest, *self.scores.values()]), {})

    @property
    def optimistic(self) -> list[Mapping[str, Any]]:
        """Other scores, whose epoch test images selected."""
        return [one for one in self.scores.values() if one["selected_on_test"] and one is not self.main]

    @property
    def own_accuracy(self) -> float | None:
        """Accuracy of this network on the test images of its fold."""
        place = DIRECTORY.fullmatch(self.fold)
        folds = self.main.get("folds")
        return float(folds[int(place[1])][int(place[2])]) if place and folds else None

    @property
    def fitted(self) -> str:
        """The fitted temperatures of the networks; "" if none was fitted."""
        return ", ".join(f"{one:.3f}" for one in self.temperatures if one != 1)

    @property
    def alignment(self) -> str:
        """State where the crop has its landmarks; "" if faces are not aligned."""
        faces = self.description.faces
        if faces.align == "none":
            return ""
        names = ("left eye", "right eye", "nose", "left corner of the mouth", "right corner of the mouth")
        points = template_points(faces)
        listed = ", ".join(f"{name} ({x:.3f}, {y:.3f})" for name, (x, y) in zip(names, points, strict=True))
        side = f", {faces.size} pixels" if faces.size else ""
        return f"Landmarks in fractions of the crop's side{side}, from the top left: {listed}."

    @property
    def data(self) -> str:
        """Name of the data set; "" if it is not recorded."""
        own = self.summary.data.name if self.summary else ""
        return own or str(self.description.metrics.get("data") or "")


def gather(file: Path, loaded: Loaded, licence: str = UNKNOWN_LICENCE) -> Facts:
    """Collect the contents of a card. Raises RunError if files of the run are broken."""
    run = loaded.run
    finished = run if run and is_finished(run) else None
    return Facts(
        file=file,
        description=loaded.description,
        parameters=sum(one.numel() for one in loaded.network.parameters()),
        images=len(loaded.trained_on),
        licence=licence,
        fold=loaded.fold,
        temperatures=loaded.temperatures,
        summary=read_summary(finished) if finished else None,
        environment=read_environment(run) if run else {},
        recipe=_published((run / "recipe.toml").read_text(encoding="utf-8")) if run else "",
        groups=_count_groups(finished) if finished else {},
    )


def _count_groups(run: Path) -> dict[str, int]:
    images = read_images(run)
    kinds = sorted({kind for one in images for kind in one.groups})
    return {kind: len({one.groups[kind] for one in images if kind in one.groups}) for kind in kinds}


def _published(recipe: str) -> str:
    """Remove folders of the machine from a recipe, as a card is published and they may name people."""
    return tomli_w.dumps(_without_folders(tomllib.loads(recipe)))


def _without_folders(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_folders(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_folders(one) for one in value]
    return f".../{Path(value).name}" if isinstance(value, str) and Path(value).is_absolute() else value
