"""The recipe section [track]."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field, model_serializer

from ferkit.components.part import Section
from ferkit.errors import Problem

TrackerName = Literal[
    "tensorboard", "wandb", "mlflow", "trackio", "aim", "comet_ml", "clearml", "dvclive", "swanlab"
]
"""Names of the trackers, as Accelerate names them and their packages."""
EXTRAS = {"tensorboard": "ferkit[tensorboard]", "mlflow": "ferkit[mlflow]"}
"""Tracker to the requirement that installs it. The others are packages of the same name."""


class Track(Section):
    """Experiment trackers. The run folder keeps all results; trackers receive a copy.

    Attributes:
        with: Trackers: tensorboard, wandb, mlflow, trackio, aim, comet_ml, clearml, dvclive, swanlab.
        project: Project or experiment that the tracker lists the runs under. Default: the recipe's name.
    """

    trackers: tuple[TrackerName, ...] = Field(default=(), alias="with")
    project: str | None = Field(default=None, min_length=1)

    @model_serializer
    def _by_key(self) -> dict[str, Any]:
        return {"with": list(self.trackers), "project": self.project}


def track_problems(track: Track | None) -> Iterator[Problem]:
    """Yield a problem for each tracker whose package is not installed."""
    for name in dict.fromkeys(track.trackers if track else ()):
        if importlib.util.find_spec(name) is None:
            hint = f"Install it: pip install '{EXTRAS.get(name, name)}'; or remove it from track.with."
            yield Problem("track.with", f"the package {name} is not installed", hint)
