"""Submissions of my teams: sent, watched, withdrawn, deleted; and the scores of those that are published."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from leaderboard.api.doors import EitherDoor, PersonsDoor, PersonsList, read
from leaderboard.api.repeats import KEY, once
from leaderboard.api.standing import OF_LINE, RunLogsShape, RunShape, StandingShape, SubmissionShape, shown
from leaderboard.models import ModelKind, Submission
from leaderboard.models.entries import Contract
from leaderboard.reads.sheets import card_of
from leaderboard.reads.submissions import logs, runs_of
from leaderboard.submitting import access, submissions
from leaderboard.submitting.drafts import Draft

ENDED = OpenApiResponse(description="It has ended otherwise")


class SubmissionDraft(s.Serializer[Any]):
    """Either `model` or `new_model`; one of `image`, `upload` and `reference`."""

    team = s.SlugField(max_length=60)
    track = s.SlugField(max_length=60)
    model = s.CharField(required=False, max_length=60, help_text="The slug of one of the team's.")
    new_model = s.CharField(required=False, max_length=100, help_text="The name of a new one.")
    image = s.CharField(required=False, max_length=500, help_text="registry.example.org/team/model@sha256:…")
    upload = s.UUIDField(required=False, allow_null=True, help_text="A complete upload of the team.")
    reference = s.CharField(required=False, max_length=60, help_text="A model of ours; staff alone.")
    kind = s.ChoiceField(ModelKind.choices, required=False, help_text="Others than participant: staff alone.")
    contract = s.ChoiceField(Contract.choices, required=False)
    improve_model = s.CharField(required=False, allow_blank=True, max_length=100)
    settings = s.DictField(required=False, help_text="Passed on in job.json.")
    resources = s.DictField(required=False, help_text='{"train": {"memory_mb": 2048}, "infer": {…}}')
    note = s.CharField(required=False, allow_blank=True, max_length=5000)
    pretraining = s.CharField(
        required=False, allow_blank=True, max_length=5000, help_text="On what data from elsewhere; empty: none."
    )
    pretrained_until = s.DateField(required=False, allow_null=True, help_text="The newest date of these data.")
    description = s.CharField(required=False, allow_blank=True, max_length=5000)
    citation = s.CharField(required=False, allow_blank=True, max_length=5000)
    code_url = s.CharField(required=False, allow_blank=True, max_length=200)
    licence = s.CharField(required=False, allow_blank=True, max_length=100)


class Submissions(PersonsList[Submission]):
    serializer_class = SubmissionShape

    def get_queryset(self) -> QuerySet[Submission]:
        mine = access.submissions_of(self.person(self.request))
        return mine.select_related("model__team", "track").only(*OF_LINE).order_by("-created_at", "id")

    @extend_schema(summary="My teams' submissions, newest first")
    def get(self, request: Request) -> Response:
        return self.list(request)

    @extend_schema(
        summary="Submit an image by digest, or an uploaded archive",
        request=SubmissionDraft,
        parameters=[KEY],
        responses={201: SubmissionShape, 409: OpenApiResponse(description="The archive or the name is taken")},
    )
    def post(self, request: Request) -> Response:
        draft, person = Draft(**read(SubmissionDraft, request.data)), self.person(request)
        return once(request, person, lambda: SubmissionShape(submissions.submit(person, draft)).data)


class OneSubmission(PersonsDoor):
    @extend_schema(summary="Where it stands", responses=StandingShape)
    def get(self, request: Request, submission_id: UUID) -> Response:
        return Response(shown(_mine(request, submission_id)))

    @extend_schema(
        summary="Delete it with its archive, logs, predictions and scores", request=None, responses={204: None}
    )
    def delete(self, request: Request, submission_id: UUID) -> Response:
        submissions.delete(self.person(request), _mine(request, submission_id))
        return Response(status=204)


class Withdrawal(PersonsDoor):
    @extend_schema(
        summary="Withdraw it: nothing of it runs on, and it leaves the board",
        request=None,
        parameters=[KEY],
        responses={200: StandingShape, 409: ENDED},
    )
    def post(self, request: Request, submission_id: UUID) -> Response:
        submission, person = _mine(request, submission_id), self.person(request)

        def withdraw() -> dict[str, Any]:
            submissions.withdraw(person, submission)
            return shown(submission)

        return once(request, person, withdraw, status=200)


class Runs(PersonsDoor):
    @extend_schema(summary="Its runs, each with the stages of the latest attempt", responses=RunShape(many=True))
    def get(self, request: Request, submission_id: UUID) -> Response:
        return Response(RunShape(runs_of(_mine(request, submission_id)), many=True).data)


class RunLogs(PersonsDoor):
    @extend_schema(summary="Head and tail of what each stage of a run has written", responses=RunLogsShape(many=True))
    def get(self, request: Request, submission_id: UUID, run_id: int) -> Response:
        run = next((run for run in runs_of(_mine(request, submission_id)) if run.id == run_id), None)
        if run is None:
            raise Http404
        said = logs(run_id=run_id)
        stages = [{"key": one.key, "name": one.name, **said[one.key]} for one in run.stages if one.key in said]
        return Response(RunLogsShape(stages, many=True).data)


class ScoresShape(s.Serializer[Any]):
    submission = s.UUIDField()
    computed_at = s.DateTimeField()
    card = s.DictField(
        help_text="Matrices, intervals, skill, gap, memory alarm and ceilings, as `holdout score` has them."
    )


class Scores(EitherDoor):
    @extend_schema(summary="Scores of a published submission", responses=ScoresShape)
    def get(self, request: Request, submission_id: UUID) -> Response:
        card = _card(request, submission_id)
        return Response(ScoresShape({"submission": submission_id, **card}).data)


class MatrixQuery(s.Serializer[Any]):
    metric = s.CharField(default="r2", max_length=40, help_text="`within drug r2` averages over drugs.")
    arm = s.CharField(default="real", max_length=40)


class MatrixShape(s.Serializer[Any]):
    """null where undefined; `undefined` has the reasons."""

    order = s.ListField(child=s.CharField(), help_text="Sources down, targets across.")
    G = s.ListField(child=s.ListField(child=s.FloatField(allow_null=True)))
    G_std = s.ListField(child=s.ListField(child=s.FloatField(allow_null=True)))
    Gn = s.ListField(child=s.ListField(child=s.FloatField(allow_null=True)))
    Ga = s.ListField(child=s.FloatField(allow_null=True))
    Gna = s.ListField(child=s.FloatField(allow_null=True))
    undefined = s.DictField(child=s.CharField(allow_null=True))


class Matrices(EitherDoor):
    @extend_schema(
        summary="G, Gn, Ga and Gna of a published submission", parameters=[MatrixQuery], responses=MatrixShape
    )
    def get(self, request: Request, submission_id: UUID) -> Response:
        wanted = read(MatrixQuery, request.query_params)
        made = _card(request, submission_id)["card"]["matrices"].get(wanted["arm"], {}).get(wanted["metric"])
        if made is None:
            raise Http404
        return Response(MatrixShape(made).data)


def _mine(request: Request, submission_id: UUID) -> Submission:
    person = PersonsDoor.person(request)
    rows = Submission.objects.all() if access.is_operator(person) else access.submissions_of(person)
    return access.one(rows.select_related("model__team", "track"), pk=submission_id)


def _card(request: Request, submission_id: UUID) -> dict[str, Any]:
    who = PersonsDoor.person(request)
    submission = access.one(access.submissions_seen_by(who).select_related("model__team"), pk=submission_id)
    card = card_of(submission) if access.may_see_scores(who, submission) else None
    if card is None:
        raise Http404
    return {"computed_at": card.computed_at, "card": card.card}
