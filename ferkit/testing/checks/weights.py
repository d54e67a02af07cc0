"""Checks of a catalogue entry for pretrained weights. Nothing is fetched."""

from __future__ import annotations

import re

from ferkit.components.weights.entry import Source, Weights
from ferkit.interfaces import CANONICAL_LABELS
from ferkit.testing.check import check, expect
from ferkit.testing.component_under_test import ComponentUnderTest

SHA256 = re.compile(r"[0-9a-f]{64}")


def _entry(subject: ComponentUnderTest) -> Weights:
    entry = subject.component.load()
    mend = "Let the target be a ferkit.plugin.Weights."
    expect(isinstance(entry, Weights), "a Weights", type(entry).__name__, mend)
    assert isinstance(entry, Weights)
    return entry


@check("weights")
def is_called_as_its_component(subject: ComponentUnderTest) -> None:
    """One name in the catalogue and in the component."""
    name = _entry(subject).name
    expect(name == subject.component.name, subject.component.name, name, "Give both the same name.")


@check("weights")
def tells_its_terms_and_origin(subject: ComponentUnderTest) -> None:
    """licence and trained_on."""
    entry = _entry(subject)
    empty = [name for name in ("licence", "trained_on") if not getattr(entry, name).strip()]
    mend = "Say under which terms, and on which data: it decides what may be done with a run."
    expect(not empty, "licence and trained_on", f"nothing for {', '.join(empty)}", mend)


@check("weights")
def has_a_hash_or_none(subject: ComponentUnderTest) -> None:
    """sha256 of 64 hexadecimal digits, or None."""
    sha256 = _entry(subject).sha256
    is_right = sha256 is None or bool(SHA256.fullmatch(sha256))
    mend = "Write what sha256sum prints of the file, or None where its makers publish none."
    expect(is_right, "64 small hexadecimal digits, or None", repr(sha256), mend)


@check("weights")
def says_where_it_is(subject: ComponentUnderTest) -> None:
    """A source over https, or a member of an archive with its hash."""
    source = _entry(subject).source
    mend = "Give DirectFile(https address), or ArchiveMember(project, version, sha256, member)."
    is_right = isinstance(source, Source) and source.is_sound
    expect(is_right, "a source over https, or an archive with its hash", repr(source), mend)


@check("weights")
def has_a_plain_file_name(subject: ComponentUnderTest) -> None:
    """A file name without folders."""
    name = _entry(subject).filename
    is_right = bool(re.fullmatch(r"[\w][\w.+-]*", name))
    expect(is_right, "a file name", repr(name), "Give the name alone: ferkit chooses the folder.")


@check("weights")
def names_canonical_labels(subject: ComponentUnderTest) -> None:
    """Canonical names of the expressions that it classifies, each once."""
    labels = _entry(subject).labels
    is_right = len(set(labels)) == len(labels) and set(labels) <= set(CANONICAL_LABELS)
    expect(is_right, f"some of {', '.join(CANONICAL_LABELS)}", labels, "Map its makers' names to these.")
