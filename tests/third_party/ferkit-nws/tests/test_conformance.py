"""ferkit's checks of a loss, a head and a data set."""

import csv

from ferkit.testing import draw_folders, parametrize_with_checks


def draw(folder):
    """Write a small data set into an empty folder and return the options for it."""
    draw_folders(folder, ["anger", "happiness", "neutral"])
    with (folder / "ratings.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "person", "rater", "expression"])
        for number, path in enumerate(sorted(folder.glob("*/*.png"))):
            for rater in "abc":
                said = "sadness" if rater == "c" else path.parent.name
                rows.writerow([path.relative_to(folder), f"p{number % 2}", rater, said])
    return {"root": str(folder)}


@parametrize_with_checks("ferkit_nws", options={"dataset.pairs_csv": draw})
def test_conformance(check):
    check()


@parametrize_with_checks(
    "ferkit_nws",
    options={
        "dataset.pairs_csv": draw,
        "loss.poly_focal": {"gamma": 0.5, "epsilon": -1.0, "class_weights": "inverse_frequency"},
        "head.top_k_pool": {"k": 2, "stage": "deep", "second_stage": "middle", "dropout": 0.5},
    },
)
def test_conformance_with_options(check):
    check()
