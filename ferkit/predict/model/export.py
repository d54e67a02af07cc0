"""Export a network to one file, and compare it with torch before it is moved to its place."""

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

from ferkit.components.discovery import importable, load_plugins
from ferkit.components.part import Part
from ferkit.errors import RunError
from ferkit.messages import shorten
from ferkit.neural.checkpoint import save_network
from ferkit.neural.preprocessing import Normalisation, resize_square
from ferkit.predict.face_finder import FaceFinder
from ferkit.predict.model.classifiers import TorchClassifier
from ferkit.predict.model.description import Description
from ferkit.predict.model.load import (
    FIRST,
    KEY,
    Loaded,
    Source,
    find_source,
    load_model,
    load_network,
    places_of,
)
from ferkit.predict.model.which import WhichNetwork
from ferkit.runtime.atomic_write import atomic_path

OPSET = 18
"""Version of the ONNX operators that torch exports without conversion."""
TOLERANCE = 1e-4
"""Largest allowed difference of probabilities from those of torch."""
FACE = (slice(62, 172), slice(181, 268))
"""Rows and columns of the face, as MTCNN detects it, in scikit-image's image of an astronaut (NASA)."""
Write = Callable[[nn.Module, Description, frozenset[str], Path], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """An exported model.

    Attributes:
        file: The exported file.
        loaded: The network.
        difference: Largest difference of a probability from that of torch.
        faces: Number of images that were compared, all of one face.
        rounding: Largest difference of a probability that rounding to float16 causes.
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
    """The exported graph: normalised images (B, 3, side, side) -> probabilities (B, labels)."""

    def __init__(self, network: nn.Module, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images)
        return (logits / self.temperature).softmax(dim=1)


def export_model(
    source: Source,
    file: Path,
    which: WhichNetwork = FIRST,
    *,
    detector: Part | None = None,
    is_half: bool = False,
    trust_plugins: bool = False,
) -> Exported:
    """Export the network of a run or model file.

    Args:
        source: A run folder, a .safetensors file, the name of a bundled model, a model on the Hub or a
            network in memory. None: the default model.
        file: The file to write. Its suffix chooses the format: .safetensors, .onnx or .pt2. All hold the
            description; ONNX and .pt2 apply the temperature themselves.
        which: A network of a run.
        detector: Detector for prediction; by default that of the training.
        is_half: Round the weights to float16, which halves a .safetensors file.
        trust_plugins: As for `load_model`.

    Raises:
        RunError: The network cannot be exported, or the file gives other probabilities than torch. Then
            nothing is written.
        ComponentError: The detector cannot be built, or the model needs a plugin that is not trusted.
    """
    if file.suffix not in WRITERS:
        raise RunError(f"Cannot export to --out {file}: expected a file that ends in {', '.join(WRITERS)}.")
    source = find_source(source)
    with importable(*places_of(source, trust_plugins)):
        loaded = load_network(source, which, trust_plugins)
        if loaded.fold == "all" and file.suffix == ".safetensors":
            raise RunError(
                f"Cannot export fold 'all' to --out {file}: a .safetensors file holds one network, and the "
                "run has one for each fold. Use .onnx or .pt2, one --fold, or --fold refit."
            )
        return _export(_with_detector(loaded, detector) if detector else loaded, file, is_half, trust_plugins)


def _export(loaded: Loaded, file: Path, is_half: bool, trust: bool) -> Exported:
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
            difference = _difference(part, faces, expected, trust)
    except OSError as error:
        raise RunError(f"Cannot write --out {file}: {error.strerror}. Give another path.") from error
    return Exported(file, loaded, difference, len(faces), float(np.abs(expected - trained).max()))


def _with_detector(loaded: Loaded, detector: Part) -> Loaded:
    """Replace the detector. Raises ComponentError or RunError if it cannot be built."""
    finder = FaceFinder(load_plugins(loaded.description.plugins), detector, "cpu")
    if loaded.description.faces.align != "none" and not finder.has_landmarks:
        raise RunError(
            f"Cannot export with the detector {detector.name!r}: the model aligns faces by landmarks, and "
            "this detector gives none. Choose a detector that gives landmarks."
        )
    return replace(loaded, description=replace(loaded.description, detector=detector))


def halved(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Round floating-point tensors to float16."""
    return {name: one.half() if one.is_floating_point() else one for name, one in tensors.items()}


def astronauts(description: Description) -> NDArray[np.float32]:
    """Prepare normalised images (4, side, side, 3) of a face: as it is, mirrored, darker, upside down."""
    from skimage.data import astronaut

    face = np.ascontiguousarray(astronaut()[FACE])  # type: ignore[no-untyped-call]
    side = description.model.image_size
    normalise = Normalisation(description.model.normalize, description.model.color)
    shown = [face, face[:, ::-1], face // 2, face[::-1]]
    return np.stack([normalise(resize_square(np.ascontiguousarray(one), side)) for one in shown])


def _difference(file: Path, faces: NDArray[np.float32], expected: NDArray[np.float64], trust: bool) -> float:
    """Compare the file with torch, in batches of four and of one. Raises RunError if they differ."""
    classify = load_model(file, device="cpu", trust_plugins=trust).classify
    given = [classify(faces), np.concatenate([classify(faces[i : i + 1]) for i in range(len(faces))])]
    difference = max(float(np.abs(one - expected).max()) for one in given)
    if not difference <= TOLERANCE:
        raise RunError(
            f"Cannot export as {file.suffix}: probabilities for a face differ from those of torch by "
            f"{difference:.2g}; at most {TOLERANCE:g} is allowed. Nothing was written. Try another format."
        )
    return difference


def _write_safetensors(
    network: nn.Module, description: Description, trained_on: frozenset[str], file: Path
) -> None:
    tensors = network.state_dict()
    table = description.as_table()
    save_network(file, tensors, description.labels, description.temperature, trained_on, table)


def _write_halved(
    network: nn.Module, description: Description, trained_on: frozenset[str], file: Path
) -> None:
    tensors, table = halved(network.state_dict()), description.as_table()
    save_network(file, tensors, description.labels, description.temperature, trained_on, table)


def _write_onnx(network: nn.Module, description: Description, trained_on: frozenset[str], file: Path) -> None:
    made = export_program(network, description)
    import onnx  # export_program has checked that it is installed

    onnx.helper.set_model_props(made, {KEY: json.dumps(description.as_table())})
    onnx.save(made, file)


def export_program(network: nn.Module, description: Description, *, optimize: bool = True) -> Any:
    """Return the `onnx.ModelProto` that maps images to probabilities.

    Args:
        network: Maps images to logits.
        description: Image size and temperature.
        optimize: Fold constants and batch norms.

    Raises:
        RunError: A package is missing, or torch cannot export the network.
    """
    try:
        import onnx  # noqa: F401  # torch's exporter needs both
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise RunError('Cannot export ONNX: packages are missing. Run: pip install "ferkit[onnx]"') from error
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
            optimize=optimize,
        )
    )
    return program.model_proto


def _write_program(
    network: nn.Module, description: Description, trained_on: frozenset[str], file: Path
) -> None:
    module, images, shapes = _traced(network, description)
    program = _quietly(lambda: torch.export.export(module, (images,), dynamic_shapes=shapes))
    table = json.dumps(description.as_table())
    _quietly(lambda: torch.export.save(program, file, extra_files={KEY: table}))


def _traced(network: nn.Module, description: Description) -> tuple[nn.Module, Tensor, Any]:
    """Prepare the module to export, example images, and a batch dimension of any size."""
    side = description.model.image_size
    shapes = {"images": {0: torch.export.Dim("batch", min=1)}}
    return Probabilities(network, description.temperature).eval(), torch.zeros(2, 3, side, side), shapes


def _quietly(call: Callable[[], Any]) -> Any:
    """Call an exporter without its warnings. Raises RunError if it fails."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            return call()
    except Exception as error:
        first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise RunError(f"Cannot export this network with torch: {shorten(first, 200)}") from error


WRITERS: dict[str, Write] = {
    ".safetensors": _write_safetensors,
    ".onnx": _write_onnx,
    ".pt2": _write_program,
}
