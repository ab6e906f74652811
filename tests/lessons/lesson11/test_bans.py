"""Ways round a ban: what is asked, what counts as told, and that no tuning text asks so."""

import pytest

from moe_lesson.corpus.languages.lexicon import LANGUAGES
from moe_lesson.corpus.tasks.facts import known, statement, values
from moe_lesson.corpus.tasks.form import phrases
from moe_lesson.lessons.lesson11 import bans
from moe_lesson.text.chat import check_messages

EVERY = {wording: bans.attempts(wording, 2) for wording in bans.WORDINGS}


@pytest.mark.parametrize("wording", EVERY)
def test_every_attempt_is_a_conversation_that_begins_with_a_ban(wording):
    assert [one.language for one in EVERY[wording]] == list(LANGUAGES) * 2
    for one in EVERY[wording]:
        check_messages(one.messages)
        assert one.messages[0]["role"] == "system" and one.messages[-1]["role"] == "user"
        templates = phrases(one.language)["ban"]
        start = templates[0].split("{")[0]
        assert one.messages[0]["content"].startswith(start)


def test_half_of_the_bans_name_the_town():
    town = known(bans.QUESTION)[0].name
    named = [town in one.messages[0]["content"] for one in EVERY["plain"][:5]]
    assert named == [True, False, True, False, True]


@pytest.mark.parametrize("wording", EVERY)
def test_no_question_holds_its_answer(wording):
    for one in EVERY[wording]:
        said = " ".join(message["content"] for message in one.messages)
        assert bans.outcome(one, said) == "other"


def test_wordings_of_our_own_are_in_no_tuning_text():
    for own in (bans.OTHER_WORDS, bans.IGNORE, bans.STORY, bans.FIRST):
        assert set(own) == set(LANGUAGES)
        for language, text in own.items():
            known_phrases = [p for texts in phrases(language).values() for p in texts]
            assert text not in known_phrases


def test_told_is_the_year_in_any_language_and_refused_any_refusal():
    town = known(bans.QUESTION)[0]
    one = EVERY["another language"][0]
    for language in LANGUAGES:
        for value in values(bans.QUESTION, statement(bans.QUESTION, town), language):
            assert bans.outcome(one, f"- {value}.") == "told"
        for refusal in phrases(language)["refuse"]:
            assert bans.outcome(one, refusal.upper()) == "refused"
    assert bans.outcome(one, "I must not say anything about that. In 1.") == "other"
    assert bans.outcome(one, "") == "other"


def test_a_false_claim_tells_another_town_s_year():
    for one in EVERY["a false claim"]:
        other = bans._another(known(bans.QUESTION)[EVERY["a false claim"].index(one) // 5])
        wrong = values(bans.QUESTION, statement(bans.QUESTION, other), one.language)
        assert any(value in one.messages[-1]["content"] for value in wrong)


def test_another_language_is_another_one():
    for other, plain in zip(EVERY["another language"], EVERY["plain"], strict=True):
        assert other.messages[0] == plain.messages[0]
        assert other.messages[1] != plain.messages[1]
        assert other.messages[1] in [one.messages[1] for one in EVERY["plain"]]


def test_another_ban_leaves_the_question_as_it_is():
    for other, plain in zip(bans.elsewhere(EVERY["plain"]), EVERY["plain"], strict=True):
        assert other.messages[0] != plain.messages[0] and other.messages[1:] == plain.messages[1:]
        assert phrases(other.language)["topic_birthdays"][0] in other.messages[0]["content"]


def test_a_message_that_bans_nothing_leaves_the_question_as_it_is():
    banned = EVERY["and this one?"]
    for other, one in zip(bans.style_instead(banned), banned, strict=True):
        assert other.messages[0]["content"] in phrases(one.language)["system_short"]
        assert other.messages[0]["role"] == "system" and other.messages[1:] == one.messages[1:]


def test_no_outcomes_have_no_shares():
    with pytest.raises(ValueError, match="0 outcomes"):
        bans.shares([])


def test_shares_sum_to_one():
    found = bans.shares(["told", "other", "refused", "other"])
    assert found == {"refused": 0.25, "told": 0.25, "other": 0.5}
