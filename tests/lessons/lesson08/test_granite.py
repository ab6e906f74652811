"""A Granite in our classes equals transformers' own; what is fetched, and what is said if not."""

import http.server
import json

import pytest
import torch
from tokenizers import Tokenizer

from moe_lesson.lessons.lesson08.granite import FACTORS, NAME, TINY, granite, read_granite
from moe_lesson.study.trace import trace_text
from moe_lesson.text.downloads import Unavailable
from moe_lesson.text.tokenizer import train_tokenizer
from tests.loopback import serving

COMMIT = "0" * 40
LINE = "Where is the key? Où est la clé ?"


def make(folder, **changes):
    """Save a small random Granite as transformers does; return transformers' own model."""
    transformers = pytest.importorskip("transformers", reason='needs the extra "parity"')
    transformers.logging.disable_progress_bar()
    torch.manual_seed(0)
    config = transformers.GraniteMoeConfig(**(TINY | changes))
    judge = transformers.GraniteMoeForCausalLM(config).eval()
    judge.save_pretrained(folder)
    train_tokenizer([LINE], 280).save(str(folder / "tokenizer.json"))
    return judge


def both(judge, model):
    """Read the same ids with both; return their logits and their routers' scores."""
    id_BS = torch.randint(320, (3, 40), generator=torch.Generator().manual_seed(1))
    # transformers 5.17 does not hand the scores on, and its routers return them in another place.
    seen, E = [], judge.config.num_local_experts
    hooks = [
        layer.block_sparse_moe.router.register_forward_hook(
            lambda _, __, results: seen.extend(one for one in results if one.shape[-1] == E)
        )
        for layer in judge.model.layers
    ]
    with torch.no_grad():
        theirs, ours = judge(id_BS), model(id_BS)
    for hook in hooks:
        hook.remove()
    scores = [one.logits_TE for one in ours.routings]
    return (theirs.logits, ours.logits_BSV), zip(seen, scores, strict=True)


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "apart"])
def test_logits_and_choices_are_those_of_transformers(tmp_path, tied):
    judge = make(tmp_path, tie_word_embeddings=tied)
    model, words = read_granite(tmp_path)
    logits, scores = both(judge, model)
    assert logits[0].std() > 0.1, "or all models agree"
    torch.testing.assert_close(logits[1], logits[0], atol=1e-5, rtol=1e-5)
    for theirs, ours in scores:
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
        assert torch.equal(ours.topk(3).indices, theirs.topk(3).indices)
    assert words.decode(words.encode(LINE).ids) == LINE and not model.training


@pytest.mark.parametrize("name", FACTORS)
def test_each_factor_counts(tmp_path, name):
    judge = make(tmp_path)
    path = tmp_path / "config.json"
    fields = json.loads(path.read_text())
    path.write_text(json.dumps(fields | {name: 1.5 * fields[name]}))
    logits, _ = both(judge, read_granite(tmp_path)[0])
    assert (logits[0] - logits[1]).abs().max() > 1e-3


def test_in_bfloat16_it_is_the_same_model_rounded(tmp_path):
    judge = make(tmp_path)
    model, _ = read_granite(tmp_path, dtype=torch.bfloat16)
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
    logits, _ = both(judge, model)
    assert (logits[0] - logits[1]).abs().mean() < 0.05 * logits[0].std()


def test_a_readers_sentence_is_read_by_the_instruments(tmp_path):
    make(tmp_path)
    trace = trace_text(*read_granite(tmp_path), LINE)
    assert "".join(trace.tokens).startswith("Where") and trace.expert_LTK.shape[2] == 3


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"model_type": "olmoe"}, "model_type is 'olmoe': allowed is 'granitemoe'"),
        ({"logits_scaling": None}, "logits_scaling is None: it must be a number above 0"),
        ({"residual_multiplier": 0}, "residual_multiplier is 0: it must be a number above 0"),
        ({"num_local_experts": 9}, "missing: .*of the wrong shape"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}}, "only rope_type 'default'"),
        ({"attention_bias": True}, "attention_bias is True"),
    ],
    ids=lambda one: str(one)[:20],
)
def test_another_model_is_refused_by_name(tmp_path, changes, message):
    make(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(ValueError, match=message):
        read_granite(tmp_path)


@pytest.mark.parametrize("name", FACTORS)
def test_a_factor_that_is_missing_is_named_and_not_taken_for_one(tmp_path, name):
    make(tmp_path)
    path = tmp_path / "config.json"
    fields = json.loads(path.read_text())
    del fields[name]
    path.write_text(json.dumps(fields))
    with pytest.raises(ValueError, match=f"{name} is None: it must be a number above 0"):
        read_granite(tmp_path)


class Hub(http.server.BaseHTTPRequestHandler):
    """Answer as the hub does for one model: which files there are, and their bytes."""

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.server.status:
            return self.send_error(self.server.status)
        files = self.server.files
        headers = {"X-Repo-Commit": COMMIT}
        if self.path.startswith(f"/api/models/{NAME}/tree/"):
            body = [{"type": "file", "path": n, "size": len(d), "oid": n} for n, d in files.items()]
        elif self.path.startswith(f"/api/models/{NAME}/revision/"):
            body = {"id": NAME, "sha": COMMIT, "siblings": [{"rfilename": name} for name in files]}
        else:
            name = self.path.partition(f"/resolve/{COMMIT}/")[2]
            body, headers["ETag"] = files[name], f'"{name}"'
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(200)
        for header, value in (headers | {"Content-Length": len(data)}).items():
            self.send_header(header, str(value))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    do_HEAD = do_GET

    def log_message(self, *_):
        """Keep the test's output clean."""


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Serve a small random Granite on loopback, with a pickle beside it."""
    make(tmp_path)
    # Whatever HF_HUB_OFFLINE said when the library was loaded: this hub may be asked.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with serving(Hub) as server:
        server.files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        server.files["pytorch_model.bin"], server.asked, server.status = b"\x80", [], None
        yield server


def test_it_is_fetched_once_and_no_pickle_is_asked_for(hub, tmp_path_factory):
    cache, endpoint = tmp_path_factory.mktemp("cache"), f"http://127.0.0.1:{hub.server_port}"
    with pytest.raises(Unavailable, match="download=True fetches 2.7 GB, once"):
        granite(endpoint=endpoint, cache=cache)
    assert not hub.asked, "without leave nobody is asked"
    model, words = granite(download=True, endpoint=endpoint, cache=cache)
    assert model.config.num_experts == 8 and isinstance(words, Tokenizer)
    assert model.embed.weight.dtype == torch.bfloat16
    assert not [path for path in hub.asked if "resolve" in path and path.endswith(".bin")]
    hub.asked.clear()
    again, _ = granite(cache=cache)
    assert torch.equal(again.embed.weight, model.embed.weight) and not hub.asked


@pytest.mark.parametrize("status", [None, 401, 404, 503])
def test_a_hub_that_does_not_hand_it_out_is_named_in_one_line(hub, tmp_path_factory, status):
    endpoint = f"http://127.0.0.1:{hub.server_port if status else 9}"
    hub.status = status
    with pytest.raises(Unavailable, match="^Granite .* the hub does not hand it out$"):
        granite(download=True, endpoint=endpoint, cache=tmp_path_factory.mktemp("cache"))
