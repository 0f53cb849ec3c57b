"""A track is a release as a whole, changed by what its file names, narrowed and capped."""

import pytest

from benchmark_data.errors import ReleaseError
from evaluator.contract.errors import ContractError
from evaluator.engine.host import host_limits, slots_for
from evaluator.engine.track import read_track, whole_release
from evaluator.sandbox.stages import Limits


def track_of(release, tmp_path, text):
    (tmp_path / "track.toml").write_text(text)
    return read_track(tmp_path / "track.toml", release)


def test_a_whole_release_is_every_study_and_split_with_real_and_permuted_labels(release):
    track = whole_release(release)
    assert track.sources == track.targets == ("A", "B")
    assert track.splits == (0, 1)
    assert [str(arm) for arm in track.arms] == ["real", "intradrug"]


def test_a_file_changes_what_it_names_and_nothing_else(release, tmp_path):
    track = track_of(release, tmp_path, 'sources = ["A"]\narms = ["k-cells:3"]\nremap_ids = true\n[train]\ncpus = 2\n')
    assert track.sources == ("A",)
    assert track.targets == ("A", "B")
    assert [str(arm) for arm in track.arms] == ["k-cells:3"]
    assert track.train == Limits(cpus=2)
    assert track.remap_ids


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("sauces = []", "sauces"),
        ('arms = ["permuted"]', "'permuted' is no arm"),
        ("[train]\ncpus = -1", "limits must be positive"),
        ("[train]\nspeed = 1", "speed"),
        ("= 1", "not TOML"),
        ('scheme = "guess"', "guess"),
    ],
)
def test_a_file_that_is_no_track_is_refused_with_its_reason(release, tmp_path, text, what):
    with pytest.raises(ContractError, match=what):
        track_of(release, tmp_path, text)


def test_a_study_that_the_release_lacks_is_named(release, tmp_path):
    with pytest.raises(ReleaseError, match="no study 'X'"):
        track_of(release, tmp_path, 'targets = ["X"]')


def test_no_stage_is_promised_more_than_the_host_has(release, tmp_path):
    track = track_of(release, tmp_path, "[train]\ncpus = 4000\nmemory_mb = 99999999\ngpus = 2\n").capped(host_limits())
    assert track.train.cpus == host_limits().cpus
    assert track.train.memory_mb == host_limits().memory_mb
    assert track.train.gpus == 2
    assert track.infer == Limits()


@pytest.mark.parametrize(("cpus", "memory_mb", "slots"), [(8, 64_000, 8), (8, 10_500, 2), (1, 1_000, 1)])
def test_as_many_stages_run_as_processors_and_memory_allow_and_always_one(release, cpus, memory_mb, slots):
    assert slots_for(whole_release(release), cpus=cpus, memory_mb=memory_mb) == slots
