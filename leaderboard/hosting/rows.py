"""Between rows and the values of a decision: what a host's view is read from, and how changes are written.

Attempts on a host, and the runs that they are of, are moved under the lock of the host's row alone.
"""

import re
import secrets
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Now

from evaluator.agent.messages import Image, ImageOrigin, Phase, Report, StageKind
from evaluator.engine.runs import RunSpec
from leaderboard.hosting.decision import MOST_NEW, PUT_BACK
from leaderboard.hosting.view import AttemptEnd, Changes, HeldAttempt, HeldStage, HostView, QueuedRun, StageEnd
from leaderboard.models import Attempt, Evaluation, Host, Run, Stage, Submission
from leaderboard.states import AttemptState, Purpose, RunState, StageState, SubmissionState

S = SubmissionState
MAY_BEGIN = (S.CHECKING, S.SMOKE, S.QUEUED, S.RUNNING)
"""Runs of submissions in these states are given to hosts."""
IMAGE = ("image_origin", "image_name", "upload_id", "upload__sha256")
ATTEMPT = re.compile(r"[0-9a-f]{32}")
_specs: dict[int, RunSpec] = {}
MOST_SPECS = 4096
"""Specs never change, and reading a thousand of them again with every report is most of its time."""


def image_of(origin: str, name: str, upload: uuid.UUID | None, sha256: str | None) -> Image:
    if origin == ImageOrigin.ARCHIVE:
        return Image(ImageOrigin.ARCHIVE, f"uploads/{upload}", sha256 or "")
    return Image(ImageOrigin(origin), name)


def held(host: Host, now: datetime) -> tuple[HeldAttempt, ...]:
    """The open attempts on a host, oldest first, with the stages that have not ended: two or three queries."""
    stages: dict[uuid.UUID, list[HeldStage]] = defaultdict(list)
    for attempt, key, kind, target, phase, wanted_at in (
        Stage.objects.filter(attempt__host=host, attempt__state=AttemptState.OPEN)
        .exclude(state=StageState.ENDED)
        .order_by("id")
        .values_list("attempt_id", "key", "kind", "target", "phase", "wanted_at")
    ):
        wanted_s = None if wanted_at is None else (now - wanted_at).total_seconds()
        stage = HeldStage(key=key, kind=StageKind(kind), target=target, phase=phase, wanted_s=wanted_s)
        stages[attempt].append(stage)
    rows = list(
        Attempt.objects.filter(host=host, state=AttemptState.OPEN)
        .order_by("started_at", "id")
        .values_list(
            *("id", "token", "run_id", "run__team_id", "run__purpose", "run__failures_of_ours"),
            *(f"run__submission__{name}" for name in ("request_id", *IMAGE)),
        )
    )
    failed_on = _failed_on({run: failures for _, _, run, _, _, failures, *_ in rows if failures})
    specs = specs_of(run for _, _, run, *_ in rows)
    return tuple(
        HeldAttempt(
            id=pk,
            token=token,
            run=run,
            team=team,
            purpose=Purpose(purpose),
            spec=specs[run],
            image=image_of(*image),
            stages=tuple(stages[pk]),
            failures_of_ours=failures,
            failed_on=failed_on.get(run, frozenset()),
            trace=trace,
        )
        for pk, token, run, team, purpose, failures, trace, *image in rows
    )


def specs_of(runs: Iterable[int]) -> dict[int, RunSpec]:
    wanted = set(runs)
    if len(_specs) > MOST_SPECS:
        _specs.clear()
    unknown = wanted - _specs.keys()
    if unknown:
        rows = Run.objects.filter(pk__in=unknown).values_list("id", "spec")
        _specs.update({run: RunSpec.from_json(spec) for run, spec in rows})
    return {run: _specs[run] for run in wanted}


def _failed_on(failures: Mapping[int, int]) -> dict[int, frozenset[int]]:
    """The hosts of each run's last failures of ours: as many as count, which an operator may have set back."""
    hosts: dict[int, list[int]] = defaultdict(list)
    rows = (
        Attempt.objects.filter(run__in=failures, state=AttemptState.GIVEN_UP)
        .exclude(reason=PUT_BACK)
        .order_by("-ended_at")
        .values_list("run_id", "host_id")
        if failures
        else ()
    )
    for run, host in rows:
        hosts[run].append(host)
    return {run: frozenset(hosts[run][:number]) for run, number in failures.items()}


def view(host: Host, now: datetime, report: Report) -> HostView:
    """The queue is read, and its runs locked, only as far as this host could take some of it."""
    mine = held(host, now)
    lingering = _lingering(report, mine)
    free = report.capacity.slots - len(mine)
    if host.is_draining or report.unfit:
        return HostView(id=host.pk, held=mine, is_draining=host.is_draining, lingering=lingering)
    queue = queued(report, at_most=min(max(free, 0), MOST_NEW))
    running = (
        Attempt.objects.filter(state=AttemptState.OPEN).values_list("run__team_id").annotate(n=Count("id"))
        if queue
        else ()
    )
    return HostView(id=host.pk, held=mine, queue=queue, running=dict(running), lingering=lingering)


def _lingering(report: Report, mine: tuple[HeldAttempt, ...]) -> dict[str, int]:
    """The teams of what is still on the host and is no attempt there any more."""
    held_here = {attempt.id.hex for attempt in mine}
    said = {stage.attempt for stage in report.stages if stage.phase is not Phase.ENDED} - held_here
    ids = [uuid.UUID(attempt) for attempt in said if ATTEMPT.fullmatch(attempt)]
    rows = Attempt.objects.filter(pk__in=ids).values_list("pk", "run__team_id") if ids else ()
    return {pk.hex: team for pk, team in rows}


def queued(report: Report, *, at_most: int) -> tuple[QueuedRun, ...]:
    """The head of each submission's queue, as far as this host has its release. Checks need no slot.

    What another host's report looks at in this moment is skipped.
    """
    here = Q(purpose=Purpose.CHECK)
    if at_most:
        here |= Q(spec__release_id__in=list(report.releases))
    heads = (
        Run.objects.filter(here, submission=OuterRef("pk"), state=RunState.QUEUED)
        .order_by("queued_at", "id")
        .values("pk")[: max(1, at_most)]
    )
    on_sealed = Evaluation.objects.filter(submission=OuterRef("pk"), study__isnull=False, finished_at=None)
    due = Q(state__in=MAY_BEGIN) | Q(Exists(on_sealed), state=S.PUBLISHED)
    found = Submission.objects.filter(due).annotate(heads=ArraySubquery(heads))
    runs = [run for heads in found.values_list("heads", flat=True) for run in heads]
    if not runs:
        return ()
    locked = (
        Run.objects.filter(pk__in=runs, state=RunState.QUEUED)
        .order_by("id")
        .select_for_update(skip_locked=True, of=("self",))
        .values_list(
            *("id", "team_id", "purpose", "queued_at", "spec"),
            *(f"submission__{name}" for name in ("request_id", *IMAGE)),
        )
    )
    return tuple(
        QueuedRun(
            id=pk,
            team=team,
            purpose=Purpose(purpose),
            spec=RunSpec.from_json(spec),
            image=image_of(*image),
            queued_at=queued_at,
            attempt=uuid.uuid4(),
            token=secrets.token_urlsafe(32),
            trace=trace,
        )
        for pk, team, purpose, queued_at, spec, trace, *image in locked
    )


# Writing.


def apply(host: Host, now: datetime, changes: Changes) -> None:
    """Runs before attempts before stages, as everybody locks them."""
    end_attempts(changes.attempt_ends)
    opened = [one.run for one in changes.opened]
    if opened:
        moved = Run.objects.filter(pk__in=opened, state=RunState.QUEUED).update(state=RunState.RUNNING)
        if moved != len(opened):
            raise RuntimeError(f"{len(opened) - moved} runs left the queue while they were locked")
        Attempt.objects.bulk_create(
            Attempt(id=one.attempt, run_id=one.run, host=host, token=one.token, started_at=now)
            for one in changes.opened
        )
    for end in changes.stage_ends:
        _end_stage(end)
    phases: dict[str, list[str]] = defaultdict(list)
    for key, phase in changes.phases:
        phases[phase].append(key)
    for said, keys in phases.items():
        Stage.objects.filter(key__in=keys).update(phase=said)
    if changes.wanted:
        Stage.objects.filter(key__in=changes.wanted).update(state=StageState.WANTED, wanted_at=now)
    if changes.new_stages:
        Stage.objects.bulk_create(
            Stage(
                attempt_id=stage.attempt,
                key=stage.key,
                kind=stage.kind,
                target=stage.target,
                state=StageState.WANTED if stage.is_wanted else StageState.WAITING,
                wanted_at=now if stage.is_wanted else None,
            )
            for stage in changes.new_stages
        )


def end_attempts(ends: Iterable[AttemptEnd]) -> None:
    """What has ended in the meantime stays as it is."""
    alike: dict[tuple[Any, ...], list[AttemptEnd]] = defaultdict(list)
    for end in ends:
        alike[end.run_state, end.failures_of_ours].append(end)
    for (run_state, failures), group in alike.items():
        ended = Now() if run_state in (RunState.DONE, RunState.FAILED) else None
        Run.objects.filter(pk__in=[end.run for end in group], state=RunState.RUNNING).update(
            state=run_state, failures_of_ours=failures, ended_at=ended
        )
    reasons: dict[tuple[AttemptState, str], list[uuid.UUID]] = defaultdict(list)
    for group in alike.values():
        for end in group:
            reasons[end.state, storable(end.reason)[:500]].append(end.attempt)
    for (state, reason), attempts in reasons.items():
        Attempt.objects.filter(pk__in=attempts, state=AttemptState.OPEN).update(
            state=state, reason=reason, ended_at=Now()
        )


def _end_stage(end: StageEnd) -> None:
    Stage.objects.filter(key=end.key).exclude(state=StageState.ENDED).update(
        state=StageState.ENDED,
        phase="ended",
        ended_at=Now(),
        ending=storable(end.ending.to_json()),
        manifest=end.manifest,
        image=end.image,
    )


def storable(said: Any) -> Any:
    """A container's log may hold what PostgreSQL keeps in no text: NUL, and halves of characters."""
    if isinstance(said, str):
        return said.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(said, Mapping):
        return {name: storable(value) for name, value in said.items()}
    if isinstance(said, list | tuple):
        return [storable(value) for value in said]
    return said
