"""Images -> faces, by the recipe's detector: the run's own, and those of further data sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
    """What an estimator calls `crop`: faces of data sets beside the run's own, found once a run.

    Each is listed in manifest_<name>.csv of the run's folder.
    """

    def __init__(self, recipe: Recipe, registry: Registry, run_dir: RunDir, progress: Progress) -> None:
        self.recipe = recipe
        self.registry = registry
        self.run_dir = run_dir
        self.progress = progress
        self.faces: dict[str, Sequence[Face]] = {}
        self.told: dict[str, Sequence[str]] = {}
        self.given: dict[str, int] = {}

    def find(self) -> None:
        """All that the recipe's estimator names as options, before any training. Raises DataError."""
        if self.recipe.estimator:
            parts = datasets_in(self.registry, "estimator", "", self.recipe.estimator)
            for key, part in parts:
                name = key.lstrip(".")
                samples, left_out = samples_of(self.registry, part)
                self._crop(name, samples)
                self.told[name] = [*describe_left_out(left_out, self.given[name]), *self.told[name]]

    def __call__(self, name: str, dataset: Dataset) -> Sequence[Face]:
        """The faces of the option of that name. Raises DataError where there are none."""
        if name not in self.faces:
            self._crop(name, dataset.samples())
        return self.faces[name]

    def _crop(self, name: str, samples: Sequence[Sample]) -> None:
        crops = find_faces(
            self.recipe.detector, self.recipe.faces, self.registry, samples, self.progress.faces
        )
        self.run_dir.write_manifest(crops.faces, crops.skipped, name)
        if not crops.faces:
            raise DataError(f"estimator.{name}: none of its {len(crops.skipped)} images gives a face")
        self.faces[name], self.told[name] = crops.faces, crops.warnings
        self.given[name] = len(samples)

    def warnings(self, own: Sequence[Face]) -> Iterator[str]:
        """Where images that the estimator learns from are among those that it is tested on."""
        tested = {face.sha256 for face in own}
        for name, faces in self.faces.items():
            found = [face for face in faces if face.box is not None]
            yield f"It is given {len(faces)} images of {name} too; a face was found in {len(found)}"
            yield from (f"{name}: {warning}" for warning in self.told[name])
            if shared := sum(face.sha256 in tested for face in faces):
                yield (
                    f"{shared} images of {name} are byte for byte among the data's own, which are "
                    "tested: the scores are optimistic"
                )
