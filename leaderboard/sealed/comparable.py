"""By what models are ranked on a sealed study: as on its track, where its answers are measured as the track's are."""

from dataclasses import dataclass

from benchmark_data.study_facts import StudyFacts
from evaluator.scoring.metrics import ERRORS, Metric
from evaluator.sealing.comparable import comparability


@dataclass(frozen=True, slots=True)
class Ranking:
    """`metric` over all rows, or its average within drugs; `why` is the sentence for whoever reads the ranks."""

    metric: Metric
    is_within_drug: bool
    why: str

    @property
    def higher_is_better(self) -> bool:
        return self.metric not in ERRORS

    @property
    def name(self) -> str:
        return f"within drug {self.metric}" if self.is_within_drug else str(self.metric)


def ranking(facts: StudyFacts, metric: Metric) -> Ranking:
    found = comparability(facts)
    return Ranking(metric if found.is_comparable else Metric.PEARSON, not found.is_comparable, found.why)
