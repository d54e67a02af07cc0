"""Files of a training: the state for resuming, and the trained network.

Both are written to a temporary file and then moved, so that they are always complete. Reading them runs no
code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ferkit.errors import RunError
from ferkit.messages import list_some, shorten
from ferkit.neural.header import parse_header, read_network_header
from ferkit.neural.options import Known, MeanAndStd
from ferkit.runtime.atomic_write import find_written, run_file, write_in_turn


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write the state that the next epoch needs."""
    with _without_checksums():
        write_in_turn(path, lambda file: torch.save(dict(state), file))


@contextmanager
def _without_checksums() -> Iterator[None]:
    """Disable the checksums of torch.save, which take a fifth of the time for hundreds of megabytes."""
    if not hasattr(torch.serialization, "set_crc32_options"):  # before torch 2.6
        yield
        return
    before = torch.serialization.get_crc32_options()
    torch.serialization.set_crc32_options(False)
    try:
        yield
    finally:
        torch.serialization.set_crc32_options(before)


def load_state(path: Path) -> dict[str, Any] | None:
    """The state, or None where there is none. Raises RunError where it is broken."""
    file = find_written(path)
    if file is None:
        return None
    try:
        state: Any = torch.load(file, map_location="cpu", weights_only=True)
        if not isinstance(state, dict):
            raise TypeError(f"it holds a {type(state).__name__}, not a dictionary")
    except Exception as error:
        raise RunError(
            f"{file} is broken ({type(error).__name__}). Delete it, and --resume begins this fold anew."
        ) from error
    return state


def hash_tensors(tensors: Mapping[str, Tensor]) -> str:
    """Return the sha256 of names, types, shapes and values of tensors."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


MOST_TENSORS = 20_000
"""Tensors of a network. Large networks have about a thousand."""
HASH = 16
"""Number of digits of an image's sha256 that a network file stores."""


@dataclass(frozen=True, slots=True)
class Header:
    """The checked header of a network's file.

    Attributes:
        labels: In the order of the logits.
        shapes: Of each tensor.
        trained_on: The first digits of the hashes of its training images.
        temperature: None if none was fitted.
        normalize: Normalisation of its images; None if a file of an earlier version does not record it.
        known: All that ferkit wrote there, such as the description of a model file. Values beyond those above
            are checked by `ferkit.neural.header.read_model_header` alone.
    """

    labels: list[str]
    shapes: Mapping[str, tuple[int, ...]]
    trained_on: frozenset[str]
    temperature: float | None
    normalize: Known | None
    known: Mapping[str, Any]


def save_network(
    path: Path,
    tensors: Mapping[str, Tensor],
    labels: Sequence[str],
    temperature: float | None = None,
    trained_on: Collection[str] = (),
    description: Mapping[str, Any] | None = None,
    normalize: Known | None = None,
) -> None:
    """Write weights as safetensors, with metadata.

    Args:
        path: The file.
        tensors: Name to tensor.
        labels: The labels, in order.
        temperature: Temperature of the probabilities, if fitted.
        trained_on: sha256 of the training images.
        description: Further metadata, which makes the file a model file.
        normalize: Normalisation of the images, if the description does not state it.
    """
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    known: dict[str, Any] = {"labels": list(labels), "temperature": temperature}
    if normalize:
        known["normalize"] = (
            normalize.model_dump(mode="json") if isinstance(normalize, MeanAndStd) else normalize
        )
    images = sorted({one[:HASH] for one in trained_on})
    # One key: safetensors writes several in an order that changes from run to run.
    metadata = {"ferkit": json.dumps({**known, **(description or {}), "trained_on": images})}
    with run_file(path) as part:
        save_file(whole, part, metadata)


def load_tensors(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Load tensors into a network. Raises RuntimeError if names, shapes or kinds of numbers differ.

    load_state_dict alone converts: the integers of a quantised file would become weights.
    """
    own = network.state_dict()
    for name in own.keys() & tensors.keys():
        found, expected = tensors[name].dtype, own[name].dtype
        if (found.is_floating_point, found.is_complex) != (expected.is_floating_point, expected.is_complex):
            raise RuntimeError(f"{name} holds {found}, expected {expected}")
    network.load_state_dict(tensors)


def read_header(path: Path) -> Header:
    """Without reading the tensors. Raises RunError where the file is broken or is none of ferkit's."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if len(file.keys()) > MOST_TENSORS:
                raise ValueError(f"it has {len(file.keys())} tensors, expected at most {MOST_TENSORS}")
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except Exception as error:
        raise RunError(f"{path} is no whole safetensors file: {shorten(error, 120)}") from error
    known = parse_header(metadata.get("ferkit", "{}"), path)
    if not known.get("labels") and "labels" in metadata:
        # Before there were temperatures, the labels had a key of their own.
        known["labels"] = parse_header(f'{{"labels": {metadata["labels"]}}}', path).get("labels")
    header = read_network_header(_with_normalize(known), path)
    return Header(list(header.labels), shapes, header.trained_on, header.temperature, header.normalize, known)


def _with_normalize(known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add the normalisation of a model file, which is in its description."""
    model = known.get("model")
    stated = model.get("normalize") if isinstance(model, dict) else None
    return {"normalize": stated, **known} if stated else known


def load_network(path: Path, labels: Sequence[str]) -> dict[str, Tensor]:
    """Raises RunError where the file is broken or its labels are others, or in another order."""
    stored = read_header(path).labels
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except Exception as error:
        raise RunError(f"{path} is no whole safetensors file: {shorten(error, 120)}") from error
    if stored != list(labels):
        raise RunError(
            f"{path} was trained with the labels {list_some(stored)}; expected, in this order: "
            f"{list_some(labels)}"
        )
    return tensors
