"""The compiled inner loops: scanning columns for a cut, parting columns and rows by it, walking finished trees.

A gradient sum travels as one 64-bit integer, a fixed-point sum above a row count: one load and one add move both.
Integer sums know no order and no floating-point shortcut is allowed, so a wider machine grows the same trees.
"""

import numba
import numpy as np

COUNT_BITS = np.int64(32)
COUNT_MASK = np.int64(0xFFFFFFFF)
FIXED_POINT = 2.0**30  # what the absolute sums of a node add up to, so that no prefix of them leaves 32 bits
WORTHLESS = np.int64(1)  # the prefix of one row whose gradient is the mean: its score is 0
LEAVES_A_WORD = 63  # of 64 bits, so that a word with one bit set is a positive power of two


def compiled(function):
    """numba.njit that keeps its code on disk where it may: a read-only installation without a home may not."""
    options = {"nogil": True, "error_model": "numpy"}  # Python's check of every division would stop vectorisation
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # numba found no directory that it can write to
        return numba.njit(**options)(function)


@compiled
def pack(sums, counts, total, rows, smoothing):
    """(sum and count of each entity, twice, as an entry of a column is 2·entity + mark; the empty prefix; scale).

    Sums are centred on the node's mean, which leaves gains in place and takes their cancellation away:
    for weights a, b of the parts, L²/a + R²/b = d²·(a + b)/(a·b) + (L + R)²/(a + b), d = L − a·(L + R)/(a + b).
    """
    mean = total / (rows + 2 * smoothing)
    size = abs(mean * smoothing)
    for entity in range(sums.size):
        size += abs(sums[entity] - mean * counts[entity])
    scale = FIXED_POINT / size if size > 0 else 0.0
    packed = np.empty(2 * sums.size, np.int64)
    for entity in range(sums.size):
        centred = np.int64(np.rint((sums[entity] - mean * counts[entity]) * scale))
        packed[2 * entity] = packed[2 * entity + 1] = (centred << COUNT_BITS) + np.int64(counts[entity])
    return packed, np.int64(np.rint(-mean * smoothing * scale)) << COUNT_BITS, scale


@compiled
def write_prefixes(order, column, packed, empty, rows, least, prefixes):
    """Write the sum before each first of its equals, worthless where a side is too small; return how many."""
    total = empty
    cuts = 0
    for position in range(order.shape[1]):
        entry = order[column, position]
        prefixes[cuts] = total
        cuts += np.int64(entry & 1)
        total += packed[entry]
    first, last = 0, cuts - 1  # counts only grow along a column
    while first < cuts and (prefixes[first] & COUNT_MASK) < least:
        prefixes[first] = WORTHLESS
        first += 1
    while last >= first and rows - (prefixes[last] & COUNT_MASK) < least:
        prefixes[last] = WORTHLESS
        last -= 1
    return cuts


@compiled
def score(prefix, weight_total, smoothing):
    """d²/(a·b) of the cut behind this prefix: what pack's identity leaves to maximise."""
    left = np.float32(np.int32(prefix & COUNT_MASK)) + smoothing
    centred = np.float32(np.int32(prefix >> COUNT_BITS))
    return np.float32(centred * centred / (left * (weight_total - left)))


@compiled
def best_score(prefixes, weight_total, smoothing):
    best = np.int32(0)  # floats that are not negative sort like their bits, and only integers vectorise as exactly
    for cut in range(prefixes.size):
        value = np.float32(score(prefixes[cut], weight_total, smoothing))
        best = max(best, value.view(np.int32))
    return np.int32(best).view(np.float32)


@compiled
def best_column(order, sums, counts, total, rows, least, smoothing):
    """(gain, column) of the best cut of one axis, the first of equal columns; (.., -1) where none gains anything."""
    packed, empty, scale = pack(sums, counts, total, rows, smoothing)
    prefixes = np.empty(order.shape[1] + 1, np.int64)
    weight = rows + 2 * smoothing
    best, winner = np.float32(0), -1
    for column in range(order.shape[0] - 1):
        cuts = write_prefixes(order, column, packed, empty, rows, least, prefixes)
        value = best_score(prefixes[:cuts], np.float32(weight), np.float32(smoothing))
        if value > best:
            best, winner = value, column
    gain = np.float64(best) / scale / scale * weight + total * total / weight - total * total / (rows + smoothing)
    return gain, winner


@compiled
def cut_position(order, column, sums, counts, total, rows, least, smoothing):
    """How many entities stand left of the column's best cut: of equal ones the last, as LightGBM has it."""
    packed, empty, _ = pack(sums, counts, total, rows, smoothing)
    prefixes = np.empty(order.shape[1] + 1, np.int64)
    weight = np.float32(rows + 2 * smoothing)
    cuts = write_prefixes(order, column, packed, empty, rows, least, prefixes)
    best, winner = np.float32(0), -1
    for cut in range(cuts):
        value = score(prefixes[cut], weight, np.float32(smoothing))
        if value >= best:
            best, winner = value, cut
    for position in range(order.shape[1]):
        winner -= np.int64(order[column, position] & 1)
        if winner < 0:
            return position
    return -1


@compiled
def keep_entities(order, kept, out):
    """Copy the columns without the entities that are not kept; a group that loses its first entry passes the mark on.

    Both have one row more than columns, because an entry is written before it is known whether it stays.
    """
    flat = out.reshape(-1)
    for column in range(order.shape[0] - 1):
        into = flat[column * out.shape[1] :]
        size, mark = 0, np.int64(0)
        for position in range(order.shape[1]):
            entry = order[column, position]
            stay = np.int64(kept[entry >> 1])
            mark |= entry & 1
            into[size] = entry | mark
            size += stay
            mark &= stay - 1


@compiled
def part_rows(rows, code, goes_left, spare):
    """Move the rows that go left to the front, both parts in their old order; return how many went."""
    at_left = 0
    for position, row in enumerate(rows):
        spare[position - at_left] = row
        rows[at_left] = row
        at_left += np.int64(goes_left[code[row]])
    for position in range(at_left, rows.size):
        rows[position] = spare[position - at_left]
    return at_left


@compiled
def sum_rows(rows, residual, cell_code, drug_code, cell_sums, drug_sums, cell_counts, drug_counts):
    """Add the rows' gradients and their number to the sums by cell and by drug; return the total."""
    total = 0.0
    for row in rows:
        cell, drug, value = cell_code[row], drug_code[row], residual[row]
        cell_sums[cell] += value
        cell_counts[cell] += 1
        drug_sums[drug] += value
        drug_counts[drug] += 1
        total += value
    return total


@compiled
def subtract(rows, residual, value):
    for row in rows:
        residual[row] -= value


@compiled
def leaves_below(nodes, leaves):
    """(nodes, 2, words) bits of the leaves under the left and the right child of each node."""
    words = (leaves + LEAVES_A_WORD - 1) // LEAVES_A_WORD
    below = np.zeros((nodes.size, 2, words), np.int64)
    for number in range(nodes.size - 1, -1, -1):  # children have higher numbers than their parents
        for side in range(2):
            child = np.int64(nodes[number].right if side else nodes[number].left)
            if child < 0:
                below[number, side, ~child // LEAVES_A_WORD] = np.int64(1) << (~child % LEAVES_A_WORD)
                continue
            for word in range(words):
                below[number, side, word] = below[child, 0, word] | below[child, 1, word]
    return below


@compiled
def reachable(nodes, below, axis, x):
    """(entities, words) bits of the leaves that an entity of this axis may reach, whoever its partner is."""
    reach = np.empty((x.shape[0], below.shape[2]), np.int64)
    for entity in range(x.shape[0]):
        for word in range(below.shape[2]):
            reach[entity, word] = below[0, 0, word] | below[0, 1, word]
        for number in range(nodes.size):
            node = nodes[number]
            if node.axis == axis:
                value = x[entity, node.feature]
                goes_left = node.missing_left if np.isnan(value) else value <= node.threshold
                for word in range(below.shape[2]):
                    reach[entity, word] &= ~below[number, np.int64(goes_left), word]
    return reach


@compiled
def add_tree(nodes, values, cell_x, drug_x, cell_code, drug_code, out):
    """Add to each pair the value of its leaf: the one that both its cell and its drug reach.

    A leaf is a set of cells times a set of drugs, so nobody has to walk the tree row by row.
    """
    below = leaves_below(nodes, values.size)
    cells = reachable(nodes, below, np.int64(0), cell_x)
    drugs = reachable(nodes, below, np.int64(1), drug_x)
    for row in range(out.size):
        for word in range(below.shape[2]):
            both = cells[cell_code[row], word] & drugs[drug_code[row], word]
            if both:
                exponent = (np.float64(both).view(np.int64) >> 52) - 1023  # of the one bit that is set
                out[row] += values[word * LEAVES_A_WORD + exponent]
