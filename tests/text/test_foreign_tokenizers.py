"""Tokenizers that others made: what is read whole, how its bytes count, what is refused."""

import random
import time

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from moe_lesson.checkpoints.shipped import shipped
from moe_lesson.corpus.build import write
from moe_lesson.corpus.labels import label_tokens
from moe_lesson.text.kinds import kind, sizes
from moe_lesson.text.tokenizer import check_tokenizer, encode, load, text_ids, train_tokenizer

BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
NAMES = ["<unk>", "<s>", "</s>", *BYTES, *"▁abcdefghijklmnopqrstuvwxyz", "he", "▁he"]
TEXT = "In HTML <s>struck</s> is struck out, <unk> is not a tag."


def like_mixtral(decoder=True):
    """Build what Mixtral has: BPE with byte fallback that puts a space and <s> before a text."""
    vocab = {name: index for index, name in enumerate(NAMES)}
    merges = [("h", "e"), ("▁", "he")]
    words = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", byte_fallback=True))
    steps = [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    words.normalizer = normalizers.Sequence(steps)
    back = [decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    words.decoder = decoders.Sequence([decoders.Replace("▁", " ")] * decoder + back)
    start = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    words.post_processor = start
    words.add_special_tokens(NAMES[:3])
    return words


def own():
    return train_tokenizer(["low lower lowest"] * 3, 280)


def reread(words, tmp_path):
    words.save(str(tmp_path / "tokenizer.json"))
    return load(tmp_path / "tokenizer.json")


@pytest.mark.parametrize("make", [own, like_mixtral, lambda: shipped("small").words])
@pytest.mark.parametrize("text", [TEXT, "</s>", "<unk>", "héllo wörld 日本 🙂", " x", "", "a\n\tb"])
def test_a_text_comes_back_and_counts_its_bytes(make, text, tmp_path):
    words = reread(make(), tmp_path)
    found = encode(words, [text, text])
    ids = found.id_T.tolist()
    one = ids[: len(ids) // 2]
    assert (one[0], one[-1], one * 2) == (1, 2, ids) and not {0, 1, 2} & set(one[1:-1])
    assert words.decode(one[1:-1]) == text
    assert found.bytes_T.sum() == 2 * len(text.encode())
    assert text_ids(words, text) == one[1:-1]


def test_the_space_that_sentencepiece_adds_counts_nothing(tmp_path):
    words = reread(like_mixtral(), tmp_path)
    assert encode(words, ["he he"]).bytes_T.tolist() == [0, 2, 3, 0]
    assert encode(words, [" he"]).bytes_T.tolist() == [0, 0, 3, 0]


@pytest.mark.parametrize("make", [own, like_mixtral])
def test_labelled_text_counts_its_bytes_alike(make, tmp_path):
    words, page = reread(make(), tmp_path), write(0, "fr", "sea", "story")
    text, _ = label_tokens(words, [page, page])
    plain = encode(words, [page.text, page.text])
    assert text.bytes_T.tolist() == plain.bytes_T.tolist()
    assert text.bytes_T.sum() == 2 * len(page.text.encode())


def test_words_that_were_added_and_are_no_marks_count_as_they_are_written(tmp_path):
    words = own()
    words.add_tokens(["日本", "  "])
    found = encode(reread(words, tmp_path), ["日本  low"])
    assert found.bytes_T.tolist() == [0, 6, 2, 3, 0]


def test_bytes_by_hand():
    found = sizes(like_mixtral())
    assert [found[NAMES.index(name)] for name in ("<s>", "<0x41>", "▁", "▁he")] == [0, 1, 1, 3]


@pytest.mark.parametrize("way", ["cuts", "pads"])
def test_cuts_and_padding_are_off_in_what_is_loaded_and_refused_where_they_are_on(way, tmp_path):
    words = own()
    if way == "cuts":
        words.enable_truncation(4)
    else:
        words.enable_padding(length=50)
    with pytest.raises(ValueError, match=f"the tokenizer {way} texts"):
        check_tokenizer(words)
    text = "low lower " * 9
    assert encode(reread(words, tmp_path), [text]).bytes_T.sum() == len(text)


def word_piece():
    return Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))


def without_bytes():
    words = Tokenizer(models.BPE({"<unk>": 0, "<s>": 1, "</s>": 2, "a": 3}, []))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return words


def small_letters():
    words = own()
    words.normalizer = normalizers.Lowercase()
    return words


def changing(normalizer):
    words = own()
    words.normalizer = normalizer
    return words


def word_by_word():
    """Build what takes a word of its table whole: <s> alone would be the mark."""
    words = own()
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    text = words.to_str().replace('"ignore_merges":false', '"ignore_merges":true')
    return Tokenizer.from_str(text)


def spaced():
    words = own()
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    return words


def at_random():
    words = own()
    words.model.dropout = 0.5
    return words


def without_marks():
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = Tokenizer(models.BPE({name: index for index, name in enumerate(alphabet)}, []))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    return words


REFUSED = [
    (word_piece, "is a WordPiece without bytes"),
    (lambda: Tokenizer(models.WordLevel({"a": 0}, "a")), "is a WordLevel without bytes"),
    (lambda: Tokenizer(models.Unigram([("a", 0.0)], 0)), "is a Unigram without bytes"),
    (lambda: Tokenizer(models.BPE({"a": 0}, [])), "is a BPE without bytes"),
    (without_bytes, "lacks 255 of the 256 bytes"),
    (lambda: like_mixtral(decoder=False), "does not give texts back"),
    (small_letters, "does not give texts back"),
    (lambda: changing(normalizers.NFC()), "does not keep .*: 43 bytes became 42"),
    (lambda: changing(normalizers.NFKC()), "does not keep .*: 43 bytes became 41"),
    (lambda: changing(normalizers.Strip()), "does not keep .*: 43 bytes became 42"),
    (spaced, "does not keep .*: 43 bytes became 44"),
    (word_by_word, "does not keep '<unk>': 5 bytes became 0"),
    (at_random, "cuts at random: dropout is 0.5"),
    (without_marks, "id 1 of the tokenizer is .*, no control token"),
]


@pytest.mark.parametrize(
    "make, message", REFUSED, ids=lambda one: getattr(one, "__name__", str(one))[:40]
)
def test_what_the_arithmetic_does_not_hold_for_is_refused_by_name(make, message, tmp_path):
    with pytest.raises(ValueError, match=rf"^tokenizer\.json: .*{message}"):
        reread(make(), tmp_path)


def test_an_id_that_no_table_has_room_for_is_refused(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text(own().to_str().replace('":100,', '":1000000000,'))
    with pytest.raises(ValueError, match="has the id 1000000000: allowed are 0 to 16777215"):
        load(path)


def test_two_tokens_with_one_id_are_refused(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text(own().to_str().replace('"d":70,', '"d":70,"zz":70,'))
    with pytest.raises(ValueError, match="'(d|zz)' shares its id 70 with another token"):
        load(path)


def test_a_text_that_the_tokenizer_changes_is_refused(tmp_path):
    words = reread(like_mixtral(), tmp_path)
    with pytest.raises(ValueError, match="does not keep .▁.: 3 bytes became 2"):
        encode(words, ["▁"])  # for this tokenizer, a space


def test_half_a_character_is_refused():
    for work in (lambda: text_ids(own(), "a\ud800"), lambda: encode(own(), ["a\ud800"])):
        with pytest.raises(ValueError, match="d800"):
            work()


def test_the_kinds_are_told_apart():
    assert kind(own()) == "byte-level" and kind(like_mixtral()) == "byte fallback"


@pytest.mark.unwatched
@pytest.mark.parametrize("letters", ["ACGT", " ", "=-"])
def test_merges_are_learnt_from_half_a_megabyte_without_a_gap_in_seconds(letters):
    chance = random.Random(0)
    text = "".join(chance.choice(letters) for _ in range(500_000))
    began = time.perf_counter()
    words = train_tokenizer([text], 300)
    assert time.perf_counter() - began < 20  # a second or two; uncut it grows with the square
    found = encode(words, [text[:50_000]])
    assert words.decode(found.id_T[1:-1].tolist()) == text[:50_000]
    assert len(words.get_vocab()) == 300 or letters != "ACGT"
