"""Checks of a catalogue entry of pretrained weights. Nothing is downloaded."""

from __future__ import annotations

import re

from ferkit.components.weights.entry import Source, Weights
from ferkit.interfaces import CANONICAL_LABELS
from ferkit.testing.check import check, expect
from ferkit.testing.component_under_test import ComponentUnderTest

SHA256 = re.compile(r"[0-9a-f]{64}")


def _entry(subject: ComponentUnderTest) -> Weights:
    entry = subject.component.load()
    fix = "Make the target a ferkit.plugin.Weights."
    expect(isinstance(entry, Weights), "a Weights", type(entry).__name__, fix)
    assert isinstance(entry, Weights)
    return entry


@check("weights")
def is_called_as_its_component(subject: ComponentUnderTest) -> None:
    """The entry and the component have the same name."""
    name = _entry(subject).name
    expect(name == subject.component.name, subject.component.name, name, "Use the same name for both.")


@check("weights")
def tells_its_terms_and_origin(subject: ComponentUnderTest) -> None:
    """`licence` and `trained_on` are not empty."""
    entry = _entry(subject)
    empty = [name for name in ("licence", "trained_on") if not getattr(entry, name).strip()]
    fix = "State the licence and the training data. They determine the permitted use of a run."
    expect(not empty, "licence and trained_on", f"empty: {', '.join(empty)}", fix)


@check("weights")
def has_a_hash_or_none(subject: ComponentUnderTest) -> None:
    """`sha256` has 64 hexadecimal digits, or is None."""
    sha256 = _entry(subject).sha256
    is_right = sha256 is None or bool(SHA256.fullmatch(sha256))
    fix = "Use the output of sha256sum for the file, or None if the authors publish no hash."
    expect(is_right, "64 lower-case hexadecimal digits, or None", repr(sha256), fix)


@check("weights")
def says_where_it_is(subject: ComponentUnderTest) -> None:
    """The source is an https URL, or a member of an archive with a hash."""
    source = _entry(subject).source
    fix = "Use DirectFile(https URL) or ArchiveMember(project, version, sha256, member)."
    is_right = isinstance(source, Source) and source.is_sound
    expect(is_right, "an https URL, or an archive with a hash", repr(source), fix)


@check("weights")
def has_a_plain_file_name(subject: ComponentUnderTest) -> None:
    """`filename` has no folder."""
    name = _entry(subject).filename
    is_right = bool(re.fullmatch(r"[\w][\w.+-]*", name))
    expect(is_right, "a file name", repr(name), "Remove the folder. ferkit selects it.")


@check("weights")
def names_canonical_labels(subject: ComponentUnderTest) -> None:
    """`labels` are canonical names of expressions, each once."""
    labels = _entry(subject).labels
    is_right = len(set(labels)) == len(labels) and set(labels) <= set(CANONICAL_LABELS)
    expect(is_right, f"names of {', '.join(CANONICAL_LABELS)}", labels, "Map the authors' names to these.")
