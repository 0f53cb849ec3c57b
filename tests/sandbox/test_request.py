"""Every wall stands in what is asked of Docker."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evaluator.sandbox.request import Room, container_request, seccomp_profile
from evaluator.sandbox.stages import Command, Limits, ModelFile, Mount, StageSpec

LIMITS = Limits(cpus=1.5, memory_mb=1000, pids=100, model_mb=50, out_mb=20, shm_mb=16, wall_s=60, log_kb=8, gpus=1)
SPEC = StageSpec(
    key="run-1-train",
    image="sha256:0",
    command=Command.TRAIN,
    limits=LIMITS,
    mounts=(Mount(Path("/release/x"), "/holdout/x"),),
    environment={"A": "b"},
    labels={"run": "1"},
)
ROOM = Room(out=Path("/room/out"), log=Path("/room/log"), model=Path("/room/model"))
MODEL = ModelFile(Path("/kept/model.ext4"), 1, "0")


def request(spec=SPEC, **changes):
    given = {"entrypoint": ("python", "m.py"), "room": ROOM, "cgroup_parent": "/holdout/x", "namespace": "n"} | changes
    return container_request(spec, **given)


def test_the_walls_stand():
    asked = request()
    host = asked["HostConfig"]
    assert host["NetworkMode"] == "none"
    assert asked["NetworkDisabled"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert "CapAdd" not in host
    assert not host["Privileged"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert f"seccomp={seccomp_profile()}" in host["SecurityOpt"]
    assert host["IpcMode"] == host["CgroupnsMode"] == "private"
    assert host["Init"]
    assert asked["User"] == "10001:10001"


def test_the_daemon_gets_no_log():
    assert request()["HostConfig"]["LogConfig"]["Type"] == "none"


def test_an_images_own_health_check_is_switched_off():
    assert request()["Healthcheck"] == {"Test": ["NONE"]}


def test_resources_are_the_limits_in_dockers_units():
    host = request()["HostConfig"]
    assert host["NanoCpus"] == 1_500_000_000
    assert host["Memory"] == host["MemorySwap"] == 1000 * 2**20
    assert host["PidsLimit"] == 100 + 6  # docker-init, wrapper, log (2), watch (2)
    assert host["ShmSize"] == 16 * 2**20
    assert f"size={500 * 2**20}" in host["Tmpfs"]["/tmp"]
    assert {"Name": "fsize", "Soft": 100 * 2**20, "Hard": 100 * 2**20} in host["Ulimits"]


def test_the_images_command_is_run_by_the_wrapper_with_one_argument():
    asked = request()
    assert asked["Entrypoint"] == ["/bin/sh", "/holdout/.run", "8192", "70", "python", "m.py"]
    assert asked["Cmd"] == ["train"]


def mounts(spec=SPEC):
    return {mount["Target"]: mount for mount in request(spec)["HostConfig"]["Mounts"]}


def test_inputs_are_read_only_and_the_stages_own_directories_are_not():
    found = mounts()
    assert found["/holdout/x"] == {"Type": "bind", "Source": "/release/x", "Target": "/holdout/x", "ReadOnly": True}
    assert {target for target, mount in found.items() if not mount["ReadOnly"]} == {
        "/holdout/out",
        "/holdout/.log",
        "/holdout/model",
    }


def test_infer_gets_its_model_read_only():
    assert mounts(replace(SPEC, command=Command.INFER, model=MODEL))["/holdout/model"]["ReadOnly"]


def test_gpus_are_asked_for_by_id():
    assert request()["HostConfig"]["DeviceRequests"] == []
    (asked,) = request(gpus=("GPU-1",))["HostConfig"]["DeviceRequests"]
    assert asked["DeviceIDs"] == ["GPU-1"]
    assert request(gpus=("GPU-1",))["Labels"]["holdout.gpus"] == "GPU-1"


def test_a_label_of_a_stage_cannot_stand_for_one_of_ours():
    labels = request(replace(SPEC, labels={"holdout.key": "other", "run": "1"}))["Labels"]
    assert labels["holdout.key"] == "run-1-train"
    assert labels["run"] == "1"


def test_a_runtime_is_asked_for_only_where_there_is_one():
    assert "Runtime" not in request()["HostConfig"]
    assert request(replace(SPEC, runtime="runsc"))["HostConfig"]["Runtime"] == "runsc"


@pytest.mark.parametrize(
    "call",
    [
        *("io_uring_setup", "io_uring_enter", "ptrace", "process_vm_readv", "process_vm_writev", "unshare", "setns"),
        *("mount", "umount2", "bpf", "keyctl", "add_key", "perf_event_open", "userfaultfd", "open_by_handle_at"),
        *("kexec_load", "init_module", "pidfd_getfd", "chroot", "socket", "clone"),
    ],
)
def test_the_profile_lets_no_such_call_through_unconditionally(call):
    rules = [rule for rule in json.loads(seccomp_profile())["syscalls"] if call in rule["names"]]
    assert all(rule["action"] != "SCMP_ACT_ALLOW" or rule["args"] for rule in rules)


def test_no_other_calling_convention_goes_round_the_profile():
    architectures = json.loads(seccomp_profile())["archMap"]
    assert [entry["subArchitectures"] for entry in architectures] == [[], []]


@pytest.mark.parametrize("uid", [0, 1000, 10000, 65534])
def test_a_user_of_the_host_is_refused(uid):
    with pytest.raises(ValueError, match=f"uid {uid}: use 10001 and up"):
        replace(SPEC, uid=uid)


@pytest.mark.parametrize("key", ["", "../up", "-dash", "a/b", "UPPER", "x" * 101])
def test_a_key_that_is_no_plain_name_is_refused(key):
    with pytest.raises(ValueError, match="stage key"):
        replace(SPEC, key=key)


def test_a_model_belongs_to_infer_alone():
    with pytest.raises(ValueError, match="infer needs a model"):
        replace(SPEC, command=Command.INFER)
    with pytest.raises(ValueError, match="train has none yet"):
        replace(SPEC, model=MODEL)


def test_a_spec_survives_being_written_down():
    for spec in (SPEC, replace(SPEC, command=Command.INFER, model=MODEL, runtime="runsc", uid=20000)):
        assert StageSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_limits_are_positive_and_capped_by_the_host():
    with pytest.raises(ValueError, match="memory_mb"):
        Limits(memory_mb=0)
    capped = LIMITS.capped(Limits(cpus=1, memory_mb=500, pids=1000, wall_s=10, gpus=0))
    assert (capped.cpus, capped.memory_mb, capped.pids, capped.wall_s, capped.gpus) == (1, 500, 100, 10, 1)
