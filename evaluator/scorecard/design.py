"""What is scored on what: the rows of each (source, split, target), their answers, and the baselines' view of them."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmark_data.manifest import Scheme
from benchmark_data.release import Release
from evaluator.baselines import FittedBaselines, fit_baselines
from evaluator.mechanisms import mechanisms_of
from evaluator.rows import Rows
from evaluator.scoring.truth import Truth


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of predictions: a model trained on a source's split, asked about a target."""

    source: str
    split: int
    target: str

    @property
    def is_diagonal(self) -> bool:
        return self.source == self.target


@dataclass(frozen=True)
class Design:
    """Sources, targets and splits of a release under a scheme; everything it answers is computed once."""

    release: Release
    scheme: Scheme
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    splits: tuple[int, ...]
    _truths: dict[tuple[str, int | None], Truth] = field(default_factory=dict)
    _trained: dict[tuple[str, int], Rows] = field(default_factory=dict)
    _baselines: dict[tuple[str, int], FittedBaselines] = field(default_factory=dict)

    def entries(self) -> list[Entry]:
        return [
            Entry(source, split, target) for source in self.sources for target in self.targets for split in self.splits
        ]

    def rows(self, entry: Entry) -> Rows:
        """The split's test rows of the source itself, in the split's order; all rows of another study."""
        study = self.release.study(entry.target)
        if not entry.is_diagonal:
            return Rows.of(study)
        return Rows.of(study, self.release.split(entry.source, self.scheme, entry.split).test)

    def truth(self, entry: Entry) -> Truth:
        """Shared by every file of a target; on the diagonal each split has test rows of its own."""
        key = (entry.target, entry.split if entry.is_diagonal else None)
        if key not in self._truths:
            rows = self.rows(entry)
            n_cells, n_drugs = len(self.release.cells), len(self.release.drugs)
            self._truths[key] = Truth.of(
                rows.response, cell=rows.cell, drug=rows.drug, n_cells=n_cells, n_drugs=n_drugs
            )
        return self._truths[key]

    def given_rows(self, source: str, split: int) -> Rows:
        """Every row whose answer a model of this split was given: training and validation."""
        key = (source, split)
        if key not in self._trained:
            parts = self.release.split(source, self.scheme, split)
            self._trained[key] = Rows.of(self.release.study(source), np.concatenate([parts.train, parts.val]))
        return self._trained[key]

    def baselines(self, source: str, split: int) -> FittedBaselines:
        """Fitted on the training rows alone, as the models are."""
        key = (source, split)
        if key not in self._baselines:
            train = Rows.of(self.release.study(source), self.release.split(source, self.scheme, split).train)
            n_cells, n_drugs = len(self.release.cells), len(self.release.drugs)
            self._baselines[key] = fit_baselines(train, n_cells=n_cells, n_drugs=n_drugs)
        return self._baselines[key]

    @cached_property
    def mechanism_sets(self) -> dict[str, list[int]]:
        """The drugs of each mechanism, in the order of its name."""
        sets: dict[str, list[int]] = {}
        for drug, known in enumerate(mechanisms_of(self.release)):
            for mechanism in known:
                sets.setdefault(mechanism, []).append(drug)
        return dict(sorted(sets.items()))


def whole_design(
    release: Release,
    *,
    scheme: Scheme = Scheme.RANDOM_ROWS,
    splits: tuple[int, ...] | None = None,
) -> Design:
    """Every study as source and target, and every split that all of them have."""
    studies = release.study_names()
    common = min(release.manifest.split(study, scheme).count for study in studies)
    return Design(release, scheme, studies, studies, splits or tuple(range(common)))


Values = NDArray[np.float32]
