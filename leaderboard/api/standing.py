"""How a submission stands, as JSON."""

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

    @extend_schema_field(ToldShape(allow_null=True))
    def get_told(self, submission: Submission) -> dict[str, Any] | None:
        if not submission.told:
            return None
        entry = VOCABULARY[Reason(submission.told)]
        told = {name: getattr(entry, name) for name in ("fault", "sentence", "remedy")}
        return dict(ToldShape(told | {"code": submission.told, "detail": submission.told_detail}).data)


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
