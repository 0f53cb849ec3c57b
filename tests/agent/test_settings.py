"""A host does not start with a setting that it cannot read, and says which."""

import pytest

from evaluator.agent.settings import HostSettings, SettingError
from evaluator.sandbox.images.registry import Registry


@pytest.fixture
def environment(tmp_path):
    return {
        "HOLDOUT_HOST_NAME": "host-1",
        "HOLDOUT_HOST_BROKER": "redis://localhost/0",
        "HOLDOUT_HOST_FOLDER": str(tmp_path / "host"),
        "HOLDOUT_RELEASES": str(tmp_path),
        "HOLDOUT_STORAGE": "s3://bucket/holdout",
    }


def test_what_cannot_be_guessed_is_enough(environment):
    settings = HostSettings.read(environment)
    assert (settings.sandbox, settings.report_s, settings.full_test, settings.registries) == ("docker", 2, True, ())


@pytest.mark.parametrize("name", ["HOLDOUT_HOST_BROKER", "HOLDOUT_HOST_FOLDER", "HOLDOUT_RELEASES", "HOLDOUT_STORAGE"])
def test_what_is_missing_is_named(environment, name):
    with pytest.raises(SettingError, match=f"{name} is not set"):
        HostSettings.read(environment | {name: " "})


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("HOLDOUT_HOST_NAME", "Host 1", "give 1 to 63"),
        ("HOLDOUT_HOST_BROKER", "localhost:6379", "give the address of a Redis"),
        ("HOLDOUT_RELEASES", "/nowhere", "a folder that is there"),
        ("HOLDOUT_SANDBOX", "podman", "docker or process"),
        ("HOLDOUT_HOST_SLOTS", "0", "a whole number above zero"),
        ("HOLDOUT_HOST_SLOTS", "two", "a whole number above zero"),
        ("HOLDOUT_HOST_REPORT_S", "-1", "a number above zero"),
        ("HOLDOUT_HOST_REPORT_S", "nan", "a number above zero"),
        ("HOLDOUT_HOST_SELF_TEST", "off", "full or short"),
        ("HOLDOUT_HOST_REGISTRIES", "ghcr.io/team", "is no host"),
    ],
)
def test_a_wrong_value_is_named_with_its_remedy(environment, name, value, remedy):
    with pytest.raises(SettingError, match=f"^{name} is '{value}': .*{remedy}"):
        HostSettings.read(environment | {name: value})


def test_registries_say_where_they_may_send_us_on_to(environment):
    listed = "ghcr.io+pkg.example.org, http://127.0.0.1:5000"
    settings = HostSettings.read(environment | {"HOLDOUT_HOST_REGISTRIES": listed})
    assert settings.registries == (
        Registry("ghcr.io", ("pkg.example.org",)),
        Registry("127.0.0.1:5000", plain_http=True),
    )
