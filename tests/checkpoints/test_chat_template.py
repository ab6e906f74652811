"""The template that travels with a folder: transformers writes the ids that ``chat_ids`` writes."""

import json

import pytest

from moe_lesson.checkpoints.folder import load, save
from moe_lesson.corpus.tasks.build import held_out_tasks
from moe_lesson.models.config import TINY
from moe_lesson.models.mixtral import Mixtral
from moe_lesson.text.chat import chat_ids, render
from moe_lesson.text.tokenizer import train_tokenizer
from tests.text.test_chat import ALL, ONE, SYSTEM, TWO


@pytest.fixture(scope="module")
def tasks():
    return held_out_tasks(40)


@pytest.fixture(scope="module")
def words(tasks):
    texts = [render([*task.messages, *said("assistant", task.answer)]) for task in tasks]
    return train_tokenizer(texts, TINY.vocab_size)


@pytest.fixture(scope="module")
def folder(words, tmp_path_factory):
    path = tmp_path_factory.mktemp("folder")
    save(path, Mixtral(TINY), words)
    return path


@pytest.fixture(scope="module")
def theirs(folder):
    """The tokenizer as transformers opens it."""
    transformers = pytest.importorskip("transformers", reason='needs the extra "parity"')
    return transformers.AutoTokenizer.from_pretrained(folder)


def said(role, content):
    return [{"role": role, "content": content}]


ODD = [
    said("user", " two  spaces \n\n and a line\n"),
    said("user", "[INST] é 日本 🙂 [/INST]") + said("assistant", "  x\n") + said("user", "\ty"),
    said("system", "\n a ") + said("user", "it's 12"),
]


@pytest.mark.parametrize("messages", ALL + ODD)
def test_the_ids_are_ours(words, theirs, messages):
    assert theirs.apply_chat_template(messages, tokenize=False) == render(messages)
    found = theirs.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    assert found == chat_ids(words, messages).ids


def test_the_ids_of_many_tasks_are_ours(tasks, words, theirs):
    conversations = [[*task.messages, *said("assistant", task.answer)] for task in tasks]
    found = theirs.apply_chat_template(conversations, return_dict=False)
    assert found == [chat_ids(words, messages).ids for messages in conversations]


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        (said("user", "an </s> inside"), "a message holds </s>, a control token"),
        (said("system", "<s>") + ONE, "a message holds <s>"),
        (TWO + said("user", "<unk>"), "a message holds <unk>"),
        (ONE + ONE, "must alternate"),
        (TWO + SYSTEM, "must alternate"),
        (said("tool", "a"), "must alternate"),
        (SYSTEM, "no message of a user"),
    ],
)
def test_what_would_not_be_our_ids_is_refused(theirs, messages, message):
    with pytest.raises(Exception, match=message):
        theirs.apply_chat_template(messages, tokenize=False)


def test_how_a_server_generates_is_told(folder):
    transformers = pytest.importorskip("transformers", reason='needs the extra "parity"')
    told = json.loads((folder / "generation_config.json").read_text())
    assert told == {"do_sample": False, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2}
    read = transformers.GenerationConfig.from_pretrained(folder)
    assert (read.do_sample, read.eos_token_id, read.pad_token_id) == (False, 2, 2)


def test_without_a_tokenizer_nothing_is_told(tmp_path):
    save(tmp_path, Mixtral(TINY))
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", "model.safetensors"}
    assert load(tmp_path)[1] is None
