"""What a card tells, as the model and its run's files have it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from ferkit.evaluation.run_files import is_finished, read_environment, read_images, read_summary
from ferkit.evaluation.summary import Summary
from ferkit.predict.model.description import Description
from ferkit.predict.model.load import Loaded
from ferkit.predict.model.which import DIRECTORY

UNKNOWN_LICENCE = "unknown"
"""The Hub's word where nobody said what a model's licence is."""


@dataclass(frozen=True, slots=True)
class Facts:
    """file: the model; parameters: of its network; images: how many it is known to have learnt from.

    fold: which of the run's networks; summary, environment, recipe: the run's, None or empty where there is
    only a model file, or where the run is not finished; groups: kind -> how many the tested images are of.
    """

    file: Path
    description: Description
    parameters: int
    images: int = 0
    licence: str = UNKNOWN_LICENCE
    fold: str = ""
    summary: Summary | None = None
    environment: Mapping[str, Any] = field(default_factory=dict)
    recipe: str = ""
    groups: Mapping[str, int] = field(default_factory=dict)

    @property
    def scores(self) -> Mapping[str, Mapping[str, Any]]:
        """By epoch selection: the run's, or those in the model file; none where nothing was measured."""
        if self.summary:
            return self.summary.scores
        found: Mapping[str, Mapping[str, Any]] = self.description.metrics.get("scores", {})
        return found

    @property
    def is_demo(self) -> bool:
        """Whether it learnt from drawn faces, as far as the run or the model file says."""
        return self.summary.demo if self.summary else bool(self.description.metrics.get("demo"))

    @property
    def main(self) -> Mapping[str, Any]:
        """The scores of the epoch that no test image chose; else the first, which is marked."""
        honest = [one for one in self.scores.values() if not one["selected_on_test"]]
        return next(iter([*honest, *self.scores.values()]), {})

    @property
    def optimistic(self) -> list[Mapping[str, Any]]:
        """Other scores, whose epoch test images selected."""
        return [one for one in self.scores.values() if one["selected_on_test"] and one is not self.main]

    @property
    def own_accuracy(self) -> float | None:
        """This network's, on the test images of its fold."""
        place = DIRECTORY.fullmatch(self.fold)
        folds = self.main.get("folds")
        return float(folds[int(place[1])][int(place[2])]) if place and folds else None

    @property
    def data(self) -> str:
        """The data set's name; "" where the model does not say."""
        own = self.summary.data.name if self.summary else ""
        return own or str(self.description.metrics.get("data") or "")


def gather(file: Path, loaded: Loaded, licence: str = UNKNOWN_LICENCE) -> Facts:
    """file: where the model was exported to. Raises RunError where the run's files are broken."""
    run = loaded.run
    finished = run if run and is_finished(run) else None
    return Facts(
        file=file,
        description=loaded.description,
        parameters=sum(one.numel() for one in loaded.network.parameters()),
        images=len(loaded.trained_on),
        licence=licence,
        fold=loaded.fold,
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
    """Without the folders of the machine that it was run on: a card is passed on, and they name people."""
    return tomli_w.dumps(_without_folders(tomllib.loads(recipe)))


def _without_folders(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_folders(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_folders(one) for one in value]
    return f".../{Path(value).name}" if isinstance(value, str) and Path(value).is_absolute() else value
