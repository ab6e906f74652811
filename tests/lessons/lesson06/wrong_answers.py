"""Plausible wrong answers to the exercises of lesson 06, and what the check says to each.

exercise -> [(name, source, part of the message)].
"""

ROOMS = "def rooms(count_E, block):\n    return "
LIST_BEGINS = "def tile_list(counts, block):\n"
EXPERTS = "    found, row = [], 0\n    for expert, count in enumerate(counts):\n"
LIST = LIST_BEGINS + EXPERTS
INNER = "        for first in range(0, count, block):\n"
LIST_ENDS = "        row += count\n    return found"
PLACES = "from moe_lesson.moe.tiles import rooms\ndef places(count_E, rows, block):\n"
PLACED = "    return torch.arange(rows) + shift_E.repeat_interleave(count_E)"
BACK = "def gradients(x_RD, weight_EFD, count_E, dy_RF):\n    counts = count_E.tolist()\n"
LOOP = (
    "    dx, dweight = [], []\n"
    "    for x, dy, weight in zip(x_RD.split(counts), dy_RF.split(counts), weight_EFD):\n"
)
BOTH = "    return torch.cat(dx), torch.stack(dweight)"
INTENSITY = (
    "from moe_lesson.lessons.lesson06.roofline import operations, touched\n"
    "def intensity(tokens, dim, hidden_dim, num_experts, top_k, size):\n"
    "    weights = touched(tokens, num_experts, top_k) * 3 * dim * hidden_dim\n"
    "    rows = 2 * tokens * top_k * dim\n"
    "    done = operations(tokens, dim, hidden_dim, top_k)\n"
)
EXPERIMENT = "def experiment():\n    return "

WRONG_ANSWERS = {
    "rooms": [
        ("rounded down", ROOMS + "count_E // block * block", "You round down"),
        ("always one more", ROOMS + "(count_E // block + 1) * block", "A full tile needs no other"),
        ("tiles", ROOMS + "-(-count_E // block)", "These are tiles"),
        ("padding alone", ROOMS + "-count_E % block", "That is the padding alone"),
        ("nearest", ROOMS + "((count_E + 1) // block) * block", "round to the nearest"),
        (
            "to the busiest",
            ROOMS + "(-(-count_E.max() // block) * block).expand(len(count_E))",
            "what the busiest needs",
        ),
        (
            "a tile for nobody",
            ROOMS + "-(-count_E.clamp(min=1) // block) * block",
            "without rows needs no tile",
        ),
        ("by bits", ROOMS + "(count_E + block - 1) & -block", "power of two"),
        ("hard-coded", ROOMS + "-(-count_E // 4) * 4", "Is 4 written into"),
        ("in place", ROOMS + "count_E.neg_().floor_divide_(block).mul_(-block)", "was changed"),
        ("unchanged", ROOMS + "count_E.clone()", "not a whole tile"),
        ("one minus", ROOMS + "-(count_E // block) * block", "and the sign is turned"),
        ("fraction kept", ROOMS + "(count_E + block - 1) / block * block", "keeps the fraction"),
        ("one tile each", ROOMS + "(count_E > 0) * block", "more than one tile"),
        ("a list", ROOMS + "[-(-c // block) * block for c in count_E.tolist()]", "is a list"),
    ],
    "tile-list": [
        (
            "no end",
            LIST + INNER + "            found.append((expert, row + first, row + first + block))\n"
            "        row += count\n    return [(e, f, min(t, sum(counts))) for e, f, t in found]",
            "it ends with its expert",
        ),
        (
            "through experts",
            LIST_BEGINS
            + "    owner = [e for e, count in enumerate(counts) for _ in range(count)]\n"
            "    rows = len(owner)\n"
            "    return [(owner[f], f, min(f + block, rows)) for f in range(0, rows, block)]",
            "cut through experts",
        ),
        (
            "a tile for nobody",
            LIST + "        for first in range(0, max(count, 1), block):\n"
            "            found.append((expert, row + first, row + min(first + block, count)))\n"
            + LIST_ENDS,
            "Expert 1 has no rows",
        ),
        (
            "from zero",
            LIST
            + INNER
            + "            found.append((expert, first, min(first + block, count)))\n"
            + LIST_ENDS,
            "Rows are counted through",
        ),
        (
            "whole tiles only",
            LIST + "        for first in range(0, count - block + 1, block):\n"
            "            found.append((expert, row + first, row + first + block))\n" + LIST_ENDS,
            "is missing",
        ),
        (
            "last row",
            LIST + INNER + "            end = row + min(first + block, count)\n"
            "            found.append((expert, row + first, end - 1))\n" + LIST_ENDS,
            "one past the last",
        ),
        (
            "how many",
            LIST
            + INNER
            + "            found.append((expert, row + first, min(block, count - first)))\n"
            + LIST_ENDS,
            "not how many rows",
        ),
        (
            "padded",
            LIST
            + INNER
            + "            found.append((expert, row + first, row + min(first + block, count)))\n"
            "        row += -(-count // block) * block\n    return found",
            "not padded",
        ),
        (
            "renumbered",
            LIST_BEGINS
            + "    counts = [count for count in counts if count]\n"
            + EXPERTS
            + INNER
            + "            found.append((expert, row + first, row + min(first + block, count)))\n"
            + LIST_ENDS,
            "Number experts as they are",
        ),
        (
            "hard-coded",
            LIST + "        for first in range(0, count, 4):\n"
            "            found.append((expert, row + first, row + min(first + 4, count)))\n"
            + LIST_ENDS,
            "Is 4 written into",
        ),
        (
            "pairs",
            LIST + INNER + "            found.append((expert, row + first))\n" + LIST_ENDS,
            "a tile is (expert, first row, end)",
        ),
        (
            "end from zero",
            LIST
            + INNER
            + "            found.append((expert, row + first, min(first + block, count)))\n"
            + LIST_ENDS,
            "The end is counted through too",
        ),
        (
            "row too early",
            LIST
            + "        row += count\n"
            + INNER
            + "            end = min(first + block, count)\n"
            "            found.append((expert, row + first, row + end))\n    return found",
            "add its rows after its tiles",
        ),
        (
            "one step too many",
            LIST + "        for first in range(0, count + 1, block):\n"
            "            found.append((expert, row + first, row + min(first + block, count)))\n"
            + LIST_ENDS,
            "the next would begin where they end",
        ),
        (
            "expert last",
            LIST + INNER + "            end = row + min(first + block, count)\n"
            "            found.append((row + first, end, expert))\n" + LIST_ENDS,
            "The expert comes first",
        ),
        (
            "a list for each expert",
            LIST + "        found.append([(expert, row + f, row + min(f + block, count))"
            " for f in range(0, count, block)])\n" + LIST_ENDS,
            "return a list of triples",
        ),
        ("a number", "def tile_list(counts, block):\n    return 3", "return a list of triples"),
    ],
    "places": [
        ("as it stands", PLACES + "    return torch.arange(rows)", "forget the padding"),
        (
            "itself included",
            PLACES
            + "    shift_E = rooms(count_E, block).cumsum(0) - (count_E.cumsum(0) - count_E)\n"
            + PLACED,
            "not oneself",
        ),
        (
            "the one before",
            PLACES + "    shift_E = (rooms(count_E, block) - count_E).roll(1)\n"
            "    shift_E[0] = 0\n" + PLACED,
            "Only the padding of the expert just before",
        ),
        (
            "own padding first",
            PLACES + "    shift_E = (rooms(count_E, block) - count_E).cumsum(0)\n" + PLACED,
            "comes after its rows",
        ),
        (
            "room for nobody",
            PLACES + "    room_E = rooms(count_E.clamp(min=1), block)\n"
            "    shift_E = room_E.cumsum(0) - room_E - (count_E.cumsum(0) - count_E)\n" + PLACED,
            "An empty expert takes no tile",
        ),
        (
            "starts",
            PLACES + "    room_E = rooms(count_E, block)\n"
            "    return (room_E.cumsum(0) - room_E).repeat_interleave(count_E)",
            "numbered too",
        ),
        (
            "within",
            PLACES + "    first_E = count_E.cumsum(0) - count_E\n"
            "    return torch.arange(rows) - first_E.repeat_interleave(count_E)",
            "add where it begins",
        ),
        (
            "to the busiest",
            PLACES + "    room = rooms(count_E, block).max()\n"
            "    shift_E = room * torch.arange(len(count_E)) - (count_E.cumsum(0) - count_E)\n"
            + PLACED,
            "Everybody has the room of the busiest",
        ),
        (
            "one tile each",
            PLACES + "    start_E = block * torch.arange(len(count_E))\n"
            "    shift_E = start_E - (count_E.cumsum(0) - count_E)\n" + PLACED,
            "Expert 2 needs two tiles",
        ),
        (
            "begin and row",
            PLACES + "    room_E = rooms(count_E, block)\n"
            "    shift_E = room_E.cumsum(0) - room_E\n" + PLACED,
            "not to the row's",
        ),
        (
            "rooms rounded down",
            PLACES + "    room_E = count_E // block * block\n"
            "    shift_E = (room_E - count_E).cumsum(0) - (room_E - count_E)\n" + PLACED,
            "share a place",
        ),
        (
            "ends of rooms",
            PLACES + "    return rooms(count_E, block).cumsum(0).repeat_interleave(count_E)",
            "the ends of the rooms",
        ),
        (
            "floats",
            PLACES + "    room_E = torch.ceil(count_E / block) * block\n"
            "    shift_E = (room_E - count_E).cumsum(0) - (room_E - count_E)\n" + PLACED,
            "not floats",
        ),
        (
            "one more tile",
            PLACES + "    room_E = (count_E // block + (count_E > 0)) * block\n"
            "    shift_E = (room_E - count_E).cumsum(0) - (room_E - count_E)\n" + PLACED,
            "a full tile needs no padding",
        ),
    ],
    "gradients": [
        (
            "one expert",
            BACK
            + LOOP
            + "        dx.append(dy @ weight_EFD[0])\n        dweight.append(dy.T @ x)\n"
            + BOTH,
            "through expert 0",
        ),
        (
            "empty experts skipped",
            BACK + "    some = [c for c in counts if c]\n    dx, dweight = [], []\n"
            "    for x, dy, weight in zip(x_RD.split(some), dy_RF.split(some), weight_EFD):\n"
            "        dx.append(dy @ weight)\n        dweight.append(dy.T @ x)\n"
            "    return torch.cat(dx), torch.stack(dweight)",
            "keeps its matrix",
        ),
        (
            "sum of weights",
            BACK + LOOP + "        dweight.append(dy.T @ x)\n"
            "    return dy_RF @ weight_EFD.sum(0), torch.stack(dweight)",
            "sum of the weights",
        ),
        (
            "all rows",
            BACK
            + LOOP
            + "        dx.append(dy @ weight)\n        dweight.append(dy_RF.T @ x_RD)\n"
            + BOTH,
            "learns from all rows",
        ),
        (
            "mean",
            BACK + LOOP + "        dx.append(dy @ weight)\n"
            "        dweight.append(dy.T @ x / max(len(x), 1))\n" + BOTH,
            "not their mean",
        ),
        (
            "transposed",
            BACK
            + LOOP
            + "        dx.append(dy @ weight)\n        dweight.append(x.T @ dy)\n"
            + BOTH,
            "is turned",
        ),
        (
            "weights transposed",
            BACK
            + LOOP
            + "        dx.append(dy @ weight.T)\n        dweight.append(dy.T @ x)\n"
            + BOTH,
            "your function stops",
        ),
        (
            "swapped",
            BACK + LOOP + "        dx.append(dy @ weight)\n        dweight.append(dy.T @ x)\n"
            "    return torch.stack(dweight), torch.cat(dx)",
            "the other way round",
        ),
        (
            "overwritten",
            BACK + LOOP + "        dx.append(dy @ weight)\n"
            "        dweight.append(dy[-1:].T @ x[-1:])\n" + BOTH,
            "a later row overwrote",
        ),
        (
            "divided by rows",
            BACK + LOOP + "        dx.append(dy @ weight)\n"
            "        dweight.append(dy.T @ x / len(x_RD))\n" + BOTH,
            "no mean over all rows",
        ),
        (
            "turned sign",
            BACK
            + LOOP
            + "        dx.append(-dy @ weight)\n        dweight.append(dy.T @ x)\n"
            + BOTH,
            "the sign is turned",
        ),
        (
            "product of sums",
            BACK + LOOP + "        dx.append(dy @ weight)\n"
            "        dweight.append(dy.sum(0)[:, None] * x.sum(0))\n" + BOTH,
            "you multiply sums",
        ),
        (
            "no gradient for nobody",
            BACK + LOOP + "        dx.append(dy @ weight)\n"
            "        if len(x):\n            dweight.append(dy.T @ x)\n" + BOTH,
            "its gradient is zeros",
        ),
        (
            "not joined",
            BACK + LOOP + "        dx.append(dy @ weight)\n        dweight.append(dy.T @ x)\n"
            "    return dx, torch.stack(dweight)",
            "is a list",
        ),
        (
            "only one",
            BACK + LOOP + "        dx.append(dy @ weight)\n    return torch.cat(dx)",
            "return two tensors",
        ),
    ],
    "intensity": [
        (
            "multiply-adds",
            INTENSITY + "    return done / 2 / (size * (weights + rows))",
            "two operations, and the token has 2 visits",
        ),
        ("numbers", INTENSITY + "    return done / (weights + rows)", "operations a number"),
        (
            "all experts",
            INTENSITY + "    weights = num_experts * 3 * dim * hidden_dim\n"
            "    return done / (size * (weights + rows))",
            "not all 4",
        ),
        (
            "one expert",
            INTENSITY + "    weights = 3 * dim * hidden_dim\n"
            "    return done / (size * (weights + rows))",
            "the token reads 2",
        ),
        ("no rows", INTENSITY + "    return done / (size * weights)", "The rows move too"),
        (
            "a row once",
            INTENSITY + "    return done / (size * (weights + rows / 2))",
            "each is read and written",
        ),
        ("inverse", INTENSITY + "    return size * (weights + rows) / done", "bytes by operations"),
        (
            "two matrices computed",
            INTENSITY + "    return done * 2 / 3 / (size * (weights + rows))",
            "also when it computes",
        ),
        (
            "two matrices read",
            INTENSITY + "    return done / (size * (weights * 2 / 3 + rows))",
            "also when it reads",
        ),
        (
            "visits read again",
            INTENSITY + "    weights = tokens * top_k * 3 * dim * hidden_dim\n"
            "    return done / (size * (weights + rows))",
            "that both tokens visit",
        ),
        (
            "always k experts",
            INTENSITY + "    weights = top_k * 3 * dim * hidden_dim\n"
            "    return done / (size * (weights + rows))",
            "More tokens touch more",
        ),
        (
            "rows of one token",
            INTENSITY + "    return done / (size * (weights + rows / tokens))",
            "Rows grow with tokens",
        ),
        (
            "visits apart",
            INTENSITY + "    some = num_experts * (1 - (1 - 1 / num_experts) ** (tokens * top_k))\n"
            "    return done / (size * (some * 3 * dim * hidden_dim + rows))",
            "of a token differ",
        ),
        (
            "hidden rows",
            INTENSITY + "    rows = 2 * tokens * top_k * hidden_dim\n"
            "    return done / (size * (weights + rows))",
            "A row is dim wide",
        ),
        ("whole", INTENSITY + "    return done // (size * (weights + rows))", "divide by /"),
        ("four bytes", INTENSITY + "    return done / (4 * (weights + rows))", "Use size"),
        ("text", INTENSITY + "    return 'large'", "must be a number"),
    ],
    "dropless-experiment": [
        ("one setting", EXPERIMENT + "{'even': [1.1, 1.2, 1.3]}", "a comparison needs two"),
        ("two rounds", EXPERIMENT + "{'a': [1.1, 1.2], 'b': [1.4, 1.5, 1.6]}", "has 2 of 3 runs"),
        ("no list", EXPERIMENT + "{'a': 1.1, 'b': 1.4}", "give a list of runs"),
        ("no dict", EXPERIMENT + "[1.1, 1.2]", "return a dict"),
        ("empty", EXPERIMENT + "{'a': [], 'b': [1.1, 1.2, 1.3]}", "has 0 of 3 runs"),
        ("text", EXPERIMENT + "{'a': ['fast'] * 3, 'b': [1.4, 1.5, 1.6]}", "must be a number"),
        ("logarithms", EXPERIMENT + "{'a': [-0.1, 0.2, 0.1], 'b': [0.3, 0.2, 0.4]}", "lie above 0"),
        ("one repeated", EXPERIMENT + "{'a': [1.1] * 3, 'b': [1.4] * 3}", "their starts different"),
        (
            "infinite",
            EXPERIMENT + "{'a': [1.1, 1.2, float('inf')], 'b': [1.4, 1.2, 1.3]}",
            "never arrived",
        ),
    ],
}
