"""Load the model that `--model` names: a run folder, a model file or a bundled model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ferkit.components.discovery import folders_of_model, importable, load_plugins_of_model
from ferkit.components.registry import Registry
from ferkit.errors import RunError
from ferkit.evaluation.run_files import REFIT, network_dir
from ferkit.neural.header import parse_header
from ferkit.predict.model.bundled import find_graph
from ferkit.predict.model.classifiers import Classifier, OnnxClassifier, ProgramClassifier, TorchClassifier
from ferkit.predict.model.description import Description
from ferkit.predict.model.find import find_model
from ferkit.predict.model.program import load_program
from ferkit.predict.model.which import WhichNetwork
from ferkit.runtime.hub_reference import describe_file
from ferkit.runtime.onnx import open_session
from ferkit.runtime.shipped import MODELS as BUNDLED

if TYPE_CHECKING:
    from ferkit.neural.network import Network
    from ferkit.predict.model.ensemble import Ensemble
    from ferkit.predict.model.from_run import RunModel

FIRST = WhichNetwork()
KEY = "ferkit"
"""Key of the description in the metadata of every kind of file."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model for prediction.

    Attributes:
        description: Labels, image size, detector and so on.
        classify: Maps faces to probabilities.
        registry: The plugins that the model needs.
        title: A sentence that names the model.
        runtime: Runtime for the detector, to import no second one; None for the default of the detector.
        warning: A sentence about an unfinished run, or "".
    """

    description: Description
    classify: Classifier
    registry: Registry
    title: str
    runtime: str | None = None
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A network for export, without checks at every call.

    Attributes:
        network: In eval mode, on the CPU. An `Ensemble` for all folds of a repeat.
        description: Of the model.
        trained_on: The first digits of the hashes of its training images.
        run: The run folder; None for a model file.
        fold: The folder of the network in the run; "all" for an ensemble; "" for a model file.
        temperatures: Temperature of each network.
    """

    network: Network | Ensemble
    description: Description
    trained_on: frozenset[str]
    run: Path | None = None
    fold: str = ""
    temperatures: tuple[float, ...] = ()


@runtime_checkable
class InMemory(Protocol):
    """A network in memory: `ferkit.predict.model.trained.TrainedNetwork`."""

    @property
    def trained_on(self) -> frozenset[str]: ...

    def is_trained_further(self) -> bool: ...

    def as_loaded(self) -> Loaded: ...

    def as_model(self, device: str) -> Model: ...


Source = str | Path | InMemory | None


def load_model(
    name: Source = None,
    which: WhichNetwork = FIRST,
    device: str = "auto",
    trust_plugins: bool = False,
) -> Model:
    """Load a model for prediction.

    Args:
        name: A run folder, a model file, the name of a bundled model, a model on the Hub
            (hf://USER/NAME@REVISION) or a network in memory; None for the default model.
        which: A network of a run.
        device: "auto", "cpu", "cuda" or "cuda:0".
        trust_plugins: Import modules that the model names, also if no installed plugin provides them. They
            are searched among installed modules, then in the model's folder, then in the working directory.

    Raises:
        RunError: The model does not exist or is broken.
        ComponentError: A plugin that the model needs is missing or not trusted.
    """
    if isinstance(name, InMemory):
        _check_no_choice("a network in memory", which)
        return name.as_model(device)
    path = find_model(name)
    with importable(*(folders_of_model(path) if trust_plugins else ())):
        return _load(path, which, device, trust_plugins)


def _load(path: Path, which: WhichNetwork, device: str, trust: bool) -> Model:
    if path.is_dir():
        return _from_run(path, which, device, trust)
    _check_no_choice(path, which)
    if path.suffix == ".safetensors" and (around := _run_around(path)):
        return _from_run(*around, device, trust)
    readers = {".safetensors": _from_safetensors, ".onnx": _from_onnx, ".pt2": _from_program}
    if path.suffix not in readers:
        raise RunError(f"{path}: expected a run folder or a file {', '.join(readers)}")
    return readers[path.suffix](path, device, trust)


def find_source(source: Source) -> Path | InMemory:
    """Find the file or folder of a model, once; a network in memory is returned. Raises RunError."""
    return source if isinstance(source, InMemory) else find_model(source)


def places_of(name: Source, trust_plugins: bool) -> Sequence[Path]:
    """Return the folders whose modules a trusted model may import. Raises RunError if there is no model."""
    return folders_of_model(find_model(name)) if trust_plugins and not isinstance(name, InMemory) else ()


def load_network(name: Source, which: WhichNetwork = FIRST, trust_plugins: bool = False) -> Loaded:
    """Load a network for export; arguments as for `load_model`.

    Raises:
        RunError: The model is neither a run nor a .safetensors file, or a fold of a file is asked for.
        ComponentError: As for `load_model`.
    """
    if isinstance(name, InMemory):
        _check_no_choice("a network in memory", which)
        return name.as_loaded()
    path = find_model(name)
    with importable(*(folders_of_model(path) if trust_plugins else ())):
        return _load_network(path, which, trust_plugins)


def _load_network(path: Path, which: WhichNetwork, trust: bool) -> Loaded:
    from ferkit.neural.build import wire_model
    from ferkit.neural.checkpoint import read_header
    from ferkit.neural.load import rebuild_network

    if not path.is_dir():
        _check_no_choice(path, which)
    if around := (path, which) if path.is_dir() else _run_around(path):
        from ferkit.predict.model.from_run import open_run

        run, which = around
        opened = open_run(run, which, trust)
        opened.warn()
        network, _ = _load_networks(opened, trust, is_plain=True)
        known = frozenset().union(*(read_header(file).trained_on for file in opened.files))
        return Loaded(network, opened.description, known, run, opened.name, opened.temperatures)
    if path.suffix != ".safetensors":
        raise RunError(f"Cannot load {path} as a network: expected a run folder or a .safetensors file.")
    description = read_description(path)
    registry = load_plugins_of_model(description.plugins, path, trust)
    network = rebuild_network(path, description.model, registry, description.labels, wire_model)
    return Loaded(network, description, read_header(path).trained_on, temperatures=(description.temperature,))


def _load_networks(opened: RunModel, trust: bool, is_plain: bool) -> tuple[Network | Ensemble, Registry]:
    """Load the network of a run, or all networks of a repeat as one. `is_plain` omits checks of calls."""
    from ferkit.neural.build import build_model, wire_model
    from ferkit.neural.load import rebuild_network

    build = wire_model if is_plain else build_model
    registry = load_plugins_of_model(opened.description.plugins, opened.file, trust)
    labels = opened.description.labels
    pairs = zip(opened.files, opened.models, strict=True)
    networks = [rebuild_network(file, model, registry, labels, build) for file, model in pairs]
    if opened.name != "all":
        return networks[0], registry
    from ferkit.predict.model.ensemble import Ensemble

    return Ensemble(networks, opened.temperatures).eval(), registry


def _check_no_choice(model: object, which: WhichNetwork) -> None:
    if which.is_given:
        reason = f"{describe_file(model)} is a file" if isinstance(model, Path) else f"this is {model}"
        raise RunError(f"Cannot use {which.options}: only a run's folder has folds, and {reason}.")


def read_description(path: Path) -> Description:
    """Read the description in a .safetensors file. Raises RunError if it has none."""
    from ferkit.neural.checkpoint import read_header

    header = read_header(path)
    if "model" not in header.known:
        raise RunError(
            f"Cannot use {path}: it is a network without a description. Give its run folder, or export it: "
            "ferkit export RUN --out model.safetensors"
        )
    return Description.read(header.known, path)


def _run_around(path: Path) -> tuple[Path, WhichNetwork] | None:
    """Find the run folder that a network is in, and its fold; None for another file."""
    place = path.resolve().parent
    which = WhichNetwork.of(place.name)
    folder = place.parent if which.fold == REFIT else place.parent.parent
    is_inside = which.is_given and network_dir(folder, place.name) == place
    return (folder, which) if is_inside and (folder / "recipe.toml").exists() else None


def _from_run(folder: Path, which: WhichNetwork, device: str, trust: bool) -> Model:
    from ferkit.neural.device import choose_device
    from ferkit.predict.model.from_run import open_run

    opened = open_run(folder, which, trust)
    place = choose_device(device)
    network, registry = _load_networks(opened, trust, is_plain=False)
    classify = TorchClassifier(network, place, opened.description.temperature)
    opened.warn()
    name = f"{folder}: {opened.choice}"
    return Model(opened.description, classify, registry, name, warning=opened.warning)


def _from_safetensors(path: Path, device: str, trust: bool) -> Model:
    if graph := find_graph(path, device):
        model = _from_onnx(graph, "cpu", trust)
    else:
        model = _of_torch(path, device, trust)
    is_bundled = path.resolve().parent == BUNDLED.resolve()
    return replace(model, title=f"{path.stem}, bundled; model card: {path}.card.md") if is_bundled else model


def _of_torch(path: Path, device: str, trust: bool) -> Model:
    from ferkit.neural.device import choose_device
    from ferkit.neural.load import rebuild_network

    description, place = read_description(path), choose_device(device)
    registry = load_plugins_of_model(description.plugins, path, trust)
    network = rebuild_network(path, description.model, registry, description.labels)
    classify = TorchClassifier(network, place, description.temperature)
    return Model(description, classify, registry, _title_of(path, description))


def _from_onnx(path: Path, device: str, trust: bool) -> Model:
    session = open_session(path, device)
    described = session.get_modelmeta().custom_metadata_map.get(KEY)
    description = Description.read(_parsed(described, path), path)
    registry = load_plugins_of_model(description.plugins, path, trust)
    classify = OnnxClassifier(session, path, description.model.image_size, len(description.labels))
    return Model(description, classify, registry, _title_of(path, description), runtime="onnx")


def _from_program(path: Path, device: str, trust: bool) -> Model:
    from ferkit.neural.device import choose_device

    place = choose_device(device)
    program, described = load_program(path, KEY, trust)
    description = Description.read(_parsed(described, path), path)
    registry = load_plugins_of_model(description.plugins, path, trust)
    return Model(description, ProgramClassifier(program, place), registry, _title_of(path, description))


def _title_of(path: Path, description: Description) -> str:
    name = describe_file(path)
    return f"{name}: {description.source}" if description.source else name


def _parsed(text: str | bytes | None, path: Path) -> dict[str, Any]:
    if not text:
        raise RunError(f"Cannot use {path}: it has no description. Was it written by ferkit export?")
    return parse_header(text, path)
