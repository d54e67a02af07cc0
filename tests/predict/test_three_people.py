"""A made video of three drawn people, with a crossing and two cuts: tracks and summary are as constructed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from ferkit_synthetic.synthetic import SyntheticFaces
from numpy.typing import NDArray
from PIL import Image

from ferkit.data.images import read_image
from ferkit.interfaces import Detections
from ferkit.predict import Predictor, summarise
from ferkit.predict.summary.values import Summary
from tests.predict.drawn import LABELS

RATE, SIDE, WIDTH, HEIGHT = 10, 80, 320, 120
FACE = np.array([16, 14, 64, 72], np.float32)
"""Box of the face in a drawn image of SIDE pixels."""
ANNE, BEN, CAROL = 0, 1, 2
Pixels = NDArray[np.uint8]
Placed = tuple[int, str, float]
"""A person, the expression, and the left edge of the image. The first is in front."""


def shown_at(time: float) -> Sequence[Placed]:
    """Three shots: Anne and Ben cross; then Carol; then Anne in the same place."""
    if time < 3:
        anne = "happiness" if time < 1.45 else "neutral"
        return [(ANNE, anne, 20 + 60 * time), (BEN, "anger", 220 - 60 * time)]
    if time < 5:
        return [(CAROL, "happiness" if time < 3.95 else "anger", 120 + 2 * (time - 3))]
    return [(ANNE, "neutral", 121)]


@cache
def drawn(person: int, label: str) -> Pixels:
    """The face of a person with an expression."""
    samples = SyntheticFaces(per_class=3, image_size=SIDE, people=3, labels=LABELS).samples()
    return read_image(samples[3 * LABELS.index(label) + person].path)


def write_clip(file: Path) -> Path:
    """Without loss, so that the first pixel holds the frame's number."""
    grounds = [np.random.default_rng(n).integers(0, 255, (6, 20, 3), np.uint8) for n in range(3)]
    with av.open(str(file), "w") as container:
        stream = container.add_stream("ffv1", rate=RATE)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "bgr0"
        for number in range(7 * RATE):
            time = number / RATE
            ground = Image.fromarray(grounds[0 if time < 3 else 1 if time < 5 else 2])
            image = np.array(ground.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
            for person, label, left in reversed(shown_at(time)):
                image[20 : 20 + SIDE, round(left) : round(left) + SIDE] = drawn(person, label)
            image[0, 0] = number
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return file


def faces_at(number: int) -> list[tuple[Placed, NDArray[np.float32]]]:
    """The people of a frame with their boxes. Who is half hidden is not found."""
    found: list[tuple[Placed, NDArray[np.float32]]] = []
    for one in shown_at(number / RATE):
        box = FACE + np.array([one[2], 20, one[2], 20], np.float32)
        if all(abs(box[0] - other[0]) > 24 for _, other in found):
            found.append((one, box))
    return found[::-1] if number % 2 else found  # the detector's order changes


def detect(images: Sequence[Pixels]) -> list[Detections]:
    boxes = [np.array([box for _, box in faces_at(int(image[0, 0, 0]))], np.float32) for image in images]
    return [Detections(one, np.ones(len(one), np.float32), np.zeros((len(one), 5, 2))) for one in boxes]


def classify(images: Sequence[Pixels], found: Sequence[Detections]) -> NDArray[np.float64]:
    """The expression of the nearest person. Each seventh frame is wrong."""
    rows = []
    for image, faces in zip(images, found, strict=True):
        number = int(image[0, 0, 0])
        for box in faces.boxes:
            (_, label, _), _ = min(faces_at(number), key=lambda one: abs(one[1][0] - box[0]))
            right = LABELS.index(label)
            seen = (right + 1) % 3 if number % 7 == 3 else right
            rows.append(np.where(np.arange(3) == seen, 0.8, 0.1))
    return np.array(rows).reshape(-1, 3)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("people") / "people.mkv")


def summary_of(model: Path, clip: Path, detect_every: int, monkeypatch: pytest.MonkeyPatch) -> Summary:
    predictor = Predictor(model)
    monkeypatch.setattr(predictor, "_find_boxes", detect)
    monkeypatch.setattr(predictor, "classify_faces", classify)
    return summarise(predictor.stream(clip, detect_every=detect_every, smooth=0.4))


def test_tracks_end_at_cuts_where_faces_are_carried(
    model: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (video,) = summary_of(model, clip, 4, monkeypatch).videos
    *crossing, carol, anne = [(round(one.first, 1), round(one.last, 1)) for one in video.tracks]
    assert (carol, anne) == ((3, 5), (5, 7))
    assert max(last for _, last in crossing) == 3


def test_tracks_and_episodes_are_as_constructed(
    model: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (video,) = summary_of(model, clip, 1, monkeypatch).videos
    assert (video.frames, video.seconds) == (70, pytest.approx(7))
    spans = [(one.track, round(one.first, 1), round(one.last, 1)) for one in video.tracks]
    assert spans == [(1, 0, 3), (2, 0, 3), (3, 3, 5), (4, 5, 7)]
    episodes = [[(one.expression, one.onset, one.offset) for one in track.episodes] for track in video.tracks]
    expected = [
        [("happiness", 0, 1.5), ("neutral", 1.5, 3)],
        [("anger", 0, 3)],
        [("happiness", 3, 4), ("anger", 4, 5)],
        [("neutral", 5, 7)],
    ]
    for own, made in zip(episodes, expected, strict=True):
        assert [one[0] for one in own] == [one[0] for one in made]
        assert [one[1:] for one in own] == [pytest.approx(one[1:], abs=0.11) for one in made]
    shares = {one.expression: one.share for one in video.tracks[0].expressions}
    assert shares == pytest.approx({"happiness": 0.5, "neutral": 0.5}, abs=0.05)
