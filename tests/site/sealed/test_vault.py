"""The scorer's folder: what comes back of it with the keys alone."""

import shutil

from evaluator.sealing import keys
from leaderboard.sealed.vault import Vault


def test_the_seed_of_a_study_comes_back_with_the_keys_and_with_no_others(tmp_path):
    for name in ("ours", "others"):
        keys.make(tmp_path / name / "keys")
    shutil.copytree(tmp_path / "ours", tmp_path / "restored")
    keys.rotate(tmp_path / "restored/keys")
    ours, restored, others = (Vault(tmp_path / name / "keys") for name in ("ours", "restored", "others"))
    assert restored.seed("a" * 64) == ours.seed("a" * 64)
    assert len({ours.seed("a" * 64), ours.seed("b" * 64), others.seed("a" * 64)}) == 3
    assert ours.seed("a" * 64) > 2**64
