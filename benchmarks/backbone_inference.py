"""How many images a second a backbone turns into feature maps, and its share of the machine's peak.

By batch size, precision, compile mode and image size, all in one run and in turns. Its share is of the matrix
multiplications that the machine reached in the same precision in the same run.

    OMP_NUM_THREADS=2 python -m benchmarks.backbone_inference --batch-size 1,16 --out backbone.json
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.variants import run_backbones


def main(arguments: Sequence[str] | None = None) -> None:
    run_backbones(__doc__, "backbone", "benchmarks/backbone_inference.py", arguments)


if __name__ == "__main__":
    main()
