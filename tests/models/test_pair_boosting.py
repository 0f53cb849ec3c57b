"""Boosting on pairs against a brute-force search row by row, and against LightGBM where both see the same cuts."""

import tracemalloc
from dataclasses import dataclass

import lightgbm
import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reference_models.pair_boosting import PairBooster, kernels

NAN = float("nan")


@dataclass(frozen=True)
class Screen:
    cell_x: np.ndarray
    drug_x: np.ndarray
    cell_code: np.ndarray
    drug_code: np.ndarray
    y: np.ndarray

    @property
    def features(self):
        return self.cell_x, self.drug_x

    @property
    def rows(self):
        """The row × feature matrix that PairBooster never builds."""
        return np.concatenate([self.cell_x[self.cell_code], self.drug_x[self.drug_code]], 1)

    def fit(self, **options):
        fit_options = {key: options.pop(key) for key in ("valid", "report") if key in options}
        return PairBooster(**options).fit(*self.features, self.cell_code, self.drug_code, self.y, **fit_options)

    def predict(self, model, **options):
        return model.predict(*self.features, self.cell_code, self.drug_code, **options)


def make_screen(*, cells=40, drugs=15, rows=450, seed=0, distinct=None, missing=0.0):
    """A screen with effects of cell, drug and both; features take `distinct` values from 1 up, or any."""
    rng = np.random.default_rng(seed)
    cell_x, drug_x = rng.normal(size=(cells, 6)), rng.normal(size=(drugs, 5))
    pair = rng.permutation(cells * drugs)[:rows]
    cell, drug = pair // drugs, pair % drugs
    y = np.tanh(cell_x[cell, 0]) + drug_x[drug, 0] + cell_x[cell, 1] * drug_x[drug, 1] + rng.normal(size=rows) * 0.3
    if distinct:
        cell_x, drug_x = (np.ceil((1 + np.tanh(x)) / 2 * distinct) for x in (cell_x, drug_x))
    for x in (cell_x, drug_x):
        x[:, 1:3][rng.random((len(x), 2)) < missing] = NAN
    return Screen(cell_x, drug_x, cell, drug, y)


def goes_left(node, x, cell_features):
    value = x[:, node["feature"] + (cell_features if node["axis"] else 0)]
    return np.where(np.isnan(value), node["missing_left"], value <= node["threshold"])


def rows_below(tree, x, cell_features):
    """Which rows reach each node (by number) and each leaf (by ~number), walked one level at a time."""
    below = {0: np.arange(len(x))}
    for number, node in enumerate(tree.nodes):
        rows = below[number]
        left = goes_left(node, x[rows], cell_features)
        below[int(node["left"])], below[int(node["right"])] = rows[left], rows[~left]
    return below


def gain_of(residual, left, lambda_l2):
    parts = residual[left], residual[~left]
    return sum(p.sum() ** 2 / (p.size + lambda_l2) for p in parts) - residual.sum() ** 2 / (residual.size + lambda_l2)


def best_gain(x, residual, least, lambda_l2):
    """The best gain of any feature, any cut and either side of the missing values, by trying them all."""
    best = 0.0
    for value in x.T:
        missing = np.isnan(value)
        for upper in np.unique(value[~missing]):
            for left in (value <= upper, (value <= upper) | missing):
                if least <= left.sum() <= len(left) - least:
                    best = max(best, gain_of(residual, left, lambda_l2))
    return best


def check_tree(tree, x, cell_features, residual, model):
    """Replay the growth: each cut is the best of all cuts of all leaves that were there when it was made."""
    s = model.settings
    below = rows_below(tree, x, cell_features)
    least = max(1, s.min_child_samples)
    noise = 1e-9 * (1 + np.square(residual).sum())
    best = {ref: best_gain(x[rows], residual[rows], least, s.lambda_l2) for ref, rows in below.items()}
    leaves = {0}
    for number, node in enumerate(tree.nodes):
        rows = below[number]
        assert node["gain"] > s.min_split_gain
        gain = gain_of(residual[rows], goes_left(node, x[rows], cell_features), s.lambda_l2)
        assert gain == pytest.approx(node["gain"], rel=1e-5, abs=noise)
        assert gain == pytest.approx(max(best[leaf] for leaf in leaves), rel=1e-5, abs=noise)
        leaves = leaves - {number} | {int(node["left"]), int(node["right"])}
    if len(leaves) < s.num_leaves:
        assert max(best[leaf] for leaf in leaves) <= s.min_split_gain + noise
    for leaf in leaves:
        rows = below[leaf]
        expected = s.learning_rate * residual[rows].sum() / (rows.size + s.lambda_l2)
        assert tree.values[~leaf] == pytest.approx(expected, abs=1e-9)
        residual[rows] -= tree.values[~leaf]


def row_by_row(model, x, cell_features):
    predictions = np.full(len(x), model.base)
    for tree in model.trees[: model.best_iteration]:
        for leaf, rows in rows_below(tree, x, cell_features).items():
            if leaf < 0:
                predictions[rows] += tree.values[~leaf]
    return predictions


@st.composite
def small_screens(draw):
    cells, drugs = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    rows = draw(st.integers(1, 30))
    values = st.sampled_from([NAN, -2.0, 0.0, 0.5, 3.0])
    return Screen(
        draw(arrays(np.float64, (cells, draw(st.integers(0, 3))), elements=values)),
        draw(arrays(np.float32, (drugs, draw(st.integers(1, 3))), elements=values)),
        draw(arrays(np.int64, rows, elements=st.integers(0, cells - 1))),
        draw(arrays(np.int32, rows, elements=st.integers(0, drugs - 1))),
        draw(arrays(np.float64, rows, elements=st.integers(-40, 40))) / 8,
    )


@settings(deadline=None, max_examples=150)
@given(
    screen=small_screens(),
    num_leaves=st.integers(2, 8),
    min_child_samples=st.integers(0, 5),
    lambda_l2=st.sampled_from([0.0, 0.7]),
    min_split_gain=st.sampled_from([0.0, 2.0]),
)
def test_every_cut_is_the_best_that_brute_force_finds(screen, **options):
    model = screen.fit(n_estimators=3, learning_rate=0.5, **options)
    residual = screen.y - screen.y.mean()
    for tree in model.trees:
        check_tree(tree, screen.rows, screen.cell_x.shape[1], residual, model)
    assert screen.predict(model) == pytest.approx(screen.y - residual, abs=1e-9)


def test_cuts_between_many_values_are_the_best_too():
    screen = make_screen(missing=0.1)
    model = screen.fit(n_estimators=3, num_leaves=12, min_child_samples=5)
    residual = screen.y - screen.y.mean()
    for tree in model.trees:
        assert len(tree.values) == 12
        check_tree(tree, screen.rows, screen.cell_x.shape[1], residual, model)


@pytest.mark.parametrize("num_leaves", [2, 31, 63, 64, 130])
def test_predictions_equal_walking_each_row_down_each_tree(num_leaves):
    screen = make_screen(missing=0.2)
    model = screen.fit(n_estimators=4, num_leaves=num_leaves, min_child_samples=1)
    others = make_screen(seed=1, missing=0.2)
    assert len(model.trees[0].values) == num_leaves
    assert others.predict(model) == pytest.approx(row_by_row(model, others.rows, 6), rel=1e-13)


@pytest.mark.parametrize("missing", [0.0, 0.15])
@pytest.mark.parametrize("extra", [{}, {"num_leaves": 7}, {"max_depth": 3}])
def test_with_few_distinct_values_lightgbm_grows_the_same_trees(missing, extra):
    # Not with lambda_l2 or min_split_gain: LightGBM then looks no more at what gained nothing in the leaf above
    options = {"num_leaves": 15, "min_child_samples": 12, "learning_rate": 0.2} | extra
    screen = make_screen(cells=120, drugs=120, rows=3000, distinct=6, missing=missing)
    theirs = lightgbm.train(
        {"verbose": -1, "min_data_in_bin": 1, "num_threads": 1, "force_col_wise": True, **options},
        lightgbm.Dataset(screen.rows, screen.y),
        num_boost_round=12,
    )
    ours = screen.fit(n_estimators=12, **options)
    splits, gains = (theirs.feature_importance(kind) for kind in ("split", "gain"))
    assert np.concatenate(ours.feature_importance("split")).tolist() == splits.tolist()
    # LightGBM keeps labels and gradients in single precision
    assert np.concatenate(ours.feature_importance("gain")) == pytest.approx(gains, rel=1e-4)
    assert screen.predict(ours) == pytest.approx(theirs.predict(screen.rows), abs=1e-5)
    if not missing:  # where a value does not occur in a leaf, the side of the missing decides LightGBM's threshold
        others = make_screen(cells=120, drugs=120, rows=3000, distinct=6, seed=1)
        assert others.predict(ours) == pytest.approx(theirs.predict(others.rows), abs=1e-5)


def test_the_same_input_gives_the_same_model_bit_for_bit():
    screen = make_screen(missing=0.1)
    first, second = screen.fit(n_estimators=5), screen.fit(n_estimators=5)
    assert [t.nodes.tobytes() + t.values.tobytes() for t in first.trees] == [
        t.nodes.tobytes() + t.values.tobytes() for t in second.trees
    ]


def test_rows_of_equal_pairs_are_averaged_not_overwritten():
    x = np.array([[0.0], [1.0]])
    model = PairBooster(n_estimators=1, learning_rate=1.0, min_child_samples=1).fit(
        x, np.zeros((1, 1)), np.array([0, 0, 1]), np.array([0, 0, 0]), np.array([1.0, 3.0, 8.0])
    )
    assert model.predict(x, np.zeros((1, 1)), np.array([0, 1]), np.array([0, 0])).tolist() == [2.0, 8.0]


def test_missing_values_go_where_training_found_them_better():
    cell_x = np.array([[1.0], [2.0], [NAN], [3.0]])
    for left in (True, False):
        low = [0, 2] if left else [0]
        y = np.where(np.isin(np.arange(4), low), 0.0, 1.0)
        model = PairBooster(n_estimators=1, learning_rate=1.0, num_leaves=2, min_child_samples=1).fit(
            cell_x, np.zeros((1, 0)), np.arange(4), np.zeros(4, int), y
        )
        assert model.predict(cell_x, np.zeros((1, 0)), np.arange(4), np.zeros(4, int)).tolist() == y.tolist()


def test_a_value_missing_for_the_first_time_follows_the_larger_part():
    cell_x, drug_x, nobody = np.array([[1.0], [2.0], [3.0]]), np.zeros((1, 0)), np.zeros(3, int)
    for y in ([0.0, 5.0, 5.0], [5.0, 5.0, 0.0]):
        model = PairBooster(n_estimators=1, learning_rate=1.0, num_leaves=2, min_child_samples=1).fit(
            cell_x, drug_x, np.arange(3), nobody, np.array(y)
        )
        assert model.predict(np.array([[NAN]]), drug_x, nobody[:1], nobody[:1]) == pytest.approx([5.0])


def test_a_threshold_stands_half_way_between_the_values_of_training():
    cell_x, drug_x, nobody = np.array([[1.0], [2.0]]), np.zeros((1, 0)), np.zeros(2, int)
    model = PairBooster(n_estimators=1, learning_rate=1.0, min_child_samples=1)
    model.fit(cell_x, drug_x, np.arange(2), nobody, np.array([0.0, 1.0]))
    assert model.predict(np.array([[1.4], [1.6]]), drug_x, np.arange(2), nobody).tolist() == [0.0, 1.0]


def test_a_value_that_a_leaf_has_not_seen_stays_left_of_its_cut_as_in_lightgbm():
    # Drug 1 never met the cell of value 3, so a cut on either side of it parts that drug's rows equally well
    cell_x, drug_x = np.arange(1.0, 7.0)[:, None], np.array([[0.0], [1.0]])
    cell, drug = np.array([0, 1, 2, 3, 4, 5, 0, 1, 3, 4, 5]), np.array([0] * 6 + [1] * 5)
    y = np.array([9.0] * 6 + [0, 0, 1, 1, 1])
    screen = Screen(cell_x, drug_x, cell, drug, y)
    options = {"learning_rate": 1.0, "num_leaves": 3, "min_child_samples": 1}
    theirs = lightgbm.train(
        {"verbose": -1, "min_data_in_bin": 1, "num_threads": 1, **options}, lightgbm.Dataset(screen.rows, y), 1
    )
    ours = screen.fit(n_estimators=1, **options)
    unseen = ours.predict(cell_x, drug_x, np.array([2]), np.array([1]))
    assert unseen == pytest.approx(theirs.predict([[3.0, 1.0]]), abs=1e-6)
    assert unseen == pytest.approx([0.0], abs=1e-6)


def test_features_that_say_nothing_new_are_never_cut():
    screen = make_screen()
    informative = screen.drug_x[:, :1]
    drug_x = np.concatenate([np.full((15, 1), 7.0), informative, informative * 2 + 1, np.full((15, 1), NAN)], 1)
    model = Screen(screen.cell_x, drug_x, screen.cell_code, screen.drug_code, screen.y).fit(n_estimators=3)
    splits = model.feature_importance()[1]
    assert splits[1] > 0
    assert splits[[0, 2, 3]].tolist() == [0, 0, 0]


def test_importances_add_up_to_the_cuts_and_their_gains():
    model = make_screen().fit(n_estimators=3, num_leaves=8)
    nodes = np.concatenate([tree.nodes for tree in model.trees])
    assert sum(x.sum() for x in model.feature_importance("split")) == len(nodes) == 3 * 7
    assert sum(x.sum() for x in model.feature_importance("gain")) == pytest.approx(nodes["gain"].sum())


def test_early_stopping_keeps_the_round_with_the_lowest_validation_loss():
    screen, rng = make_screen(rows=600), np.random.default_rng(0)
    train, held_out = np.arange(300), np.arange(300, 600)
    noise = screen.y + rng.normal(size=600)
    seen = Screen(*screen.features, screen.cell_code[train], screen.drug_code[train], noise[train])
    unseen = Screen(*screen.features, screen.cell_code[held_out], screen.drug_code[held_out], noise[held_out])
    reports = []
    model = seen.fit(
        n_estimators=500, early_stopping_rounds=7, min_child_samples=2,
        valid=(unseen.cell_code, unseen.drug_code, unseen.y), report=lambda *line: reports.append(line),
    )  # fmt: skip
    losses = [np.mean((unseen.y - unseen.predict(model, num_iteration=n)) ** 2) for n in range(1, len(model.trees) + 1)]
    assert model.valid_losses == pytest.approx(losses)
    assert model.best_iteration == np.argmin(losses) + 1 == len(model.trees) - 7
    assert unseen.predict(model).tolist() == unseen.predict(model, num_iteration=model.best_iteration).tolist()
    assert [line[0] for line in reports] == list(range(len(model.trees)))
    assert [line[2] for line in reports] == model.valid_losses
    last = np.mean((seen.y - seen.predict(model, num_iteration=len(model.trees))) ** 2)
    assert reports[-1][1] == pytest.approx(last)


def test_rows_without_anything_to_learn_are_predicted_by_their_mean():
    model = Screen(np.ones((1, 3)), np.ones((1, 2)), np.zeros(4, int), np.zeros(4, int), np.arange(4.0)).fit()
    assert model.trees == []
    assert model.predict(np.zeros((1, 3)), np.zeros((1, 2)), np.zeros(2, int), np.zeros(2, int)).tolist() == [1.5, 1.5]


def test_residuals_that_shrink_to_nothing_stop_the_training():
    x, code, nobody = np.arange(4.0)[:, None], np.arange(4), np.zeros(4, int)
    booster = PairBooster(n_estimators=1100, learning_rate=0.5, num_leaves=4, min_child_samples=1)  # 2^-1100 is 0
    booster.fit(x, np.zeros((1, 0)), code, nobody, np.array([0.0, 1.0, 3.0, 8.0]))
    assert len(booster.trees) < 1000
    assert booster.predict(x, np.zeros((1, 0)), code, nobody) == pytest.approx([0.0, 1.0, 3.0, 8.0], abs=1e-12)


def test_many_entities_are_sorted_as_correctly_as_few():
    rng = np.random.default_rng(0)
    cells = 2**15 + 10  # one bit more than 16 bits can name
    cell_x, drug_x = rng.normal(size=(cells, 2)), np.zeros((1, 0))
    y = (cell_x[:, 1] > 0.3) + 0.0
    code, nobody = np.arange(cells), np.zeros(cells, int)
    model = PairBooster(n_estimators=1, learning_rate=1.0, num_leaves=2).fit(cell_x, drug_x, code, nobody, y)
    assert model.predict(cell_x, drug_x, code, nobody) == pytest.approx(y)


def test_training_needs_no_memory_for_rows_times_features():
    rng = np.random.default_rng(0)
    cell_x, drug_x = rng.normal(size=(200, 300)), rng.normal(size=(150, 300))
    code, y = (np.repeat(np.arange(200), 150), np.tile(np.arange(150), 200)), rng.normal(size=30_000)
    booster = PairBooster(n_estimators=3)
    tracemalloc.start()
    booster.fit(cell_x, drug_x, *code, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(booster.trees) == 3
    assert peak < 30_000 * 600  # not even with one byte for each


def test_a_saved_model_predicts_and_stops_as_it_did(tmp_path):
    screen = make_screen(missing=0.1)
    valid = screen.cell_code[:50], screen.drug_code[:50], -screen.y[:50]
    model = screen.fit(n_estimators=9, valid=valid, early_stopping_rounds=2)
    model.save(tmp_path / "model")
    again = PairBooster.load(tmp_path / "model")
    assert screen.predict(again).tolist() == screen.predict(model).tolist()
    assert (again.settings, again.best_iteration, again.valid_losses) == (
        model.settings,
        model.best_iteration,
        model.valid_losses,
    )
    assert np.array_equal(again.feature_importance("gain")[0], model.feature_importance("gain")[0])


def test_a_model_without_trees_survives_saving(tmp_path):
    screen = Screen(np.ones((1, 1)), np.ones((1, 1)), np.zeros(2, int), np.zeros(2, int), np.array([1.0, 2.0]))
    screen.fit().save(tmp_path / "model.npz")
    assert screen.predict(PairBooster.load(tmp_path / "model.npz")).tolist() == [1.5, 1.5]


@pytest.mark.parametrize(
    ("field", "value"),
    [("feature", 99), ("feature", -1), ("axis", 2), ("left", 0), ("right", 99), ("right", -99)],
)
def test_a_file_whose_trees_point_nowhere_is_refused(tmp_path, field, value):
    model = make_screen().fit(n_estimators=2, num_leaves=5)
    model.trees[1].nodes[field][2] = value
    model.save(tmp_path / "model.npz")
    with pytest.raises(ValueError, match=r"model\.npz is not a model that PairBooster\.save has written"):
        PairBooster.load(tmp_path / "model.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"text"])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "model.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.npz is not a model"):
        PairBooster.load(tmp_path / "model.npz")


def test_another_archive_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match=r"other\.npz is not a model"):
        PairBooster.load(tmp_path / "other.npz")


def broken(**parts):
    """A fit on a good screen with some parts exchanged."""
    screen = make_screen()
    whole = {name: getattr(screen, name) for name in ("cell_x", "drug_x", "cell_code", "drug_code", "y")}
    return PairBooster(n_estimators=1).fit(**(whole | parts))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"cell_x": np.zeros(40)}, "cell_x has 1 dimensions"),
        ({"drug_x": np.full((15, 2), np.inf)}, "drug_x has an infinite value in column 0; NaN means missing"),
        ({"cell_code": np.full(450, 40)}, "cell_code reaches from 40 to 40; its feature matrix has 40 rows"),
        ({"drug_code": np.full(450, -1)}, "drug_code reaches from -1 to -1"),
        ({"drug_code": np.zeros(450)}, "drug_code has to be a vector of row numbers"),
        ({"cell_code": np.zeros(3, int)}, "cell_code has 3 rows and drug_code 450; a row needs both"),
        ({"y": np.zeros(3)}, r"y has the shape \(3,\) for 450 rows"),
        ({"y": np.full(450, NAN)}, "y is not a finite number in row 0"),
    ],
)
def test_bad_input_is_named(parts, message):
    with pytest.raises(ValueError, match=message):
        broken(**parts)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_leaves": 1}, "num_leaves is 1; it has to be 2 or more"),
        ({"learning_rate": -0.1}, "learning_rate is -0.1; it has to be 0 or more"),
        ({"lambda_l2": NAN}, "lambda_l2 is nan"),
        ({"early_stopping_rounds": 0}, "early_stopping_rounds is 0; it has to be 1 or more"),
    ],
)
def test_settings_out_of_range_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        PairBooster(**options)


def test_early_stopping_without_validation_rows_is_refused():
    with pytest.raises(ValueError, match="pass valid="):
        make_screen().fit(early_stopping_rounds=3)


def test_prediction_wants_the_features_of_training():
    screen = make_screen()
    model = screen.fit(n_estimators=1)
    with pytest.raises(ValueError, match="drug_x has 4 features; this model was trained on 5"):
        model.predict(screen.cell_x, screen.drug_x[:, :4], screen.cell_code, screen.drug_code)


def test_an_untrained_model_says_so(tmp_path):
    with pytest.raises(ValueError, match="call fit first"):
        make_screen().predict(PairBooster())
    with pytest.raises(ValueError, match="call fit first"):
        PairBooster().save(tmp_path / "model.npz")


def test_an_importance_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="importance_type is 'weight'"):
        make_screen().fit(n_estimators=1).feature_importance("weight")


def test_a_read_only_installation_compiles_without_a_cache(monkeypatch):
    njit = numba.njit

    def njit_on_a_read_only_disk(*, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(**options)

    monkeypatch.setattr(numba, "njit", njit_on_a_read_only_disk)
    assert kernels.compiled(lambda x: x + 1)(1) == 2
