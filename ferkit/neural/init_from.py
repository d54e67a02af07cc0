"""Initialise a network from a file of an earlier run: compatibility and training images."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from torch import Tensor

from ferkit.errors import Problem, RunError
from ferkit.interfaces import Face
from ferkit.messages import list_some, shorten
from ferkit.neural.checkpoint import HASH, load_network, load_tensors, read_header
from ferkit.neural.network import Network
from ferkit.neural.options import Known
from ferkit.runtime.hub_reference import describe_file, find_origin

HINT = (
    "Use the [model] and the classes that it was trained with, or remove model.initial. With "
    'model.initial_part = "backbone", head and classes may differ.'
)


def start_from(network: Network, file: Path, labels: Sequence[str], part: str | None = None) -> None:
    """Load the learned tensors of a file into the network.

    Buffers of the output are not loaded: they are computed from this recipe and its images, such as class
    priors.

    Args:
        network: The network. It is changed in place.
        file: A model.safetensors.
        labels: The labels of the network.
        part: The only part to load, such as "backbone". The labels of the file are then ignored.

    Raises:
        RunError: The file does not match the network.
    """
    stored = load_network(file, labels if part is None else read_header(file).labels)
    own = network.state_dict() if part else _not_learnt(network)
    taken = {name: tensor for name, tensor in stored.items() if _is_of(name, part)}
    kept = {name: tensor for name, tensor in own.items() if not part or not _is_of(name, part)}
    try:
        load_tensors(network, {**taken, **kept})
    except RuntimeError as error:
        first = shorten(error, 200)
        raise RunError(
            f"model.initial: {describe_file(file)} does not match the recipe's network: {first} … {HINT}"
        ) from error


def _is_of(name: str, part: str | None) -> bool:
    return part is None or name.startswith(f"{part}.")


def _not_learnt(network: Network) -> dict[str, Tensor]:
    return {f"output.{name}": tensor for name, tensor in network.output.named_buffers()}


def stored_labels(file: Path) -> list[str]:
    """Return the labels of a file, or none if it is unreadable, which `start_problems` reports."""
    try:
        return read_header(file).labels
    except RunError:
        return []


def stored_normalize(file: Path) -> Known | None:
    """Return the normalisation that a network was trained with, if its file records it. Raises RunError."""
    return read_header(file).normalize


def start_problems(
    network: Network,
    file: Path,
    labels: Sequence[str] | None,
    bare: Collection[str] = (),
    part: str | None = None,
) -> list[Problem]:
    """Return the reasons why the network cannot start from a file, from its header alone.

    Args:
        network: The network.
        file: A model.safetensors.
        labels: The labels of the data, if known.
        bare: Parts that were built without their pretrained weights. Sizes of layers may depend on these
            weights, so only the names of layers are compared there. This includes the head if sizes of the
            backbone differ.
        part: As for `start_from`.
    """
    if not file.exists():
        return []  # reported elsewhere
    try:
        header = read_header(file)
    except RunError as error:
        return [Problem("model.initial", str(error), HINT)]
    if part is None and labels is not None and header.labels != list(labels):
        problem = (
            f"{describe_file(file)} was trained with the labels {list_some(header.labels)}, but the data has "
            f"{list_some(labels)}"
        )
        return [Problem("model.initial", problem, HINT)]
    ours = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    every = (ours.keys() | header.shapes.keys()) - _not_learnt(network).keys()
    names = {name for name in every if _is_of(name, part)}
    differing = sorted(name for name in names if ours.get(name) != header.shapes.get(name))
    following = {"head"} if any(name.startswith("backbone.") for name in differing) else set()
    unknown = {*bare, *(following if "backbone" in bare else ())}
    differing = [
        name
        for name in differing
        if name.partition(".")[0] not in unknown or name not in ours or name not in header.shapes
    ]
    if not differing:
        return []
    first = differing[0]
    stored = header.shapes.get(first, "missing")
    problem = (
        f"{describe_file(file)} does not match the recipe's network: {shorten(first)} is {stored} in the "
        f"file and {ours.get(first, 'missing')} in the network, and {len(differing) - 1} more differ"
    )
    return [Problem("model.initial", problem, HINT)]


def _name(file: Path) -> str:
    return str(find_origin(file) or file.name)


def describe_start(file: Path, faces: Sequence[Face]) -> list[str]:
    """Return a warning if test images are among the training images of the file.

    Args:
        file: A model.safetensors.
        faces: The faces that are tested, or that select an epoch.
    """
    known = read_header(file).trained_on
    if not known:
        return [f"The training images of model.initial ({_name(file)}) are unknown. They may be tested here"]
    shared = sum(face.sha256[:HASH] in known for face in faces)
    overlap = f"{shared} of {len(faces)} tested images are training images of model.initial"
    return [f"{overlap}: the scores are optimistic"] if shared else []
