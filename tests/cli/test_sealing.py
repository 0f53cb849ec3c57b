"""`holdout keys`, `holdout seal` and `holdout verify`: from keys to a released study, and what each says."""

import json
import sys

import pytest
from nacl import pwhash
from typer.testing import CliRunner

from benchmark_data.sealed_study import read
from evaluator.cli import app as cli
from evaluator.sealing import certificates, key_backup, keys, released
from evaluator.sealing.errors import SealingError
from evaluator.sealing.keys import Kind
from tests.sealing.builders import KEY, make_release, make_spec, opened


@pytest.fixture(autouse=True)
def cheap_guesses(monkeypatch):
    monkeypatch.setattr(key_backup, "_OPERATIONS", pwhash.argon2id.OPSLIMIT_MIN)
    monkeypatch.setattr(key_backup, "_MEMORY_BYTES", pwhash.argon2id.MEMLIMIT_MIN)


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """A release, a spec beside it, and the scorer's public key."""
    place = tmp_path_factory.mktemp("board")
    make_release(place / "release")
    make_spec(place / "tables")
    (place / "sealing.pub").write_text(f"{KEY.public.text}\n")
    return place


def holdout(*arguments, **options):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments], env={"COLUMNS": "160"}, **options)


def seal(board, out, *more):
    options = ("--release", board / "release", "--to", board / "sealing.pub")
    return holdout("seal", board / "tables" / "spec.toml", out, *options, *more)


def said(result):
    assert result.exit_code == 0, result.output or result.exception
    return json.loads(result.stdout)


def test_a_study_is_sealed_without_a_word_between(board, tmp_path):
    result = seal(board, tmp_path / "out")
    assert result.exit_code == 0
    bundle = read(tmp_path / "out" / "Hidden-1")
    for word in (bundle.study_id, bundle.facts.commitment, KEY.public.id, "3, 1 of them new", "1e-10 to 0.0001 mol/l"):
        assert word in result.stdout
    assert "5 pairs of cell and drug; 1 rows measure one again." in result.stdout
    assert f"{tmp_path / 'out' / 'Hidden-1.holdout-study.tar'} is what you upload." in result.stdout


def test_options_may_come_first_and_a_machine_gets_json(board, tmp_path):
    spec = board / "tables" / "spec.toml"
    result = holdout(
        "seal", "--json", "--to", board / "sealing.pub", "--release", board / "release", spec, tmp_path / "out"
    )
    found = said(result)
    assert found["study_id"] == read(tmp_path / "out" / "Hidden-1").study_id
    assert (found["rows"], found["pairs"], found["measured_at"]) == (6, 5, "2026-01-02")


def test_notes_say_what_was_left_out_or_stands_twice(board, tmp_path):
    spec = make_spec(tmp_path / "tables")
    screen = tmp_path / "tables" / "screen.tsv"
    screen.write_text(screen.read_text() + "c1\td1\t0.25\nc1\td1\tNA\n")
    result = holdout("seal", spec, tmp_path / "out", "--release", board / "release", "--to", board / "sealing.pub")
    assert "1 rows had no answer and are left out" in result.stdout
    assert "1 rows repeat another's pair and answer exactly: copies, or replicates?" in result.stdout


def test_a_study_is_looked_at_before_it_is_sealed_and_nothing_is_written(board):
    before = sorted(board.rglob("*"))
    result = holdout("seal", "check", board / "tables" / "spec.toml", "--release", board / "release")
    assert result.exit_code == 0
    assert "every answer is in the range of auc" in result.stdout
    assert sorted(board.rglob("*")) == before
    found = said(holdout("seal", "check", board / "tables" / "spec.toml", "--release", board / "release", "--json"))
    assert found["headline"] == "No drug could be compared with a public study: none shares enough cells with it."


def test_a_study_that_must_not_go_live_ends_with_1(board, tmp_path):
    """Its four answers are those of the public study."""
    rows = "c1\td1\t0.1\nc2\td1\t0.2\nc3\td1\t0.3\nc4\td1\t0.4\n"
    spec = make_spec(tmp_path / "tables", screen=f"cell_id\tdrug_id\tauc\n{rows}")
    result = holdout("seal", "check", spec, "--release", board / "release")
    assert result.exit_code == 1
    assert "This study is 100% Open" in result.stdout


def test_a_bundle_tells_counts_and_no_answer(board, tmp_path):
    seal(board, tmp_path / "out")
    for place in ("Hidden-1", "Hidden-1.holdout-study.tar"):
        found = said(holdout("seal", "info", tmp_path / "out" / place, "--json"))
        assert (found["name"], found["rows"], found["new_drugs"]) == ("Hidden", 6, 1)
    shown = holdout("seal", "info", tmp_path / "out" / "Hidden-1").stdout
    assert "Example Lab" in shown
    assert "0.625" not in shown


def test_keys_are_made_shown_rotated_and_forgotten(tmp_path):
    folder = tmp_path / "keys"
    made = said(holdout("keys", "make", folder, "--json"))
    assert made["sealing"] == keys.public_key(folder).text
    assert "Now make a backup" in holdout("keys", "make", tmp_path / "more").stdout
    assert made["signing_id"] in holdout("keys", "show", folder).stdout
    rotated = said(holdout("keys", "rotate", folder, "--json"))
    assert rotated["old"] == made["sealing_id"]
    assert f"Kept until everything is re-encrypted: {rotated['old']}" in holdout("keys", "show", folder).stdout
    assert "is removed" in holdout("keys", "forget", folder, rotated["old"]).stdout
    assert said(holdout("keys", "show", folder, "--json"))["kept"] == []
    assert "the old one is kept as" in holdout("keys", "rotate", folder).stdout


def test_no_command_prints_a_private_key(tmp_path):
    folder = tmp_path / "keys"
    printed = [holdout("keys", *command).output for command in (("make", folder), ("show", folder), ("rotate", folder))]
    private = [key.raw.hex() for key in keys.all_private(folder).values()]
    assert len(private) == 3
    assert not any(key in text for key in private for text in printed)


def test_keys_come_back_from_their_backup(tmp_path):
    (tmp_path / "words").write_text("a long enough passphrase\n")
    made = said(holdout("keys", "make", tmp_path / "keys", "--json"))
    file = ("--passphrase-file", tmp_path / "words")
    assert (
        "opens with the passphrase alone" in holdout("keys", "backup", tmp_path / "keys", tmp_path / "b", *file).stdout
    )
    again = said(holdout("keys", "restore", tmp_path / "b", tmp_path / "again", *file, "--json"))
    assert again == made


def test_a_passphrase_is_asked_for_twice(tmp_path, monkeypatch):
    holdout("keys", "make", tmp_path / "keys")
    monkeypatch.setattr("evaluator.cli.keys._is_watched", lambda: True)
    words = "a long enough passphrase\n"
    result = holdout("keys", "backup", tmp_path / "keys", tmp_path / "b", input=words + "another\n" + words * 2)
    assert result.exit_code == 0
    assert "Passphrase (at least 12 characters)" in result.stdout
    assert words.strip() not in result.stdout
    assert holdout("keys", "restore", tmp_path / "b", tmp_path / "again", input=words).exit_code == 0


def test_without_a_terminal_a_passphrase_comes_from_a_file(tmp_path):
    holdout("keys", "make", tmp_path / "keys")
    result = holdout("keys", "backup", tmp_path / "keys", tmp_path / "b")
    assert isinstance(result.exception, SealingError)
    assert "--passphrase-file" in str(result.exception)


@pytest.fixture
def certificate(tmp_path):
    folder = tmp_path / "keys"
    keys.make(folder)
    content = {"certifies": "model A has an R² of 0.5 on SynthD.", "score": 0.5, "by": "board\x1b[2J"}
    path = tmp_path / "certificate.json"
    path.write_text(certificates.sign(content, keys.current(folder, Kind.SIGNING)).file())
    return path


def test_a_certificate_is_right_and_says_in_words_what_it_certifies(certificate):
    public = keys.public_key(certificate.parent / "keys", Kind.SIGNING)
    for key in (
        certificate.parent / "keys" / "signing.pub",
        certificate.parent / "keys",
        public.id,
        public.shown.upper(),
    ):
        result = holdout("verify", certificate, "--key", key)
        assert result.exit_code == 0
        assert "The certificate is right. model A has an R² of 0.5 on SynthD." in result.stdout
    assert "score: 0.5" in result.stdout
    assert "\x1b" not in result.stdout
    assert said(holdout("verify", certificate, "--key", public.id, "--json"))["content"]["score"] == 0.5


def test_a_changed_certificate_ends_with_1_and_a_sentence(certificate, monkeypatch, capsys):
    certificate.write_text(certificate.read_text().replace("0.5", "0.6"))
    key = certificate.parent / "keys" / "signing.pub"
    monkeypatch.setattr(sys, "argv", ["holdout", "verify", str(certificate), "--key", str(key)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert "it was changed after it was signed" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [(), ("--key", "0" * 64)])
def test_a_certificate_is_right_for_a_key_that_one_trusts_alone(certificate, arguments):
    result = holdout("verify", certificate, *arguments)
    assert isinstance(result.exception, SealingError)


def test_a_released_study_is_verified_from_its_archive(board, tmp_path):
    seal(board, tmp_path / "out")
    bundle = read(tmp_path / "out" / "Hidden-1")
    files = released.published(opened(bundle), bundle.facts).files
    (tmp_path / "released").mkdir()
    for name, content in files.items():
        (tmp_path / "released" / name).write_bytes(content)
    tar = tmp_path / "out" / "Hidden-1.holdout-study.tar"
    result = holdout("verify", tar, "--released", tmp_path / "released")
    assert "The released answers are those that Hidden 1 committed to: 6 rows" in result.stdout
    assert said(holdout("verify", tar, "--released", tmp_path / "released", "--json"))["study_id"] == bundle.study_id
    (tmp_path / "released" / "salt.txt").write_text("00" * 32)
    assert isinstance(holdout("verify", tar, "--released", tmp_path / "released").exception, SealingError)


def test_a_study_is_not_taken_for_a_certificate(board, tmp_path):
    seal(board, tmp_path / "out")
    for place in ("Hidden-1", "Hidden-1.holdout-study.tar"):
        result = holdout("verify", tmp_path / "out" / place, "--key", "0" * 64)
        assert "say with --released where its answers are" in str(result.exception)


@pytest.mark.parametrize("command", [("keys",), ("keys", "make"), ("seal",), ("seal", "study"), ("verify",)])
def test_help_has_an_example_or_its_commands(command):
    result = holdout(*command, "--help")
    assert result.exit_code == 0
    assert "Example:" in result.stdout or "Commands" in result.stdout
