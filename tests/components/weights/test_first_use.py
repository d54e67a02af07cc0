"""Weights without a published hash are trusted on first use."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch
from ferkit_backbones.inception_resnet_v1 import backbone as inception

from ferkit.components.weights import bundle as bundles
from ferkit.components.weights.bundle import read_bundle, write_bundle
from ferkit.components.weights.entry import DirectFile, Weights
from ferkit.components.weights.fetch import cached_path, ensure, verify
from ferkit.components.weights.first_use import (
    accept_weights,
    record_file,
    record_sha256,
    recorded_sha256,
)
from ferkit.errors import WeightsError

KNOWN = hashlib.sha256(b"known").hexdigest()


def entry(sha256: str | None = None, name: str = "some") -> Weights:
    return Weights(name, "some.pt", sha256, DirectFile("http://127.0.0.1:9/some.pt"), "MIT", "nothing", 512)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The weights' place in an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(bundles, "catalogue", lambda: [entry()])
    path = cached_path(entry())
    path.parent.mkdir(parents=True)
    path.write_bytes(b"known")
    return path


def test_the_hash_is_recorded_once_a_network_has_taken_the_file(file: Path) -> None:
    assert ensure(entry()) == file
    assert recorded_sha256(entry()) is None
    accept_weights(entry(), file)
    assert recorded_sha256(entry()) == KNOWN
    assert verify(entry()) == KNOWN


def test_another_file_is_refused_from_then_on_with_what_to_do(file: Path) -> None:
    accept_weights(entry(), file)
    file.write_bytes(b"other")
    for use in (verify, ensure):
        with pytest.raises(WeightsError, match=rf"first used for 'some'.*{KNOWN}.*delete .*some.*sha256"):
            use(entry())
    accept_weights(entry(), file)
    assert recorded_sha256(entry()) == KNOWN, "what is recorded stays"
    record_file(entry()).unlink()
    assert verify(entry()) != KNOWN


def test_a_published_hash_is_not_replaced_by_a_recorded_one(file: Path) -> None:
    record_sha256(entry(), "0" * 64)
    accept_weights(entry(KNOWN), file)
    assert recorded_sha256(entry(KNOWN)) is None
    assert verify(entry(KNOWN)) == KNOWN


def test_a_broken_record_is_no_record(file: Path) -> None:
    accept_weights(entry(), file)
    for text in (b"", b"abc", b"\xff\xfe", b"0" * 63 + b"x"):
        record_file(entry()).write_bytes(text)
        assert recorded_sha256(entry()) is None


def test_names_of_weights_never_lead_out_of_the_cache(file: Path) -> None:
    folder = record_file(entry()).parent
    for name in ("../../x", "/etc/passwd", "a/b", "x" * 5000, ".."):
        assert record_file(entry(name=name)).parent == folder
    assert record_file(entry(name="a/b")) != record_file(entry(name="a_b"))


def test_a_bundle_of_unknown_weights_is_refused_unless_it_is_trusted(file: Path, tmp_path: Path) -> None:
    write_bundle([entry()], tmp_path / "all.tar")
    file.unlink()
    with pytest.raises(WeightsError, match=r"Cannot take 'some' .*publish no hash.*--trust"):
        read_bundle(tmp_path / "all.tar")
    assert not file.exists()
    read_bundle(tmp_path / "all.tar", is_trusted=True)
    assert file.read_bytes() == b"known"
    assert recorded_sha256(entry()) == KNOWN


def test_a_bundle_is_taken_where_the_same_file_was_used_before(file: Path, tmp_path: Path) -> None:
    write_bundle([entry()], tmp_path / "all.tar")
    accept_weights(entry(), file)
    file.unlink()
    assert read_bundle(tmp_path / "all.tar") == {"some": file}


@pytest.mark.parametrize("is_trusted", [False, True])
def test_a_bundle_with_another_file_than_was_used_before_is_refused(
    file: Path, tmp_path: Path, is_trusted: bool
) -> None:
    write_bundle([entry()], tmp_path / "all.tar")
    record_sha256(entry(), "0" * 64)
    file.unlink()
    with pytest.raises(WeightsError, match="first used for 'some'"):
        read_bundle(tmp_path / "all.tar", is_trusted)
    assert not file.exists()


def test_a_backbone_records_weights_that_fit_and_no_others(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inception, "load_weights", lambda name: (entry(), ensure(entry())))
    torch.save({"other": torch.zeros(2)}, file)
    with pytest.raises(WeightsError, match="InceptionResnetV1"):
        inception.load_inception("some")
    assert recorded_sha256(entry()) is None
    torch.save(inception.InceptionResnetV1(pretrained=None).state_dict(), file)
    inception.load_inception("some")
    assert recorded_sha256(entry()) == hashlib.sha256(file.read_bytes()).hexdigest()
