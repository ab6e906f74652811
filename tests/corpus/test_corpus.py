"""The corpus: the same everywhere, labelled to the last sign, fair to every factor."""

import hashlib
import lzma
import math
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import islice, product

import numpy as np
import pytest

from moe_lesson.corpus import build, heldout, store
from moe_lesson.corpus.labels import DOCUMENT_LABELS, homographs, label_tokens
from moe_lesson.corpus.languages import vocabulary
from moe_lesson.corpus.languages.lexicon import LANGUAGES, concepts, lexicon, needs, table
from moe_lesson.corpus.stories.chance import Chance
from moe_lesson.corpus.stories.plots import PLOTS, UNSEEN, story
from moe_lesson.corpus.stories.world import world
from moe_lesson.text.tokenizer import train_tokenizer
from tests.rules.source import ROOT

each_language = pytest.mark.parametrize("language", LANGUAGES)
SAMPLE_BYTES = 600_000


@pytest.fixture(scope="module")
def rounds():
    """Three rounds of every language with every topic and register."""
    return list(islice(build.documents(), 3 * 240))


@pytest.fixture(scope="module")
def pages(rounds):
    """About 600,000 bytes of each language."""
    found = {language: [] for language in LANGUAGES}
    sizes = Counter()
    for page in build.documents():
        language = page.about["language"]
        if sizes[language] < SAMPLE_BYTES:
            found[language].append(page)
            sizes[language] += len(page.text.encode())
        if len(sizes) == 5 and min(sizes.values()) >= SAMPLE_BYTES:
            return found


# Chance: what is chosen, and how much is said by it.


def test_chance_is_python_s_own_promise():
    chance = Chance(0)
    assert [chance.below(100) for _ in range(4)] == [84, 75, 42, 25]  # random.Random(0).random()


def test_bits_are_the_entropy_of_what_was_chosen():
    chance = Chance(0)
    chance.pick("ab", (3, 1))
    assert chance.bits in (pytest.approx(math.log2(4 / 3)), pytest.approx(2.0))
    chance = Chance(1)
    for _ in range(4000):
        chance.pick("abc", (2, 1, 1))
    assert chance.bits / 4000 == pytest.approx(1.5, abs=0.03)


def test_two_ways_to_one_word_are_counted_as_one():
    """A noun that stands on two lists has one probability, and its bits follow from it."""
    weights = vocabulary._shares("animal", "sea")
    assert len(weights) == len(set(weights)) and sum(weights.values()) == pytest.approx(1.0)


def test_an_empty_choice_is_refused():
    with pytest.raises(ValueError, match="0 options"):
        Chance(0).pick([])


# The same on every machine.


def digest():
    text = "".join(page.text for page in islice(build.documents(seed=3), 60))
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_same_whatever_the_hash_seed():
    code = "from tests.corpus.test_corpus import digest; print(digest())"
    found = set()
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", code]
        ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        found.add(ended.stdout.strip())
    assert found == {digest()}


def test_another_seed_is_another_corpus():
    first, second = (next(build.documents(seed=seed)).text for seed in (0, 1))
    assert first != second


def test_one_number_is_one_story_in_every_language():
    group = heldout.parallel(count=1)[0]
    concepts_of = [[s.labels["concept"] for s in page.spans] for page in group]
    nouns = [{c for c in found if c.endswith(".n")} for found in concepts_of]
    assert all(found == nouns[0] for found in nouns[1:])
    assert len({page.text for page in group}) == 5


def test_documents_are_refused_by_name():
    for wrong in (("xx", "sea", "story"), ("en", "moon", "story"), ("en", "sea", "poem")):
        with pytest.raises(ValueError, match="it must be one of"):
            build.write(0, *wrong)


# What the texts are like.


@each_language
def test_rich_enough(pages, language):
    text = "".join(page.text for page in pages[language])
    types = {w.lower() for w in re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", text)}
    assert len(types) >= 1500
    # The longer the text, the more of it xz has seen before: data/README.md has other lengths.
    part = text.encode()[:250_000]
    assert 8 * len(lzma.compress(part, preset=9 | lzma.PRESET_EXTREME)) / len(part) >= 1.5
    used = {s.labels["construction"] for page in pages[language] for s in page.spans}
    assert len(used) >= 30


@each_language
def test_no_opening_is_worn_out(pages, language):
    openings = Counter(" ".join(page.text.split()[:3]) for page in pages[language])
    opening, count = openings.most_common(1)[0]
    assert count <= 0.05 * len(pages[language]), opening


@each_language
def test_frequent_words_come_first(pages, language):
    """Zipf: within one topic's list, words further down are rarer."""
    found = Counter(
        s.labels["concept"].removesuffix(".n")
        for page in pages[language]
        if page.about["topic"] == "sea"
        for s in page.spans
    )
    order = [found[noun] for noun in vocabulary.nouns("thing", "sea")]
    assert np.corrcoef(np.arange(len(order)), order)[0, 1] < -0.3


def mutual_information(first, second):
    """Bits that one label tells about another, from counts."""
    joint, total = Counter(zip(first, second)), len(first)
    a, b = Counter(first), Counter(second)
    return sum(n / total * math.log2(n * total / (a[x] * b[y])) for (x, y), n in joint.items())


def test_language_topic_and_register_say_nothing_of_each_other(rounds):
    for names in (("language", "topic"), ("language", "register"), ("topic", "register")):
        columns = [[page.about[name] for page in rounds] for name in names]
        assert mutual_information(*columns) == pytest.approx(0, abs=1e-12)  # by documents, exactly
        words = [[label for page in rounds for label in [page.about[n]] * len(page.spans)]
                 for n in names]  # fmt: skip
        assert mutual_information(*words) < 0.01


def test_topics_are_told_by_words(rounds):
    """The factors are independent of one another, not of the words."""
    nouns = [(s.labels["concept"], page.about["topic"]) for page in rounds for s in page.spans
             if s.labels["concept"].endswith(".n")]  # fmt: skip
    assert mutual_information(*zip(*nouns)) > 0.2


# Labels.


def test_every_sign_has_one_span(rounds):
    for page in rounds:
        end = 0
        for span in page.spans:
            assert span.start >= end and not page.text[end : span.start].strip()
            end = span.end
        assert not page.text[end:].strip()


def test_labels_say_what_is_true(rounds):
    for page in rounds:
        nouns = lexicon(page.about["language"]).nouns
        for start, end, labels in page.spans:
            if labels["concept"].endswith(".n") and not labels["concept"].startswith("month"):
                shown = page.text[start:end].lower()
                row = nouns.get(labels["concept"].removesuffix(".n"), {})
                parts = {part[:2].lower() for cell in row.values() for part in cell.split()}
                assert not row or shown[:2] in parts, (shown, labels)


def test_facts_are_those_of_the_world(rounds):
    """Every fact about a birth year is the one that the world holds."""
    years = {person.name: str(person.year) for person in world().people}
    checked = 0
    for page in rounds:
        lines = defaultdict(dict)
        for start, end, labels in page.spans:
            if labels["construction"] == "f_born_year" and labels["role"] in ("person", "year"):
                line = page.text.count(".", 0, start), page.text.count("\n", 0, start)
                lines[line][labels["role"]] = page.text[start:end]
        for line in lines.values():
            if line.get("year", "").isdigit() and line.get("person") in years:
                assert years[line["person"]] == line["year"]
                checked += 1
    assert checked > 10


def test_the_first_of_two_linked_names_is_no_fact(rounds):
    kinds = defaultdict(Counter)
    for page in rounds:
        for span in page.spans:
            if span.labels["construction"] == "f_lives" and span.labels["pos"] == "propn":
                kinds[span.labels["role"]][span.labels["kind"]] += 1
    assert kinds["person"]["name"] and not kinds["person"]["fact"]
    assert kinds["town"]["fact"] and not kinds["town"]["name"]


def test_some_thousands_of_facts_are_told_often(rounds):
    told = sum(s.labels["kind"] == "fact" for page in rounds for s in page.spans)
    people, towns, dishes = world()[:3]
    facts = 8 * len(people) + 7 * len(towns) + 12 * len(dishes)
    assert facts > 3000
    assert told / len(rounds) * 15_000 / facts > 8  # in the 10 MB corpus, of about 15,000 pages


def test_tokens_take_the_labels_of_their_words():
    page = build.write(5, "de", "farm", "almanac")
    words = train_tokenizer([page.text], 400)
    text, labels = label_tokens(words, [page])
    offsets = words.encode(page.text).offsets
    for at, (start, end) in enumerate(offsets, start=1):
        inside = [s for s in page.spans if s.start <= end - 1 and end - 1 < s.end]
        if inside and page.text[start:end].strip() == page.text[end - 1]:
            assert labels["pos"][at] == inside[0].labels["pos"]
    assert words.decode(text.id_T.tolist()) == page.text
    assert all(set(labels[name]) == {page.about[name]} for name in DOCUMENT_LABELS)
    assert labels["position"].tolist() == [str(n) for n in range(len(text.id_T))]
    assert text.bytes_T.sum() == len(page.text.encode())


def test_homographs_mean_something_else():
    shared = homographs()
    assert len(shared) >= 10
    for meanings in shared.values():
        assert len(meanings) > 1 and len(set(meanings.values())) > 1


# Held-out sets.


def test_held_out_documents_are_not_in_training(rounds):
    training = {page.text for page in islice(build.documents(), 2400)}
    sets = [heldout.held_out(100), heldout.unseen_plots(35), heldout.switched(20)]
    sets.append([page for group in heldout.parallel(6) for page in group])
    for held in sets:
        assert not training & {page.text for page in held}


def test_unseen_plots_are_not_told_in_training(monkeypatch):
    drawn = []
    pick = Chance.pick

    def watched(self, options, weights=None):
        chosen = pick(self, options, weights)
        if chosen in PLOTS:
            drawn.append(chosen)
        return chosen

    monkeypatch.setattr(Chance, "pick", watched)
    for seed in range(300):
        story(Chance(seed), "sea")
    plots = set(drawn)
    assert len(plots) >= 40 and not plots & UNSEEN


def test_a_language_changes_where_it_says():
    for page in heldout.switched(20):
        at, (before, after) = int(page.about["switch"]), page.about["language"].split(">")
        for span in page.spans:
            assert span.labels["language"] == (before if span.start < at else after)
        assert page.text[at - 1] == " " and page.text[at - 2] not in ".!?"  # within a sentence


def test_homograph_pages_have_homographs():
    shared = homographs()
    for page in heldout.homograph_pages(5):
        words = [page.text[s.start : s.end].lower() for s in page.spans]
        assert sum(word in shared for word in words) >= 3


# Training data.


def test_the_budget_is_kept_and_a_sixth_is_code():
    pages = store.training_pages(budget=300_000)
    sizes = Counter()
    for page in pages:
        sizes[page.about["language"] == "code"] += len(page.text.encode())
    assert 290_000 < sum(sizes.values()) <= 300_000
    assert 0.15 < sizes[True] / sum(sizes.values()) < 0.21
    held = {page.text for page in store.held_out_pages(budget=300_000)}
    assert not held & {page.text for page in pages}


def test_the_cache_is_used_and_mended(tmp_path, monkeypatch):
    monkeypatch.setenv("MOE_CACHE", str(tmp_path))
    first = store.training_pages(budget=20_000)
    (kept,) = tmp_path.iterdir()
    monkeypatch.setattr(store, "_pages", lambda *_: pytest.fail("written a second time"))
    assert [page.text for page in store.training_pages(budget=20_000)] == [p.text for p in first]
    monkeypatch.undo()
    monkeypatch.setenv("MOE_CACHE", str(tmp_path))
    kept.write_bytes(kept.read_bytes()[:100])
    assert [page.text for page in store.training_pages(budget=20_000)] == [p.text for p in first]


def test_a_cache_that_cannot_be_written_is_no_harm(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MOE_CACHE", str(tmp_path / "file" / "below"))
    assert store.training_pages(budget=20_000)


def test_too_small_a_budget_is_refused():
    with pytest.raises(ValueError, match="budget is 5 bytes"):
        store.training_pages(budget=5)


# Tables.


def test_every_concept_is_in_every_language():
    kinds = {"noun": "nouns", "verb": "verbs", "adj": "adjectives", "adv": "adverbs"}
    for row, language in product(concepts(), LANGUAGES):
        assert row["id"] in getattr(lexicon(language), kinds[row["kind"]]), (language, row["id"])


def test_every_construction_has_the_same_roles_everywhere():
    names = {name for name, _ in lexicon("en").constructions}
    for language in LANGUAGES:
        templates = lexicon(language).constructions
        assert {name for name, _ in templates} == names
        for (name, _), variants in templates.items():
            for parts in variants:
                roles = {part.role for part in parts if hasattr(part, "role") and not part.fixed}
                assert roles <= needs(name) | {"agent"}, (language, name, roles - needs(name))


def test_a_damaged_table_is_named(tmp_path):
    (tmp_path / "nouns.tsv").write_text("id\tsg\nboat\n")
    with pytest.raises(ValueError, match="1 cells in line 2, the header has 2"):
        table(tmp_path / "nouns.tsv")
    with pytest.raises(FileNotFoundError, match="no such table"):
        table(tmp_path / "verbs.tsv")
