"""Wrong data sets."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

from ferkit.plugin import DataError, Sample
from ferkit.testing import draw_folders
from tests.testing.wrong.case import fails
from tests.testing.wrong.right import RightDataset

turn = count()


def one_class(folder: Path) -> dict[str, str]:
    return {"root": str(draw_folders(folder, ["neutral"]))}


def german(folder: Path) -> dict[str, str]:
    return {"root": str(draw_folders(folder, ["Happy", "neutral"]))}


@fails("dataset", "tells_a_folder_that_is_missing", "raises_data_error_where_nothing_is")
class ListsBeforeItLooks(RightDataset):
    def problems(self) -> list[str]:
        return [f"no image of {path}" for path in self.root.iterdir() if not any(path.iterdir())]


@fails("dataset", "tells_a_folder_that_is_missing")
class NamesNoFolder(RightDataset):
    def problems(self) -> list[str]:
        return [] if self.root.is_dir() else ["the folder is missing"]


@fails("dataset", "raises_data_error_where_nothing_is")
class GivesNothing(RightDataset):
    def samples(self) -> list[Sample]:
        return [self.sample(path) for path in sorted(self.root.glob("*/*.png"))]


@fails("dataset", "finds_no_problem_in_its_data")
class FindsFault(RightDataset):
    def problems(self) -> list[str]:
        return [f"something of {self.root} is missing"]

    def samples(self) -> list[Sample]:
        if not self.root.is_dir():
            raise DataError(f"there is no folder {self.root}")
        return [self.sample(path) for path in sorted(self.root.glob("*/*.png"))]


@fails("dataset", "gives_samples", "is_below_its_root")
class NamesFilesWithoutTheirFolder(RightDataset):
    def sample(self, path: Path) -> Sample:
        return Sample(Path(path.name), path.parent.name)


@fails("dataset", "gives_samples")
class GivesEachTwice(RightDataset):
    def samples(self) -> list[Sample]:
        return [sample for sample in super().samples() for _ in range(2)]


@fails("dataset", "uses_canonical_label_names", options=german)
class TakesFoldersNames(RightDataset):
    pass


@fails("dataset", "has_more_than_one_label", options=one_class)
class HasOneLabel(RightDataset):
    pass


@fails("dataset", "names_splits_and_groups_as_agreed")
class CallsAPartVal(RightDataset):
    def sample(self, path: Path) -> Sample:
        return Sample(path, path.parent.name, split="val")


@fails("dataset", "names_splits_and_groups_as_agreed")
class NumbersItsPeople(RightDataset):
    def sample(self, path: Path) -> Sample:
        return Sample(path, path.parent.name, {"person": 7})  # type: ignore[dict-item]


@fails("dataset", "gives_soft_targets_that_the_label_leads")
class VotesForNoLabel(RightDataset):
    def sample(self, path: Path) -> Sample:
        label = path.parent.name
        return Sample(path, label, soft_target={label: 0.9, "unknown": 0.1})


@fails("dataset", "gives_soft_targets_that_the_label_leads")
class CountsVotesInPlaceOfShares(RightDataset):
    def sample(self, path: Path) -> Sample:
        return Sample(path, path.parent.name, soft_target={path.parent.name: 9.0, "neutral": 1.0})


@fails("dataset", "gives_soft_targets_that_the_label_leads")
class LosesShares(RightDataset):
    def sample(self, path: Path) -> Sample:
        return Sample(path, path.parent.name, soft_target={path.parent.name: 0.9})


@fails("dataset", "gives_soft_targets_that_the_label_leads")
class TakesAnotherLabel(RightDataset):
    def sample(self, path: Path) -> Sample:
        return Sample(path, path.parent.name, soft_target={"neutral": 0.5, "happiness": 0.5})


@fails("dataset", "lists_samples_in_one_order", "lists_samples_sorted")
class Shuffles(RightDataset):
    def samples(self) -> list[Sample]:
        found = super().samples()
        middle = [one for one in found if one.label == found[0].label]
        rest = found[len(middle) :]
        return middle + rest if next(turn) % 2 else rest + middle


@fails("dataset", "lists_samples_sorted")
class ListsAsTheFileSystemDoes(RightDataset):
    def samples(self) -> list[Sample]:
        found = super().samples()
        names = [name for folder in sorted(self.root.iterdir()) for name in os.listdir(folder)]
        return sorted(found, key=lambda one: names.index(one.path.name))


@fails("dataset", "is_below_its_root")
class HasItsRootElsewhere(RightDataset):
    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.real, self.root = root, root / "elsewhere"

    def problems(self) -> list[str]:
        return [] if self.real.is_dir() else [f"there is no folder {self.real}"]

    def samples(self) -> list[Sample]:
        return RightDataset(self.real).samples()


@fails("dataset", "counts_what_it_left_out")
class GoesOnCounting(RightDataset):
    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.left_out = {"blurred": 0}

    def samples(self) -> list[Sample]:
        self.left_out["blurred"] += 1
        return super().samples()
