"""Images to crops: what is cut out, what is kept, and what becomes of those without a face."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ferkit.components.component import Component
from ferkit.data.crops import BATCH, CropResult, crop_faces, describe_detector
from ferkit.data.detection_cache import DetectionCache
from ferkit.data.options import FaceOptions
from ferkit.errors import DataError
from ferkit.interfaces import Detections, Sample


class BoxDetector:
    """Finds the given box in every picture but black ones, and counts what it was shown."""

    version = "1"

    def __init__(self, box: Sequence[float] = (4.0, 6.0, 14.0, 26.0)) -> None:
        self.box = box
        self.shown = 0

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        self.shown += len(images)
        return [self._detect(image) for image in images]

    def _detect(self, image: NDArray[np.uint8]) -> Detections:
        count = 2 if image.any() else 0
        boxes = np.array([self.box, (0, 0, 2, 2)][:count], dtype=np.float32).reshape(-1, 4)
        scores = np.linspace(0.9, 0.8, 2, dtype=np.float32)[:count]
        return Detections(boxes, scores, np.zeros((count, 5, 2), np.float32))


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    """20 pictures of 30 by 40 pixels; number 7 is black."""
    made = []
    for number in range(20):
        pixels = np.random.default_rng(number).integers(1, 256, (40, 30, 3), dtype=np.uint8)
        path = tmp_path / f"{number:02}.png"
        Image.fromarray(pixels * (number != 7)).save(path)
        made.append(Sample(path, "anger"))
    return made


def crop(samples: Sequence[Sample], detector: BoxDetector, folder: Path, **options: object) -> CropResult:
    cache = DetectionCache("box", folder / "cache")
    return crop_faces(samples, detector, cache=cache, options=FaceOptions(**options))


def test_the_first_box_is_cut_out_at_its_own_size(samples: list[Sample], tmp_path: Path) -> None:
    face = crop(samples, BoxDetector(), tmp_path).faces[0]
    whole = np.asarray(Image.open(samples[0].path))
    assert np.array_equal(face.image, whole[6:26, 4:14])
    assert face.box == (4.0, 6.0, 14.0, 26.0)
    assert face.score == pytest.approx(0.9)


def test_a_margin_widens_every_side_by_half_its_share_of_the_longer_side(
    samples: list[Sample], tmp_path: Path
) -> None:
    face = crop(samples, BoxDetector(), tmp_path, margin=0.2).faces[0]
    assert np.array_equal(face.image, np.asarray(Image.open(samples[0].path))[4:28, 2:16])


def test_a_box_that_reaches_beyond_the_image_is_clipped(samples: list[Sample], tmp_path: Path) -> None:
    beyond = crop(samples, BoxDetector((-5.0, -5.0, 10.0, 90.0)), tmp_path / "a").faces[0]
    assert beyond.image.shape == (40, 10, 3)
    outside = crop(samples, BoxDetector((50.0, 60.0, 70.0, 90.0)), tmp_path / "b").faces[0]
    assert outside.image.shape == (1, 1, 3)


def test_where_no_face_is_found_the_whole_image_is_used(samples: list[Sample], tmp_path: Path) -> None:
    faces = crop(samples, BoxDetector(), tmp_path).faces
    assert [face.sample for face in faces] == samples
    assert [number for number, face in enumerate(faces) if face.box is None] == [7]
    assert faces[7].score is None
    assert faces[7].image.shape == (40, 30, 3)


def test_where_no_face_is_found_the_image_is_left_out_if_asked(samples: list[Sample], tmp_path: Path) -> None:
    result = crop(samples, BoxDetector(), tmp_path, no_face="skip")
    assert len(result.faces) == 19
    assert result.skipped == [(samples[7], "no face was found")]


def test_each_image_is_detected_once_ever(samples: list[Sample], tmp_path: Path) -> None:
    first, second = BoxDetector(), BoxDetector()
    before = crop(samples, first, tmp_path).faces
    after = crop(samples, second, tmp_path).faces
    assert (first.shown, second.shown) == (20, 0)
    assert all(
        np.array_equal(a.image, b.image) and a.box == b.box for a, b in zip(before, after, strict=True)
    )


def test_the_images_content_is_the_key_and_not_its_name(samples: list[Sample], tmp_path: Path) -> None:
    crop(samples, BoxDetector(), tmp_path)
    copy = tmp_path / "copy.png"
    copy.write_bytes(samples[0].path.read_bytes())
    samples[1].path.write_bytes(samples[2].path.read_bytes() + b"\0")
    detector = BoxDetector()
    crop([Sample(copy, "anger"), samples[1]], detector, tmp_path)
    assert detector.shown == 1


def test_copies_in_one_batch_are_detected_once(samples: list[Sample], tmp_path: Path) -> None:
    samples[1].path.write_bytes(samples[0].path.read_bytes())
    detector = BoxDetector()
    assert len(crop(samples, detector, tmp_path).faces) == 20
    assert detector.shown == 19


def test_a_detectors_every_option_and_version_is_part_of_the_key() -> None:
    class Other(BoxDetector):
        version = "2"

    box = Component("detector", "box", "package:Box", "", provider="package (one 1.0)")
    keys = {
        describe_detector(box, {}, BoxDetector()),
        describe_detector(box, {"box": [1, 2, 3, 4]}, BoxDetector()),
        describe_detector(box, {}, Other()),
        describe_detector(replace(box, name="other"), {}, BoxDetector()),
        describe_detector(replace(box, provider="package (two 1.0)"), {}, BoxDetector()),
        describe_detector(replace(box, provider="package (one 1.1)"), {}, BoxDetector()),
    }
    assert len(keys) == 6
    spelt_out = describe_detector(box, {"box": [4.0, 6.0, 14.0, 26.0]}, BoxDetector())
    assert spelt_out == describe_detector(box, {}, BoxDetector())


def test_a_detector_whose_source_was_edited_has_another_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    source = "class Box:\n    version = '1'\n"
    (tmp_path / "edited_box.py").write_text(source)
    made = importlib.import_module("edited_box").Box()
    box = Component("detector", "box", "edited_box:Box", "", provider="edited_box (named by the recipe)")
    before = describe_detector(box, {}, made)
    (tmp_path / "edited_box.py").write_text(source + "    threshold = 0.9\n")
    assert describe_detector(box, {}, made) != before


def test_an_unreadable_file_stops_and_says_how_to_go_on(samples: list[Sample], tmp_path: Path) -> None:
    samples[3].path.write_text("not a picture")
    with pytest.raises(DataError, match=r'03\.png: it is not an image.*--set faces\.unreadable="skip"'):
        crop(samples, BoxDetector(), tmp_path)


def test_unreadable_files_are_skipped_and_listed_if_asked(samples: list[Sample], tmp_path: Path) -> None:
    samples[3].path.write_text("not a picture")
    samples[4].path.unlink()
    result = crop(samples, BoxDetector(), tmp_path, unreadable="skip")
    assert len(result.faces) == 18
    assert [sample for sample, _ in result.skipped] == samples[3:5]
    assert "it is not an image" in result.skipped[0][1]


def test_what_was_detected_before_an_interruption_is_kept(samples: list[Sample], tmp_path: Path) -> None:
    samples[-1].path.write_text("not a picture")
    first, second = BoxDetector(), BoxDetector()
    with pytest.raises(DataError):
        crop(samples, first, tmp_path)
    crop(samples[:-1], second, tmp_path)
    assert (first.shown, second.shown) == (BATCH, 19 - BATCH)


def test_progress_ends_at_the_total(samples: list[Sample], tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    crop_faces(
        samples,
        BoxDetector(),
        cache=DetectionCache("box", tmp_path),
        options=FaceOptions(),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(BATCH, 20), (20, 20)]


def test_a_broken_entry_of_the_cache_is_made_again(samples: list[Sample], tmp_path: Path) -> None:
    crop(samples, BoxDetector(), tmp_path)
    entries = sorted((tmp_path / "cache").rglob("*.json"))
    entries[0].write_text('{"boxes": [[1, 2')
    entries[1].write_text('{"boxes": []}')
    detector = BoxDetector()
    assert len(crop(samples, detector, tmp_path).faces) == 20
    assert detector.shown == 2


def test_a_cache_that_can_not_be_written_is_gone_without_and_said_once(
    samples: list[Sample], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        assert len(crop(samples, BoxDetector(), tmp_path).faces) == 20
    assert [record.message.startswith("detections can't be cached in") for record in caplog.records] == [True]


class MarkDetector(BoxDetector):
    """Gives landmarks for some images only."""

    def __init__(self, known: int) -> None:
        super().__init__()
        self.known = known

    def _detect(self, image: NDArray[np.uint8]) -> Detections:
        found = super()._detect(image)
        marks = np.array([(6, 10), (12, 10), (9, 14), (7, 20), (11, 20)], np.float32)
        if self.known <= 0:
            marks = np.full((5, 2), np.nan, np.float32)
        self.known -= 1
        return replace(found, landmarks=np.repeat(marks[None], len(found.boxes), axis=0))


def test_faces_are_aligned_and_the_cached_detections_serve_every_option(
    samples: list[Sample], tmp_path: Path
) -> None:
    aligned = crop(samples, MarkDetector(20), tmp_path, align="similarity", size=16)
    assert [face.image.shape[:2] for face in aligned.faces] == [
        (40, 30) if number == 7 else (16, 16) for number in range(20)
    ]
    assert aligned.faces[0].box == (4.0, 6.0, 14.0, 26.0)
    assert aligned.warnings == ()
    again = MarkDetector(20)
    boxes = crop(samples, again, tmp_path).faces
    assert again.shown == 0
    assert boxes[0].image.shape == (20, 10, 3)


def test_a_face_without_landmarks_is_cropped_by_its_box_with_a_warning(
    samples: list[Sample], tmp_path: Path
) -> None:
    found = crop(samples, MarkDetector(3), tmp_path, align="similarity", size=16)
    assert [face.image.shape[0] for face in found.faces[:5]] == [16, 16, 16, 20, 20]
    assert "16 of 19 faces" in found.warnings[0]


def test_a_detector_without_landmarks_is_refused_for_aligned_faces(
    samples: list[Sample], tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"faces\.align.*landmarks"):
        crop(samples, MarkDetector(0), tmp_path, align="similarity")
    assert len(crop(samples, MarkDetector(0), tmp_path).faces) == 20
