"""The whole audit, and how it is written down."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ferkit.audit.page import write_json, write_page
from ferkit.audit.result import Audit, NearPair, Unreadable
from ferkit.audit.run import AuditRequest, audit
from ferkit.audit.text import describe
from ferkit.errors import DataError, RunError
from ferkit.recipe.target import load_target
from tests.audit.drawn import draw, draw_clips, save

SFEW = Path(os.environ.get("FERKIT_SFEW") or "/nowhere")
WHOLE = 'detector={name="whole_image"}'
CLIPS = "data.group_pattern=(?P<clip>clip\\d+)_"


def run(target: Path | str, *overrides: str, **how: object) -> Audit:
    recipe, registry, is_recipe = load_target(str(target), [WHOLE, *overrides])
    order = AuditRequest(recipe, registry, is_recipe, seeds=5)
    return audit(replace(order, **how))  # type: ignore[arg-type]


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return draw_clips(tmp_path / "faces")


def test_a_clean_folder_has_no_findings(images: Path) -> None:
    found = run(images)
    assert found.findings == ()
    assert (found.images, found.classes) == (24, {"happiness": 12, "sadness": 12})
    assert found.faces.found == 24
    assert found.near[0].pairs == 0
    assert "the weights 'vggface2' are not in the cache" in found.near[1].reason
    assert found.groups == ()


def test_every_kind_of_problem_is_found_at_once(images: Path) -> None:
    save(images / "happy" / "twin.jpg", draw(100), quality=30)
    save(images / "happy" / "clip1_0_again.png", draw(100))
    (images / "sad" / "broken.png").write_bytes(b"\x89PNG nothing")
    found = run(images)
    assert {one.name for one in found.findings if one.fails} == {"unreadable", "conflicts", "duplicates"}
    assert [one.name for one in found.unreadable] == ["sad/broken.png"]
    assert found.duplicates[0].names == ("happy/clip1_0_again.png", "sad/clip1_0.png")
    assert {pair.names for pair in found.near[0].closest} == {
        ("happy/clip1_0_again.png", "happy/twin.jpg"),
        ("happy/twin.jpg", "sad/clip1_0.png"),
    }
    assert found.crossings.near_duplicates > 0
    assert found.images == 27
    assert found.faces.found == 26


def test_groups_are_judged_only_where_all_readable_images_have_one(images: Path) -> None:
    (group,) = run(images, CLIPS).groups
    assert (group.kind, group.groups, group.sharing, group.protocol_fraction) == ("clip", 8, 24, None)
    assert group.random_fraction is not None
    assert group.random_fraction > 0.5
    save(images / "sad" / "lone.png", draw(999))
    found = run(images, CLIPS)
    assert found.groups == ()
    assert found.partial_groups == {"clip": 24}


def test_without_faces_no_detector_is_built(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferkit.audit.run.crop_faces", lambda *_, **__: pytest.fail("faces"))
    found = run(images, has_faces=False)
    assert found.faces.reason == found.near[1].reason == "--no-faces was given"


@pytest.mark.parametrize(("no_face", "tested"), [("whole_image", 24), ("skip", 20)])
def test_the_recipes_split_is_of_the_images_that_it_uses(
    images: Path, tmp_path: Path, no_face: str, tested: int
) -> None:
    """Four bright ones have no face, in the eyes of this detector."""
    for frame in range(4):
        Image.fromarray(np.full((96, 96, 3), 250 + frame, np.uint8)).save(
            images / "sad" / f"clip{2 * frame + 1}_0.png"
        )
    recipe = tmp_path / "own.toml"
    recipe.write_text(
        'name = "own"\nplugins = ["tests.audit.plugin"]\n[detector]\nname = "dark"\n'
        f'[faces]\nno_face = "{no_face}"\n[data]\nname = "image_folder"\nroot = "{images}"\n'
        '[model]\nbackbone = {name = "mean"}\n'
    )
    checked, registry, is_recipe = load_target(str(recipe))
    found = audit(AuditRequest(checked, registry, is_recipe, seeds=2))
    assert len(found.faces.not_found) == 4
    assert found.crossings.test_images == tested


@pytest.mark.parametrize(("duplicates", "tested"), [("keep", 25), ("drop", 24)])
@pytest.mark.parametrize("has_faces", [True, False])
def test_duplicates_that_the_recipe_leaves_out_are_not_in_its_split(
    images: Path, tmp_path: Path, duplicates: str, tested: int, has_faces: bool
) -> None:
    (images / "happy" / "again.png").write_bytes((images / "happy" / "clip0_0.png").read_bytes())
    recipe = tmp_path / "own.toml"
    recipe.write_text(
        f'name = "own"\n[detector]\nname = "whole_image"\n[faces]\nduplicates = "{duplicates}"\n'
        f'[data]\nname = "image_folder"\nroot = "{images}"\n'
    )
    checked, registry, is_recipe = load_target(str(recipe))
    found = audit(AuditRequest(checked, registry, is_recipe, seeds=2, has_faces=has_faces))
    assert len(found.duplicates) == 1
    assert found.crossings.test_images == tested


def test_a_split_that_cannot_be_made_is_a_finding(images: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "own.toml"
    recipe.write_text(
        f'name = "own"\n[data]\nname = "image_folder"\nroot = "{images}"\n[protocol]\nname = "grouped"\n'
    )
    found = run(recipe)
    (finding,) = found.findings
    assert finding.name == "protocol"
    assert "the dataset has no groups" in finding.words


def test_a_data_set_of_nothing_but_broken_files_is_told_as_that(images: Path) -> None:
    for path in images.rglob("*.png"):
        path.write_text("nothing")
    found = run(images)
    assert len(found.unreadable) == 24
    assert "expected two classes or more" in found.crossings.problem
    assert any("cannot be read" in line for line in describe(found))


def test_a_data_set_without_images_is_refused(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, registry, is_recipe = load_target(str(images))
    monkeypatch.setattr(registry.get("dataset", "image_folder").load(), "samples", lambda self: [])
    with pytest.raises(DataError, match="'image_folder': it has no images"):
        audit(AuditRequest(recipe, registry, is_recipe))


def test_near_faces_are_compared_where_the_weights_are_here(images: Path, tmp_path: Path) -> None:
    (tmp_path / "torch" / "checkpoints").mkdir(parents=True)
    (tmp_path / "torch" / "checkpoints" / "audit.pt").touch()
    backbone = ['plugins=["tests.audit.plugin"]', 'model.backbone={name="mean"}']
    found = run(images, *backbone, "model.image_size=32", similarity=-1.0)
    assert found.near[1].compared == 24
    assert found.near[1].pairs == 24 * 23 / 2
    assert found.near[1].reason == ""


def test_images_without_a_face_are_not_compared_as_faces(images: Path, tmp_path: Path) -> None:
    (tmp_path / "torch" / "checkpoints").mkdir(parents=True)
    (tmp_path / "torch" / "checkpoints" / "audit.pt").touch()
    for number, folder in enumerate(("happy", "sad")):
        save(images / folder / "white.png", Image.new("RGB", (96, 96), (255, 255, 250 + number)))
    plugin = ['plugins=["tests.audit.plugin"]', 'model.backbone={name="mean"}', "model.image_size=32"]
    recipe, registry, _ = load_target(str(images), ['detector={name="dark"}', *plugin])
    found = audit(AuditRequest(recipe, registry, False, seeds=1, similarity=0.999))
    assert found.faces.not_found == ("happy/white.png", "sad/white.png")
    assert found.near[1].compared == 24
    assert not any("white" in name for pair in found.near[1].closest for name in pair.names)


def test_the_page_and_the_json_hold_what_was_found_and_no_picture(images: Path, tmp_path: Path) -> None:
    save(images / "happy" / "clip1_0_again.png", draw(100))
    found = replace(
        run(images, CLIPS),
        unreadable=(Unreadable("sad/<b>.png", "cut & gone"),),
        near=(replace(run(images).near[0], pairs=1, closest=(NearPair(("a", "b"), ("x", "y"), 4.0),)),),
    )
    write_page(found, tmp_path / "out" / "audit.html")
    page = (tmp_path / "out" / "audit.html").read_text()
    assert "sad/&lt;b&gt;.png" in page
    assert "cut &amp; gone" in page
    assert "clip1_0_again.png" in page
    assert "prefers-color-scheme: dark" in page
    assert "<img" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<caption>") == page.count("<table")
    write_json(found, tmp_path / "out" / "audit.json")
    kept = json.loads((tmp_path / "out" / "audit.json").read_text())
    assert kept["serious"] is True
    assert kept["duplicates"][0]["names"] == ["happy/clip1_0_again.png", "sad/clip1_0.png"]
    assert kept["near"][0]["closest"][0] == {"names": ["a", "b"], "labels": ["x", "y"], "value": 4.0}
    assert kept["groups"][0]["groups"] == 8


def test_a_file_that_cannot_be_written_is_named_with_its_option(images: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"Cannot write --out .*audit\.json"):
        write_json(run(images), tmp_path / "file" / "audit.json")


def test_long_lists_are_cut_short_on_the_terminal(images: Path) -> None:
    for number in range(7):
        (images / "sad" / f"broken{number}.png").write_text("nothing")
    lines = list(describe(run(images)))
    assert sum("broken" in line for line in lines) == 5
    assert any(line.strip().startswith("and 2 more") for line in lines)
    assert lines[2].startswith("SERIOUS  unreadable: ")


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.skipif(not SFEW.is_dir(), reason="FERKIT_SFEW names no folder with SFEW-675")
def test_what_is_known_of_sfew_is_found() -> None:
    recipe, registry, is_recipe = load_target("sfew", [f"data.root={SFEW}"])
    found = audit(AuditRequest(recipe, registry, is_recipe))
    name = "HarryPotter_Deathly_Hallows_1_001610960_00000028.png"
    assert [one.names for one in found.duplicates] == [(f"Fear/{name}", f"Surprise/{name}")]
    assert found.duplicates[0].labels == ("fear", "surprise")
    shares = {one.kind: one.random_fraction for one in found.groups}
    assert shares["clip"] == pytest.approx(0.331, abs=0.01)
    assert shares["movie"] == pytest.approx(0.968, abs=0.01)
    assert found.seeds == 50
    assert (found.faces.found, found.images, found.unreadable) == (643, 675, ())
    assert found.near[0].same_group is not None
    assert found.near[0].same_group["movie"] > 0.99
    assert found.near[0].pairs == pytest.approx(158, abs=5)
