"""A run's network -> one file that can be used elsewhere, checked against torch before it is in its place."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ferkit.components.part import Part
from ferkit.errors import RunError
from ferkit.neural.checkpoint import save_network
from ferkit.neural.network import Network
from ferkit.neural.preprocessing import Normalisation, resize_square
from ferkit.predict.face_finder import FaceFinder
from ferkit.predict.model.classifiers import TorchClassifier
from ferkit.predict.model.description import Description
from ferkit.predict.model.load import FIRST, KEY, Loaded, load_model, load_network
from ferkit.predict.model.which import WhichNetwork
from ferkit.recipe.parse import load_plugins_of
from ferkit.runtime.atomic_write import atomic_path

OPSET = 18
"""Of ONNX: the one that torch's exporter writes without converting."""
TOLERANCE = 1e-4
"""By how much an exported graph's probabilities may differ from torch's."""
FACE = (slice(62, 172), slice(181, 268))
"""Rows and columns of the face in scikit-image's image of an astronaut (NASA), where MTCNN finds it."""
Write = Callable[[Network, Description, frozenset[str], Path], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """difference: the largest one of a probability from torch's, on `faces` variations of a real face;
    rounding: likewise, of the network with numbers of half the size from the one that was trained.
    """

    file: Path
    loaded: Loaded
    difference: float
    faces: int
    rounding: float = 0.0

    @property
    def description(self) -> Description:
        return self.loaded.description


class Probabilities(nn.Module):
    """Images (B, 3, side, side), normalised -> probabilities (B, labels): what an exported graph gives."""

    def __init__(self, network: Network, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images)
        return (logits / self.temperature).softmax(dim=1)


def export_model(
    source: str | Path | None,
    file: Path,
    which: WhichNetwork = FIRST,
    *,
    detector: Part | None = None,
    is_half: bool = False,
) -> Exported:
    """source: a run's folder or a model file; the file's suffix chooses what is written; detector: finds the
    faces from now on, instead of the one of the training; is_half: weights are rounded to float16, and take
    half the room in a .safetensors file.

    .safetensors: weights; .onnx; .pt2: torch.export's. All three hold the description, and the latter two
    apply the temperature themselves. Raises RunError where the network can't be exported, and where the file
    gives other probabilities than torch: then nothing is written. Raises ComponentError for the detector.
    """
    if file.suffix not in WRITERS:
        raise RunError(f"--out {file}: expected a file that ends in {', '.join(WRITERS)}")
    loaded = load_network(source, which)
    if detector:
        loaded = _with_detector(loaded, detector)
    network, description = loaded.network, loaded.description
    faces = astronauts(description)
    classify = TorchClassifier(network, torch.device("cpu"), description.temperature)
    trained = classify(faces)
    if is_half:
        network.load_state_dict(halved(network.state_dict()))
    expected = classify(faces)
    write = _write_halved if is_half and file.suffix == ".safetensors" else WRITERS[file.suffix]

    try:
        with atomic_path(file) as part:
            write(network, description, loaded.trained_on, part)
            difference = _difference(part, faces, expected)
    except OSError as error:
        raise RunError(f"--out {file}: it can't be written: {error.strerror}. Give another place.") from error
    return Exported(file, loaded, difference, len(faces), float(np.abs(expected - trained).max()))


def _with_detector(loaded: Loaded, detector: Part) -> Loaded:
    """Raises ComponentError, RunError where the detector can't be built."""
    registry = load_plugins_of({"plugins": list(loaded.description.plugins)})
    FaceFinder(registry, detector, "cpu")
    return replace(loaded, description=replace(loaded.description, detector=detector))


def halved(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those of floating point as float16."""
    return {name: one.half() if one.is_floating_point() else one for name, one in tensors.items()}


def astronauts(description: Description) -> NDArray[np.float32]:
    """(4, side, side, 3), normalised: a face, its mirror image, darker, and upside down."""
    from skimage.data import astronaut

    face = np.ascontiguousarray(astronaut()[FACE])  # type: ignore[no-untyped-call]
    side = description.model.image_size
    normalise = Normalisation(description.model.normalize, description.model.color)
    shown = [face, face[:, ::-1], face // 2, face[::-1]]
    return np.stack([normalise(resize_square(np.ascontiguousarray(one), side)) for one in shown])


def _difference(file: Path, faces: NDArray[np.float32], expected: NDArray[np.float64]) -> float:
    """In batches of several and of one. Raises RunError where it is too large."""
    classify = load_model(file, device="cpu").classify
    given = [classify(faces), np.concatenate([classify(faces[i : i + 1]) for i in range(len(faces))])]
    difference = max(float(np.abs(one - expected).max()) for one in given)
    if not difference <= TOLERANCE:
        raise RunError(
            f"nothing was written: as {file.suffix}, the network's probabilities for a face differ from "
            f"torch's by {difference:.2g}, and at most {TOLERANCE:g} is rounding. Another format may do"
        )
    return difference


def _write_safetensors(
    network: Network, description: Description, trained_on: frozenset[str], file: Path
) -> None:
    tensors = network.state_dict()
    table = description.as_table()
    save_network(file, tensors, description.labels, description.temperature, trained_on, table)


def _write_halved(network: Network, description: Description, trained_on: frozenset[str], file: Path) -> None:
    tensors, table = halved(network.state_dict()), description.as_table()
    save_network(file, tensors, description.labels, description.temperature, trained_on, table)


def _write_onnx(network: Network, description: Description, trained_on: frozenset[str], file: Path) -> None:
    try:
        import onnx
        import onnxscript  # noqa: F401  # torch's exporter needs it
    except ImportError as error:
        raise RunError('to write ONNX, install what it takes: pip install "ferkit[onnx]"') from error
    module, images, shapes = _traced(network, description)
    program: Any = _quietly(
        lambda: torch.onnx.export(
            module,
            (images,),
            dynamo=True,
            opset_version=OPSET,
            input_names=["images"],
            output_names=["probabilities"],
            dynamic_shapes=shapes,
            external_data=False,
            verbose=False,
        )
    )
    made = program.model_proto
    onnx.helper.set_model_props(made, {KEY: json.dumps(description.as_table())})
    onnx.save(made, file)


def _write_program(
    network: Network, description: Description, trained_on: frozenset[str], file: Path
) -> None:
    module, images, shapes = _traced(network, description)
    program = _quietly(lambda: torch.export.export(module, (images,), dynamic_shapes=shapes))
    table = json.dumps(description.as_table())
    _quietly(lambda: torch.export.save(program, file, extra_files={KEY: table}))


def _traced(network: Network, description: Description) -> tuple[nn.Module, Tensor, Any]:
    """What is exported, images to follow it with, and that their number may be any."""
    side = description.model.image_size
    shapes = {"images": {0: torch.export.Dim("batch", min=1)}}
    return Probabilities(network, description.temperature).eval(), torch.zeros(2, 3, side, side), shapes


def _quietly(call: Callable[[], Any]) -> Any:
    """Without the exporters' remarks on themselves; what stops them is a RunError."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            return call()
    except Exception as error:
        first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise RunError(f"torch can't export this network: {first.strip()}") from error


WRITERS: dict[str, Write] = {
    ".safetensors": _write_safetensors,
    ".onnx": _write_onnx,
    ".pt2": _write_program,
}
