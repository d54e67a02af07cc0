"""Hostile archives of weights: nothing is taken, nothing lands outside the cache, and no disk is filled."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tarfile
from pathlib import Path

import pytest

from ferkit.components.weights import bundle as bundles
from ferkit.components.weights.bundle import FORMAT, MANIFEST, read_bundle
from ferkit.components.weights.entry import DirectFile, Weights
from tests.campaign.campaign import damage
from tests.campaign.conftest import Start

BUNDLES = 3_000
CONTENT = b"weights" * 500
SHA256 = hashlib.sha256(CONTENT).hexdigest()
ENTRY = Weights("some", "some.pt", SHA256, DirectFile("http://127.0.0.1:9/some.pt"), "MIT", "nothing", 512)
OUTSIDE = Path("/tmp/ferkit-campaign.pt")
NAMES = (
    "some.pt",
    "../some.pt",
    str(OUTSIDE),
    "a/../../some.pt",
    "./some.pt",
    "x" * 300,
    "",
    "\udce9",
    ".",
)
KINDS = (
    tarfile.REGTYPE,
    tarfile.SYMTYPE,
    tarfile.LNKTYPE,
    tarfile.DIRTYPE,
    tarfile.FIFOTYPE,
    tarfile.CHRTYPE,
)
ODD = (None, [], {}, -1, 0, 10**30, 1e400, "", "x", "../some.pt", True, [[]], "9" * 5000)
LARGEST = 1 << 20
"""Bytes that may be on the disk after all trials."""


def draw_bundle(draw: random.Random) -> bytes:
    """A bundle with odd members, a manifest that says other things, or damaged bytes."""
    file = {"name": "some", "file": "some.pt", "sha256": SHA256, "bytes": len(CONTENT)}
    manifest = {"format": FORMAT, "files": [file]}
    for _ in range(draw.choice((0, 0, 1, 2))):
        place = draw.choice((manifest, file))
        place[draw.choice(list(place))] = draw.choice(ODD)
    text = json.dumps(manifest).encode()
    text = draw.choice((text, text, text, text, b"[" * 100_000, b"9" * 10_000, b"", b"\xff"))
    buffer = io.BytesIO()
    kind = draw.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT))
    with tarfile.open(fileobj=buffer, mode=draw.choice(("w", "w", "w", "w:gz")), format=kind) as archive:
        _add(archive, tarfile.TarInfo(MANIFEST), text)
        for name in draw.choices(NAMES, weights=[8, *[1] * (len(NAMES) - 1)], k=draw.randint(0, 2)):
            _add(archive, _odd_member(name, draw), CONTENT)
    content = _sparse(buffer.getvalue()) if draw.random() < 0.1 else buffer.getvalue()
    return damage(content, draw) if draw.random() < 0.4 else content


def _add(archive: tarfile.TarFile, member: tarfile.TarInfo, content: bytes) -> None:
    member.size = len(content) if member.type == tarfile.REGTYPE else 0
    archive.addfile(member, io.BytesIO(content))


def _odd_member(name: str, draw: random.Random) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    if draw.random() < 0.4:
        member.type = draw.choice(KINDS)
        member.linkname = draw.choice(("/etc/passwd", "some.pt", MANIFEST, "../../x", ""))
    return member


def _sparse(content: bytes) -> bytes:
    """The last member as GNU's sparse file of 8 GiB, where it holds a few bytes."""
    start = content.rfind(b"some.pt\0")
    if start < 0:
        return content
    header = bytearray(content[start : start + 512])
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[257:265] = b"ustar  \0"
    header[386:398], header[398:410] = b"00000000000\0", b"00000000144\0"
    header[483:495] = b"77777777777\0"
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    return content[:start] + bytes(header) + content[start + 512 :]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bundles, "catalogue", lambda: [ENTRY])
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "torch" / "checkpoints"


def test_a_bundle_is_taken_whole_or_refused(start: Start, tmp_path: Path, cache: Path) -> None:
    campaign = start("weights bundles")
    file, taken = tmp_path / "all.tar", 0
    for number in campaign.scaled(BUNDLES):
        content = draw_bundle(campaign.random)
        file.write_bytes(content)
        with campaign.answers(f"{number}: {content[:2000]!r}"):
            read_bundle(file)
        found = [path for path in tmp_path.rglob("*") if path.is_file() or path.is_symlink()]
        with campaign.trial(f"left by {number}: {content[:2000]!r}"):
            odd = [one for one in found if one not in (file, cache / "some.pt") and "cache" not in one.parts]
            assert not odd
            assert sum(path.stat().st_size for path in found) < LARGEST
            if (cache / "some.pt").exists():
                taken += 1
                assert (cache / "some.pt").read_bytes() == CONTENT
                (cache / "some.pt").unlink()
    assert taken, "no bundle was ever taken"
    assert not OUTSIDE.exists()
    campaign.check()


def test_the_sparse_member_is_one() -> None:
    """Without this, the bombs could be no bombs."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        _add(archive, tarfile.TarInfo("some.pt"), CONTENT)
    with tarfile.open(fileobj=io.BytesIO(_sparse(buffer.getvalue()))) as archive:
        (member,) = archive.getmembers()
        assert (member.issparse(), member.size >= 1 << 32) == (True, True)
