"""With an account in hand: everybody of the access matrix, at every address, asked for what nobody may have."""

import pytest
from django.utils import timezone

from evaluator.sandbox.stages import Log
from leaderboard.models import Stage
from leaderboard.sealed import looking, release
from leaderboard.states import StageState
from tests.site.access_table import PEOPLE
from tests.site.access_world import make_world
from tests.site.builders import make_ending, make_model
from tests.site.sealed.conftest import Maker
from tests.site.test_access import ROUTES, Visitors
from tests.walls.conftest import Secrets

pytestmark = pytest.mark.django_db
SENTINEL = b"said-inside-of-the-sealed-stage"


@pytest.fixture
def world(settings, tmp_path):
    settings.CELERY_BROKER_URL = settings.HOST_BROKER_URL = f"redis+socket://{tmp_path}/nothing.sock"
    settings.METRICS_NETWORKS = []
    settings.API_RATES = {"anonymous": None, "person": None}
    return make_world()  # its staff are superusers


@pytest.fixture
def evaluation(world, study, deliver, hidden):
    """Of the owner's team; its sealed stages say everything that a stage can say, as if a host had let it through."""
    team = world.people["owner"].teams.get()
    made = deliver(study, Maker(hidden), model=make_model(team=team))
    said = SENTINEL.decode()
    ending = make_ending(log=Log(head=said, tail=said), reason=said, wall_s=4242.4242)
    Stage.objects.filter(attempt__run__evaluation=made).update(
        ending=ending, state=StageState.ENDED, ended_at=timezone.now()
    )
    looking.look()
    return made


def files_of(evaluation, storage):
    """What the sealed stages left, and the answers."""
    folders = [f"attempts/{run.attempts.get().id.hex}/infer-sealed" for run in evaluation.runs.all()]
    names = [f"{folder}/predictions.f4.sealed" for folder in folders]
    return {name: storage.read(name) for name in [*names, f"sealed/{evaluation.study.study_id}/y.sealed"]}


def addresses(world, evaluation):
    """Every address of the site, asked for this submission, its study and each of its runs."""
    submission, study = evaluation.submission, evaluation.study
    words = {
        "submission_id": str(submission.pk),
        "models/ slug": submission.model.slug,
        "api/v1/models/ slug": submission.model.slug,
        "version": str(submission.version),
        "curating/ pk": str(study.pk),
        "pk": str(study.pk),
        "study_id": study.study_id,
        "object_id": str(evaluation.pk),
    }
    runs = [str(run.pk) for run in evaluation.runs.all()]
    for route in ROUTES:
        for run in runs[:2] if "run_id" in route else runs[:1]:
            yield world.address(route, **words, run_id=run)


def test_nobody_downloads_predictions_answers_or_a_word_of_a_sealed_stage(world, evaluation, storage, hidden, vault):
    """Nor an answer, a draw or the seed from a page of those who see most: curators and superusers."""
    kept, visitors, wrong = files_of(evaluation, storage), Visitors(world), []
    secrets = Secrets.of(hidden, vault, evaluation.study.study_id, evaluation.pk)
    assert len(kept) == 7
    for address in sorted(set(addresses(world, evaluation))):
        for person in PEOPLE:
            answer = visitors.ask(person, "GET", address)
            content = answer.getvalue() + str(answer.headers).encode()
            found = [name for name, sealed in kept.items() if sealed[:64] in content or sealed[-64:] in content]
            found += secrets.found_in(content) if person in ("curator", "staff") else []
            # The admin shows rows as they are; what a host says of a sealed stage never comes to stand in one.
            is_told = not address.startswith("/admin/") and (SENTINEL in content or b"4242.4" in content)
            if found or is_told:
                wrong.append((person, address, found))
    assert wrong == []


def test_no_file_of_a_sealed_stage_or_study_has_an_address(world, evaluation, storage):
    visitors = Visitors(world)
    for name, sealed in list(files_of(evaluation, storage).items())[-2:]:
        for folder in ("", "static/", "static/../", "static/%2e%2e/", "media/", "storage/", "api/v1/"):
            for person in PEOPLE:
                answer = visitors.ask(person, "GET", f"/{folder}{name}")
                assert answer.status_code in (301, 302, 404), (person, name)
                assert sealed[:64] not in answer.getvalue()


def test_a_team_learns_one_word_of_a_sealed_stage_that_failed(study, deliver, world):
    made = deliver(study, model=make_model(team=world.people["owner"].teams.get()))
    run = made.runs.first()
    type(run).objects.filter(pk=run.pk).update(state="failed", ended_at=timezone.now())
    assert release.told(made) == "failed on sealed data"
