"""How many images a second a backbone is trained on: forward, loss, backward and the optimizer's step.

With a linear head of seven labels and cross entropy, on images that lie ready. By batch size, precision,
compile mode and image size, all in one run and in turns.

    OMP_NUM_THREADS=2 python -m benchmarks.backbone_training --batch-size 8,16 --out training.json
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.variants import run_backbones


def main(arguments: Sequence[str] | None = None) -> None:
    run_backbones(__doc__, "training_step", "benchmarks/backbone_training.py", arguments)


if __name__ == "__main__":
    main()
