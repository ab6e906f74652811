"""Training: honest losses, a gentle stop, and a run that survives being killed."""

import dataclasses
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import torch

from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.moe.balance import switch_loss
from moe_lesson.text.tokenizer import Data, Text
from moe_lesson.training import loop, resume
from moe_lesson.training.settings import Settings, batch_at, learning_rate, make_optimizer


def stream(length=2_000):
    """Return a text that can be learned: a short pattern, over and over."""
    id_T = torch.arange(length) % 23 + 3
    return Text(id_T, torch.ones(length, dtype=torch.long))


DATA = Data(stream(), stream(500))
SETTINGS = Settings(steps=30, batch=4, length=16, warmup=5, measure_every=10, save_every=5)


def run(settings=SETTINGS, folder=None, config=TINY, data=DATA):
    torch.manual_seed(0)
    return loop.train(Mixtral(config), data, settings, folder, progress=False)


def plain(rows):
    """Return the rows without what a clock measured."""
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def test_a_pattern_is_learned():
    rows = run()
    assert rows[0]["nats"] == pytest.approx(math.log(320), abs=0.1)
    assert rows[-1]["nats"] < 0.7 * rows[0]["nats"]
    assert rows[-1]["valid_nats"] < 0.7 * rows[0]["nats"]
    assert rows[-1]["tokens"] == 30 * 4 * 16


def test_rows_are_plain_numbers_and_measured_when_said():
    rows = run()
    assert json.loads(json.dumps(rows)) == rows
    assert [row["step"] for row in rows if "valid_bits" in row] == [10, 20, 30]
    assert rows[-1]["valid_bits"] == pytest.approx(rows[-1]["valid_nats"] / math.log(2))
    assert all(sum(share) == pytest.approx(1) for row in rows for share in row["load"])
    seconds = [row["seconds"] for row in rows]
    assert seconds == sorted(seconds) and seconds[0] > 0


def test_the_reported_loss_holds_no_auxiliary_loss():
    torch.manual_seed(0)
    model, id_BS = Mixtral(TINY), batch_at(DATA.train, 0, SETTINGS)
    settings = dataclasses.replace(SETTINGS, balance_weight=0.5)
    total, nats, routings = loop.losses(model, id_BS, settings)
    logits_BSV = model(id_BS[:, :-1]).logits_BSV
    log_BSV = logits_BSV.log_softmax(-1)
    expected = -log_BSV.gather(-1, id_BS[:, 1:, None]).mean()
    torch.testing.assert_close(nats, expected)
    torch.testing.assert_close(total, expected + 0.5 * switch_loss(routings))


def test_a_dense_model_trains_without_routing():
    rows = run(config=dataclasses.replace(TINY, num_experts=1, top_k=1))
    assert rows[-1]["load"] == [] and rows[-1]["nats"] < rows[0]["nats"]


def test_the_batch_depends_on_seed_and_step_alone():
    first = batch_at(DATA.train, 7, SETTINGS)
    torch.rand(3)
    assert torch.equal(first, batch_at(DATA.train, 7, SETTINGS))
    assert not torch.equal(first, batch_at(DATA.train, 8, SETTINGS))
    other = dataclasses.replace(SETTINGS, seed=1)
    assert not torch.equal(first, batch_at(DATA.train, 7, other))


def test_the_last_token_of_a_text_can_be_drawn():
    text = Text(torch.arange(17), torch.ones(17))
    assert batch_at(text, 0, SETTINGS)[0].tolist() == list(range(17))
    with pytest.raises(ValueError, match="16 tokens: a sequence needs 17"):
        batch_at(Text(torch.arange(16), torch.ones(16)), 0, SETTINGS)


def test_the_learning_rate_rises_and_falls():
    rates = [learning_rate(step, 100, 2.0, 10) for step in range(100)]
    assert rates[0] == pytest.approx(0.2) and rates[9] == pytest.approx(2.0)
    assert rates[-1] == pytest.approx(0.2)
    assert rates.index(max(rates)) == 9 and sorted(rates[9:], reverse=True) == rates[9:]
    assert learning_rate(54, 100, 2.0, 10) == pytest.approx(2.0 * (0.1 + 0.45), abs=1e-12)


def test_norms_are_not_decayed():
    optimizer = make_optimizer(Mixtral(TINY), Settings())
    decayed, kept = (group["params"] for group in optimizer.param_groups)
    assert {w.dim() for w in kept} == {1} and 1 not in {w.dim() for w in decayed}
    assert len(kept) == 2 * TINY.n_layers + 1


def test_a_loss_that_is_no_number_stops_before_the_weights_change():
    torch.manual_seed(0)
    model = Mixtral(TINY)
    with torch.no_grad():
        model.norm.weight.fill_(math.inf)
    before = {name: w.clone() for name, w in model.named_parameters()}
    with pytest.raises(FloatingPointError, match="step 1: loss nan"):
        loop.train(model, DATA, SETTINGS, progress=False)
    for name, weight in model.named_parameters():
        assert torch.equal(weight, before[name]), name


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"learning_rate": 0.0}, {"balance_weight": -0.1}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is"):
        Settings(**wrong)


def test_a_stopped_run_is_usable_and_goes_on_to_the_same_losses(tmp_path):
    whole = run()
    pressed = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    long = dataclasses.replace(SETTINGS, save_every=1000)
    before = signal.getsignal(signal.SIGINT)
    pressed.start()
    part = run(dataclasses.replace(long, steps=2_000_000), folder=tmp_path / "never")
    assert 0 < len(part) < 2_000_000 and "valid_bits" in part[-1]
    assert signal.getsignal(signal.SIGINT) is before
    assert resume.has_state(tmp_path / "never")

    stop_after(11, tmp_path / "run")
    continued = run(folder=tmp_path / "run")
    assert "valid_nats" in continued[10]  # a stop measures where it stops
    del continued[10]["valid_nats"], continued[10]["valid_bits"]
    assert plain(continued) == plain(whole)


def stop_after(steps, folder):
    """Press Ctrl-C when a run has done some steps."""
    original, done = loop.set_rate, []

    def counting(*args):
        done.append(1)
        if len(done) == steps:
            os.kill(os.getpid(), signal.SIGINT)
        return original(*args)

    loop.set_rate = counting
    try:
        rows = run(folder=folder)
    finally:
        loop.set_rate = original
    assert len(rows) == steps


def test_a_run_with_other_settings_is_not_continued(tmp_path):
    run(folder=tmp_path)
    with pytest.raises(ValueError, match=r"steps=30 \(now 31\)"):
        run(dataclasses.replace(SETTINGS, steps=31), folder=tmp_path)


KILLED = """
import sys, torch
from tests.training.test_loop import SETTINGS, run
from dataclasses import replace
torch.set_num_threads(1)
run(replace(SETTINGS, steps=150, save_every=3), folder=sys.argv[1])
"""


@pytest.mark.unwatched
def test_a_killed_run_continues_to_exactly_the_same_losses(tmp_path):
    """Killed for real (SIGKILL), three times, at moments nobody chose."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", KILLED]
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    subprocess.run([*command, str(whole)], check=True, env=environment)
    kills = 0
    for wait in (0.3, 0.6, 0.2):
        process = subprocess.Popen([*command, str(torn)], env=environment)
        while process.poll() is None and not resume.has_state(torn):
            time.sleep(0.01)
        time.sleep(wait)
        kills += process.poll() is None
        process.kill()
        process.wait()
    assert kills >= 1, "the run was over before it was killed"
    subprocess.run([*command, str(torn)], check=True, env=environment)
    assert plain(final_rows(torn)) == plain(final_rows(whole))
    assert len(final_rows(torn)) == 150


def final_rows(folder):
    model = Mixtral(TINY)
    return resume.load_state(folder, model, make_optimizer(model, SETTINGS))["rows"]
