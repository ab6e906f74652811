"""Training on several ranks: the losses of one process, one state, and a rank that is lost."""

import os
import socket
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from moe_lesson.lessons.lesson07.processes import run_ranks
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.moe.parallel import divide
from moe_lesson.text.tokenizer import Data, Text
from moe_lesson.training import distributed, loop, ranks, resume
from moe_lesson.training.settings import Settings, make_optimizer
from moe_lesson.training.team import team_here

SETTINGS = Settings(
    steps=6, batch=4, length=12, warmup=2, measure_every=3, measure_tokens=60, save_every=2,
    balance_weight=0.5, z_weight=0.1, clip=0.05,
)  # fmt: skip
# How many ranks, how many of them divide the experts, and whether all divide the rest too.
WAYS = [(1, 1, False), (2, 1, False), (4, 2, False), (4, 4, False), (2, 1, True), (4, 2, True)]


def data():
    """Make a text that repeats with noise, so that there is something to learn."""
    source = torch.Generator().manual_seed(5)
    id_T = (torch.arange(900) % 7 * 9 + torch.randint(3, (900,), generator=source)) % 320
    return Data(Text(id_T[:700], torch.ones(700)), Text(id_T[700:], torch.ones(200)))


def model():
    """Start the same on every rank, in float64: differences are none of rounding."""
    torch.manual_seed(11)
    return Mixtral(TINY).double()


def alone(folder, settings=SETTINGS):
    """Train on one process."""
    return loop.train(model(), data(), settings, folder, progress=False)


def work(rank, experts, shard, folder, stop=None):
    """Train as one rank; ``stop`` is the step after which rank 1 wishes to stop."""
    own = model()
    if stop is not None:
        _wish_after(stop, rank)
    team = team_here(experts, shard)
    rows = distributed.train_together(own, data(), SETTINGS, folder, team, progress=False)
    weights = {name: w.detach() for name, w in own.named_parameters()} if rank == 0 else {}
    return {"rows": rows, "weights": weights}


def _wish_after(stop, rank):
    """Press Ctrl-C on rank 1 alone, while a step runs."""
    step = distributed._step

    def pressed(*given):
        row = step(*given)
        if rank == 1 and row["step"] == stop:
            os.kill(os.getpid(), 2)
        return row

    distributed._step = pressed


def close(ours, wanted, tolerance=1e-9):
    """Compare two runs, row by row, in everything but seconds."""
    assert [row["step"] for row in ours] == [row["step"] for row in wanted]
    for row, other in zip(ours, wanted):
        assert row.keys() == other.keys()
        for name in row.keys() - {"seconds", "load"}:
            assert abs(row[name] - other[name]) < tolerance, (row["step"], name)
        found, loads = torch.tensor(row["load"]), torch.tensor(other["load"])
        assert (found - loads).abs().max() < 1e-6


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """Return the rows and the folder of a run on one process."""
    folder = tmp_path_factory.mktemp("single")
    return alone(folder), folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return way -> what its ranks returned, and its folder."""
    found = {}
    for size, experts, shard in WAYS:
        folder = tmp_path_factory.mktemp(f"ranks-{size}-{experts}-{shard}")
        found[size, experts, shard] = run_ranks(work, size, experts, shard, str(folder)), folder
    return found


@pytest.mark.parametrize("way", WAYS)
def test_the_losses_are_those_of_one_process(runs, single, way):
    for rank in runs[way][0]:
        close(rank["rows"], single[0])


def test_the_run_is_none_in_which_nothing_happens(single):
    first, *_, last = single[0]
    assert last["nats"] < first["nats"] - 0.01
    assert all(row["norm"] > SETTINGS.clip for row in single[0])  # every gradient was cut


@pytest.mark.parametrize("way", WAYS)
def test_rank_0_ends_with_the_whole_model(runs, single, way):
    whole = model()
    optimizer = make_optimizer(whole, SETTINGS)
    resume.load_state(single[1], whole, optimizer)
    found = runs[way][0][0]["weights"]
    for name, weight in whole.named_parameters():
        assert (found[name] - weight).abs().max() < 1e-9, name


@pytest.mark.parametrize("way", WAYS)
def test_one_state_is_written_and_one_process_reads_it(runs, way):
    folder = runs[way][1]
    found = sorted(path.name for path in Path(folder, "training").iterdir())
    assert found == ["rows-0.jsonl", "state.safetensors"]
    own = model()
    optimizer = make_optimizer(own, SETTINGS)
    numbers = resume.load_state(folder, own, optimizer)
    assert numbers["step"] == SETTINGS.steps == len(numbers["rows"])
    assert {len(memory) for memory in optimizer.state.values()} == {3}
    assert len(optimizer.state) == len(list(own.parameters()))


def test_a_run_goes_on_with_another_number_of_ranks(tmp_path, single):
    """Four ranks stop after step 2, at the wish of one; two go on, all divided; then one alone."""
    first = run_ranks(work, 4, 4, False, str(tmp_path), 2)
    assert [len(rank["rows"]) for rank in first] == [2] * 4
    second = run_ranks(work, 2, 1, True, str(tmp_path), 4)
    assert [len(rank["rows"]) for rank in second] == [4] * 2
    rows = alone(tmp_path)
    assert len(rows) == SETTINGS.steps
    for row, other in zip(rows, single[0]):
        assert abs(row["nats"] - other["nats"]) < 1e-9
    assert abs(rows[-1]["valid_nats"] - single[0][-1]["valid_nats"]) < 1e-9


def test_one_process_hands_over_to_two(tmp_path, single):
    settings_rows = alone(tmp_path)  # complete: nothing is left to do
    found = run_ranks(work, 2, 2, False, str(tmp_path))
    for rank in found:
        assert [row["nats"] for row in rank["rows"]] == [row["nats"] for row in settings_rows]


def _refused(rank, experts, batch):
    settings = Settings(steps=1, batch=batch, length=12)
    try:
        team = team_here(experts)
        distributed.train_together(model(), data(), settings, "absent", team, progress=False)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize(
    "size, experts, batch, told",
    [
        (2, 1, 3, "batch is 3: 2 ranks must divide it"),
        (3, 2, 3, "expert_parallel is 2: it must divide 3 ranks"),
    ],
)
def test_what_cannot_be_divided_is_refused_by_all(size, experts, batch, told):
    assert run_ranks(_refused, size, experts, batch) == [told] * size


def _gradients(rank):
    """Give the norm and an expert's gradient after averaging, two replicas of two halves."""
    team = team_here(2)
    own = divide(model(), team.experts)
    for name, weight in own.named_parameters():
        weight.grad = torch.full_like(weight, rank + 1.0)
        if "down_EDF" in name and rank == 3:
            weight.grad = None
    norm = distributed.average_gradients(own, team).item()
    grads = {name: weight.grad.flatten()[0].item() for name, weight in own.named_parameters()}
    return {"norm": norm, "grads": grads}


def test_gradients_by_hand():
    """Ranks 0 to 3 have 1, 2, 3, 4: shared 10/4; experts 1 + 3 and 2 + 4, over 4 as well."""
    found = run_ranks(_gradients, 4)
    for rank, each in enumerate(found):
        for name, grad in each["grads"].items():
            own = 1.0 if rank % 2 == 0 else (0.5 if "down_EDF" in name else 1.5)
            assert grad == (own if ".own." in name else 2.5)
    total = 0.0
    for name, weight in model().named_parameters():
        halves = {"down_EDF": (1.0, 0.5), "gate_up_EJFD": (1.0, 1.5)}
        parts = next((p for end, p in halves.items() if name.endswith(end)), (2.5, 2.5))
        total += sum(weight.numel() / 2 * part**2 for part in parts)
    for each in found:
        assert abs(each["norm"] - total**0.5) < 1e-9


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _lose_rank_2(rank, port, folder):
    """Do as torchrun does; rank 2 is killed within step 4, and one of the others says so.

    By then all have done step 3, so rank 0 has saved step 2: earlier it may still be at it.
    """
    dist.destroy_process_group()
    os.environ |= {"TORCHELASTIC_RUN_ID": "x", "RANK": str(rank), "WORLD_SIZE": "3"}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "LOCAL_RANK": str(rank)}
    step = distributed._step

    def fatal(*given):
        if rank == 2 and given[3] == 3:
            os.kill(os.getpid(), 9)
        return step(*given)

    distributed._step = fatal
    settings = Settings(steps=6, batch=3, length=12, measure_tokens=60, save_every=2)
    try:
        with ranks.together(1, False, folder) as team:
            team.train(model(), data(), settings, folder)
    except ConnectionError as error:
        Path(folder, f"news-{rank}").write_text(str(error))
    os._exit(0)


def test_a_lost_rank_is_named_with_what_is_saved(tmp_path):
    with pytest.raises(RuntimeError, match="rank 2 of 3 died: SIGKILL"):
        run_ranks(_lose_rank_2, 3, _free_port(), str(tmp_path))
    (news,) = tmp_path.glob("news-*")
    assert news.name == "news-0" and news.read_text() == (
        f"rank 2 of 3 is gone: step 2 is saved in {tmp_path}, "
        "--resume goes on, with any number of ranks"
    )
    own = model()
    assert resume.load_state(tmp_path, own, make_optimizer(own, SETTINGS))["step"] == 2


def test_a_mistake_of_ours_is_no_lost_rank(monkeypatch):
    assert not any(sign in "expected a tensor of 3 numbers" for sign in ranks.SIGNS)
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    with ranks.together(1, False, "absent") as team:
        assert team is ranks.ALONE and team.train is loop.train
    with pytest.raises(ValueError, match="torchrun --nproc-per-node 4"):
        with ranks.together(4, False, "absent"):
            pass


def test_news_without_a_state():
    assert ranks._news([1, 3], 4, "absent") == "rank 1, 3 of 4 is gone: nothing was saved yet"
    assert ranks._news([], 4, "absent").startswith("ended from outside")
