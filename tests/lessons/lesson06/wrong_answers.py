"""Plausible wrong answers to the exercises of lesson 06, and what the check says to each.

exercise -> [(name, source, part of the message)].
"""

ROOMS = "def rooms(count_E, block):\n    return "
LIST_BEGINS = "def tile_list(counts, block):\n"
EXPERTS = "    found, row = [], 0\n    for expert, count in enumerate(counts):\n"
LIST = LIST_BEGINS + EXPERTS
INNER = "        for first in range(0, count, block):\n"
LIST_ENDS = "        row += count\n    return found"
RIGHT_LIST = (
    LIST
    + INNER
    + "            found.append((expert, row + first, row + min(first + block, count)))\n"
    + LIST_ENDS
)
PLACES = "from moe_lesson.moe.tiles import rooms\ndef places(count_E, rows, block):\n"
SHIFT = "    pad_E = rooms(count_E, block) - count_E\n    shift_E = pad_E.cumsum(0) - pad_E\n"
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
TOUCHED = (
    INTENSITY + "    weights = {} * 3 * dim * hidden_dim\n"
    "    return done / (size * (weights + rows))"
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
        ("one number", ROOMS + "-(-count_E.sum() // block) * block", "has shape ()"),
        ("ends", ROOMS + "(-(-count_E // block) * block).cumsum(0)", "you give 4 4 8 16 28"),
        ("at least a tile", ROOMS + "count_E.clamp(min=block)", "you give 4 4 4 5 9"),
        ("rest added", ROOMS + "count_E + count_E % block", "you give 6 0 4 6 10"),
        (
            "of these five",
            ROOMS + "torch.tensor([4, 0, 4, 8, 12])",
            "for 3 experts it has shape (5,)",
        ),
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
        (
            "in place",
            LIST_BEGINS + "    found, row = [], 0\n    for expert in range(len(counts)):\n"
            "        while counts[expert] > 0:\n            rows = min(block, counts[expert])\n"
            "            found.append((expert, row, row + rows))\n            row += rows\n"
            "            counts[expert] -= rows\n    return found",
            "was changed",
        ),
        (
            "three experts",
            RIGHT_LIST.replace("enumerate(counts)", "zip(range(3), counts)"),
            "It must be [[0, 0, 2], [1, 2, 4], [1, 4, 5], [3, 5, 6]]",
        ),
        (
            "last expert forgotten",
            RIGHT_LIST.replace("enumerate(counts)", "enumerate(counts[:-1])"),
            "you give [[0, 0, 4], [0, 4, 5]].",
        ),
        (
            "experts from one",
            RIGHT_LIST.replace("enumerate(counts)", "enumerate(counts, 1)"),
            "you give [[1, 0, 4]",
        ),
        (
            "even tiles",
            LIST + "        tiles = -(-count // block)\n        for i in range(tiles):\n"
            "            first, end = count * i // tiles, count * (i + 1) // tiles\n"
            "            found.append((expert, row + first, row + end))\n" + LIST_ENDS,
            "you give [[0, 0, 2], [0, 2, 5]",
        ),
        (
            "halves",
            RIGHT_LIST.replace("row += count", "row += count / 2"),
            "are whole numbers",
        ),
        (
            "by expert",
            RIGHT_LIST.replace("return found", "return {e: (f, t) for e, f, t in found}"),
            "not this dict",
        ),
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
        ("tiles of four", PLACES + SHIFT.replace(", block)", ", 4)") + PLACED, "Is 4 written into"),
        (
            "in place",
            PLACES + "    own = count_E.tolist()\n    count_E.copy_(rooms(count_E, block))\n"
            "    starts = (count_E.cumsum(0) - count_E).tolist()\n"
            "    return torch.cat([torch.arange(s, s + n) for s, n in zip(starts, own)])",
            "was changed",
        ),
        (
            "from one",
            PLACES + SHIFT + PLACED.replace("arange(rows)", "arange(1, rows + 1)"),
            "you give 1 2 3 5",
        ),
        (
            "all padding first",
            PLACES
            + "    shift_E = (rooms(count_E, block) - count_E).sum().expand(len(count_E))\n"
            + PLACED,
            "you give 6 7 8 9",
        ),
        (
            "padding of those after",
            PLACES + "    pad_E = rooms(count_E, block) - count_E\n"
            "    shift_E = pad_E.flip(0).cumsum(0).flip(0) - pad_E\n" + PLACED,
            "you give 5 6 7 5",
        ),
        (
            "a block for everybody",
            PLACES + "    shift_E = block * torch.arange(len(count_E))\n" + PLACED,
            "you give 0 1 2 11",
        ),
        (
            "rooms repeated",
            PLACES + SHIFT + PLACED.replace("(count_E)", "(rooms(count_E, block))"),
            "your function stops",
        ),
        (
            "a list",
            PLACES + SHIFT + PLACED.replace("return ", "return list(") + ")",
            "is a list",
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
        (
            "as many experts as numbers in a row",
            "def gradients(x_RD, weight_EFD, count_E, dy_RF):\n    E = x_RD.shape[1]\n"
            "    owner = torch.arange(E).repeat_interleave(count_E)\n"
            "    dx = torch.einsum('rf,rfd->rd', dy_RF, weight_EFD[owner])\n"
            "    own = [owner == e for e in range(E)]\n"
            "    return dx, torch.stack([dy_RF[own[e]].T @ x_RD[own[e]] for e in range(E)])",
            "repeats.size(0) = 4 and input.size(0) = 5",
        ),
        (
            "shapes written down",
            BACK + "    dx, dweight, a = torch.zeros(5, 3), torch.zeros(3, 2, 3), 0\n"
            "    for e, count in enumerate(counts):\n        b = a + count\n"
            "        dx[a:b] = dy_RF[a:b] @ weight_EFD[e]\n"
            "        dweight[e] = dy_RF[a:b].T @ x_RD[a:b]\n        a = b\n"
            "    return dx, dweight",
            "The expanded size of the tensor (3)",
        ),
        (
            "equal parts",
            BACK
            + LOOP.replace("split(counts)", "tensor_split(len(counts))")
            + "        dx.append(dy @ weight)\n        dweight.append(dy.T @ x)\n"
            + BOTH,
            "is right for 3 of 5 rows",
        ),
        (
            "mean of rows",
            BACK + LOOP + "        dx.append(dy @ weight / max(len(x), 1))\n"
            "        dweight.append(dy.T @ x)\n" + BOTH,
            "is divided by nothing",
        ),
        (
            "mean of experts",
            BACK + LOOP + "        dx.append(dy @ weight)\n"
            "        dweight.append(dy.T @ x / len(counts))\n" + BOTH,
            "no mean over experts",
        ),
        (
            "first rows",
            BACK + LOOP + "        dx.append(dy @ weight)\n"
            "        dweight.append(dy[:1].T @ x[:1])\n" + BOTH,
            "first row alone",
        ),
        (
            "experts backwards",
            BACK
            + LOOP.replace("weight_EFD", "weight_EFD.flip(0)")
            + "        dx.append(dy @ weight)\n        dweight.append(dy.T @ x)\n"
            + BOTH,
            "from the last expert up",
        ),
        (
            "in place",
            BACK + LOOP + "        dx.append(dy @ weight)\n        dweight.append(dy.T @ x)\n"
            "    x_RD.copy_(torch.cat(dx))\n    return x_RD, torch.stack(dweight)",
            "was changed",
        ),
        (
            "experts in rows",
            BACK + LOOP + "        dx.append(dy @ weight)\n        dweight.append(dy.T @ x)\n"
            "    return torch.cat(dx), torch.cat(dweight)",
            "has shape (6, 3)",
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
        ("half", TOUCHED.format("num_experts * (1 - 0.5**tokens)"), "not with 1/2"),
        ("one of k", TOUCHED.format("num_experts * (1 - (1 / top_k) ** tokens)"), "not with 1/k"),
        (
            "all but one of k",
            TOUCHED.format("num_experts * (1 - (1 - 1 / top_k) ** tokens)"),
            "not with 1 - 1/k",
        ),
        (
            "rounded to experts",
            TOUCHED.format("round(touched(tokens, num_experts, top_k))"),
            "not 7: do not round",
        ),
        (
            "whole experts",
            TOUCHED.format("int(touched(tokens, num_experts, top_k))"),
            "not 6: do not round",
        ),
        (
            "four experts",
            TOUCHED.format("touched(tokens, 4, top_k)"),
            "Is a number of the cases before",
        ),
        (
            "an exponential",
            TOUCHED.format("num_experts * (1 - 2.718281828 ** (-tokens * top_k / num_experts))"),
            "you give 0.619",
        ),
        (
            "weights in bytes alone",
            INTENSITY + "    return done / (size * weights + rows)",
            "you give 0.4974",
        ),
        (
            "a product for a power",
            TOUCHED.format("num_experts * (1 - (1 - top_k / num_experts) * tokens)"),
            "you give 12.",
        ),
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
