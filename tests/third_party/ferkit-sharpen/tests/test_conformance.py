"""ferkit's checks of an augmentation, an optimizer and a callback."""

from ferkit.testing import parametrize_with_checks


@parametrize_with_checks("ferkit_sharpen")
def test_conformance(check):
    check()


@parametrize_with_checks(
    "ferkit_sharpen",
    options={
        "augmentation.sharpen": {"strength": 5.0, "radius": 3.0, "p": 1.0},
        "optimizer.normalized_sgd": {"momentum": 0.0},
        "callback.lookahead": {"every": 1, "rate": 1.0},
    },
)
def test_conformance_with_options(check):
    check()
