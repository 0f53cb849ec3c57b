"""Layers against what they must equal: torch's own, a loop over rows or pathways, and counts from the papers' sizes."""

import dataclasses
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from rdkit import Chem
from torch import nn

from reference_models import deepcdr, deepttc, graphdrp, hidra, molecules, tcnns, two_arm, uno, xgdp
from reference_models.graphs import GAT, GCN, GraphTensors
from reference_models.neural import CountedBatchNorm, Examples, Features, forward, forward_rows, predict

CPU = torch.device("cpu")
MOLECULES = ["CCO", "c1ccccc1C(=O)N", "O=C(C)Oc1ccccc1C(=O)O", "CN1CCC[C@H]1c1cccnc1", "C", "FC(F)(F)c1ccc(Cl)cc1"]
CELLS, DRUGS = 9, len(MOLECULES)
SETS = [[0, 1, 2], [3, 4, 5, 6, 7], [1, 3], [8, 9, 10, 11, 12, 13, 14, 15, 16], [2, 6], [4, 9, 18, 19, 20, 21, 22, 0]]
SMALL_GRAPH = {"channels": (4, 4, 4), "kernel": 3, "embedding": 6, "head_layers": (7, 5)}
SMALL_SIGNAL = {"mutation_kernels": (6, 2), "mutation_pools": (2, 2), "head": 60, "head_kernels": (20, 5, 3)}


def small_graphs(atom_features):
    graphs = GraphTensors.of(molecules.graphs(MOLECULES, atom_features), CPU)
    return dataclasses.replace(graphs, atoms=graphs.atoms.double())


def numbers(rows, columns):
    return torch.rand(rows, columns, dtype=torch.float64) - 0.5


def words():
    found = torch.randint(1, 20, (DRUGS, 5))
    found[:, 3:] *= torch.randint(0, 2, (DRUGS, 2))
    return found


def small_uno():
    return uno.Uno(uno.Settings(width=8), 12, 7), Features([numbers(CELLS, 12)], [numbers(DRUGS, 7)])


def small_two_arm():
    settings = two_arm.Settings(cell_layers=(8, 6), drug_layers=(7, 5), head_layers=(6, 4))
    return two_arm.TwoArm(settings, 12, 20), Features([numbers(CELLS, 12)], [numbers(DRUGS, 20)])


def small_graphdrp():
    model = graphdrp.GraphDRP(graphdrp.Settings(graph_width=6, **SMALL_GRAPH), 90)
    return model, Features([numbers(CELLS, 90)], [small_graphs(molecules.atom_78)])


def small_xgdp(convolution):
    gcn, gat = {"graph_widths": (5, 6, 7), "pooled": 8}, {"attention_heads": 2, "attention_widths": (3, 4)}
    model = xgdp.Xgdp(xgdp.Settings(convolution=convolution, **gcn, **gat, **SMALL_GRAPH), 90)
    return model, Features([numbers(CELLS, 90)], [small_graphs(molecules.atom_78)])


def small_tcnns():
    model = tcnns.Tcnns(tcnns.Settings(channels=(3, 4, 2), head=6), 31, 5, 20)
    return model, Features([numbers(CELLS, 31)], [numbers(DRUGS, 100).view(DRUGS, 5, 20)])


def small_deepcdr():
    settings = deepcdr.Settings(graph_layers=(6, 5, 4), omics_layers=(7, 4), **SMALL_SIGNAL)
    omics = {"mutation": 60, "expression": 11, "methylation": 9}
    tables = [numbers(CELLS, width) for width in omics.values()]
    return deepcdr.DeepCDR(settings, omics, largest=15), Features(tables, [small_graphs(molecules.atom_75)])


def small_hidra():
    model = hidra.Hidra(hidra.Settings(drug_layers=(7, 5), attention_layers=(6, 4), head=5), SETS, 16)
    return model, Features([numbers(CELLS, 23)], [numbers(DRUGS, 16)])


def small_deepttc():
    transformer = {"embedding": 8, "transformer_layers": 2, "attention_heads": 2, "feed_forward": 9}
    settings = deepttc.Settings(cell_layers=(6, 4), vocabulary=20, length=5, head_layers=(7, 6, 5), **transformer)
    return deepttc.DeepTTC(settings, 12), Features([numbers(CELLS, 12)], [words()])


KINDS = {
    "uno": small_uno,
    "two_arm": small_two_arm,
    "graphdrp": small_graphdrp,
    "xgdp with GCN": partial(small_xgdp, "gcn"),
    "xgdp with GAT": partial(small_xgdp, "gat"),
    "tcnns": small_tcnns,
    "deepcdr": small_deepcdr,
    "hidra": small_hidra,
    "deepttc": small_deepttc,
}


@pytest.fixture(params=KINDS)
def case(request):
    """A small model with all of its layers, random features for 9 cells and 6 drugs, and 40 rows of them."""
    torch.manual_seed(3)
    model, features = KINDS[request.param]()
    cell, drug = torch.randint(0, CELLS, (40,)), torch.randint(0, DRUGS, (40,))
    return model.double(), features, cell, drug


def gradients(model, calculate):
    """One training step's output, gradients and running statistics, from the same state and the same random numbers."""
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.zero_grad()
    torch.manual_seed(11)
    out = calculate()
    (out * torch.linspace(-1, 2, len(out), dtype=out.dtype)).sum().backward()
    found = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    found |= {name: buffer.clone() for name, buffer in model.named_buffers()}
    model.load_state_dict(before)
    return out.detach(), found


def test_a_factorised_training_step_equals_the_row_by_row_one(case):
    model, features, cell, drug = case
    out, found = gradients(model, lambda: forward(model, features, cell, drug))
    expected_out, expected = gradients(model, lambda: forward_rows(model, features, cell, drug))
    torch.testing.assert_close(out, expected_out, rtol=0, atol=1e-10)
    for name, value in expected.items():
        torch.testing.assert_close(
            found[name], value, rtol=0, atol=1e-10, msg=lambda text, name=name: f"{name}: {text}"
        )


def test_every_parameter_takes_part_in_training(case):
    model, features, cell, drug = case
    _, found = gradients(model, lambda: forward(model, features, cell, drug))
    assert [name for name, _ in model.named_parameters() if not found[name].any()] == []


def test_a_factorised_prediction_equals_the_row_by_row_one(case):
    model, features, cell, drug = case
    with torch.no_grad():
        forward(model.train(), features, cell, drug)  # so that batch norm has statistics to use
        predicted = predict(model, features, Examples(cell, drug, torch.zeros(40)))
        expected = forward_rows(model.eval(), features, cell, drug)
    torch.testing.assert_close(predicted, expected, rtol=0, atol=1e-10)


def test_batch_norm_by_count_equals_torchs_over_the_rows():
    torch.manual_seed(0)
    ours, theirs = CountedBatchNorm(4).double(), nn.BatchNorm1d(4).double()
    x, count = torch.randn(5, 4, dtype=torch.float64), torch.tensor([3, 1, 4, 1, 5])
    rows = torch.repeat_interleave(torch.arange(5), count)
    for _ in range(3):
        torch.testing.assert_close(ours(x, count)[rows], theirs(x[rows]), rtol=0, atol=1e-12)
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)
    torch.testing.assert_close(ours.running_var, theirs.running_var)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


def test_batch_norm_takes_a_batch_of_one_row():
    assert CountedBatchNorm(2)(torch.tensor([[1.0, 2.0]])).tolist() == [[0.0, 0.0]]


def adjacency(smiles):
    return torch.tensor(Chem.GetAdjacencyMatrix(Chem.MolFromSmiles(smiles)), dtype=torch.float64)


def test_messages_along_bonds_equal_products_with_the_adjacency_matrix():
    graphs = small_graphs(molecules.atom_78)
    batch = graphs.take(torch.tensor([3, 1, 3]))
    expected = [adjacency(MOLECULES[drug]) @ graphs.take(torch.tensor([drug])).atoms for drug in (3, 1, 3)]
    torch.testing.assert_close(batch.sum_neighbours(batch.atoms), torch.cat(expected))


def test_a_gcn_layer_is_the_normalised_adjacency_times_x_times_w():
    torch.manual_seed(0)
    graphs, layer = small_graphs(molecules.atom_78), GCN(78, 3).double()
    batch = graphs.take(torch.tensor([2]))
    a = adjacency(MOLECULES[2]) + torch.eye(len(batch.atoms), dtype=torch.float64)
    scale = a.sum(1).rsqrt().diag()
    expected = scale @ a @ scale @ batch.atoms @ layer.dense.weight.T + layer.dense.bias
    torch.testing.assert_close(layer(batch.atoms, batch), expected)


def test_a_gat_layer_mixes_neighbours_by_a_softmax_over_their_scores():
    torch.manual_seed(0)
    graphs, layer = small_graphs(molecules.atom_78), GAT(78, 3, heads=2).double()
    batch = graphs.take(torch.tensor([1]))
    a = adjacency(MOLECULES[1]) + torch.eye(len(batch.atoms), dtype=torch.float64)
    h = layer.dense(batch.atoms).view(-1, 2, 3)
    expected = torch.zeros_like(h)
    for head in range(2):
        score = (h[:, head] @ layer.to_target[head])[:, None] + (h[:, head] @ layer.to_source[head])[None]
        weight = F.leaky_relu(score, 0.2).masked_fill(a == 0, -torch.inf).softmax(1)
        expected[:, head] = weight @ h[:, head]
    torch.testing.assert_close(layer(batch.atoms, batch), expected.flatten(1))


def test_one_weighted_empty_atom_equals_padding_in_full():
    """Written out as the original does it: every molecule padded to 15 atoms, batch norm and mean over all of them."""
    torch.manual_seed(0)
    settings = deepcdr.Settings(graph_layers=(6, 5, 4))
    ours = deepcdr.PaddedGraphs(settings, largest=15).double()
    graphs = small_graphs(molecules.atom_75)
    drugs, count = torch.tensor([0, 2, 4]), torch.tensor([2, 1, 3])
    rows = torch.repeat_interleave(torch.arange(3), count)
    scaled, x = torch.zeros(3, 15, 15, dtype=torch.float64), torch.zeros(3, 15, 75, dtype=torch.float64)
    for i, drug in enumerate(drugs.tolist()):
        a = torch.eye(15, dtype=torch.float64)
        atoms = graphs.take(torch.tensor([drug])).atoms
        a[: len(atoms), : len(atoms)] += adjacency(MOLECULES[drug])
        scaled[i], x[i, : len(atoms)] = a.sum(1).rsqrt().diag() @ a @ a.sum(1).rsqrt().diag(), atoms
    scaled, x = scaled[rows], x[rows]
    for layer, norm in zip(ours.layers, ours.norms, strict=True):
        x = F.relu(scaled @ x @ layer.dense.weight.T + layer.dense.bias)
        mean, variance = x.mean((0, 1)), x.var((0, 1), unbiased=False)
        x = (x - mean) / (variance + norm.eps).sqrt() * norm.weight + norm.bias
    torch.testing.assert_close(ours(graphs.take(drugs), count)[rows], x.mean(1), rtol=0, atol=1e-12)


def test_blocks_of_pathways_equal_a_loop_over_them():
    torch.manual_seed(0)
    sets = [*SETS, [2]]
    attention = hidra.PathwayAttention(sets, 4).double()
    x, steer = numbers(1, 23), numbers(1, 4)
    attention.eval()
    slots, scores = attention.genes(x)
    row = torch.zeros(1, dtype=torch.int64)
    pooled = attention.pool((*slots, *scores), tuple(attention.drug(steer, torch.ones(1))), row, row)
    a = F.relu(attention.norm(attention.steer(steer)))[0]
    starts = np.cumsum([0, *(hidra.steering_width(len(genes)) for genes in sets)])
    expected = []
    all_weights = zip(attention.of_genes, attention.of_drug, attention.bias, strict=True)
    for block, weights in zip(attention.blocks, all_weights, strict=True):
        for row, k in enumerate(block.pathways):
            n, genes = len(sets[k]), x[0, sets[k]]
            of_genes, of_drug, bias = (weight[row] for weight in weights)
            mine = a[starts[k] : starts[k + 1]]
            dense = genes @ of_genes[:n, :n] + mine @ of_drug[: len(mine), :n] + bias[0, :n]
            expected.append((dense.tanh().softmax(0) * genes).sum())
    torch.testing.assert_close(pooled[0], torch.stack(expected))


@pytest.mark.parametrize("at_once", [8, 24, 1 << 19])  # rows one by one, three and one, together
def test_the_gradient_of_pathway_attention_is_that_of_its_forward_pass(at_once, monkeypatch):
    monkeypatch.setattr(hidra.Pool, "at_once", at_once)
    torch.manual_seed(0)
    slots, score, steer = numbers(3, 8), numbers(3, 8).requires_grad_(), numbers(2, 8).requires_grad_()
    present = torch.tensor([[1.0] * 4, [1, 1, 1, 0]], dtype=torch.float64)  # an empty slot holds zeros
    there = present.flatten()
    cell_of, drug_of = torch.tensor([0, 1, 2, 0]), torch.tensor([1, 0, 0, 1])

    def pool(score: torch.Tensor, steer: torch.Tensor) -> torch.Tensor:
        return hidra.Pool.apply(slots * there, score * there, steer * there, present, cell_of, drug_of)

    row_by_row = []
    for x, c, d in zip(slots[cell_of], score[cell_of], steer[drug_of], strict=True):
        weights = [part.softmax(0) for part in (c + d)[:7].tanh().split([4, 3])]
        row_by_row.append(torch.stack([w @ part for w, part in zip(weights, x[:7].split([4, 3]), strict=True)]))
    torch.testing.assert_close(pool(score, steer), torch.stack(row_by_row))
    torch.autograd.gradcheck(pool, (score, steer))


def test_padding_of_pathway_blocks_never_learns():
    torch.manual_seed(0)
    model, features = small_hidra()
    model.double().train()
    optimizer = torch.optim.Adam(model.parameters(), 0.1)
    for _ in range(3):
        optimizer.zero_grad()
        forward(model, features, torch.arange(CELLS), torch.arange(CELLS) % 6).square().sum().backward()
        optimizer.step()
    weights = [*model.genes.of_genes, *model.genes.of_drug]
    stored = sum(p.count_nonzero() for p in weights)
    assert stored < sum(p.numel() for p in weights)
    assert stored == sum(len(genes) * (len(genes) + hidra.steering_width(len(genes))) for genes in SETS)


def test_the_steering_of_each_pathway_starts_as_a_dense_layer_of_its_own():
    torch.manual_seed(0)
    sizes = [40] * 50 + [80] * 50
    steer = hidra.Hidra(hidra.Settings(), [list(range(n)) for n in sizes]).genes.steer
    small, large = steer.weight.split([50 * hidra.steering_width(40), 50 * hidra.steering_width(80)])
    for weight, width in ((small, 11), (large, 21)):  # Glorot: ±√(6/(32 + width))
        assert weight.abs().max().item() == pytest.approx((6 / (32 + width)) ** 0.5, rel=1e-3)
    assert not steer.bias.any()


def test_max_pool_pads_as_tensorflow_does():
    # five values in two windows of three lack one: it goes to the end; four lack two: one to each end
    assert tcnns.same_pool(torch.tensor([[[1.0, 5.0, 2.0, 3.0, 4.0]]])).tolist() == [[[5.0, 4.0]]]
    assert tcnns.same_pool(torch.tensor([[[1.0, 5.0, 7.0, 3.0]]])).tolist() == [[[5.0, 7.0]]]


def test_uno_warms_up_then_halves_on_plateaus_down_to_its_floor():
    settings = uno.Settings(learning_rate=1.0)
    # five epochs from a hundredth, then full
    rates = [uno.learning_rate(settings, epoch, [1.0] * epoch) for epoch in range(6)]
    assert rates == pytest.approx([0.01, 0.208, 0.406, 0.604, 0.802, 1.0])
    worse = [1.0] * 5 + [2.0] * 3
    assert uno.learning_rate(settings, 8, worse) == 0.5
    assert uno.learning_rate(settings, 9, [*worse, 0.5]) == 0.5
    assert uno.learning_rate(settings, 105, [1.0] * 5 + [2.0] * 100) == 1e-4
    assert uno.learning_rate(settings, 105, [np.nan] * 105) == 1  # no validation rows


def dense(inputs, out):
    return inputs * out + out


class TestParametersAtThePapersSizes:
    """Counts by hand from the layer lists; `dense(a, b)` is a × b weights and b biases."""

    def test_uno_with_all_genes_and_mordred(self):
        model = uno.Uno(uno.Settings(), 30_805, 1_613)
        towers = dense(30_805, 1000) + dense(1_613, 1000) + 4 * dense(1000, 1000)
        assert model.parameter_count == towers + dense(2000, 1000) + 4 * dense(1000, 1000) + dense(1000, 1)

    def test_graphdrp(self):
        model = graphdrp.GraphDRP(graphdrp.Settings(), 958)
        gin = dense(78, 32) + 9 * dense(32, 32) + 5 * 64
        convolutions = dense(8, 32) + dense(32 * 8, 64) + dense(64 * 8, 128)
        arms = gin + dense(32, 128) + convolutions + dense(4096, 128)
        assert model.parameter_count == arms + dense(256, 1024) + dense(1024, 128) + dense(128, 1)

    def test_tcnns(self):
        model = tcnns.Tcnns(tcnns.Settings(), 735, 28, 188)  # 28 tokens and a length of 188 in the original's drug file
        shared = 2 * (dense(7 * 40, 80) + dense(7 * 80, 60))
        sides = dense(7, 40) + dense(7 * 28, 40) + shared
        # 735 → 245 → 82 → 28 places, 188 → 63 → 21 → 7, of 60 channels each
        assert model.parameter_count == sides + dense(60 * 35, 1024) + dense(1024, 1024) + dense(1024, 1)

    def test_two_arm(self):
        model = two_arm.TwoArm(two_arm.Settings(), 15_000, 2_048)
        widths = [15_000, 1000, 750, 500, 250, 100, 50], [2_048, 100, 50, 25], [75, 50, 25, 1]
        assert model.parameter_count == sum(dense(a, b) for arm in widths for a, b in pairwise(arm))

    def test_hidra_with_186_pathways(self):
        sizes = [10 + 2 * k for k in range(186)]
        model = hidra.Hidra(hidra.Settings(), [range(n) for n in sizes])
        norm = 2
        arms = dense(512, 256) + dense(256, 128) + dense(512, 128) + dense(128, 32) + norm * (256 + 128 + 128 + 32)
        steering = [n // 4 + 1 for n in sizes]
        genes = sum(dense(32, a) + norm * a + dense(n + a, n) + norm for n, a in zip(sizes, steering, strict=True))
        over = dense(32, 12) + norm * 12 + dense(186 + 12, 186) + norm * 186
        assert model.parameter_count == arms + genes + over + dense(186 + 128, 128) + norm * 128 + dense(128, 1)

    def test_deepcdr(self):
        model = deepcdr.DeepCDR(deepcdr.Settings(), {"mutation": 34_673, "expression": 697, "methylation": 808}, 100)
        graph = dense(75, 256) + dense(256, 256) + dense(256, 100) + 2 * (256 + 256 + 100)
        profiles = dense(697, 256) + dense(808, 256) + 2 * (2 * 256 + dense(256, 100))
        # 34,673 genes: (34,673 − 700) ÷ 5 + 1 = 6,795 places → pool 1,359 → (1,359 − 5) ÷ 2 + 1 = 678 → pool 67
        mutations = dense(700, 50) + dense(5 * 50, 30) + dense(30 * 67, 100)
        # 300 → 151 → 75 → 71 → 23 → 19 → 6 places of 5 channels
        head = dense(400, 300) + dense(150, 30) + dense(5 * 30, 10) + dense(5 * 10, 5) + dense(30, 1)
        assert model.parameter_count == graph + profiles + mutations + head

    def test_deepttc(self):
        model = deepttc.DeepTTC(deepttc.Settings(), 958)
        cell = dense(958, 1024) + dense(1024, 256) + dense(256, 64) + dense(64, 256)
        layer = 4 * dense(128, 128) + dense(128, 512) + dense(512, 128) + 4 * 128
        drug = 2587 * 128 + 50 * 128 + 2 * 128 + 8 * layer  # 2,586 words and padding
        head = dense(384, 1024) + dense(1024, 1024) + dense(1024, 512) + dense(512, 1)
        assert model.parameter_count == cell + drug + head

    def test_xgdp_with_either_drug_arm(self):
        rest = graphdrp.GraphPairModel(xgdp.Settings(), 958).parameter_count
        gcn = dense(78, 78) + dense(78, 156) + dense(156, 312) + dense(312, 1024) + dense(1024, 128)
        assert xgdp.Xgdp(xgdp.Settings(), 958).parameter_count == rest + gcn
        heads = 78 * 780 + 2 * 780 + 780 + 780 * 128 + 2 * 128 + 128
        model = xgdp.Xgdp(xgdp.Settings(convolution="gat"), 958)
        assert model.parameter_count == rest + heads + dense(128, 128)
