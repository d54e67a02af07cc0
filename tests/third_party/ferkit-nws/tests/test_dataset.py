import pytest
from ferkit_nws.dataset import PairsCsvDataset

from ferkit.plugin import DataError
from ferkit.testing import draw_folders


def lay(folder, *rows):
    draw_folders(folder, ["anger"])
    (folder / "ratings.csv").write_text("\n".join(["file,person,rater,expression", *rows]))
    names = sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*.png"))
    (folder / "ratings.csv").write_text(
        (folder / "ratings.csv").read_text().replace("A.png", names[0]).replace("B.png", names[1])
    )
    return PairsCsvDataset(folder)


def test_the_majority_is_the_label(tmp_path):
    data = lay(tmp_path, "A.png,p,1,Happy", "A.png,p,2,happiness", "A.png,p,3,sad")
    (sample,) = data.samples()
    assert (sample.label, sample.groups) == ("happiness", {"person": "p"})


def test_ties_are_left_out_and_counted(tmp_path):
    data = lay(tmp_path, "A.png,p,1,happy", "A.png,p,2,sad", "B.png,p,1,sad")
    assert [sample.label for sample in data.samples()] == ["sadness"]
    assert data.left_out == {"tie": 1}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("A.png,p,1,hapy", "line 2: no expression is called 'hapy'. Did you mean 'happy'"),
        ("nowhere.png,p,1,happy", "line 2: there is no image"),
        ("A.png,,1,happy", "line 2: the column person is empty"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path, row, told):
    with pytest.raises(DataError, match=told):
        lay(tmp_path, row).samples()
