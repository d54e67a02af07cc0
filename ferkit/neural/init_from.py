"""Starting from the file that an earlier run left: whether it fits, and what it was trained on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from torch import Tensor

from ferkit.errors import Problem, RunError
from ferkit.interfaces import Face
from ferkit.messages import list_some, shorten
from ferkit.neural.checkpoint import HASH, load_network, read_header
from ferkit.neural.network import Network

REMEDY = (
    "Take the [model] and the classes that it was trained with, or leave model.initial out. With "
    'model.initial_part = "backbone" head and classes may be others.'
)


def start_from(network: Network, file: Path, labels: Sequence[str], part: str | None = None) -> None:
    """Give the network what the file's has learnt. Raises RunError where it is of another one.

    part: the one that is taken, where it is not all of it; the file's labels are then of no importance. The
    output's buffers are not learnt: they come from this recipe and its own images, as a class prior does.
    """
    stored = load_network(file, labels if part is None else read_header(file).labels)
    own = network.state_dict() if part else _not_learnt(network)
    taken = {name: tensor for name, tensor in stored.items() if _is_of(name, part)}
    kept = {name: tensor for name, tensor in own.items() if not part or not _is_of(name, part)}
    try:
        network.load_state_dict({**taken, **kept})
    except RuntimeError as error:
        first = shorten(error, 200)
        raise RunError(
            f"model.initial: {file} is of another network than the recipe's: {first} … {REMEDY}"
        ) from error


def _is_of(name: str, part: str | None) -> bool:
    return part is None or name.startswith(f"{part}.")


def _not_learnt(network: Network) -> dict[str, Tensor]:
    return {f"output.{name}": tensor for name, tensor in network.output.named_buffers()}


def stored_labels(file: Path) -> list[str]:
    """Those that the file's network tells apart; none where it can't be read, which is told elsewhere."""
    try:
        return read_header(file).labels
    except RunError:
        return []


def start_problems(
    network: Network,
    file: Path,
    labels: Sequence[str] | None,
    bare: Collection[str] = (),
    part: str | None = None,
) -> list[Problem]:
    """Why the network can't start from the file, by its header alone.

    labels: the data's, if known; bare: the parts from which pretrained weights were left out. A layer's size
    may depend on these (an embedding's numbers), so there only the names of layers are compared; in the head,
    too, where sizes of the backbone are others. part: as for `start_from`.
    """
    if not file.exists():
        return []  # which is told elsewhere
    try:
        header = read_header(file)
    except RunError as error:
        return [Problem("model.initial", str(error), REMEDY)]
    if part is None and labels is not None and header.labels != list(labels):
        problem = (
            f"{file} was trained with the labels {list_some(header.labels)}; the data's are "
            f"{list_some(labels)}"
        )
        return [Problem("model.initial", problem, REMEDY)]
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
    stored = header.shapes.get(first, "not there")
    problem = (
        f"{file} is of another network than the recipe's: {shorten(first)} is {stored} in the file "
        f"and {ours.get(first, 'not there')} in the network, and {len(differing) - 1} more differ"
    )
    return [Problem("model.initial", problem, REMEDY)]


def describe_start(file: Path, faces: Sequence[Face]) -> list[str]:
    """A warning where images that are tested are among those that the file's network was trained on.

    faces: those that are tested, or choose an epoch.
    """
    known = read_header(file).trained_on
    if not known:
        return [f"What model.initial ({file.name}) was trained on is not known; it may be tested here"]
    shared = sum(face.sha256[:HASH] in known for face in faces)
    told = f"{shared} of {len(faces)} tested images are among those that model.initial was trained on"
    return [f"{told}: the scores are optimistic"] if shared else []
