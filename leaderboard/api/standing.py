"""How a submission stands, as JSON."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s

from evaluator.agent.messages import StageKind
from evaluator.sandbox.outcomes import Fault, Outcome
from leaderboard.hosting.forecast import forecast
from leaderboard.models import Submission
from leaderboard.models.entries import Contract, ImageOrigin
from leaderboard.reads.submissions import done, runs_of
from leaderboard.states import ENDED, Purpose, RunState, StageState, SubmissionState
from leaderboard.vocabulary import VOCABULARY, Reason


class ToldShape(s.Serializer[Any]):
    code = s.ChoiceField([str(reason) for reason in Reason])
    fault = s.ChoiceField([str(fault) for fault in Fault])
    sentence = s.CharField()
    remedy = s.CharField()
    detail = s.CharField(allow_blank=True)


class SubmissionShape(s.ModelSerializer[Submission]):
    model = s.CharField(source="model.slug")
    team = s.CharField(source="model.team.slug")
    track = s.CharField(source="track.slug")
    state = s.ChoiceField(SubmissionState.choices)
    told = s.SerializerMethodField(help_text="Why it stands so, and what to do about it.")
    contract = s.ChoiceField(Contract.choices)
    image_origin = s.ChoiceField(ImageOrigin.choices)
    settings = s.DictField()
    resources = s.DictField()

    class Meta:
        model = Submission
        fields = (
            *("id", "team", "model", "version", "track", "state", "state_since", "told", "created_at", "published_at"),
            *("note", "pretraining", "pretrained_until"),
            *("contract", "improve_model", "settings", "resources", "image_origin", "image_name", "image_id"),
        )

    def to_representation(self, submission: Submission) -> dict[str, Any]:
        """What its fields would say, at once: of a page of fifty, field by field takes longer than all else."""
        return {
            "id": str(submission.pk),
            "team": submission.model.team.slug,
            "model": submission.model.slug,
            "version": submission.version,
            "track": submission.track.slug,
            "state": str(submission.state),
            "state_since": _moment(submission.state_since),
            "told": self.get_told(submission),
            "created_at": _moment(submission.created_at),
            "published_at": submission.published_at and _moment(submission.published_at),
            "note": submission.note,
            "pretraining": submission.pretraining,
            "pretrained_until": submission.pretrained_until and submission.pretrained_until.isoformat(),
            "contract": str(submission.contract),
            "improve_model": submission.improve_model,
            "settings": submission.settings,
            "resources": submission.resources,
            "image_origin": str(submission.image_origin),
            "image_name": submission.image_name,
            "image_id": submission.image_id,
        }

    @extend_schema_field(ToldShape(allow_null=True))
    def get_told(self, submission: Submission) -> dict[str, Any] | None:
        if not submission.told:
            return None
        entry = VOCABULARY[Reason(submission.told)]
        told = {name: str(getattr(entry, name)) for name in ("fault", "sentence", "remedy")}
        return {"code": submission.told, **told, "detail": submission.told_detail}


OF_LINE = (
    *(name for name in SubmissionShape.Meta.fields if name not in ("team", "model", "track")),
    *("told_detail", "model__slug", "model__team__slug", "track__slug"),
)
"""The columns that it takes: a track's definition alone is longer than all of them."""


def _moment(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


class EstimateShape(s.Serializer[Any]):
    """With the interval that it lies in nine times of ten."""

    expected = s.DateTimeField()
    earliest = s.DateTimeField()
    latest = s.DateTimeField()


class CostShape(s.Serializer[Any]):
    cpu_s = s.FloatField(help_text="So far, without what was refunded.")
    wall_s = s.FloatField()
    refunded_cpu_s = s.FloatField()
    expected_cpu_s = s.FloatField(allow_null=True, help_text="Of the whole path; null while nothing is known.")


class ForecastShape(s.Serializer[Any]):
    place = s.IntegerField(allow_null=True, help_text="In the queue; 1 comes next.")
    start = EstimateShape(allow_null=True)
    end = EstimateShape(allow_null=True)
    cost = CostShape()


class DoneShape(s.Serializer[Any]):
    done = s.IntegerField()
    total = s.IntegerField()


class StandingShape(SubmissionShape):
    stages = DoneShape(help_text="Containers that have ended well, of all that it goes through.")

    forecast = ForecastShape(allow_null=True, help_text="null once it has ended.")

    class Meta:
        model = Submission
        fields = (*SubmissionShape.Meta.fields, "stages", "forecast")

    def to_representation(self, submission: Submission) -> dict[str, Any]:
        ahead = submission.forecast  # type: ignore[attr-defined]
        return super().to_representation(submission) | {
            "stages": dict(DoneShape(submission.stages).data),  # type: ignore[attr-defined]
            "forecast": ahead and dict(ForecastShape(ahead).data),
        }


def shown(submission: Submission) -> dict[str, Any]:
    submission.stages = done(submission, runs_of(submission))  # type: ignore[attr-defined]
    submission.forecast = None if submission.state in ENDED else forecast(submission)  # type: ignore[attr-defined]
    return dict(StandingShape(submission).data)


class StageShape(s.Serializer[Any]):
    key = s.CharField()
    kind = s.ChoiceField([str(kind) for kind in StageKind])
    target = s.CharField(allow_blank=True)
    state = s.ChoiceField(StageState.choices)
    phase = s.CharField(allow_blank=True)
    outcome = s.ChoiceField([str(outcome) for outcome in Outcome], allow_null=True)
    wall_s = s.FloatField(allow_null=True)
    memory_mb = s.FloatField(allow_null=True, help_text="At its peak.")
    reason = s.CharField(allow_blank=True)


class RunShape(s.Serializer[Any]):
    id = s.IntegerField()
    purpose = s.ChoiceField(Purpose.choices)
    state = s.ChoiceField(RunState.choices)
    source = s.CharField()  # type: ignore[assignment]  # hides an option of Field
    split = s.IntegerField()
    arm = s.CharField()
    n_lost = s.IntegerField(help_text="Attempts that were lost by our fault.")
    stages = StageShape(many=True)


class RunLogsShape(s.Serializer[Any]):
    key = s.CharField()
    name = s.CharField()
    head = s.CharField(allow_blank=True)
    tail = s.CharField(allow_blank=True)
