"""The mechanisms of action of a drug: several columns of annotation merged into one text, separated by semicolons."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

SEPARATOR = ";"


@dataclass(frozen=True, slots=True)
class Annotation:
    """A column: its text for each drug, what separates several mechanisms, and whether it speaks only if none did."""

    texts: Sequence[str | None]
    separator: str
    fallback: bool


def merged_mechanisms(annotations: Iterable[Annotation], *, none: Collection[str], unknown: str) -> list[str]:
    """For each drug the words of all columns, each once, in the order of the columns; words in `none` name nothing."""
    merged: list[list[str]] = []
    for annotation in annotations:
        merged = merged or [[] for _ in annotation.texts]
        for found, text in zip(merged, annotation.texts, strict=True):
            if not (annotation.fallback and found):
                found += [word for word in _words(text, annotation.separator) if word not in none and word not in found]
    return [SEPARATOR.join(found) or unknown for found in merged]


def _words(text: str | None, separator: str) -> list[str]:
    words = (text or "").split(separator) if separator else [text or ""]
    return [word.replace(SEPARATOR, ",").strip() for word in words if word.strip()]
