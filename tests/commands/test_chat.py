"""The command ``chat``: what is piped in is answered, line by line."""

import io

import pytest

from moe_lesson.__main__ import main
from moe_lesson.checkpoints.shipped import FOLDER, shipped
from moe_lesson.commands import chat as command
from moe_lesson.inference.generate import answers
from moe_lesson.text.tokenizer import train_tokenizer

SMALL = ["--model", str(FOLDER / "small"), "--tokens", "8"]


@pytest.fixture
def typed(monkeypatch):
    """Let the input hold some lines."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


@pytest.fixture
def asked(monkeypatch):
    """Answer with a number instead of a model, and note what each answer was asked with."""
    seen = []

    def stream(model, words, messages, tokens, sampling):
        seen.append([(m["role"], m["content"]) for m in messages])
        yield from ("It is ", str(len(seen)))

    monkeypatch.setattr(command, "stream_answer", stream)
    return seen


def test_each_line_is_answered_and_remembered(typed, asked, capsys):
    typed("Who?\n\n  Where? \n")
    assert main(["chat", *SMALL, "--system", "Be short."]) == 0
    assert capsys.readouterr().out == "It is 1\nIt is 2\n"
    told = ("system", "Be short.")
    first = [told, ("user", "Who?")]
    assert asked == [first, [*first, ("assistant", "It is 1"), ("user", "Where?")]]


def test_an_answer_of_no_words_is_forgotten_with_its_question(typed, asked, monkeypatch, capsys):
    typed("Who?\nWhere?\n")
    nothing = lambda *_: iter([" "])  # noqa: E731
    monkeypatch.setattr(command, "stream_answer", nothing)
    assert main(["chat", *SMALL]) == 0
    assert capsys.readouterr().out == " \n \n"


def test_the_model_itself_answers(typed, capsys):
    typed("Where does the baker live?\n")
    assert main(["chat", *SMALL]) == 0
    first = capsys.readouterr().out
    typed("Where does the baker live?\n")
    assert main(["chat", *SMALL]) == 0
    assert capsys.readouterr().out == first != ""


@pytest.mark.parametrize(
    ("words", "lines", "said"),
    [
        ([], "a " * 400, "a prompt of"),
        (["--system", " "], "Who?\n", "message 0 is ' ': it must be a text"),
        (["--tokens", "0"], "Who?\n", "--tokens is 0: it must be 1 or more"),
        (["--model", "absent"], "Who?\n", "absent: there is no such folder"),
    ],
)
def test_a_mistake_is_one_clear_line(typed, capsys, words, lines, said):
    typed(lines)
    assert main(["chat", *SMALL, *words]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_without_a_tuned_model_the_shipped_one_answers(typed, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    question = "Who governs Tissumre?"
    typed(question + "\n")
    assert main(["chat"]) == 0
    model, words, *_ = shipped("instruct")
    (text,) = answers(model, words, [[{"role": "user", "content": question}]])
    assert capsys.readouterr().out.strip() == text.strip()


def test_the_oldest_is_forgotten_and_the_system_message_stays():
    words = train_tokenizer(["[INST] [/INST] a"], vocab_size=260)
    said = [{"role": "system", "content": "S"}]
    for number in range(4):
        said += [{"role": "user", "content": f"q{number}"}]
        said += [{"role": "assistant", "content": f"a{number}"}]
    said += [{"role": "user", "content": "now"}]
    texts = [message["content"] for message in command.fitting(words, said, room=60)]
    assert texts[0] == "S" and texts[-1] == "now" and 3 < len(texts) < 10
    assert texts[1:3] == [f"q{5 - len(texts) // 2}", f"a{5 - len(texts) // 2}"]
    whole = command.fitting(words, said, room=10_000)
    assert whole == said
    assert [m["content"] for m in command.fitting(words, said, room=1)] == ["S", "now"]
