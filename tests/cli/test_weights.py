"""`ferkit weights`, as it is typed."""

from __future__ import annotations

from pathlib import Path

from tests.cli.answer import Ferkit


def test_the_catalogue_tells_source_terms_hash_and_place(ferkit: Ferkit, tmp_path: Path) -> None:
    answer = ferkit("weights", "list", TORCH_HOME=str(tmp_path))
    assert answer.returncode == 0
    names = ("vggface2", "casia-webface", "msceleb1m", "retinaface_resnet50")
    for name in names:
        assert f"\n{name}\n" in f"\n{answer.stdout}"
    assert "6acdd8fb3a3fb2b54257abdd1879246a3fcbe18fbe53a41c751e141abe63a0af" in answer.stdout
    assert f"{tmp_path}/checkpoints/facenet_keras.h5 (not fetched)" in answer.stdout
    assert answer.stdout.count("licence:") == answer.stdout.count("source:") == len(names)


def test_what_is_not_there_has_no_path(ferkit: Ferkit, tmp_path: Path) -> None:
    answer = ferkit("weights", "path", "msceleb1m", TORCH_HOME=str(tmp_path))
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert "Run: ferkit weights fetch msceleb1m" in answer.stderr


def test_a_file_in_the_cache_is_verified_and_its_path_told(ferkit: Ferkit, tmp_path: Path) -> None:
    file = tmp_path / "checkpoints" / "20180402-114759-vggface2.pt"
    file.parent.mkdir()
    file.write_bytes(b"abc")
    assert ferkit("weights", "path", "vggface2", TORCH_HOME=str(tmp_path)).stdout == f"{file}\n"
    told = ferkit("weights", "verify", TORCH_HOME=str(tmp_path)).stdout
    assert told.startswith("vggface2: not verified (no hash is published), sha256 ba7816bf")


def test_a_wrong_file_fails_verification(ferkit: Ferkit, tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "facenet_keras.h5").write_bytes(b"abc")
    answer = ferkit("weights", "verify", "msceleb1m", TORCH_HOME=str(tmp_path))
    assert answer.returncode == 1
    assert "expected sha256 6acdd8fb" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_without_a_network_fetching_says_how_to_do_it_by_hand(ferkit: Ferkit, tmp_path: Path) -> None:
    answer = ferkit(
        "weights", "fetch", "msceleb1m", TORCH_HOME=str(tmp_path), PIP_INDEX_URL="http://127.0.0.1:9"
    )
    assert answer.returncode == 1
    assert "the weights 'msceleb1m' can't be fetched" in answer.stderr
    assert f"folder: {tmp_path}/checkpoints" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_misspelt_weights_suggest_the_closest(ferkit: Ferkit, tmp_path: Path) -> None:
    answer = ferkit("weights", "fetch", "mscelebm", TORCH_HOME=str(tmp_path))
    assert answer.returncode == 1
    assert "Did you mean 'msceleb1m'?" in answer.stderr


def test_a_bundle_is_made_and_read_where_there_is_no_network(ferkit: Ferkit, tmp_path: Path) -> None:
    here, there, file = tmp_path / "here", tmp_path / "there", tmp_path / "my teacher.tar"
    (here / "checkpoints").mkdir(parents=True)
    (here / "checkpoints" / "20180402-114759-vggface2.pt").write_bytes(b"abc")
    answer = ferkit("weights", "bundle", "sfew_inception", "--out", str(file), TORCH_HOME=str(here))
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("vggface2: 20180402-114759-vggface2.pt. Licence: ")
    assert "ferkit weights unbundle 'my teacher.tar'" in answer.stdout
    unbundle = {"TORCH_HOME": str(there), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    refused = ferkit("weights", "unbundle", str(file), **unbundle)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "--trust" in refused.stderr
    answer = ferkit("weights", "unbundle", str(file), "--trust", **unbundle)
    assert answer.stdout == f"vggface2: {there}/checkpoints/20180402-114759-vggface2.pt\n"
    assert (there / "checkpoints" / "20180402-114759-vggface2.pt").read_bytes() == b"abc"


def test_what_can_not_be_bundled_is_told_without_a_traceback(ferkit: Ferkit, tmp_path: Path) -> None:
    offline = {"TORCH_HOME": str(tmp_path), "PIP_INDEX_URL": "http://127.0.0.1:9"}
    answer = ferkit("weights", "bundle", "msceleb1m", "--out", str(tmp_path / "a.tar"), **offline)
    assert answer.returncode == 1
    assert "the weights 'msceleb1m' can't be fetched" in answer.stderr
    assert "a.tar was not written" in answer.stderr
    assert "Traceback" not in answer.stderr
    answer = ferkit("weights", "bundle", "quickstart", "--out", str(tmp_path / "a.tar"), **offline)
    assert answer.stdout.startswith("Nothing was written: quickstart needs no weights")
    assert not (tmp_path / "a.tar").exists()
