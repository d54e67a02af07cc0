"""The model that `--model` names: a run's folder, a model file, an ONNX file, or one that ferkit brings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferkit.components.registry import Registry
from ferkit.errors import RunError
from ferkit.evaluation.run_files import folds_dir
from ferkit.messages import suggest
from ferkit.predict.model.classifiers import Classifier, OnnxClassifier, ProgramClassifier, TorchClassifier
from ferkit.predict.model.description import Description
from ferkit.predict.model.which import WhichNetwork
from ferkit.recipe.parse import load_plugins_of
from ferkit.runtime.onnx import open_session

if TYPE_CHECKING:
    from ferkit.neural.network import Network

BUNDLED = Path(__file__).parents[2] / "models"
"""Model files that ferkit brings, each known by its name without .safetensors."""
FIRST = WhichNetwork()
DEFAULT = "default"
KEY = "ferkit"
"""Of the metadata that describe a model, in every kind of file."""


@dataclass(frozen=True, slots=True)
class Model:
    """told: a sentence that says which model this is; runtime: what a detector should be run by too, so that
    nothing else need be imported, or None where it is as well left to the detector.
    """

    description: Description
    classify: Classifier
    registry: Registry
    told: str
    runtime: str | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A network to be exported, without checks at every call.

    trained_on: the first digits of its images' hashes; run, fold: where it comes from, None and "" where
    it is a model file's.
    """

    network: Network
    description: Description
    trained_on: frozenset[str]
    run: Path | None = None
    fold: str = ""


def load_model(name: str | Path | None = None, which: WhichNetwork = FIRST, device: str = "auto") -> Model:
    """name: see above; which: of a run's networks; device: "auto", "cpu", "cuda" or "cuda:0".

    Raises RunError where there is no such model or it is broken, ComponentError where a plugin that it
    needs is not here.
    """
    path = find_model(name)
    if path.is_dir():
        return _from_run(path, which, device)
    _check_no_choice(path, which)
    if path.suffix == ".safetensors" and (run := _run_around(path)):
        return _from_run(run, WhichNetwork.of(path.parent.name), device)
    readers = {".safetensors": _from_safetensors, ".onnx": _from_onnx, ".pt2": _from_program}
    if path.suffix not in readers:
        raise RunError(f"{path}: expected a run's folder or a file {', '.join(readers)}")
    return readers[path.suffix](path, device)


def find_model(name: str | Path | None) -> Path:
    """A file or folder of that name, else what ferkit brings under it. Raises RunError."""
    if name is not None and (path := Path(name)).exists():
        return path
    known = {path.stem: path for path in sorted(BUNDLED.glob("*.safetensors"))}
    wanted = DEFAULT if name is None else str(name)
    if wanted in known:
        return known[wanted]
    bundled = suggest(wanted, known) if known else "This ferkit brings no model of its own."
    if name is None:
        raise RunError(f"--model is missing. Give a run's folder or a model file. {bundled}")
    raise RunError(f"--model {name}: there is no such folder or file, and no model of that name. {bundled}")


def load_network(name: str | Path | None, which: WhichNetwork = FIRST) -> Loaded:
    """To export it.

    Raises RunError where the model is no run's and no model file: an exported graph is no network any more;
    and for the fold of a file.
    """
    from ferkit.neural.build import wire_model
    from ferkit.neural.checkpoint import read_header
    from ferkit.neural.load import rebuild_network

    path = find_model(name)
    if not path.is_dir():
        _check_no_choice(path, which)
    run = path if path.is_dir() else _run_around(path)
    if run:
        from ferkit.predict.model.from_run import open_run

        opened = open_run(run, which if path.is_dir() else WhichNetwork.of(path.parent.name))
        path, description = opened.file, opened.description
    elif path.suffix == ".safetensors":
        description = read_description(path)
    else:
        raise RunError(f"{path}: only a run's folder or a .safetensors file can be exported")
    registry = load_plugins_of({"plugins": list(description.plugins)})
    network = rebuild_network(path, description.model, registry, description.labels, wire_model)
    found = path.parent.name if run else ""
    return Loaded(network, description, read_header(path).trained_on, run, found)


def _check_no_choice(file: Path, which: WhichNetwork) -> None:
    if which.is_given:
        raise RunError(f"{which.options}: only a run's folder has folds, and {file} is a file")


def read_description(path: Path) -> Description:
    """Of a .safetensors file. Raises RunError where it has none: a network alone says not how to use it."""
    from ferkit.neural.checkpoint import read_header

    header = read_header(path)
    if "model" not in header.known:
        raise RunError(
            f"{path} holds a network, but not how it is to be used. Give its run's folder, or make a model "
            "file of it: ferkit export RUN --out model.safetensors"
        )
    return Description.read(header.known, path)


def _run_around(path: Path) -> Path | None:
    """The run whose folder folds/ a network lies in."""
    folder = path.resolve().parent.parent.parent
    return folder if path.parent.parent == folds_dir(folder) and (folder / "recipe.toml").exists() else None


def _from_run(folder: Path, which: WhichNetwork, device: str) -> Model:
    from ferkit.predict.model.from_run import open_run

    opened = open_run(folder, which)
    return _of_torch(opened.file, opened.description, device, f"{folder}: {opened.choice}")


def _from_safetensors(path: Path, device: str) -> Model:
    description = read_description(path)
    told = f"{path}: {description.source}"
    if path.parent == BUNDLED:
        told = f"{path.stem}, ferkit's own; its card: {path}.card.md"
    return _of_torch(path, description, device, told)


def _of_torch(file: Path, description: Description, device: str, told: str) -> Model:
    from ferkit.neural.device import choose_device
    from ferkit.neural.load import rebuild_network

    place = choose_device(device)
    registry = _plugins(description)
    network = rebuild_network(file, description.model, registry, description.labels)
    classify = TorchClassifier(network, place, description.temperature)
    return Model(description, classify, registry, told)


def _from_onnx(path: Path, device: str) -> Model:
    session = open_session(path, device)
    described = session.get_modelmeta().custom_metadata_map.get(KEY)
    description = Description.read(_as_table(described, path), path)
    told = f"{path}: {description.source}"
    return Model(description, OnnxClassifier(session), _plugins(description), told, runtime="onnx")


def _from_program(path: Path, device: str) -> Model:
    import torch

    from ferkit.neural.device import choose_device

    place, files = choose_device(device), {KEY: ""}
    try:
        program = torch.export.load(path, extra_files=files)
    except Exception as error:
        raise RunError(f"{path} is no program that torch.export wrote: {error}") from error
    description = Description.read(_as_table(files[KEY], path), path)
    classify = ProgramClassifier(program, place)
    return Model(description, classify, _plugins(description), f"{path}: {description.source}")


def _as_table(text: str | bytes | None, path: Path) -> dict[str, Any]:
    if not text:
        raise RunError(f"{path} was not written by ferkit export: it does not say how it is to be used")
    try:
        table: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise RunError(f"{path}: what it says of itself is no JSON: {error}. Export it again") from error
    return table


def _plugins(description: Description) -> Registry:
    return load_plugins_of({"plugins": list(description.plugins)})
