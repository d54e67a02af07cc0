"""Every trick of the training, interrupted and resumed: the same numbers as without the interruption."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ferkit.interfaces import Epoch
from ferkit.neural.options import Optimizer, Part
from tests.builders import same_tensors
from tests.neural.tiny import FACES, fit, tiny_estimator

TRICKS: dict[str, dict[str, Any]] = {
    "sgd": {"optimizer": Optimizer(name="sgd", lr=0.02, momentum=0.9)},
    "lion": {"optimizer": Optimizer(name="lion", lr=0.002, weight_decay=0.1)},
    "lamb": {"optimizer": Optimizer(name="lamb", lr=0.02)},
    "sam": {"optimizer": Optimizer(name="sam", lr=0.02, base={"name": "adamw"})},
    "asam": {"optimizer": Optimizer(name="sam", lr=0.02, base={"name": "sgd"}, adaptive=True, rho=0.5)},
    "layers": {"optimizer": Optimizer(name="adamw", lr=0.02, layer_decay=0.5, decay_norms=False)},
    "ema": {"callbacks": [Part(name="ema", decay=0.9)]},
    "lora": {"callbacks": [Part(name="lora", rank=2)]},
    "mixup": {"callbacks": [Part(name="mixup", alpha=0.4, cutmix_alpha=1.0)]},
    "accumulation": {"accumulate": 4},
    "clipping": {"clip_norm": 0.1},
    "balance": {"balance": 0.5},
    **{
        name: {"schedule": Part(name=name, **options)}
        for name, options in {
            "constant": {"warmup_epochs": 1.5},
            "step": {"every": 1, "warmup_epochs": 1.0},
            "multi_step": {"after": [1, 3]},
            "cosine": {"warmup_epochs": 1.0, "cycles": 2},
            "tanh": {},
            "poly": {"power": 2.0, "min_lr": 1e-3},
            "plateau": {"patience": 0, "threshold": 0.5, "warmup_epochs": 1.0},
        }.items()
    },
    "stopping": {"callbacks": [Part(name="early_stopping", patience=1, min_delta=0.3)]},
    "several": {
        "optimizer": Optimizer(name="sam", lr=0.02, base={"name": "sgd"}),
        "schedule": Part(name="cosine", warmup_epochs=1.0),
        "callbacks": [Part(name="mixup"), Part(name="ema", decay=0.9)],
    },
}
EPOCHS = 4


def numbers(epochs: Sequence[Epoch]) -> list[tuple[float, float, float, float, bytes]]:
    return [
        (
            one.train_loss,
            one.train_accuracy,
            one.validation_loss,
            one.learning_rate,
            one.probabilities.tobytes(),
        )
        for one in epochs
    ]


@pytest.mark.parametrize("name", TRICKS)
def test_a_resumed_training_is_the_same_bit_for_bit(tmp_path: Path, name: str) -> None:
    trick = TRICKS[name]
    whole = tiny_estimator(epochs=EPOCHS, **trick)
    expected = numbers(fit(whole))
    file = tmp_path / "state.pt"
    begun = tiny_estimator(epochs=EPOCHS, state_file=file, **trick).fit(FACES, FACES[::2])
    found = [next(begun)]
    next(begun, None)  # an epoch's state is saved when the next one is asked for
    begun.close()  # type: ignore[attr-defined]
    resumed = tiny_estimator(epochs=EPOCHS, state_file=file, **trick)
    found += fit(resumed)
    assert numbers(found) == expected
    ours, theirs = (one._fitted().evaluated.state_dict() for one in (resumed, whole))
    assert same_tensors(ours, theirs)


def test_a_training_that_ended_early_yields_its_last_epoch_again(tmp_path: Path) -> None:
    file = tmp_path / "state.pt"
    first = fit(tiny_estimator(epochs=EPOCHS, state_file=file, **TRICKS["stopping"]))
    assert 1 < len(first) < EPOCHS
    again = fit(tiny_estimator(epochs=EPOCHS, state_file=file, **TRICKS["stopping"]))
    assert numbers(again)[0][4] == numbers(first)[-1][4]
    assert [one.number for one in again] == [len(first)]


def test_without_validation_images_nothing_is_stopped_by_them() -> None:
    epochs = list(tiny_estimator(epochs=EPOCHS, **TRICKS["stopping"]).fit(FACES, []))
    assert len(epochs) == EPOCHS
