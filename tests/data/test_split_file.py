"""Lists of folds: what they say, what is wrong with them, and the two that ferkit ships."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from ferkit_datasets.sfew import SFEW

from ferkit.data.groups import group_names
from ferkit.data.split_file import read_split
from ferkit.errors import DataError, RecipeError
from ferkit.interfaces import Sample
from ferkit.recipe.load import load_recipe

REAL = Path(os.environ.get("FERKIT_SFEW") or "/nowhere")
needs_sfew = pytest.mark.skipif(not REAL.is_dir(), reason="FERKIT_SFEW names no folder with SFEW-675")

SPLIT = """\
by = "movie"
folds = [["A", "B"], ["C", "D"]]
[merged]
series = ["C", "D"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "split.toml"
    path.write_text(SPLIT)
    return path


def films(names: str) -> list[Sample]:
    return [Sample(Path(f"{number}.png"), "anger", {"movie": name}) for number, name in enumerate(names)]


def test_a_list_says_which_images_make_up_each_fold(file: Path) -> None:
    split = read_split(str(file))
    assert [place.tolist() for place in split.positions(films("ACBDA"))] == [[0, 2, 4], [1, 3]]
    assert (split.by, split.merged) == ("movie", {"C": "series", "D": "series"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("by = ", "is not a split file: .*Expected:"),
        ('folds = [["A"], ["B"]]', "'by' is missing"),
        ('by = "movie"', "'folds' is missing"),
        ('by = 3\nfolds = [["A"], ["B"]]', "`by` must be a string"),
        ('by = "movie"\nfolds = [["A", "B"]]', "two or more non-empty lists"),
        ('by = "movie"\nfolds = [["A", "B"], []]', "non-empty lists"),
        ('by = "movie"\nfolds = ["A", "B"]', "expected a list of names, got 'A'"),
        ('by = "movie"\nfolds = [["A"], [2]]', r"expected a list of names, got \[2\]"),
        ('by = "movie"\nfolds = 2', "is not a split file"),
        ('by = "movie"\nmerge = {}\nfolds = [["A"], ["B"]]', "it has no key merge"),
        ('by = "movie"\nmerged = ["A"]\nfolds = [["A"], ["B"]]', "is not a split file"),
        ('by = "movie"\nmerged = { s = "A" }\nfolds = [["A"], ["B"]]', "expected a list of names, got 'A'"),
        (
            'by = "movie"\nfolds = [["A", "B"], ["C", "A"]]',
            "lists movie A more than once. A group in two",
        ),
        ('by = "movie"\nfolds = [["A", "A"], ["B"]]', "lists movie A more than once"),
        (SPLIT + 'other = ["C"]', "merges C into more than one group"),
        (SPLIT + 'other = ["Dd"]', "merges Dd, which no fold lists"),
        (
            SPLIT.replace('series = ["C', 'series = ["A'),
            "counts series as one group, but lists it in two folds",
        ),
        (SPLIT.replace("series =", "A ="), "counts A as one group"),
    ],
)
def test_what_is_no_list_is_refused_with_what_is_wrong(file: Path, text: str, problem: str) -> None:
    file.write_text(text)
    with pytest.raises(DataError, match=rf"(?s){problem}") as raised:
        read_split(str(file))
    assert str(file) in str(raised.value)


def test_a_list_that_is_not_there_suggests_one_that_is() -> None:
    with pytest.raises(DataError, match="Did you mean 'sfew675_movie2'"):
        read_split("sfew675_movie")


def test_groups_without_a_fold_are_named(file: Path) -> None:
    with pytest.raises(DataError, match="lists no fold for movie E, F, G, H, I and others"):
        read_split(str(file)).positions(films("ABCDEFGHIJ"))


def test_a_fold_without_a_image_is_named(file: Path) -> None:
    with pytest.raises(DataError, match="no image belongs to the groups of fold 2"):
        read_split(str(file)).positions(films("AB"))


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("folds=5", "protocol.folds: is 5, but the split sfew675_movie2 has 2"),
        ('by="clip"', "protocol.by: is 'clip', but the split sfew675_movie2 has 'movie'"),
    ],
)
def test_a_recipe_that_says_other_things_than_its_split_is_refused(override: str, problem: str) -> None:
    protocol = ['protocol.name="grouped"', 'protocol.split="sfew675_movie2"']
    with pytest.raises(RecipeError) as raised:
        load_recipe("quickstart", [*protocol, f"protocol.{override}"])
    assert problem in str(raised.value)


def test_the_shipped_split_by_movie_has_29_titles_in_each_fold_and_series_merged() -> None:
    split = read_split("sfew675_movie2")
    assert (split.by, [len(fold) for fold in split.folds]) == ("movie", [29, 29])
    assert Counter(split.merged.values()) == {"HarryPotter": 7, "Oceans": 3}
    assert all(name.startswith(series) for name, series in split.merged.items())


@pytest.mark.data
@needs_sfew
def test_the_shipped_split_by_movie_is_even_on_the_675_images() -> None:
    samples, split = SFEW(REAL).samples(), read_split("sfew675_movie2")
    folds = split.positions(samples)
    labels = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
    per_class = [Counter(samples[place].label for place in fold) for fold in folds]
    assert [len(fold) for fold in folds] == [336, 339]
    assert [[one[label] for label in labels] for one in per_class] == [
        [50, 37, 50, 50, 49, 50, 50],
        [50, 38, 50, 50, 51, 50, 50],
    ]
    assert len(set(group_names(samples, "movie", split.merged))) == 50


@pytest.mark.data
@needs_sfew
def test_no_clip_crosses_the_shipped_split_by_clip() -> None:
    samples = SFEW(REAL).samples()
    folds = read_split("sfew675_clip2").positions(samples)
    assert [len(fold) for fold in folds] == [338, 337]
    assert sorted(np.concatenate(folds)) == list(range(675))
    first, second = ({samples[place].groups["clip"] for place in fold} for fold in folds)
    assert not first & second
