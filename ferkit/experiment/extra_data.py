"""Faces of further datasets, cropped by the recipe's detector or one of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.data.faces import find_faces
from ferkit.data.samples import describe_left_out, samples_of
from ferkit.errors import DataError
from ferkit.experiment.progress import Progress
from ferkit.experiment.run_dir import RunDir
from ferkit.interfaces import Dataset, Face, Sample
from ferkit.recipe.parts import datasets_in
from ferkit.recipe.schema import Recipe


class OtherData:
    """The function `crop` of an estimator: faces of further datasets, detected once a run.

    The images of each dataset are listed in manifest_<name>.csv in the run folder.
    """

    def __init__(self, recipe: Recipe, registry: Registry, run_dir: RunDir, progress: Progress) -> None:
        self.recipe = recipe
        self.registry = registry
        self.run_dir = run_dir
        self.progress = progress
        self.faces: dict[str, Sequence[Face]] = {}
        self.notes: dict[str, Sequence[str]] = {}
        self.given: dict[str, int] = {}

    def find(self) -> None:
        """Find the faces of all datasets in the estimator's options, before training. Raises DataError."""
        if self.recipe.estimator:
            parts = datasets_in(self.registry, "estimator", "", self.recipe.estimator)
            for key, part in parts:
                name = key.lstrip(".")
                samples, left_out = samples_of(self.registry, part)
                self._crop(name, samples)
                self.notes[name] = [*describe_left_out(left_out, self.given[name]), *self.notes[name]]

    def __call__(self, name: str, dataset: Dataset) -> Sequence[Face]:
        """Return the faces of the dataset in this option. Raises DataError if there are none."""
        if name not in self.faces:
            self._crop(name, dataset.samples())
        return self.faces[name]

    def _crop(self, name: str, samples: Sequence[Sample]) -> None:
        detector = self._detector(name)
        crops = find_faces(detector, self.recipe.faces, self.registry, samples, self.progress.faces)
        self.run_dir.write_manifest(crops.faces, crops.skipped, name)
        if not crops.faces:
            raise DataError(
                f"estimator.{name}: no face was found in its {len(crops.skipped)} images. Check the dataset."
            )
        self.faces[name], self.notes[name] = crops.faces, crops.warnings
        self.given[name] = len(samples)

    def _detector(self, name: str) -> Part:
        """Return the detector in the option NAME_detector of the estimator, or the recipe's."""
        options = self.recipe.estimator.options if self.recipe.estimator else {}
        own = options.get(f"{name}_detector")
        return Part(**own) if isinstance(own, dict) else self.recipe.detector

    def warnings(self, own: Sequence[Face]) -> Iterator[str]:
        """Yield warnings about the datasets, such as images that are also test images."""
        tested = {face.sha256 for face in own}
        for name, faces in self.faces.items():
            found = [face for face in faces if face.box is not None]
            yield f"The estimator also uses {len(faces)} images of {name}; a face was found in {len(found)}"
            yield from (f"{name}: {warning}" for warning in self.notes[name])
            if shared := sum(face.sha256 in tested for face in faces):
                yield (
                    f"{shared} images of {name} are byte-for-byte duplicates of test images: the scores are "
                    "optimistic"
                )
