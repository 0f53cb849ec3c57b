"""One report of a host with a thousand active runs: read, decided, written and answered, on a real PostgreSQL."""

import os
import statistics
import uuid

from bench.clock import seconds
from tests.site.services import running_postgres

RUNS = 1000
ENDING = 20
"""Stages that end with each report: a host of this size reports every few seconds, and a stage takes minutes."""
ROUNDS = 15
LIMIT_S = 0.1


def main() -> None:
    with running_postgres() as postgres:
        os.environ |= {"DATABASE_URL": postgres.url, "SECRET_KEY": "bench", "DJANGO_SETTINGS_MODULE": "tests.settings"}
        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        call_command("migrate", verbosity=0)
        measure()
        connections.close_all()


def measure() -> None:
    from leaderboard.hosting.exchange import receive

    busy()
    for what, ending in (("nothing new", 0), (f"{ENDING} stages that ended", ENDING)):
        times = []
        for number in range(ROUNDS):
            report = next_report(ending)
            times.append(seconds(lambda report=report: receive(report)))
            if number == 0:
                times.clear()  # the first reads every spec, once in a process's life
        median, worst = statistics.median(times), max(times)
        verdict = "ok" if median < LIMIT_S else "MISSED"
        print(
            f"a report of {RUNS:,} active runs, {what}: {median * 1e3:.0f} ms, at worst {worst * 1e3:.0f} ms: "
            f"{median / LIMIT_S:.2f} of the limit of {LIMIT_S * 1e3:.0f} ms {verdict}"
        )


def busy() -> None:
    """A host whose every slot is taken, and as many runs again in the queue."""
    from django.utils import timezone

    from leaderboard.models import Attempt, Run, Stage
    from leaderboard.states import RunState, StageState, SubmissionState
    from tests.site.builders import make_evaluation, make_host, make_spec, make_submission

    host, now = make_host(name="busy"), timezone.now()
    for _ in range(20):
        submission = make_submission(state=SubmissionState.RUNNING)
        evaluation, team = make_evaluation(submission=submission), submission.model.team
        for state in (RunState.RUNNING, RunState.QUEUED):
            runs = Run.objects.bulk_create(
                Run(
                    submission=submission,
                    evaluation=evaluation,
                    team=team,
                    purpose="track",
                    state=state,
                    spec=make_spec(split=split).to_json(),
                )
                for split in range(RUNS // 20)
            )
            if state is RunState.RUNNING:
                attempts = [Attempt(run=run, host=host, token=uuid.uuid4().hex, started_at=now) for run in runs]
                Attempt.objects.bulk_create(attempts)
                Stage.objects.bulk_create(
                    Stage(attempt=one, key=f"{one.id.hex}-0", kind="train", state=StageState.WANTED, wanted_at=now)
                    for one in attempts
                )


def next_report(ending: int):  # type: ignore[no-untyped-def]
    """What the host would say: every wanted stage is there, and the oldest of them have just ended well."""
    from evaluator.agent.messages import Capacity, Phase, Report, StageReport
    from evaluator.sandbox.outcomes import Outcome
    from evaluator.sandbox.stages import Ending
    from leaderboard.models import Host, Run, Stage

    host = Host.objects.get(name="busy")
    rows = Stage.objects.filter(attempt__host=host, attempt__state="open", state="wanted").order_by("id")
    stages = []
    for number, (key, attempt, token) in enumerate(rows.values_list("key", "attempt", "attempt__token")):
        values = {"key": key, "attempt": attempt.hex, "token": token, "manifest": "ab" * 32}
        if number < ending:
            ended = Ending(outcome=Outcome.FINISHED, exit_code=0, oom_killed=False, wall_s=60.0)
            stages.append(StageReport(**values, phase=Phase.ENDED, ending=ended))
        else:
            stages.append(StageReport(**values, phase=Phase.RUNNING, wall_s=1.0))
    return Report(
        host="busy",
        boot_id="boot-1",
        sequence=host.sequence + 1,
        stages=tuple(stages),
        capacity=Capacity(cpus=RUNS, memory_mb=RUNS * 8192, gpus=0, slots=RUNS),
        free_disk_mb=1 << 20,
        releases=(Run.objects.first().spec["release_id"],),
    )


if __name__ == "__main__":
    main()
