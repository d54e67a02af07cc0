from __future__ import annotations

from typing import Any

import pytest

from ferkit.evaluation.protocol_options import (
    GroupedProtocol,
    HoldoutProtocol,
    NestedProtocol,
    PaperProtocol,
    Protocol,
)
from ferkit.evaluation.protocol_text import describe_protocol, protocol_key


def grouped(**options: Any) -> Protocol:
    return GroupedProtocol(name="grouped", repeats=1, **options)


@pytest.mark.parametrize(
    ("protocol", "key", "words"),
    [
        (PaperProtocol(), "paper", "Stratified 2-fold, 3 repeats, seed 0"),
        (
            grouped(by="clip"),
            "grouped (clip)",
            "Grouped 2-fold, by clip, 1 repeat, seed 0",
        ),
        (
            grouped(split="sfew675_movie2"),
            "grouped (sfew675_movie2)",
            "Grouped 2-fold, folds of sfew675_movie2, 1 repeat, seed 0",
        ),
        (
            grouped(),
            "grouped",
            "Grouped 2-fold, by the coarsest group, 1 repeat, seed 0",
        ),
        (
            NestedProtocol(name="nested", by="none", choose_by="nll", repeats=1),
            "nested (none, by nll)",
            "Nested 2-fold, ungrouped, 1 repeat, seed 0; the epoch, and the settings of a "
            "grid, chosen by negative log-likelihood on 1 of 4 parts of the training fold",
        ),
        (
            PaperProtocol(folds=10),
            "paper (10 folds)",
            "Stratified 10-fold, 3 repeats, seed 0",
        ),
        (
            HoldoutProtocol(name="holdout"),
            "holdout",
            "Holdout: the dataset's training and test images, 3 repeats, seed 0",
        ),
    ],
)
def test_a_protocol_is_told_in_words_and_has_a_short_name(protocol: Protocol, key: str, words: str) -> None:
    assert protocol_key(protocol.model_dump()) == key
    assert describe_protocol(protocol.model_dump()) == words
