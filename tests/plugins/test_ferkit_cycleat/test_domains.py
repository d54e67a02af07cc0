"""Faces and labels of the domains of a training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from ferkit_cycleat.batches import draw_positions, normalise, spread
from ferkit_cycleat.domains import match_labels, to_pixels
from ferkit_cycleat.gathering import Origins

from ferkit.plugin import DataError, Face
from tests.plugins.test_ferkit_cycleat.domains import LABELS, SIDE, Faces, crop, hide_labels, make_faces


def test_classes_are_the_labels_places_whatever_the_source_s_order() -> None:
    faces = make_faces(1, labels=reversed(LABELS))
    kept, classes, warnings = match_labels(faces, LABELS)
    assert [LABELS[k] for k in classes] == [face.sample.label for face in kept] == [*reversed(LABELS)]
    assert warnings == []


def test_labels_that_the_target_lacks_are_left_out_and_told() -> None:
    faces = make_faces(2)
    kept, classes, warnings = match_labels(faces, ("neutral", "anger"))
    assert {face.sample.label for face in kept} == {"anger", "neutral"}
    assert classes.tolist() == [1, 1, 0, 0]
    assert warnings == ["2 of the source's 6 faces were skipped: the target has no label happiness."]


@pytest.mark.parametrize(
    ("faces", "message"),
    [
        (make_faces(2, labels=LABELS[:2]), "no faces labelled neutral. The source has anger, happiness; the"),
        (make_faces(2, labels=LABELS[:1]), "every class of the target .*got 2 faces, all labelled 'anger'"),
        ([], "every class of the target .*, got no faces"),
    ],
)
def test_a_source_that_lacks_a_class_is_refused_with_both_lists(faces: list[Face], message: str) -> None:
    with pytest.raises(DataError, match=f"estimator.source: .*{message}"):
        match_labels(faces, LABELS)


@pytest.mark.parametrize(
    ("has_auxiliary", "with_target", "expected"), [(False, True, 4), (True, True, 9), (True, False, 5)]
)
def test_the_auxiliary_domain_is_the_training_fold_or_another_set_or_both(
    has_auxiliary: bool, with_target: bool, expected: int
) -> None:
    train = hide_labels(make_faces(4, is_target=True, labels=["anger"]))
    auxiliary = Faces(hide_labels(make_faces(5, labels=["neutral"]))) if has_auxiliary else None
    domains = Origins(crop, Faces(make_faces(1)), auxiliary, with_target).gather(train, LABELS, SIDE)
    assert len(domains.auxiliary) == expected
    assert len(domains.source) == 3


def test_an_auxiliary_data_set_without_faces_is_refused() -> None:
    with pytest.raises(DataError, match=r"estimator.auxiliary: expected images .*, got none"):
        Origins(crop, Faces(make_faces(1)), Faces([]), True).gather([], LABELS, SIDE)


def test_a_fold_without_faces_is_refused() -> None:
    with pytest.raises(DataError, match="got none in the fold"):
        Origins(crop, Faces(make_faces(1)), None, True).gather([], LABELS, SIDE)


def test_faces_of_any_shape_become_square_and_range_from_minus_one_to_one() -> None:
    image = np.zeros((30, 21, 3), dtype=np.uint8)
    image[:, :, 1] = 255
    face = make_faces(1)[0]
    pixels = to_pixels([Face(face.sample, image, None, None, "")], 16)
    assert pixels.shape == (1, 3, 16, 16)
    assert normalise(pixels).mean(dim=(0, 2, 3)).tolist() == [-1, 1, -1]


def test_every_face_comes_once_before_any_comes_again() -> None:
    batches = [positions for positions, _ in draw_positions(6, 4, 3, torch.Generator().manual_seed(0))]
    assert [len(batch) for batch in batches] == [4, 4, 4]
    order = torch.cat(batches).tolist()
    assert sorted(order[:6]) == sorted(order[6:]) == list(range(6))


def test_batches_can_be_larger_than_a_domain() -> None:
    ((positions, _),) = draw_positions(2, 5, 1, torch.Generator().manual_seed(0))
    assert sorted(positions.tolist()[:4]) == [0, 0, 1, 1]


@pytest.mark.parametrize(("size", "expected"), [(3, [0, 1, 2]), (9, [0, 3, 5, 8]), (1, [0])])
def test_samples_are_spread_over_a_domain(size: int, expected: list[int]) -> None:
    assert spread(size, 4).tolist() == expected


@pytest.mark.parametrize(
    ("alike", "whose"), [("target", "the unlabelled"), ("source", "the labelled source's")]
)
def test_faces_that_are_all_the_same_image_are_refused(alike: str, whose: str) -> None:
    source, target = make_faces(), make_faces(is_target=True)
    chosen = target if alike == "target" else source
    same = [replace(face, image=chosen[0].image) for face in chosen]
    faces = (source, same) if alike == "target" else (same, target)
    origins = Origins(crop, Faces(faces[0]), None, True)
    with pytest.raises(
        DataError, match=f"expected faces that differ, got .* times the same image for {whose}"
    ):
        origins.gather(hide_labels(faces[1]), LABELS, SIDE)
