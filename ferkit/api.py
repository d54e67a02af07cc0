"""The functions of `import ferkit`: what the commands do, from Python."""

from __future__ import annotations

import csv
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferkit.assess.evaluate import evaluate
from ferkit.components.build import build
from ferkit.components.component import KINDS, Component
from ferkit.components.discovery import load_plugins
from ferkit.components.options import CONTEXT, check_options
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.data.samples import samples_of
from ferkit.errors import ComponentError, RunError
from ferkit.evaluation.run_files import folds_dir, read_summary
from ferkit.evaluation.summary import Summary
from ferkit.experiment.progress import Progress
from ferkit.experiment.request import make_request
from ferkit.experiment.run import NO_PROGRESS
from ferkit.experiment.run import run as run_request
from ferkit.interfaces import Sample
from ferkit.messages import decodable, describe_value, list_some
from ferkit.neural.network import Network
from ferkit.predict.model.export import Exported, export_model
from ferkit.predict.model.load import Source, load_network
from ferkit.predict.model.trained import TrainedNetwork
from ferkit.predict.model.which import FoldChoice, WhichNetwork
from ferkit.predict.predictor import Predictor
from ferkit.predict.table import import_pandas
from ferkit.recipe.load import load_recipe as load_recipe_and_registry
from ferkit.recipe.schema import Recipe
from ferkit.runtime.workers import workers_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Run",
    "create",
    "evaluate",
    "export",
    "list_components",
    "load_dataset",
    "load_model",
    "load_recipe",
    "train",
]

PREDICTIONS = ("predictions_test.csv", "predictions_last.csv")
"""A fold's predictions whose epoch no test image selected: of nested protocols, of others."""


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run.

    Attributes:
        folder: The run folder.
    """

    folder: Path

    @property
    def summary(self) -> Summary:
        """The run's result, from its summary.json."""
        return read_summary(self.folder)

    @property
    def scores(self) -> dict[str, float]:
        """Epoch selection -> accuracy, 0..1; those that no test image selected come first."""
        return {name: float(score["accuracy"]) for name, score in self.summary.scores.items()}

    @property
    def folds(self) -> list[tuple[int, int]]:
        """(repeat, fold) of each network, from 0."""
        names = [file.parent.name for file in self._files()]
        return [(int(repeat[6:]), int(fold[4:])) for repeat, fold in (name.split("_")[:2] for name in names)]

    def predictions(self) -> pd.DataFrame:
        """Return a table with a row for each test image of each fold.

        Columns: repeat, fold, path, label, predicted, and the probability p_<label> of each label, 0..1.
        Epochs that test images selected are not used.

        Raises:
            RunError: pandas is not installed, or the run is not finished.
        """
        labels, rows = self.summary.labels, list[dict[str, Any]]()
        for (repeat, fold), file in zip(self.folds, self._files(), strict=True):
            with file.open(newline="", encoding="utf-8", errors="surrogateescape") as opened:
                for row in csv.DictReader(opened):
                    kept = {name: decodable(row[name]) for name in ("path", "label", "predicted")}
                    each = {f"p_{label}": float(row[label]) for label in labels}
                    rows.append({"repeat": repeat, "fold": fold, **kept, **each})
        table: pd.DataFrame = import_pandas().DataFrame(rows)
        return table

    def model(
        self, repeat: int | None = None, fold: FoldChoice | None = None, *, trust_plugins: bool = False
    ) -> TrainedNetwork:
        """Return a network of the run; arguments and errors as for `load_model`."""
        return load_model(self.folder, repeat=repeat, fold=fold, trust_plugins=trust_plugins)

    def predictor(
        self, repeat: int | None = None, fold: FoldChoice | None = None, **options: Any
    ) -> Predictor:
        """Return a predictor with a network of the run; repeat, fold and options as for `Predictor`."""
        return Predictor(self.folder, repeat=repeat, fold=fold, **options)

    def _files(self) -> list[Path]:
        folders = sorted(folds_dir(self.folder).iterdir())
        found = (
            next((one / name for name in PREDICTIONS if (one / name).is_file()), None) for one in folders
        )
        return [file for file in found if file]


def load_recipe(source: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Load and check a recipe.

    Args:
        source: A TOML file, or the name of a bundled recipe.
        overrides: Changes such as "fit.epochs=3".

    Raises:
        RecipeError: The recipe has problems. The error lists all of them.
    """
    return load_recipe_and_registry(str(source), overrides)[0]


def train(
    recipe: str | Path,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    *,
    resume: bool = False,
    refit: bool = False,
    demo: bool = False,
    jobs: int | None = None,
    progress: Progress = NO_PROGRESS,
) -> Run:
    """Train and evaluate a recipe, and write its report, as `ferkit run` does.

    Args:
        recipe: A TOML file, or the name of a bundled recipe.
        overrides: Changes such as "fit.epochs=3".
        out: The run folder. Default: runs/NAME-DATE-TIME.
        resume: Continue the run in `out`, or the latest run of this recipe, from its last complete epoch.
        refit: After the folds, train one network on all images. It becomes the default model of the run.
        demo: Train on generated faces for a few minutes.
        jobs: Number of folds to train at a time, in as many processes. Default: one by one, in this process.
        progress: Receives what happens.

    Raises:
        FerkitError: The recipe, the data or a component has a problem.
    """
    given: Any = {"resume": resume, "demo": demo, "refit": refit, "workers": workers_of(jobs)}
    request = make_request(recipe, overrides, out, **given)
    run_request(request, progress)
    return Run(request.folder)


def list_components(kind: str | None = None) -> list[Component]:
    """Return the installed components, of one kind ("head") or of all, sorted by kind and name.

    Raises:
        ComponentError: There is no such kind.
    """
    if kind is not None:
        _check_kind(kind)
    return [one.component for one in load_plugins().entries() if kind in (None, one.component.kind)]


def create(kind: str, name: str, context: Mapping[str, Any] | None = None, **options: Any) -> Any:
    """Build a component from its options.

    Args:
        kind: "dataset", "detector", "backbone", "head", "output", "loss", "augmentation", "optimizer",
            "scheduler", "callback", "descriptor" or "estimator".
        name: Its name, as a recipe states it.
        context: Arguments that ferkit gives, such as `{"num_classes": 7}` for a loss.
        options: Options, as a recipe states them.

    Raises:
        ComponentError: There is no such component, or an option does not fit.
    """
    registry, given = load_plugins(), context or {}
    part = _checked_part(registry, kind, name, options)
    expected = inspect.signature(registry.get(kind, name).load()).parameters
    needed = [one for one in CONTEXT.get(kind, ()) if one in expected and one not in given]
    if lacking := [one for one in needed if expected[one].default is inspect.Parameter.empty]:
        example = ", ".join(f"{one!r}: ..." for one in lacking)
        raise ComponentError(
            f"Cannot create {kind} {name!r}: it needs {list_some(lacking)}. Give context={{{example}}}."
        )
    return build(registry, kind, part, **given)


def _checked_part(registry: Registry, kind: str, name: str, options: Mapping[str, Any]) -> Part:
    """Check kind, name and options of a component. Raises ComponentError."""
    _check_kind(kind)
    if not isinstance(name, str):
        raise ComponentError(f"Cannot create a {kind}: expected its name, got {describe_value(name)}.")
    plain = {key: list(one) if isinstance(one, tuple) else one for key, one in options.items()}
    if problems := check_options(registry.get(kind, name), plain, registry, name):
        raise ComponentError(f"Cannot create {kind} {name!r}: {'; '.join(map(str, problems))}")
    return Part(name=name, **options)


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise ComponentError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")


def load_dataset(name: str, root: str | Path | None = None, **options: Any) -> list[Sample]:
    """Return the samples of a dataset: `load_dataset("image_folder", "faces")`.

    Args:
        name: Its name, as a recipe states it.
        root: The option `root` of the dataset, for most the folder of the images.
        options: Further options, as a recipe states them.

    Raises:
        DataError: The data cannot be read.
        ComponentError: There is no such dataset, or an option does not fit.
    """
    if root is not None:
        options["root"] = str(root) if isinstance(root, Path) else root
    registry = load_plugins()
    return list(samples_of(registry, _checked_part(registry, "dataset", name, options))[0])


def load_model(
    model: str | Path | None = None,
    *,
    repeat: int | None = None,
    fold: FoldChoice | None = None,
    trust_plugins: bool = False,
) -> TrainedNetwork:
    """Load a network as a `torch.nn.Module` in eval mode on the CPU, to use or to train further.

    It takes images (B, 3, size, size) of `network.preprocess` and returns logits (B, labels) in the order of
    `network.labels`. `network.embed` returns the input of its last layer. Parameters that the recipe freezes
    are frozen: `network.requires_grad_(True)` trains all.

    Args:
        model: A run folder, a .safetensors file, the name of a bundled model, or a model on the Hugging Face
            Hub ("hf://USER/NAME@REVISION"). Default: the bundled model.
        repeat: Repeat of a run, from 0. Default: the first.
        fold: Fold of a run, from 0, or "refit". Default: "refit" if the run has it, or else the first.
        trust_plugins: Import modules that the model names, also if no installed plugin provides them.

    Raises:
        RunError: The model does not exist or is damaged.
        ComponentError: A plugin that the model needs is missing or not trusted.
    """
    loaded = load_network(model, WhichNetwork(repeat, fold), trust_plugins)
    if not isinstance(loaded.network, Network):
        raise RunError(
            "Cannot load fold 'all' as one network: the run has one for each fold. Use fold=0 or "
            'fold="refit", or ferkit.Predictor(run, fold="all").'
        )
    return TrainedNetwork(loaded)


def export(
    model: Source,
    file: str | Path,
    *,
    repeat: int | None = None,
    fold: FoldChoice | None = None,
    half: bool = False,
    trust_plugins: bool = False,
) -> Exported:
    """Export a model to a .safetensors, .onnx or .pt2 file, as `ferkit export` does without the card.

    Args:
        model: As for `load_model`, or a network of `load_model`.
        file: The file to write.
        repeat: Repeat of a run, from 0. Default: the first.
        fold: As for `Predictor`. "all" exports the mean of the folds as one .onnx or .pt2 graph.
        half: Round the weights of a .safetensors file to float16.
        trust_plugins: As for `load_model`.

    Raises:
        RunError: The network cannot be exported, or the file would give other probabilities.
    """
    which = WhichNetwork(repeat, fold)
    return export_model(model, Path(file), which, is_half=half, trust_plugins=trust_plugins)
