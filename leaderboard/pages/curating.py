"""The curators' room: bring a sealed study in, read its report, try it out, move it on two people to a step, audit."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from leaderboard.models import SealedStudy, StudyStep, Team, Track
from leaderboard.pages import curating_sheet as sheet
from leaderboard.pages import sealed_sheet
from leaderboard.pages.doors import PersonsRequest, persons_page, tell
from leaderboard.reads import curating as reads
from leaderboard.sealed import evaluating, intake, life, queue
from leaderboard.sealed.allowed import NEXT, Can, allows
from leaderboard.states import StudyState
from leaderboard.submitting import access
from leaderboard.submitting.errors import Refused

P = ParamSpec("P")
PER_PAGE = 50


class BringForm(forms.Form):
    track = forms.ModelChoiceField(Track.objects.none(), to_field_name="slug", label="Track", empty_label=None)
    file = forms.FileField(label="Sealed study", help_text="The .holdout-study.tar that sealing wrote, up to 4 GB.")


class RulesForm(forms.Form):
    looks = forms.IntegerField(
        label="Looks of a team",
        min_value=1,
        max_value=life.MOST_LOOKS,
        help_text="How many new submissions of a team are scored on it while it is live. A failure is a look too.",
    )
    is_rank_only = forms.BooleanField(
        label="Show ranks alone while it is live", required=False, help_text="No number leaves before it is frozen."
    )
    kept_out = forms.ModelMultipleChoiceField(
        Team.objects.order_by("name"),
        required=False,
        label="Teams that are not scored on it",
        help_text="Those that share somebody with its producer. Teams of its curators are never scored.",
    )


class AuditForm(forms.Form):
    study = forms.ModelChoiceField(SealedStudy.objects.order_by("name", "version"), required=False, empty_label="all")
    kind = forms.ChoiceField(
        label="What",
        required=False,
        choices=[
            (reads.Entries.ALL, "everything"),
            (reads.Entries.OPENINGS, "openings"),
            (reads.Entries.STEPS, "acts"),
        ],
    )
    who = forms.CharField(label="Who", required=False, max_length=100)


def curators_page(
    view: Callable[Concatenate[PersonsRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """For curators and operators; for others it is not there."""

    @persons_page
    def door(request: PersonsRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        life.demand_curator(request.user)
        return view(request, *args, **kwargs)

    return door


@require_http_methods(["GET", "POST"])
@curators_page
def curating(request: PersonsRequest) -> HttpResponse:
    form = BringForm(request.POST or None, request.FILES or None)
    form.fields["track"].queryset = Track.objects.order_by("title")  # type: ignore[attr-defined]
    if form.is_valid():
        try:
            study = intake.take(request.user, form.cleaned_data["track"].slug, form.cleaned_data["file"])
        except Refused as refused:
            tell(form, refused)
        else:
            messages.success(request, f"{study} is here as a draft. The scorer writes its report in a moment.")
            return redirect("curated", study.pk)
    page = {"form": form, "studies": sheet.lines(reads.studies()), "key": intake.site_key()}
    return render(request, "curating/list.html", page, status=400 if form.errors else 200)


@require_http_methods(["GET"])
@curators_page
def curated(request: PersonsRequest, pk: int) -> HttpResponse:
    return _page(request, _study(pk))


@require_http_methods(["GET", "POST"])
@curators_page
def step(request: PersonsRequest, pk: int) -> HttpResponse:
    """What the next step will do and cost; proposed by POST."""
    study = _study(pk)
    if request.method == "POST":
        life.propose(request.user, study, request.POST.get("why", ""))
        messages.success(request, "It is proposed. Another curator confirms or refuses it.")
        return redirect("curated", study.pk)
    following = sheet.next_step(study)
    if following is None:
        return redirect("curated", study.pk)
    page = {"study": study, "step": following, "cost": _cost_of_step(study)}
    return render(request, "curating/step.html", page)


@require_POST
@curators_page
def answer(request: PersonsRequest, pk: int, step_id: int) -> HttpResponse:
    step = access.one(StudyStep.objects.select_related("study", "proposed_by"), pk=step_id, study=pk)
    confirm = request.POST.get("answer") == "confirm"
    study = life.answer(request.user, step, confirm=confirm)
    messages.success(request, f"{study} is {study.state} now." if confirm else "The step is refused.")
    return redirect("curated", pk)


@require_http_methods(["GET", "POST"])
@curators_page
def dry_run(request: PersonsRequest, pk: int) -> HttpResponse:
    """What it costs; begun by POST."""
    study = _study(pk)
    if request.method == "POST":
        begun = life.try_out(request.user, study)
        messages.success(request, f"{begun} models are being scored on it, for curators alone.")
        return redirect("curated", study.pk)
    cost = sheet.cost_text(evaluating.cost(study, evaluating.due(study)))
    return render(request, "curating/dry_run.html", {"study": study, "cost": cost, "due": evaluating.due(study)})


@require_POST
@curators_page
def rules(request: PersonsRequest, pk: int) -> HttpResponse:
    study, form = _study(pk), RulesForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        life.change_rules(
            request.user,
            study,
            looks=values["looks"],
            is_rank_only=values["is_rank_only"],
            kept_out=list(values["kept_out"]),
        )
        messages.success(request, "Its rules are changed.")
        return redirect("curated", study.pk)
    return _page(request, study, form=form)


@require_POST
@curators_page
def ask_scorer(request: PersonsRequest, pk: int) -> HttpResponse:
    """The report once more, or the answers encrypted to the scorer's new key: openings, with this curator's name."""
    study = _study(pk)
    if request.POST.get("what") == "reseal":
        queue.ask_reseal(study.pk, request.user.pk)
        messages.success(request, "The scorer encrypts its answers to its current key.")
    else:
        queue.ask_report(study.pk, request.user.pk)
        messages.success(request, "The scorer writes its report again. It opens the answers for that, in your name.")
    return redirect("curated", study.pk)


@require_http_methods(["GET"])
@curators_page
def audit(request: PersonsRequest) -> HttpResponse:
    form = AuditForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    found = reads.audit(
        study=asked["study"].pk if asked.get("study") else None,
        kind=reads.Entries(asked.get("kind", "")),
        who=asked.get("who", ""),
    )
    page_of = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    page = {"form": form, "entries": reads.entries(page_of), "page_of": page_of, "query": query.urlencode()}
    return render(request, "curating/audit.html", page)


def _study(pk: int) -> SealedStudy:
    return access.one(reads.studies(), pk=pk)


def _cost_of_step(study: SealedStudy) -> str:
    if NEXT.get(StudyState(study.state)) is not StudyState.LIVE:
        return ""
    return sheet.cost_text(evaluating.cost(study, evaluating.due(study, when=StudyState.LIVE)))


def _page(request: PersonsRequest, study: SealedStudy, form: RulesForm | None = None) -> HttpResponse:
    open_step = next(iter(study.open_steps), None)  # type: ignore[attr-defined]  # read with it
    may_rule = allows(study, Can.CHANGE_RULES)
    if form is None and may_rule:
        kept_out = list(study.teams_kept_out.all())
        form = RulesForm(initial={"looks": study.looks, "is_rank_only": study.is_rank_only, "kept_out": kept_out})
    before = reads.trials(study.corrects) if study.corrects else []
    page = {
        "study": study,
        "badge": sheet.STATE_BADGE[StudyState(study.state)],
        "stops": sheet.stops(study),
        "open_step": open_step,
        "opened": sheet.open_step(open_step),
        "next": sheet.next_step(study),
        "cost": _cost_of_step(study) if open_step else "",
        "hindrance": life.hindrance(study),
        "is_own": open_step is not None and open_step.proposed_by_id == request.user.pk,
        "facts": sealed_sheet.facts(study),
        "findings": sheet.findings(study),
        "sheets": sheet.sheets(study),
        "trials": sheet.trials(reads.trials(study), before),
        "may_try_out": allows(study, Can.TRY_OUT),
        "rules": form,
        "may_rule": may_rule,
        "seen_by": sheet.seen_by(study),
        "entries": reads.entries(reads.audit(study=study.pk)[:10]),
        "is_old_key": study.key_id != intake.site_key_id(),
    }
    return render(request, "curating/study.html", page, status=400 if form is not None and form.errors else 200)
