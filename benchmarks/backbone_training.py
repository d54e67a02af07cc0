"""How many images a second a backbone is trained on: forward, loss, backward and the optimizer's step.

With a linear head of seven labels and cross entropy, on images that lie ready. By batch size, precision,
compile mode and image size, all in one run and in turns.

    OMP_NUM_THREADS=2 python benchmarks/backbone_training.py --batch-size 8,16 --json training.json
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ferkit.bench.record import Record
from ferkit.bench.run import Say, bench
from ferkit.bench.script import add_device, make_parser, run_script
from ferkit.bench.variants import add_variants, make_variants


def measure(options: argparse.Namespace, say: Say) -> Record:
    registry, variants = make_variants(options, ("training_step",), "16", "1,8,32,128,512")
    return bench("benchmarks/backbone_training.py", registry, variants, say)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = make_parser(__doc__, rounds=50, seconds=120)
    add_device(parser)
    add_variants(parser)
    run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
