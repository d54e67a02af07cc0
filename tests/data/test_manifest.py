"""Manifests: made, written, read, and held against a run's images."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from ferkit_datasets.sfew import SFEW

from ferkit.components.component import Component
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.data.crops import CropResult
from ferkit.data.listing import Entry
from ferkit.data.manifest import (
    compare_manifest,
    data_root,
    format_manifest,
    list_entries,
    list_readable,
    read_manifest,
)
from ferkit.data.manifest_diff import compare
from ferkit.data.options import ManifestOptions
from ferkit.errors import DataError
from ferkit.interfaces import Sample
from ferkit.recipe.demo import cut_down
from ferkit.recipe.extends import read_table
from ferkit.recipe.load import load_recipe
from ferkit.runtime.shipped import shipped_files, shipped_recipes
from tests.builders import make_faces

REAL = Path(os.environ.get("FERKIT_SFEW") or "/nowhere")
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def fill(root: Path, **files: str) -> list[Sample]:
    """label -> content of its one image."""
    samples = []
    for label, content in files.items():
        path = root / label / "1.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        samples.append(Sample(path, label))
    return samples


def test_a_image_is_named_below_the_folder_that_all_share(tmp_path: Path) -> None:
    samples = fill(tmp_path, anger="abc", joy="x")
    assert list_entries(samples)[0] == Entry("anger/1.png", "anger", "", {}, ABC)
    assert list_entries([]) == []


def test_the_data_sets_own_root_keeps_names_as_they_are_when_one_class_is_left(tmp_path: Path) -> None:
    samples = fill(tmp_path, anger="abc")
    assert [one.name for one in list_entries(samples)] == ["1.png"]
    assert [one.name for one in list_entries(samples, root=tmp_path)] == ["anger/1.png"]
    assert [one.name for one in list_entries(samples, root=tmp_path / "elsewhere")] == ["1.png"]


def test_names_are_the_same_however_the_folder_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "data", anger="abc", joy="x")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for root in (Path("../data"), Path("../here/../data"), tmp_path / "data"):
        samples = [Sample(root / "anger" / "1.png", "anger"), Sample(tmp_path / "data/joy/1.png", "joy")]
        assert [one.name for one in list_entries(samples, root=root)] == ["anger/1.png", "joy/1.png"]


def test_images_that_share_no_folder_are_refused() -> None:
    samples = [Sample(Path("/one/a.png"), "joy"), Sample(Path("/two/b.png"), "joy")]
    with pytest.raises(DataError, match=r"/one/a\.png and /two/b\.png have no common folder"):
        list_entries(samples, ["x", "y"])
    assert [one.name for one in list_entries(samples, ["x", "y"], Path("/"))] == ["one/a.png", "two/b.png"]


def test_a_image_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    (sample,) = fill(tmp_path, anger="abc")
    again = Sample(tmp_path / "anger" / ".." / "anger" / "1.png", "joy")
    with pytest.raises(DataError, match=r"lists 1\.png more than once"):
        list_entries([sample, again])


def test_a_image_that_can_not_be_read_stops_the_list_but_not_a_comparison(tmp_path: Path) -> None:
    samples = fill(tmp_path, anger="abc", joy="x")
    listed = list_entries(samples)
    samples[1].path.unlink()
    with pytest.raises(DataError, match=r"joy/1\.png: it can't be read"):
        list_entries(samples)
    found = compare(listed, list_readable(samples, root=tmp_path / "elsewhere"))
    assert (found.unreadable, found.missing) == (("joy/1.png",), ())


def test_what_is_written_is_read_back_sorted_by_name(tmp_path: Path) -> None:
    groups = {"movie": 'The "Eye", part 2', "clip": "é"}
    entries = [
        Entry("b,\n.png", "joy", "validation", groups, ABC),
        Entry("a.png", "anger", "", {}, ABC),
        Entry(os.fsdecode(b"caf\xe9.png"), "joy", "train", {}, ABC),
    ]
    file = tmp_path / "list.csv"
    file.write_bytes(format_manifest(entries).encode("utf-8", "surrogateescape"))
    assert read_manifest(str(file)) == [entries[1], entries[0], entries[2]]


@pytest.mark.parametrize("sha256", ["", "abc", "z" * 64])
def test_a_list_without_whole_hashes_is_no_manifest(tmp_path: Path, sha256: str) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"path,label,sha256\n1.png,joy,{ABC}\n2.png,joy,{sha256}\n")
    with pytest.raises(
        DataError, match=r"has no sha256 .* for 2\.png\. Create it again: ferkit data manifest"
    ):
        read_manifest(str(file))


def test_a_manifest_that_is_not_there_suggests_one_that_ferkit_ships() -> None:
    with pytest.raises(DataError, match=r"manifest 'sfew657': there is no such file.*Did you mean 'sfew675'"):
        read_manifest("sfew657")


def test_the_shipped_manifest_lists_sfews_675_images_and_nothing_of_this_machine() -> None:
    entries = read_manifest("sfew675")
    assert len(entries) == 675
    counts = [sum(one.label == label for one in entries) for label in ("anger", "disgust", "surprise")]
    assert counts == [100, 75, 100]
    assert all(set(one.groups) == {"clip", "movie"} for one in entries)
    assert all(one.name.count("/") == 1 for one in entries)


@pytest.mark.data
@pytest.mark.skipif(not REAL.is_dir(), reason="FERKIT_SFEW names no folder with SFEW-675")
def test_the_shipped_manifest_is_that_of_sfew() -> None:
    entries = list_entries(SFEW(REAL).samples(), root=REAL)
    assert not compare(read_manifest("sfew675"), entries)
    file = shipped_files("manifests")["sfew675"]
    assert format_manifest(entries) == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(one for one in shipped_recipes() if one.startswith("sfew_")))
def test_the_recipes_on_sfew_say_which_images_they_mean_but_not_as_demonstrations(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    trained = tmp_path / "runs" / "ferplus_trunk" / "folds" / "repeat0_fold0"  # of sfew_three_networks
    trained.mkdir(parents=True)
    (trained / "model.safetensors").touch()
    assert read_table(name)["manifest"] == {"file": "sfew675"}
    assert load_recipe(name, change=cut_down([]))[0].manifest is None


def test_a_data_set_may_say_what_its_names_are_below() -> None:
    class Rooted:
        root = Path("here")

    assert data_root(Rooted()) == Path("here")
    assert data_root(object()) is None


class Plain:
    def __init__(self, root: Path) -> None:
        self.root = root


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    registry.add([Component("dataset", "plain", "tests.data.test_manifest:Plain", "")], "here")
    return registry


def order(root: Path, file: Path, differs: str) -> tuple[ManifestOptions, Part]:
    manifest = ManifestOptions.model_validate({"file": str(file), "differs": differs})
    return manifest, Part(name="plain", root=str(root))


def test_images_that_a_run_skipped_are_told_and_refused_only_if_they_differ(
    tmp_path: Path, registry: Registry
) -> None:
    samples = fill(tmp_path / "data", anger="abc", joy="no face")
    file = tmp_path / "list.csv"
    file.write_text(format_manifest(list_entries(samples)))
    face = make_faces(1)[0]
    crops = CropResult([replace(face, sample=samples[0], sha256=ABC)], [(samples[1], "no face was found")])
    words = compare_manifest(*order(tmp_path / "data", file, "refuse"), registry, crops)
    assert words == f"not all images of the manifest {file}: 1 skipped (joy/1.png)"


def test_a_runs_skipped_images_are_not_missing(tmp_path: Path, registry: Registry) -> None:
    samples = fill(tmp_path / "data", anger="abc", joy="no face", fear="gone", disgust="cut short")
    file = tmp_path / "list.csv"
    file.write_text(format_manifest(list_entries(samples)))
    samples[2].path.unlink()
    samples[3].path.write_text("cut")
    face = make_faces(1)[0]
    crops = CropResult(
        [replace(face, sample=samples[0], sha256=ABC)],
        [(sample, "skipped") for sample in samples[1:]],
    )
    words = compare_manifest(*order(tmp_path / "data", file, "warn"), registry, crops)
    assert words == (
        f"the images differ from the manifest {file}: "
        "1 of another content (disgust/1.png); 1 unreadable (fear/1.png); "
        "3 skipped (joy/1.png, fear/1.png, disgust/1.png)"
    )
    with pytest.raises(DataError, match=r'ferkit data verify RECIPE .*--set manifest\.differs="warn"'):
        compare_manifest(*order(tmp_path / "data", file, "refuse"), registry, crops)
    spaced = file.rename(tmp_path / "my list.csv")
    with pytest.raises(DataError, match=f"ferkit data verify RECIPE '{spaced}' shows all"):
        compare_manifest(*order(tmp_path / "data", spaced, "refuse"), registry, crops)
