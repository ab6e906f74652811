"""Tuning on answers and on preferences: by hand, in float64, and as TRL computes it."""

import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F

from moe_lesson.checkpoints import folder as checkpoint
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.moe.balance import load
from moe_lesson.text.chat import Dialogue, chat_ids
from moe_lesson.text.tokenizer import END, train_tokenizer
from moe_lesson.training.finetune import (
    answer_logps,
    answer_nats,
    dpo_loss,
    dpo_losses,
    freeze_routers,
    ipo_loss,
    measured_logps,
    pack,
    preferences,
    sft_loss,
    sft_losses,
    tune,
)
from moe_lesson.training.settings import Settings

WORDS = "[INST] who is there [/INST] the baker the boat"
SETTINGS = Settings(steps=12, batch=4, length=32, learning_rate=1e-2, warmup=2, weight_decay=0)


@pytest.fixture(scope="module")
def words():
    return train_tokenizer([WORDS] * 9, vocab_size=300)


@pytest.fixture
def model(words):
    torch.manual_seed(0)
    found = Mixtral(dataclasses.replace(TINY, vocab_size=words.get_vocab_size()))
    with torch.no_grad():  # as at the start, all answers are as likely
        for weight in found.parameters():
            if weight.dim() > 1:
                weight.mul_(8)
    return found


def says(words, question, answer):
    asked = {"role": "user", "content": question}
    return chat_ids(words, [asked, {"role": "assistant", "content": answer}])


@pytest.fixture
def dialogues(words):
    pairs = [("who is there", "the baker"), ("who", "the boat the baker is there"), ("is", "who")]
    return [says(words, *pair) for pair in pairs]


def test_what_shares_a_row_is_read_alone(model, dialogues):
    model = model.double()
    alone = torch.cat([answer_logps(model, pack([one], 64)) for one in dialogues])
    packed = pack(dialogues, 64)
    nats_BS, _ = answer_nats(model, packed)
    assert len(packed.id_BS) == 1 and packed.dialogue_BS.max() == 2
    sums = [
        -nats_BS[0, packed.dialogue_BS[0, 1 : nats_BS.shape[1] + 1] == n].sum() for n in range(3)
    ]
    by_length = sorted(range(3), key=lambda n: -len(dialogues[n].ids))
    torch.testing.assert_close(torch.stack(sums), alone[by_length], rtol=0, atol=1e-10)


def test_logps_are_sums_by_the_slow_way(model, dialogues):
    model = model.double()
    found_B = answer_logps(model, pack(dialogues, 40, together=False))
    for found, (ids, answers) in zip(found_B, dialogues, strict=True):
        score_SV = F.log_softmax(model(torch.tensor([ids])).logits_BSV[0], -1)
        slow = sum(score_SV[n - 1, ids[n]] for n in range(1, len(ids)) if answers[n])
        torch.testing.assert_close(found, slow, rtol=0, atol=1e-10)
    torch.testing.assert_close(found_B, measured_logps(model, pack(dialogues, 40, False)))


def test_the_mean_is_over_tokens_not_over_answers(model, dialogues):
    model = model.double()
    logps = answer_logps(model, pack(dialogues, 40, together=False))
    counts = torch.tensor([sum(answers) for _, answers in dialogues])
    nats = sft_loss(model, pack(dialogues, 64, together=False))[1]
    torch.testing.assert_close(nats, -logps.sum() / counts.sum(), rtol=0, atol=1e-10)
    assert abs(nats - (-logps / counts).mean()) > 1e-2


def test_the_question_is_not_learnt(model, dialogues):
    ids, answers = dialogues[0]
    packed = pack([(ids, [False] * len(ids)), dialogues[1]], 64)
    only = pack([dialogues[1]], 64)
    torch.testing.assert_close(sft_loss(model, packed)[1], sft_loss(model, only)[1])


def test_padding_weighs_nothing_in_the_balance(model, dialogues):
    tight = max(len(ids) for ids, _ in dialogues)
    losses = [sft_loss(model, pack(dialogues, n, together=False), 1.0) for n in (tight, 40)]
    torch.testing.assert_close(losses[0][0], losses[1][0])
    visits = load(losses[0][2][0])
    real_T = losses[0][2][0].real_T
    assert not real_T.all() and visits.sum().item() == pytest.approx(1.0)


def test_rows_are_filled_and_nothing_is_lost():
    chance = torch.Generator().manual_seed(0)
    sizes = torch.randint(2, 30, (200,), generator=chance).tolist()
    whole = [Dialogue([1, *range(5, n + 3), 2], [False, *[True] * (n - 1)]) for n in sizes]
    packed = pack(whole, 32)
    assert packed.answer_BS.sum() == sum(n - 1 for n in sizes)
    assert (packed.dialogue_BS >= 0).sum() == sum(sizes)
    assert len(packed.id_BS) <= 1.1 * math.ceil(sum(sizes) / 32)
    assert (packed.id_BS[packed.dialogue_BS < 0] == END).all()


@pytest.mark.parametrize(
    ("dialogues", "said"),
    [([], "0 dialogues"), ([([1] * 9, [True] * 9)], "a dialogue has 9 tokens: a row holds 8")],
)
def test_what_cannot_be_packed_is_refused(dialogues, said):
    with pytest.raises(ValueError, match=said):
        pack(dialogues, 8)


def test_pairs_must_be_pairs(model, dialogues):
    with pytest.raises(ValueError, match="3 better answers, 1 worse"):
        preferences(model, dialogues, dialogues[:1], 40)


def test_dpo_begins_at_log_two_with_half_the_weight():
    gap_B = torch.zeros(3, requires_grad=True)
    loss = dpo_loss(gap_B, beta=0.3)
    loss.backward()
    assert loss.item() == pytest.approx(math.log(2))
    assert gap_B.grad.tolist() == pytest.approx([-0.3 * 0.5 / 3] * 3)


@pytest.mark.parametrize("flipped", [0.1, 0.3])
def test_the_conservative_form_comes_to_rest(flipped):
    rest = math.log((1 - flipped) / flipped) / 0.1
    gap_B = torch.tensor([rest, rest - 1, rest + 1], dtype=torch.float64, requires_grad=True)
    dpo_loss(gap_B, 0.1, flipped).backward()
    still, before, after = gap_B.grad.tolist()
    assert abs(still) < 1e-12 and before < 0 < after


def test_dpo_never_comes_to_rest():
    gap_B = torch.tensor([50.0, 500.0], dtype=torch.float64, requires_grad=True)
    dpo_loss(gap_B).backward()
    assert (gap_B.grad < 0).all()


@pytest.mark.parametrize("tau", [0.1, 0.5])
def test_two_answers_under_ipo_end_where_the_paper_says(tau):
    logit = torch.zeros((), dtype=torch.float64, requires_grad=True)  # uniform reference
    optimizer = torch.optim.LBFGS([logit], line_search_fn="strong_wolfe")

    def close():
        optimizer.zero_grad()
        loss = ipo_loss(logit[None], tau)  # log pi(w) - log pi(l) of two answers is the logit
        loss.backward()
        return loss

    optimizer.step(close)
    assert torch.sigmoid(logit).item() == pytest.approx(1 / (1 + math.exp(-1 / (2 * tau))))


def test_tuning_lowers_the_loss_and_repeats(model, dialogues):
    packed, start = pack(dialogues, 40), {k: v.clone() for k, v in model.state_dict().items()}
    runs = []
    for _ in range(2):
        model.load_state_dict(start)
        runs.append(tune(model, sft_losses(model, packed, SETTINGS), SETTINGS, progress=False))
    assert [row["nats"] for row in runs[0]] == [row["nats"] for row in runs[1]]
    assert runs[0][-1]["nats"] < 0.5 * runs[0][0]["nats"]
    assert sorted(runs[0][0]) == "nats norm rate seconds step tokens".split()


def test_each_step_draws_rows_of_its_own(model, dialogues):
    settings = dataclasses.replace(SETTINGS, batch=1)
    losses = sft_losses(model, pack(dialogues, 40, together=False), settings)
    found = [losses(step)[1]["nats"] for step in range(9)]
    assert len(set(found)) == 3 and found[4] == losses(4)[1]["nats"]


def test_preferences_move_the_gap_and_say_what_moved(model, words):
    better = [says(words, "who", "the baker"), says(words, "is", "the boat")]
    worse = [says(words, "who", "the boat"), says(words, "is", "the baker")]
    model = model.double()  # bfloat16 units round a batch of one and a batch of two differently
    pairs = preferences(model, better, worse, 40)
    rows = tune(model, dpo_losses(model, pairs, SETTINGS), SETTINGS, progress=False)
    assert rows[0]["gap"] == pytest.approx(0.0, abs=1e-12)
    assert rows[-1]["gap"] > 1.0 and rows[-1]["won"] == 1.0
    now = [measured_logps(model, side) for side in pairs[:2]]
    moved = (now[0] - now[1] - pairs.reference_B).mean().item()
    assert moved > 1.0


def test_frozen_routers_stay(model, dialogues):
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    count = freeze_routers(model)
    assert count == TINY.n_layers * TINY.num_experts * TINY.dim
    tune(model, sft_losses(model, pack(dialogues, 40), SETTINGS), SETTINGS, progress=False)
    for name, weight in model.named_parameters():
        assert torch.equal(weight, before[name]) == ("router" in name), name
    freeze_routers(model, frozen=False)
    assert all(weight.requires_grad for weight in model.parameters())


def test_a_loss_that_is_no_number_leaves_the_weights(model):
    before = [weight.clone() for weight in model.parameters()]
    losses = lambda step: (model.embed.weight.sum() * math.nan, {})  # noqa: E731
    with pytest.raises(FloatingPointError, match="step 1"):
        tune(model, losses, SETTINGS, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters()))


@pytest.fixture
def theirs(model, words, tmp_path):
    """TRL, a model of transformers with our weights, its tokenizer, and what each run is given."""
    trl = pytest.importorskip("trl", reason='needs the extra "parity"')
    transformers = pytest.importorskip("transformers")
    checkpoint.save(tmp_path, model, words)

    def opened():
        return transformers.AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)

    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    tokenizer.pad_token = tokenizer.eos_token
    # Their defaults train in bfloat16, also on a CPU, and add the router's own loss.
    args = {"bf16": False, "router_aux_loss_coef": 0.0, "learning_rate": 0.0, "max_steps": 1}
    args |= {"output_dir": str(tmp_path), "per_device_train_batch_size": 2, "use_cpu": True}
    args |= {"report_to": [], "logging_steps": 1, "save_strategy": "no", "disable_tqdm": True}
    return trl, opened, tokenizer, args


def test_sft_is_that_of_trl(theirs, model, dialogues):
    datasets = pytest.importorskip("datasets")
    trl, opened, tokenizer, args = theirs
    rows = [{"input_ids": ids, "completion_mask": list(map(int, a))} for ids, a in dialogues[:2]]
    trainer = trl.SFTTrainer(
        model=opened(),
        args=trl.SFTConfig(**args, completion_only_loss=True),
        train_dataset=datasets.Dataset.from_list(rows),
        processing_class=tokenizer,
    )
    trainer.train()
    wanted = trainer.state.log_history[0]["loss"]
    assert sft_loss(model, pack(dialogues[:2], 64))[1].item() == pytest.approx(wanted, abs=1e-5)


def test_dpo_is_that_of_trl(theirs, model, words, monkeypatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)  # all in float32
    trl, opened, tokenizer, args = theirs
    better = [says(words, "who", "the baker"), says(words, "who is", "the boat is there")]
    worse = [says(words, "who", "the boat there"), says(words, "who is", "there")]
    policy, chance = opened(), torch.Generator().manual_seed(1)
    with torch.no_grad():  # so that it is not its own reference
        moved = policy.get_input_embeddings().weight
        moved.add_(0.3 * torch.randn(moved.shape, generator=chance))
    pairs = preferences(model, better, worse, 40)
    model.embed.weight.data.copy_(moved.data)

    def texts(good, bad):
        shown = [words.decode(one.ids, skip_special_tokens=False) for one in (good, bad)]
        prompt = words.decode(good.ids[: good.answers.index(True)], skip_special_tokens=False)
        parts = [text.removeprefix(prompt).removesuffix("</s>") for text in shown]
        return dict(zip(("prompt", "chosen", "rejected"), (prompt, *parts), strict=True))

    trainer = trl.DPOTrainer(
        model=policy,
        ref_model=opened(),
        args=trl.DPOConfig(**args, beta=0.1, disable_dropout=True),
        train_dataset=datasets.Dataset.from_list(list(map(texts, better, worse))),
        processing_class=tokenizer,
    )
    trainer.train()
    wanted = trainer.state.log_history[0]
    logps = [measured_logps(model, side) for side in pairs[:2]]
    gap_B = logps[0] - logps[1] - pairs.reference_B
    assert wanted["logps/chosen"] == pytest.approx(logps[0].mean().item(), rel=1e-5)
    assert wanted["logps/rejected"] == pytest.approx(logps[1].mean().item(), rel=1e-5)
    assert wanted["rewards/margins"] == pytest.approx(0.1 * gap_B.mean().item(), abs=1e-5)
    assert wanted["loss"] == pytest.approx(dpo_loss(gap_B, 0.1).item(), abs=1e-5)
    assert abs(wanted["loss"] - math.log(2)) > 1e-3
