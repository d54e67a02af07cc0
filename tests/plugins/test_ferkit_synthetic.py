"""Drawn faces: content, reproducibility, and whether a network can learn them."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from ferkit_synthetic.action_units import EXPRESSIONS, NAMES, sample_units
from ferkit_synthetic.canvas import Canvas, Pose, curve, ellipse, mix
from ferkit_synthetic.drawing import draw_face
from ferkit_synthetic.occlusion import COVERS
from ferkit_synthetic.person import sample_person
from ferkit_synthetic.synthetic import SyntheticFaces
from numpy.typing import NDArray
from PIL import Image
from skimage.feature import hog
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ferkit.plugin import CANONICAL_LABELS, DataError, Sample


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def digests(samples: list[Sample]) -> list[str]:
    return [hashlib.sha256(sample.path.read_bytes()).hexdigest() for sample in samples]


def draw(units: dict[int, float], identity: int = 1) -> NDArray[np.int16]:
    canvas = Canvas(Image.new("RGB", (160, 160), (120, 120, 120)), Pose())
    person = sample_person(np.random.default_rng(identity))
    every_unit = {unit: units.get(unit, 0.0) for unit in NAMES}
    draw_face(canvas, person, every_unit, 0.3, (0.0, 0.0), np.random.default_rng(0))
    return np.asarray(canvas.image).astype(np.int16)


def test_every_expression_has_a_canonical_name_and_known_action_units() -> None:
    assert set(EXPRESSIONS) == set(CANONICAL_LABELS) - {"contempt"}
    for prototypes in EXPRESSIONS.values():
        assert all(unit in NAMES and 0 < much <= 1 for units in prototypes for unit, much in units.items())


def test_no_two_expressions_share_a_prototype() -> None:
    prototypes = [{frozenset(units) for units in variants} for variants in EXPRESSIONS.values()]
    assert len(frozenset().union(*prototypes)) == sum(len(variants) for variants in prototypes)


def test_sampled_units_follow_the_prototype_and_stay_in_range() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        units = sample_units("surprise", 0.9, rng)
        assert set(units) == set(NAMES)
        assert all(0 <= much <= 1 for much in units.values())
        assert min(units[1], units[2], units[26]) > 0.4 > 0.15 > max(units[4], units[12])


@pytest.mark.parametrize("unit", NAMES)
def test_each_action_unit_changes_the_picture_in_a_part_of_it_only(unit: int) -> None:
    change = np.abs(draw({unit: 1.0}) - draw({})).max(axis=2) > 12
    assert 20 < change.sum() < 0.2 * change.size


@pytest.mark.parametrize("units", [{1: 1.0, 2: 1.0}, {4: 1.0}])
def test_brow_units_leave_the_mouth_alone(units: dict[int, float]) -> None:
    change = np.abs(draw(units) - draw({})).max(axis=2)
    assert change[:80].max() > 12
    assert change[100:].max() == 0


def test_people_look_different() -> None:
    pictures = [draw({}, identity) for identity in range(6)]
    assert all(np.abs(a - b).mean() > 3 for i, a in enumerate(pictures) for b in pictures[:i])


def test_every_label_has_its_number_of_square_rgb_pictures() -> None:
    samples = SyntheticFaces(per_class=3, image_size=64).samples()
    assert Counter(sample.label for sample in samples) == dict.fromkeys(EXPRESSIONS, 3)
    for sample in samples:
        with Image.open(sample.path) as picture:
            assert (picture.mode, picture.size) == ("RGB", (64, 64))


def test_groups_name_people_and_each_has_every_label() -> None:
    samples = SyntheticFaces(per_class=6, image_size=48, people=3).samples()
    of_person: dict[str, list[str]] = {}
    for sample in samples:
        assert f"_{sample.groups['person']}_" in sample.path.name
        of_person.setdefault(sample.groups["person"], []).append(sample.label)
    assert set(of_person) == {"person00", "person01", "person02"}
    assert all(Counter(labels) == dict.fromkeys(EXPRESSIONS, 2) for labels in of_person.values())


def test_same_options_draw_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = digests(SyntheticFaces(per_class=2, image_size=64).samples())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    second = digests(SyntheticFaces(per_class=2, image_size=64).samples())
    assert first == second
    assert len(set(first)) == len(first)


@pytest.mark.parametrize("other", [{"seed": 1}, {"people": 3}, {"strength": (0.2, 0.4)}, {"image_size": 65}])
def test_other_options_draw_other_pictures(other: dict[str, object]) -> None:
    options = {"per_class": 4, "image_size": 64, "labels": ("fear",)}
    first = SyntheticFaces(**options).samples()
    second = SyntheticFaces(**{**options, **other}).samples()
    assert not {sample.path for sample in first} & {sample.path for sample in second}
    assert set(digests(first)) != set(digests(second))


def test_more_per_class_keeps_the_pictures_that_are_there() -> None:
    few = SyntheticFaces(per_class=1, image_size=48).samples()
    many = SyntheticFaces(per_class=2, image_size=48).samples()
    assert {sample.path for sample in few} < {sample.path for sample in many}


def test_cached_pictures_are_used_again() -> None:
    faces = SyntheticFaces(per_class=1, image_size=48)
    before = [sample.path.stat().st_mtime_ns for sample in faces.samples()]
    assert [sample.path.stat().st_mtime_ns for sample in faces.samples()] == before


def test_an_incomplete_folder_is_completed_with_the_same_pictures() -> None:
    faces = SyntheticFaces(per_class=2, image_size=48)
    samples = faces.samples()
    expected = digests(samples)
    for sample in samples[::3]:
        sample.path.unlink()
    assert digests(faces.samples()) == expected


def test_nothing_but_pictures_is_left_in_the_cache(cache: Path) -> None:
    samples = SyntheticFaces(per_class=1, image_size=48).samples()
    assert {path for path in cache.rglob("*") if path.is_file()} == {sample.path for sample in samples}


def test_a_cache_that_cannot_be_written_is_reported(cache: Path) -> None:
    (cache / "ferkit").write_text("a file where the folder should be")
    with pytest.raises(DataError, match="XDG_CACHE_HOME"):
        SyntheticFaces(per_class=1, image_size=48).samples()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"per_class": 0}, "per_class: expected 1 or more, got 0"),
        ({"image_size": 8}, "image_size: expected 48 to 1024 pixels, got 8"),
        ({"people": 0}, "people: expected 1 or more, got 0"),
        ({"seed": -1}, "seed: expected 0 or more, got -1"),
        ({"labels": ()}, "labels: expected one or more"),
        ({"labels": ("fear", "fear")}, "labels: expected one or more labels, each once"),
        ({"labels": ("angr",)}, "labels: no drawn expression is called 'angr'.*anger"),
        ({"strength": (0.9, 0.1)}, "strength: expected two numbers"),
        ({"strength": (0.5, 1.5)}, "strength: expected two numbers"),
    ],
)
def test_impossible_options_are_refused_by_name(options: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        SyntheticFaces(**options)


def test_what_covers_the_face_changes_it() -> None:
    person = sample_person(np.random.default_rng(0))
    for _, cover in COVERS:
        canvas = Canvas(Image.new("RGB", (96, 96), (120, 120, 120)), Pose())
        cover(canvas, person, np.random.default_rng(0))
        assert (np.asarray(canvas.image) != 120).any(axis=2).mean() > 0.01


def test_painting_is_antialiased_and_kept_within_an_outline() -> None:
    canvas = Canvas(Image.new("RGB", (80, 80)), Pose(shift=(0.0, 0.0)))
    left_half = np.array([(-2.0, -2.0), (0.0, -2.0), (0.0, 2.0), (-2.0, 2.0)])
    canvas.paint(ellipse(0, 0, 0.5, 0.5), (255, 255, 255), within=left_half)
    pixels = np.asarray(canvas.image)[:, :, 0]
    assert pixels[40, 30] == 255
    assert pixels[:, 42:].max() == 0
    assert len(np.unique(pixels)) > 5


def test_what_is_painted_off_the_picture_leaves_it_alone() -> None:
    canvas = Canvas(Image.new("RGB", (32, 32)), Pose())
    canvas.paint(ellipse(9, 9, 0.5, 0.5), (255, 255, 255))
    assert np.asarray(canvas.image).max() == 0


def test_turning_the_head_moves_the_nose_further_than_the_ears() -> None:
    nose_and_ear = np.array([(0.0, 0.2), (0.66, 0.2)])
    straight, turned = (Pose(yaw=yaw).project(nose_and_ear, 0.0)[:, 0] for yaw in (0.0, 0.2))
    nose, ear = np.abs(turned - straight)
    assert nose > 3 * ear


def test_a_curve_goes_through_its_points() -> None:
    points = [(0.0, 0.0), (1.0, 2.0), (3.0, 1.0)]
    assert curve(points, steps=4)[::4] == pytest.approx(np.array(points))


def test_colours_mix_within_their_range() -> None:
    assert mix((0, 100, 200), (100, 100, 100), 0.5) == (50, 100, 150)
    assert mix((0, 0, 0), (255, 255, 255), 1.5) == (255, 255, 255)


@pytest.mark.slow
def test_expressions_are_learned_on_people_who_were_not_seen() -> None:
    samples = SyntheticFaces(per_class=24, image_size=96, people=8).samples()
    gradients = np.stack(
        [hog(np.asarray(Image.open(s.path).convert("L"))[24:84, 18:78], 8, (6, 6), (2, 2)) for s in samples]
    )
    labels = [sample.label for sample in samples]
    people = [sample.groups["person"] for sample in samples]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
    scores = cross_val_score(model, gradients, labels, groups=people, cv=GroupKFold(4))
    assert 4 / 7 < scores.mean() < 0.95
