"""All that ferkit expects, on a miniature that is laid out like the real data."""

from PIL import Image

from ferkit.testing import draw_face, parametrize_with_checks


def draw(folder):
    for number, (code, label) in enumerate([("AN1", "anger"), ("HA2", "happiness"), ("NE1", "neutral")]):
        for person in ("KA", "YM"):
            Image.fromarray(draw_face(label)).save(folder / f"{person}.{code}.{number}.png")
    return {"root": str(folder)}


@parametrize_with_checks("ferkit_jaffe", options={"dataset.jaffe": draw})
def test_conformance(check):
    check()
