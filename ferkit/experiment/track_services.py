"""Start the experiment trackers of Accelerate."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class TrackerRun:
    """A run of a tracker: one fold of a run folder, or its final scores.

    Attributes:
        project: Project or experiment.
        name: Name that the tracker shows, such as "quickstart-20260101-120000/repeat0_fold0".
        part: Name of the fold, or "summary".
        folder: Folder of the files of all trackers, in the run folder.
        id: Identifier from an earlier start, or None.
        first_step: First step of this start.
    """

    project: str
    name: str
    part: str
    folder: Path
    id: str | None
    first_step: int


def start_tracker(service: str, run: TrackerRun) -> tuple[Any, str]:
    """Start or continue a run of a tracker. It may raise any exception of the tracker's library.

    Returns:
        (the tracker of Accelerate, the identifier for continuing the run).
    """
    from accelerate import PartialState
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS

    PartialState(cpu=True)  # trackers require a state; that of a network's training stays
    made = uuid.uuid4().hex
    if service == "mlflow":
        _choose_store(run.folder)
    tracker = LOGGER_TYPE_TO_CLASS[service](**_options(service, run, run.id or made))
    tracker.start()
    if service == "mlflow":
        return tracker, tracker.active_run.info.run_id
    if service == "aim":
        tracker.writer.experiment = run.project
        return tracker, tracker.writer.hash
    if service == "comet_ml":
        tracker.writer.set_name(run.name)
    if service == "clearml":
        tracker.task.set_initial_iteration(0)
        return tracker, tracker.task.id
    return tracker, run.id or made


def _options(service: str, run: TrackerRun, identifier: str) -> dict[str, Any]:
    """Return the arguments of a tracker's class in Accelerate, which passes most of them to the library."""
    folder, project = run.folder / service, {"run_name": run.project}
    if service == "tensorboard":  # steps of an earlier start that are not kept are purged
        purged = {"purge_step": run.first_step} if run.id else {}
        return {"run_name": run.part, "logging_dir": str(folder), **purged}
    if service == "mlflow":
        place = None if os.environ.get("MLFLOW_TRACKING_URI") else folder.absolute().as_uri()
        names = {"experiment_name": run.project, "run_name": run.name}
        return {**names, "run_id": run.id, "logging_dir": place}
    if service == "wandb":
        folder.mkdir(parents=True, exist_ok=True)  # wandb uses a temporary folder if it is missing
        resumed = {"id": identifier, "resume": "allow", "dir": str(folder)}
        return {**project, "name": run.name, "group": run.name.split("/")[0], **resumed}
    if service == "trackio":
        return {**project, "name": run.name, "resume": "allow"}
    if service == "swanlab":
        resumed = {"id": identifier, "resume": "allow", "log_dir": str(folder)}
        return {**project, "name": run.name, **resumed}
    if service == "aim":
        folder.mkdir(parents=True, exist_ok=True)
        return {"run_name": run.name, "logging_dir": str(folder), "run_hash": run.id}
    if service == "comet_ml":
        return {**project, "experiment_key": identifier, "mode": "get_or_create"}
    if service == "clearml":
        quiet: dict[str, Any] = {"auto_connect_frameworks": False, "auto_connect_arg_parser": False}
        quiet |= {"continue_last_task": run.id} if run.id else {"reuse_last_task_id": False}
        return {**project, "project_name": run.project, "task_name": run.name, **quiet}
    assert service == "dvclive"
    alone = {"save_dvc_exp": False, "dvcyaml": None}
    return {"dir": str(folder / run.part), "resume": run.id is not None, **alone}


def _choose_store(folder: Path) -> None:
    """Keep MLflow's database in the run folder, unless the user has a server or a store."""
    import mlflow

    if not os.environ.get("MLFLOW_TRACKING_URI"):
        folder.mkdir(parents=True, exist_ok=True)
        mlflow.set_tracking_uri(f"sqlite:///{folder.absolute() / 'mlflow.db'}")
