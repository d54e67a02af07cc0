"""Weights in one archive: what is in it, what is refused, and that nothing lands outside the cache."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from ferkit.components.weights import bundle as bundles
from ferkit.components.weights.bundle import FORMAT, MANIFEST, read_bundle, write_bundle
from ferkit.components.weights.entry import DirectFile, Weights
from ferkit.errors import RecipeError, WeightsError
from ferkit.recipe.weights_needed import find_needed

NOBODY = "http://127.0.0.1:9"
CONTENTS = {"first.pt": b"first" * 1000, "second.h5": b"second" * 500}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def entry(name: str, file: str, known: bool = True) -> Weights:
    digest = sha256(CONTENTS[file]) if known else None
    return Weights(name, file, digest, DirectFile(f"{NOBODY}/{file}"), "MIT", "nothing", 512)


FIRST, SECOND = entry("first", "first.pt"), entry("second", "second.h5", known=False)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with both files, and a catalogue of both."""
    monkeypatch.setattr(bundles, "catalogue", lambda: [FIRST, SECOND])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    folder = move_to(tmp_path / "here", monkeypatch)
    folder.mkdir(parents=True)
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)
    return folder


def move_to(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(home))
    return home / "checkpoints"


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def pack(file: Path, members: Mapping[str, bytes], manifest: object = None) -> Path:
    """An archive as anybody may make it; without a manifest given, one of all the members."""
    if manifest is None:
        manifest = {"format": FORMAT, "files": [listed(name, text) for name, text in members.items()]}
    with tarfile.open(file, "w") as archive:
        for name, content in {MANIFEST: json.dumps(manifest).encode(), **members}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file


def listed(file: str, content: bytes, name: str = "") -> dict[str, object]:
    return {
        "name": name or file.partition(".")[0],
        "file": file,
        "sha256": sha256(content),
        "bytes": len(content),
    }


def test_what_is_bundled_is_in_another_machines_cache_afterwards(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "all.tar"
    write_bundle([FIRST, SECOND], file)
    there = move_to(tmp_path / "there", monkeypatch)
    assert read_bundle(file, is_trusted=True) == {"first": there / "first.pt", "second": there / "second.h5"}
    assert {path.name: path.read_bytes() for path in there.iterdir()} == CONTENTS
    assert read_bundle(file, is_trusted=True), "a second time changes nothing"


def test_the_manifest_tells_hash_size_and_terms_of_each_file(here: Path, tmp_path: Path) -> None:
    write_bundle([SECOND], tmp_path / "one.tar")
    with tarfile.open(tmp_path / "one.tar") as archive:
        assert archive.getnames() == [MANIFEST, "second.h5"]
        opened = archive.extractfile(MANIFEST)
        assert opened
        (found,) = json.loads(opened.read())["files"]
    expected = listed("second.h5", CONTENTS["second.h5"])
    assert found == {**expected, "licence": "MIT", "trained_on": "nothing"}


def test_what_can_not_be_had_is_all_told_and_nothing_is_written(here: Path, tmp_path: Path) -> None:
    (here / "first.pt").unlink()
    (here / "second.h5").unlink()
    with pytest.raises(WeightsError) as raised:
        write_bundle([FIRST, SECOND], tmp_path / "all.tar")
    assert "the weights 'first' can't be fetched" in str(raised.value)
    assert "the weights 'second' can't be fetched" in str(raised.value)
    assert files_below(tmp_path) == set()


def test_a_file_that_is_not_the_catalogues_is_not_bundled(here: Path, tmp_path: Path) -> None:
    (here / "first.pt").write_bytes(b"something else")
    with pytest.raises(WeightsError, match="is not the file 'first'"):
        write_bundle([FIRST], tmp_path / "all.tar")


def test_an_archive_that_can_not_be_written_is_named(here: Path, tmp_path: Path) -> None:
    (tmp_path / "nowhere").touch()
    with pytest.raises(WeightsError, match=r"nowhere/all\.tar can't be written.*another --out"):
        write_bundle([FIRST], tmp_path / "nowhere" / "all.tar")


OUTSIDE = b"outside"
SECONDS = CONTENTS["second.h5"]


@pytest.mark.parametrize(
    ("members", "manifest", "problem"),
    [
        ({"../outside.pt": OUTSIDE}, None, "which no installed plugin knows"),
        (
            {"../outside.pt": OUTSIDE},
            [listed("../outside.pt", OUTSIDE, "second")],
            r"are the file '\.\./outside\.pt'; expected 'second\.h5'",
        ),
        (
            {"/tmp/out.pt": OUTSIDE},
            [listed("/tmp/out.pt", OUTSIDE, "second")],
            "expected 'second.h5'",
        ),
        ({"second.h5": SECONDS, "../outside.pt": OUTSIDE}, [listed("second.h5", SECONDS)], "does not list"),
        ({"first.pt": OUTSIDE}, None, "holds another file than the weights 'first'"),
        ({"second.h5": OUTSIDE}, [listed("second.h5", SECONDS)], r"second\.h5 in .* is damaged"),
        ({"second.h5": SECONDS + b"!"}, [listed("second.h5", SECONDS)], "is damaged"),
        ({}, [listed("second.h5", SECONDS)], "does not hold it as a plain file"),
        (
            {"third.pt": OUTSIDE},
            None,
            "'third', which no installed plugin knows; .* first, second",
        ),
        ({}, [{"name": ["first"]}], "is no bundle of weights"),
    ],
)
def test_what_is_not_what_it_says_is_refused_and_nothing_is_put_anywhere(
    here: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    members: dict[str, bytes],
    manifest: list[object] | None,
    problem: str,
) -> None:
    move_to(tmp_path / "deep" / "there", monkeypatch)
    whole = None if manifest is None else {"format": FORMAT, "files": manifest}
    file = pack(tmp_path / "bad.tar", members, whole)
    before = files_below(tmp_path)
    with pytest.raises(WeightsError, match=problem):
        read_bundle(file, is_trusted=True)
    assert files_below(tmp_path) == before
    assert not Path("/tmp/out.pt").exists()


def test_one_bad_file_keeps_the_good_ones_out_too(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = move_to(tmp_path / "there", monkeypatch)
    good, bad = CONTENTS["first.pt"], listed("second.h5", SECONDS)
    manifest = {"format": FORMAT, "files": [listed("first.pt", good), bad]}
    file = pack(tmp_path / "bad.tar", {"first.pt": good, "second.h5": OUTSIDE}, manifest)
    with pytest.raises(WeightsError, match="damaged"):
        read_bundle(file, is_trusted=True)
    assert files_below(there) == set()


@pytest.mark.parametrize("name", ["second.h5", MANIFEST])
def test_a_sparse_member_fills_no_disk_and_no_memory(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Its few bytes would expand to 8 EiB of zeros."""
    there = move_to(tmp_path / "there", monkeypatch)
    described = {**listed("second.h5", SECONDS), "bytes": 2**62}
    manifest = json.dumps({"format": FORMAT, "files": [described]}).encode()
    with tarfile.open(tmp_path / "sparse.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        for member_name, content in ((MANIFEST, manifest), ("second.h5", SECONDS)):
            member = tarfile.TarInfo(member_name)
            member.size = len(content)
            if member_name == name:
                size = {"GNU.sparse.size": str(2**62), "GNU.sparse.map": f"0,{len(content)}"}
                member.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", **size}
            archive.addfile(member, io.BytesIO(content))
    with tarfile.open(tmp_path / "sparse.tar") as archive:
        assert archive.getmember(name).issparse()
    with pytest.raises(WeightsError, match="plain file" if name == "second.h5" else "no bundle"):
        read_bundle(tmp_path / "sparse.tar", is_trusted=True)
    assert files_below(there) == set()


def test_a_manifest_is_no_link_to_a_large_member(here: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "link.tar", "w") as archive:
        member = tarfile.TarInfo("large")
        member.size = 1 << 20
        archive.addfile(member, io.BytesIO(bytes(1 << 20)))
        link = tarfile.TarInfo(MANIFEST)
        link.type, link.linkname = tarfile.LNKTYPE, "large"
        archive.addfile(link)
    with pytest.raises(WeightsError, match="is no bundle of weights"):
        read_bundle(tmp_path / "link.tar")


def test_a_link_in_place_of_a_file_leads_nowhere(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = move_to(tmp_path / "there", monkeypatch)
    secret = tmp_path / "secret"
    secret.write_bytes(SECONDS)
    manifest = json.dumps({"format": FORMAT, "files": [listed("second.h5", SECONDS)]}).encode()
    with tarfile.open(tmp_path / "link.tar", "w") as archive:
        described = tarfile.TarInfo(MANIFEST)
        described.size = len(manifest)
        archive.addfile(described, io.BytesIO(manifest))
        link = tarfile.TarInfo("second.h5")
        link.type, link.linkname = tarfile.SYMTYPE, str(secret)
        archive.addfile(link)
    with pytest.raises(WeightsError, match="does not hold it as a plain file"):
        read_bundle(tmp_path / "link.tar", is_trusted=True)
    assert files_below(there) == set()


def test_a_file_that_is_there_already_is_never_replaced(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle([SECOND], tmp_path / "one.tar")
    there = move_to(tmp_path / "there", monkeypatch)
    there.mkdir(parents=True)
    (there / "second.h5").write_bytes(b"mine")
    with pytest.raises(WeightsError, match=r"exists and is another file.*Move it away"):
        read_bundle(tmp_path / "one.tar", is_trusted=True)
    assert (there / "second.h5").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"no archive", r"some\.tar is no whole archive"),
        (None, r"there is no file .*some\.tar\. Make it where there is a network: ferkit weights bundle"),
    ],
)
def test_what_is_no_bundle_is_named(here: Path, tmp_path: Path, content: bytes | None, problem: str) -> None:
    file = tmp_path / "some.tar"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(WeightsError, match=problem):
        read_bundle(file, is_trusted=True)


def test_a_bundle_that_broke_off_or_is_of_another_version_is_named(here: Path, tmp_path: Path) -> None:
    file = tmp_path / "all.tar"
    write_bundle([FIRST, SECOND], file)
    file.write_bytes(file.read_bytes()[:6000])
    with pytest.raises(WeightsError, match=r"all\.tar"):
        read_bundle(file, is_trusted=True)
    pack(file, {}, {"format": "ferkit weights bundle 9", "files": []})
    with pytest.raises(WeightsError, match="is 'ferkit weights bundle 9'; this ferkit reads"):
        read_bundle(file, is_trusted=True)


def test_a_recipe_needs_what_its_parts_name_whether_its_data_are_here_or_not(tmp_path: Path) -> None:
    assert find_needed(["sfew_inception"]).names == ("vggface2",)
    assert find_needed(["default_teacher", "sfew_inception", "vggface2"]).names == ("msceleb1m", "vggface2")
    assert find_needed(["quickstart"]).names == ()


def test_the_values_of_a_grid_are_needed_too(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        'name = "mine"\n[data]\nname = "sfew"\nroot = "${NOWHERE}"\n[protocol]\nname = "nested"\n'
        '[grid]\n"model.backbone" = [{name = "inception_resnet_v1", weights = "casia-webface"}]\n'
    )
    assert set(find_needed([str(recipe)]).names) == {"vggface2", "casia-webface"}


def test_what_is_not_of_the_catalogue_is_told(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        'name = "mine"\n[data]\nname = "synthetic"\n[model]\ninitial = "a/model.safetensors"\n'
        'backbone = { name = "timm", model = "resnet18" }\n'
    )
    found = find_needed([str(recipe)])
    assert found.names == ()
    backbone, initial = found.others
    assert backbone.startswith("model.backbone (backbone 'timm'")
    assert "HF_HOME" in backbone
    assert (
        initial == "model.initial, a/model.safetensors, is your own file and not in the bundle. Copy it too"
    )


def test_a_recipe_whose_parts_can_not_be_read_is_to_be_checked(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text('name = "mine"\ngrid = 3\n[data]\nname = "synthetic"\n')
    with pytest.raises(RecipeError, match=rf"its parts can't be read\s+ferkit check {recipe} lists"):
        find_needed([str(recipe)])


def test_a_name_of_nothing_suggests_the_closest(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"called 'vggface'.*Did you mean 'vggface2'"):
        find_needed(["vggface"])
    with pytest.raises(RecipeError, match="there is no such file"):
        find_needed([str(tmp_path / "gone.toml")])
