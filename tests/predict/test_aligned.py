"""Models that were trained on aligned faces align the faces of new images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ferkit.components.part import Part
from ferkit.data.align import align_face
from ferkit.data.options import FaceOptions
from ferkit.errors import RunError
from ferkit.neural.preprocessing import Normalisation, resize_square
from ferkit.predict import Predictor
from ferkit.predict.card.facts import gather
from ferkit.predict.card.render import render_card
from ferkit.predict.model.export import export_model
from ferkit.predict.model.load import load_model, load_network
from tests.predict.drawn import picture, write_model

ALIGNED = FaceOptions(
    align="similarity",
    template=((0.3, 0.3), (0.4, 0.4), (0.5, 0.5), (0.6, 0.6), (0.7, 0.7)),
    size=30,
    padding=0.1,
)


@pytest.fixture
def aligned(tmp_path: Path) -> Path:
    return write_model(tmp_path / "aligned.safetensors", faces=ALIGNED)


def test_a_face_is_aligned_as_in_training_and_its_box_stays_the_detectors(aligned: Path) -> None:
    image = picture((30, 10))
    ((row,),) = Predictor(aligned, device="cpu").predict([image])
    crop = align_face(image, np.array(row.landmarks, np.float32), ALIGNED)
    shown = Normalisation("facenet")(resize_square(crop, 24))
    expected = load_model(aligned, device="cpu").classify(shown[None])[0]
    assert list(row.probabilities.values()) == pytest.approx(expected.tolist(), abs=1e-6)
    assert row.box == (30, 10, 50, 30)
    unaligned = Predictor(write_model(aligned.with_name("boxes.safetensors")), device="cpu")
    ((other,),) = unaligned.predict([image])
    assert list(other.probabilities.values()) != pytest.approx(expected.tolist(), abs=1e-4)


@pytest.mark.parametrize("suffix", [".safetensors", ".onnx"])
def test_an_exported_model_aligns_with_the_same_numbers(aligned: Path, suffix: str) -> None:
    if suffix == ".onnx":
        pytest.importorskip("onnxscript")
    file = aligned.with_name(f"exported{suffix}")
    export_model(aligned, file)
    assert load_model(file, device="cpu").description.faces == ALIGNED
    images = [picture((30, 10)), picture((3, 40), (60, 5))]
    before, after = (Predictor(one, device="cpu").predict(images) for one in (aligned, file))
    for rows, others in zip(before, after, strict=True):
        for row, other in zip(rows, others, strict=True):
            assert row.box == other.box
            assert list(row.probabilities.values()) == pytest.approx(
                list(other.probabilities.values()), abs=1e-5
            )


def test_a_detector_that_declares_no_landmarks_is_refused_at_once(aligned: Path) -> None:
    with pytest.raises(RunError, match=r"whole_image.*--detector"):
        Predictor(aligned, detector="whole_image")
    with pytest.raises(RunError, match="whole_image"):
        export_model(aligned, aligned.with_name("out.safetensors"), detector=Part(name="whole_image"))


def test_a_detector_that_gives_no_landmarks_is_refused_at_the_first_face(aligned: Path) -> None:
    predictor = Predictor(aligned, detector="{name='spots', has_landmarks=false}")
    assert predictor.predict([picture()]) == [[]]
    with pytest.raises(RunError, match=r"landmarks.*spots"):
        predictor.predict([picture((30, 10))])


def test_the_card_states_where_the_landmarks_are(aligned: Path) -> None:
    card = render_card(gather(aligned, load_network(aligned)))
    assert "similarity transform" in card
    assert "left eye (0.333, 0.333)" in card
    assert "30 pixels" in card
    assert "margin of" not in card
