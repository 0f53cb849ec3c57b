"""Bringing releases and tracks onto the site by command."""

import shutil

import pytest
from django.core.management import CommandError, call_command

from benchmark_data.release import Release as Opened
from leaderboard.models import Release, Track
from tests.site.builders import make_submission

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def releases(settings, tmp_path):
    settings.RELEASES = tmp_path / "releases"
    return settings.RELEASES


@pytest.fixture
def loaded(tiny):
    call_command("load_release", str(tiny.folder), verbosity=0)
    return Release.objects.get()


def load_track(*options, slug="demo"):
    call_command("load_track", slug, "--release", "synthetic-tiny", "--smoke", "synthetic-tiny", *options, verbosity=0)
    return Track.objects.get(slug=slug)


def test_a_release_is_copied_to_where_the_hosts_have_it(loaded, tiny, releases):
    assert loaded.folder.startswith(str(releases))
    assert Opened.open(loaded.folder).id == tiny.id == loaded.release_id
    assert [study["name"] for study in loaded.summary["studies"]] == list(tiny.study_names())


def test_loading_a_release_again_changes_nothing(loaded, tiny):
    call_command("load_release", str(tiny.folder), verbosity=0)
    call_command("load_release", loaded.folder, verbosity=0)
    assert Release.objects.get().folder == loaded.folder


def test_a_damaged_release_is_refused(tiny, tmp_path):
    damaged = tmp_path / "damaged"
    shutil.copytree(tiny.folder, damaged)
    next((damaged / "y").iterdir()).write_bytes(b"")
    with pytest.raises(CommandError, match="y/"):
        call_command("load_release", str(damaged), verbosity=0)
    assert not Release.objects.exists()


def test_a_folder_that_is_no_release_is_refused(tmp_path):
    with pytest.raises(CommandError):
        call_command("load_release", str(tmp_path), verbosity=0)


def test_a_track_is_the_whole_release_as_far_as_nothing_else_is_said(loaded, tiny):
    track = load_track()
    assert track.definition["sources"] == track.definition["targets"] == list(tiny.study_names())
    assert track.definition["arms"] == ["real", "intradrug"]
    assert track.definition["metric"] == "r2"


def test_the_demo_track_fits_a_small_machine(loaded):
    options = ["--splits", "1", "--arm", "real", "--arm", "intradrug"]
    track = load_track(*options, "--cpus", "1", "--memory-mb", "3072", "--wall-s", "600", "--title", "Demo")
    assert track.title == "Demo"
    assert track.definition["splits"] == [0]
    for stage in ("train", "infer"):
        limits = track.definition[stage]
        assert (limits["cpus"], limits["memory_mb"], limits["wall_s"]) == (1, 3072, 600)


def test_loading_a_track_again_changes_its_text_and_keeps_the_rest(loaded):
    load_track("--splits", "1", "--title", "First", "--per-day", "9")
    track = load_track("--splits", "1", "--title", "Second")
    assert (track.title, track.per_day) == ("Second", 9)


def test_the_limits_of_a_track_with_submissions_do_not_change(loaded):
    make_submission(track=load_track("--splits", "1"))
    with pytest.raises(CommandError, match="another slug"):
        load_track("--splits", "2")
    assert load_track("--splits", "1", "--title", "Still may").title == "Still may"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [(["--arm", "magic"], "is no arm"), (["--arm", "intradrug"], "needs the arm real"), (["--cpus", "0"], "positive")],
)
def test_a_track_that_cannot_be_run_is_refused(loaded, options, sentence):
    with pytest.raises(CommandError, match=sentence):
        load_track(*options)


def test_a_track_on_a_release_that_is_not_there_is_refused(db):
    with pytest.raises(CommandError, match="load_release"):
        load_track()


def test_a_definition_is_read_from_a_file(loaded, tmp_path):
    file = tmp_path / "track.toml"
    file.write_text('targets = ["SynthA"]\nsplits = [0, 1]\narms = ["real"]\n')
    definition = load_track("--toml", str(file)).definition
    assert (definition["targets"], definition["splits"], definition["arms"]) == (["SynthA"], [0, 1], ["real"])
