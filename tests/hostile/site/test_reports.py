"""What a host that was taken can say: it harms nothing but what it holds, and nobody else."""

import json
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.utils import timezone

from evaluator.worker import answers_of
from leaderboard.hosting import border, gate
from leaderboard.hosting.advance import advance
from leaderboard.hosting.forecast import forecast
from leaderboard.models import Attempt, Host, Run, Stage
from leaderboard.states import Purpose
from leaderboard.submitting import sweeping
from tests.site.builders import make_attempt, make_ending, make_host, make_run, make_stage, make_submission, make_track
from tests.site.hosting.values import report

pytestmark = pytest.mark.django_db(transaction=True)


class Broker:
    """Keeps what the gate sends."""

    def __init__(self):
        self.sent = []

    @contextmanager
    def pipeline(self, **_):
        yield self

    def lpush(self, key, text):
        self.sent.append((key, json.loads(text)))

    def ltrim(self, *_):
        """Nothing is kept for long here."""

    expire = execute = ltrim


def say(said, *, host="here", **values):
    """In the list of that host."""
    broker, text = Broker(), said if isinstance(said, str) else json.dumps(said | values)
    gate.answer(broker, host, text.encode(errors="surrogatepass"))
    return broker.sent


def plain(**values):
    return report(**{"sequence": 2} | values).to_json()


@pytest.fixture
def attempt():
    host = make_host(name="here")
    run = make_run(submission=make_submission(state="running"), state="running")
    attempt = make_attempt(host=host, run=run)
    make_stage(attempt=attempt, key="mine", phase="running", wanted_at=timezone.now())
    return attempt


def ended(attempt, **values):
    stage = {"key": "mine", "attempt": attempt.id.hex, "token": attempt.token, "phase": "ended", "wall_s": 1.0}
    return plain() | {"stages": [stage | {"ending": None, "manifest": None, "image": None} | values]}


HUGE = 10**400
WRONG = [
    {"wall_s": "abc"},
    {"wall_s": float("nan")},
    {"wall_s": float("inf")},
    {"wall_s": -1.0},
    {"wall_s": 1e300},
    {"wall_s": HUGE},
    {"wall_s": None},
    {"wall_s": True},
    {"wall_s": {"a": 1}},
    {"exit_code": "0"},
    {"exit_code": 1e9},
    {"exit_code": HUGE},
    {"oom_killed": "no"},
    {"reason": ["x"]},
    {"reason": {"a": "b"}},
    {"reason": None},
    {"outcome": "splendid"},
    {"outcome": ["finished"]},
    {"outcome": None},
    {"log": {"head": ["x"], "tail": ""}},
    {"log": {"head": {"a": {"b": "c"}}, "tail": 7}},
    {"log": None},
    {"log": "text"},
    {"log": {"head": "", "tail": "", "more": "x"}},
    {"peaks": {"memory_mb": "1", "cpu_s": None, "gpu_s": 0, "written_bytes": None}},
    {"peaks": {"memory_mb": None, "cpu_s": "lots", "gpu_s": 0, "written_bytes": None}},
    {"peaks": {"memory_mb": None, "cpu_s": 1e308, "gpu_s": 0, "written_bytes": None}},
    {"peaks": {"memory_mb": None, "cpu_s": -5.0, "gpu_s": 0, "written_bytes": None}},
    {"peaks": {"memory_mb": None, "cpu_s": float("nan"), "gpu_s": 0, "written_bytes": None}},
    {"peaks": {"memory_mb": None, "cpu_s": None, "gpu_s": "0", "written_bytes": [1]}},
    {"peaks": [1, 2]},
    {"more": 1},
]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize("outcome", ["finished", "crashed", "sandbox_lost"])
def test_an_ending_of_a_wrong_type_or_size_is_never_stored(attempt, wrong, outcome):
    assert say(ended(attempt, ending=make_ending(outcome=outcome) | wrong)) == []
    assert Stage.objects.get(key="mine").ending is None
    assert Attempt.objects.get().state == "open"


@pytest.mark.parametrize(
    "wrong",
    [
        *({"capacity": plain()["capacity"] | {name: value}} for name in ("cpus", "memory_mb", "gpus", "slots")
          for value in ("4", None, -1, float("nan"), float("inf"), HUGE, [1], True)),
        {"capacity": []},
        *({"free_disk_mb": value} for value in ("1", None, float("nan"), -1, HUGE, 2**63)),
        *({"sequence": value} for value in ("9", None, 1.5, float("nan"), float("inf"), True, HUGE, 2**63, 2**63 - 1)),
        *({"unfit": value} for value in (None, 5, ["x"], {"a": 1})),
        *({"boot_id": value} for value in (None, 5, ["x"], "x" * 10_000)),
        *({"releases": value} for value in (None, "0" * 64, [1], [None], [["x"]], {"a": 1})),
        *({"record": value} for value in (None, 5, ["x"], {"\0": 1}, {"a": float("nan")}, {"\ud800": 1})),
        *({"stages": value} for value in (None, {}, "x", [1], [None], [[]], [{}])),
        *({"host": value} for value in (None, 5, ["here"], {"a": 1}, "x" * 10_000)),
        {"more": 1},
    ],
    ids=lambda wrong: repr(wrong)[:60],
)  # fmt: skip
def test_a_report_of_wrong_types_changes_nothing(attempt, wrong):
    assert say(plain() | wrong) == []
    row = Host.objects.get(name="here")
    assert (row.sequence, row.boot_id) == (1, "boot-1")
    assert say(plain(sequence=3))[0][0] == answers_of("here")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 900 + "]" * 900, "9" * 5_000, "\ud800", ""])
def test_what_cannot_be_read_is_dropped(attempt, text):
    assert say(text) == []


def test_a_record_as_deep_as_can_be_read_is_dropped(attempt):
    for depth in (50, 500, 900, 950):
        text = json.dumps(plain(record={"a": 0})).replace('{"a": 0}', '{"a":' * depth + "1" + "}" * depth)
        assert say(text) == []
    assert Host.objects.get(name="here").record == {}


def test_a_report_of_many_megabytes_is_dropped_unread(attempt, monkeypatch):
    monkeypatch.setattr(border, "MOST_REPORT_BYTES", 10_000)
    assert say(plain(record={"a": "x" * 20_000})) == []
    assert say(plain(sequence=3)) != []


def test_no_sequence_locks_a_host_out(attempt):
    """Nobody can raise it out of the reach of the one that counts on: that takes more reports than anybody can send."""
    for sequence in (2**62, 2**53, 2**43):
        assert say(plain(sequence=sequence)) == []
    now_ms = 1_790_000_000_000
    assert say(plain(sequence=now_ms))[0][1]["orders"] is not None
    assert say(plain(sequence=now_ms + 1))[0][1]["orders"] is not None


NASTY = (
    "\0\x1b[2J\x1b]0;owned\x07\ud83d \udc00 \u202e<script>alert(1)</script>&amp;{{ 7 }}"
    "\r\nSet-Cookie: a=b\x85\u2028=cmd|' /C calc'!A0"
)


def test_what_a_container_says_is_kept_and_shown_and_breaks_nothing(attempt, client, caplog):
    person = attempt.run.team.people.get()
    log = {"head": NASTY * 100 + "x" * (1 << 20), "tail": NASTY}
    ending = make_ending(outcome="crashed", exit_code=1, reason=NASTY) | {"log": log}
    assert say(ended(attempt, ending=ending)) != []
    advance()
    run, entry = attempt.run, attempt.run.submission
    entry.refresh_from_db()
    assert (entry.state, Stage.objects.get(key="mine").state) == ("failed", "ended")
    client.force_login(person)
    base = f"/submissions/{entry.pk}/"
    for address in (base, f"{base}runs/{run.pk}/", "/submissions/"):
        page = client.get(address)
        assert page.status_code == 200
        assert b"<script>alert" not in page.content
        assert b"\0" not in page.content
    for address in (f"/api/v1{base}", f"/api/v1{base}runs/", f"/api/v1{base}runs/{run.pk}/logs/"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.json()
    assert not any("\x1b" in line or "\0" in line for line in caplog.messages)


def test_a_host_says_nothing_of_what_another_holds(attempt):
    make_host(name="there")
    say(ended(attempt, ending=make_ending(outcome="crashed")) | {"host": "there"}, host="there")
    assert Stage.objects.get(key="mine").ending is None
    assert Attempt.objects.get().state == "open"


def test_nothing_that_one_host_measured_breaks_the_forecast_of_others():
    track = make_track()
    entry = make_submission(track=track, state="queued")
    run = make_run(submission=make_submission(track=track, state="published"), state="done")
    done = make_attempt(run=run, state="done")
    longest = make_ending(wall_s=float(10**8))
    longest["peaks"]["cpu_s"] = float(10**12)
    for n in range(8):
        make_stage(attempt=done, kind="train" if n % 2 else "infer", state="ended", ending=longest, target=f"t{n}")
    make_host()
    assert forecast(entry).place == 1


def test_predictions_of_an_attempt_that_a_host_does_not_hold_are_not_read(attempt, storage):
    from evaluator.agent.uploads import PREDICTIONS, Storage, UploadError, upload, uploaded

    store, folder = Storage(storage), f"attempts/{attempt.id.hex}/infer-alpha"
    told = upload(store, folder, attempt.id.hex, {PREDICTIONS: b"\0\0\0\0"})
    upload(store, folder, attempt.id.hex, {PREDICTIONS: b"\0\0\x80\x3f"})
    with pytest.raises(UploadError):
        uploaded(store, folder, PREDICTIONS, manifest=told)


@pytest.mark.parametrize("manifest", ["../" * 20, "x" * 65, "\0" * 64, "é" * 64, ["a"], {"a": 1}, 5, "\ud800"])
@pytest.mark.parametrize("name", ["manifest", "image"])
def test_names_that_a_host_gives_are_names(attempt, manifest, name):
    Stage.objects.filter(key="mine").update(kind="infer" if name == "manifest" else "image", target="alpha")
    if name == "image":
        Run.objects.update(purpose=Purpose.CHECK)
    say(ended(attempt, ending=make_ending(), **{name: manifest}))
    stage = Stage.objects.get(key="mine")
    assert (stage.manifest, stage.image) in {("", ""), ("../" * 20, ""), ("", "../" * 20), ("", "x" * 65)}


def test_what_lies_where_no_attempt_is_stops_no_sweep(attempt, storage, tmp_path):
    """A taken host writes into the storage that it shares."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    folder = Path(storage) / "attempts"
    folder.mkdir(parents=True)
    mine = folder / attempt.pk.hex
    mine.mkdir()
    (folder / uuid.uuid4().hex).symlink_to(outside, target_is_directory=True)
    (folder / uuid.uuid4().hex).write_text("a file")
    (folder / f"urn:uuid:{uuid.uuid4()}").mkdir()
    (folder / "..name").mkdir()
    scores = Path(storage) / "scores" / "999999"
    scores.mkdir(parents=True)
    sweeping.sweep()
    assert mine.exists()
    assert (outside / "kept").exists()
    assert not scores.exists()
    assert [path.name for path in folder.iterdir() if path.is_symlink()] == []
