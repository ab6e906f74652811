"""The chat template: by hand, as Mixtral's own tokenizer writes it, and what is refused."""

import shutil
from pathlib import Path

import pytest

from moe_lesson.text.chat import chat_ids, check_messages, render, turns
from moe_lesson.text.tokenizer import END, START, check_tokenizer, train_tokenizer

ONE = [{"role": "user", "content": "A b"}]
TWO = [*ONE, {"role": "assistant", "content": "C d"}]
THREE = [*TWO, {"role": "user", "content": "E f"}]
SYSTEM = [{"role": "system", "content": "S s"}]
ALL = [ONE, TWO, THREE, SYSTEM + ONE, SYSTEM + THREE]


@pytest.fixture(scope="module")
def words():
    return train_tokenizer(["[INST] A b [/INST] C d"] * 5, vocab_size=270)


def test_the_template_by_hand():
    assert render(THREE) == "<s> [INST] A b [/INST] C d</s> [INST] E f [/INST]"
    assert render(SYSTEM + ONE) == "<s> [INST] S s\n\nA b [/INST]"


@pytest.mark.parametrize("messages", ALL)
def test_one_start_and_an_end_after_each_answer(words, messages):
    ids, answers = chat_ids(words, messages)
    assert ids[0] == START and ids.count(START) == 1 and not answers[0]
    said = [m["content"] for m in messages if m["role"] == "assistant"]
    assert ids.count(END) == len(said)
    learnt = words.decode([i for i, answer in zip(ids, answers) if answer])
    assert learnt == "".join(f" {text}" for text in said)
    assert [i for i, answer in zip(ids, answers) if i == END and not answer] == []


def test_the_whole_is_the_rendered_text(words):
    ids, _ = chat_ids(words, SYSTEM + THREE)
    shown = words.decode(ids, skip_special_tokens=False)
    assert shown == render(SYSTEM + THREE)


def test_what_looks_like_a_control_token_is_text(words):
    ids, _ = chat_ids(words, [{"role": "user", "content": "</s><s>"}])
    assert ids.count(START) == 1 and END not in ids


def test_a_continued_dialogue_begins_with_the_one_before(words):
    before, after = chat_ids(words, TWO).ids, chat_ids(words, THREE).ids
    assert after[: len(before)] == before


@pytest.fixture(scope="module")
def mixtral(tmp_path_factory):
    """Mixtral's own tokenizer, by its makers' library and as a ``tokenizers`` object."""
    theirs = pytest.importorskip("mistral_common", reason='needs the extra "parity"')
    transformers = pytest.importorskip("transformers", reason='needs the extra "parity"')
    from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

    folder = tmp_path_factory.mktemp("mixtral")
    path = Path(theirs.__file__).parent / "data" / "tokenizer.model.v1"
    shutil.copy(path, folder / "tokenizer.model")
    ours = transformers.LlamaTokenizer.from_pretrained(folder)
    return MistralTokenizer.v1(), ours.backend_tokenizer


@pytest.mark.parametrize("messages", ALL)
def test_the_ids_are_those_of_mixtral(mixtral, messages):
    from mistral_common.protocol.instruct import messages as kinds
    from mistral_common.protocol.instruct.request import ChatCompletionRequest

    theirs, ours = mixtral
    make = {
        "system": kinds.SystemMessage,
        "user": kinds.UserMessage,
        "assistant": kinds.AssistantMessage,
    }
    asked = [make[m["role"]](content=m["content"]) for m in messages]
    if messages[-1]["role"] == "assistant":  # a request ends with a question
        asked.append(kinds.UserMessage(content="E f"))
        messages = [*messages, THREE[-1]]
    wanted = theirs.encode_chat_completion(ChatCompletionRequest(messages=asked)).tokens
    assert chat_ids(ours, messages).ids == wanted


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], "0 messages"),
        (["hello"], "'hello'.*role and a content"),
        ([{"role": "user"}], "role and a content"),
        ([{"role": "tool", "content": "a"}], "of 'tool': it must be of system, user, assistant"),
        ([{"role": "user", "content": " "}], "' ': it must be a text"),
        ([{"role": "user", "content": None}], "None: it must be a text"),
        (SYSTEM, "message 0 is of 'system' and the last: one of 'user' must follow"),
        (ONE + ONE, "message 1 is of 'user': it must be of 'assistant'"),
        (TWO + SYSTEM, "message 2 is of 'system': it must be of 'user'"),
    ],
)
def test_what_is_no_conversation_is_refused(messages, said):
    for refuse in (check_messages, turns):
        with pytest.raises(ValueError, match=said):
            refuse(messages)


def test_the_tokenizer_of_the_test_is_one_of_ours(words):
    check_tokenizer(words)
