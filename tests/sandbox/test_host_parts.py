"""The small parts that a sandbox stands on, each by itself."""

import os

import pytest

from evaluator.sandbox import bubblewrap, cgroups, gpus, outputs
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from evaluator.sandbox.process_backend import reference_module
from evaluator.sandbox.stages import Ending, Mount
from evaluator.sandbox.supervise import KeptLog

FINISHED = Ending(outcome=Outcome.FINISHED, exit_code=0, oom_killed=False, wall_s=1.0)


def test_gpus_are_handed_out_once_and_in_order():
    present = ("GPU-a", "GPU-b", "GPU-c")
    assert gpus.allot(2, present=present, taken={"GPU-a"}) == ("GPU-b", "GPU-c")
    assert gpus.allot(0, present=(), taken=()) == ()
    with pytest.raises(SandboxRefusalError, match=r"needs 3 GPU\(s\); this host has 3, of which 2 are free") as refusal:
        gpus.allot(3, present=present, taken={"GPU-a"})
    assert refusal.value.outcome is Outcome.NO_GPU


def test_without_nvidias_tool_there_are_no_gpus(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus.on_this_host() == ()


def test_nvidias_tool_names_the_gpus(monkeypatch, tmp_path):
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho GPU-1\necho GPU-2\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert gpus.on_this_host() == ("GPU-1", "GPU-2")


def test_usage_is_read_from_either_kind_of_control_group(tmp_path):
    for path, text in {
        "v1/memory/holdout/x/memory.max_usage_in_bytes": "3145728\n",
        "v1/cpuacct/holdout/x/cpuacct.usage": "2500000000\n",
        "v2/holdout/x/memory.peak": "3145728\n",
        "v2/holdout/x/cpu.stat": "usage_usec 2500000\nuser_usec 1\n",
        "v2/holdout.slice/holdout-x.slice/memory.peak": "1048576\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert cgroups.usage("/holdout/x", root=tmp_path / "v1") == cgroups.Usage(3.0, 2.5)
    assert cgroups.usage("/holdout/x", root=tmp_path / "v2") == cgroups.Usage(3.0, 2.5)
    assert cgroups.usage("holdout-x.slice", root=tmp_path / "v2") == cgroups.Usage(1.0, None)
    assert cgroups.usage("/holdout/y", root=tmp_path / "v2") == cgroups.Usage(None, None)


def test_a_control_groups_name_says_nothing_of_the_stage():
    name = cgroups.parent_of("ccle-real-1", namespace="n", systemd=False)
    assert name.startswith("/holdout/")
    assert "ccle" not in name
    assert cgroups.parent_of("a", namespace="n", systemd=True).endswith(".slice")
    assert name != cgroups.parent_of("ccle-real-1", namespace="m", systemd=False)


def test_a_plain_predictions_file_is_copied_out(tmp_path):
    out, into = tmp_path / "out", tmp_path / "into"
    out.mkdir()
    into.mkdir()
    assert outputs.owed(FINISHED, out, into=into, most_bytes=4).ending.outcome is Outcome.NO_OUTPUT
    (out / "predictions.npy").write_bytes(b"1234")
    copied = outputs.owed(FINISHED, out, into=into, most_bytes=4).predictions
    assert (copied.name, copied.size_bytes, copied.path.read_bytes()) == ("predictions.npy", 4, b"1234")
    refused = outputs.owed(FINISHED, out, into=into, most_bytes=3)
    assert refused.predictions is None
    assert (refused.ending.outcome, refused.ending.reason) == (
        Outcome.OUTPUT_REFUSED,
        "predictions.npy is larger than 3 bytes",
    )


def test_a_log_that_is_no_plain_file_is_an_empty_one(tmp_path):
    (tmp_path / "head").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "tail")
    (tmp_path / "other").write_bytes(b"\xffabc")
    assert [outputs.text(tmp_path, name, most_bytes=3) for name in ("head", "tail", "none", "other")] == [
        "",
        "",
        "",
        "\ufffdab",
    ]


@pytest.mark.parametrize(
    "image", ["python:3.11", "sha256:0", "reference:", "reference:../x", "reference:no_such_model", "reference:os"]
)
def test_the_process_sandbox_takes_nothing_but_our_own_models(image):
    with pytest.raises(SandboxRefusalError) as refusal:
        reference_module(image)
    assert refusal.value.outcome is Outcome.NOT_ALLOWED


def test_a_module_of_ours_that_is_no_model_is_none():
    with pytest.raises(SandboxRefusalError, match="no reference model named training"):
        reference_module("reference:training")
    assert reference_module("reference:drug_mean") == "reference_models.drug_mean"


def test_bubblewrap_gets_no_network_and_a_read_only_root(tmp_path):
    (tmp_path / "usr").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "bin").symlink_to("usr/bin")
    command = bubblewrap.wrapped(
        ["python", "-m", "x"],
        root=tmp_path,
        read_only=[Mount(tmp_path / "job", "/holdout/job.json")],
        writable=[Mount(tmp_path / "out", "/holdout/out")],
        environment={"A": "b"},
    )
    assert {"--unshare-all", "--die-with-parent", "--clearenv"} <= set(command)
    text = " ".join(command)
    assert f"--ro-bind-try {tmp_path}/usr" in text
    assert f"{tmp_path}/run" not in text
    assert f"--symlink usr/bin {tmp_path}/bin" in text
    assert text.endswith(
        f"--bind {tmp_path}/out /holdout/out --ro-bind {tmp_path}/job /holdout/job.json"
        " --setenv A b --remount-ro / python -m x"
    )


def test_of_a_stream_head_and_tail_are_kept():
    kept = KeptLog(4)
    for chunk in (b"ab", b"cdef", b"ghijklmnop", b"q"):
        kept.add(chunk)
        assert len(kept.tail) <= 8
    assert (kept.log().head, kept.log().tail) == ("abcd", "nopq")
