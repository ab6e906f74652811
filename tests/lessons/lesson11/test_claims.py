"""FLAN-MoE's claims by sign: on runs whose verdict is known, and on the record itself."""

import itertools

import pytest

from moe_lesson.lessons.lesson11 import claims


def made(gap, tilt=0.0):
    """Make a record in which sparse is better by ``gap`` nats, and by ``tilt`` more after both."""
    runs = []
    for seed, setup, model in itertools.product(range(3), claims.SETUPS, ("sparse", "dense")):
        better = (gap + tilt * (setup == "both")) * (model == "sparse")
        nats = 2.0 + 0.1 * seed - better
        about = {"model": model, "setup": setup, "seed": seed, "nats": nats, "right": 2 - nats}
        runs.append(about | {"bits": {"en": nats, "fr": nats + 1}} | claims.PLAIN)
    return runs[::-1]  # the order of the record does not matter


def test_a_sign_that_all_seeds_share_is_kept_and_its_opposite_turned():
    judged = claims.verdicts(made(0.2), "nats", claims.CLAIMS)
    assert [one.word for one in judged.values()] == ["turned", "kept", "kept"]
    assert judged["both: sparse beats dense"].gains == pytest.approx([0.2] * 3)
    judged = claims.verdicts(made(-0.2), "nats", claims.CLAIMS)
    assert [one.word for one in judged.values()] == ["kept", "turned", "turned"]


def test_seeds_that_disagree_leave_it_open():
    runs = made(0.2)
    for run in runs:
        if run["seed"] == 1 and run["model"] == "sparse":
            run["nats"] += 1
    words = {one.word for one in claims.verdicts(runs, "nats", claims.CLAIMS).values()}
    assert words == {"open"} and claims.Verdict([0.0, 0.1]).word == "open"


def test_more_is_better_of_what_is_right_and_less_of_surprise():
    nats, right = (claims.verdicts(made(0.2), name, claims.CLAIMS) for name in ("nats", "right"))
    assert {k: v.word for k, v in nats.items()} == {k: v.word for k, v in right.items()}


def test_instruction_helps_more_where_the_gap_widens():
    assert claims.helps_more(made(0.2, tilt=0.1), "nats").gains == pytest.approx([0.1] * 3)
    assert claims.helps_more(made(0.2, tilt=-0.1), "nats").word == "turned"


def test_other_tunings_are_not_mixed_in():
    runs = made(0.2)
    frozen = [run | {"router": "frozen", "nats": 9.0} for run in runs if run["model"] == "sparse"]
    choosing = [{"model": "sparse", "setup": "both", "seed": 100, "rate": 0.1, "nats": 7.0}]
    assert claims.table(runs + frozen + choosing, "nats") == claims.table(runs, "nats")
    assert 7.0 not in claims.seeds(runs + choosing, "nats", model="sparse", setup="both")
    asked = {"router": claims.ASKED["router frozen, not free"]}
    assert claims.verdicts(runs + frozen, "nats", asked)["router"].word == "turned"


def test_bits_are_means_over_languages():
    assert claims.table(made(0.0), "bits")["dense, both"] == pytest.approx([2.5, 2.6, 2.7])


def test_no_seed_gives_no_verdict():
    with pytest.raises(ValueError, match="0 seeds"):
        _ = claims.Verdict([]).word


def test_a_record_without_the_run_is_refused():
    with pytest.raises(ValueError, match="no run with nats and .*'huge'"):
        claims.seeds(made(0.1), "nats", model="huge")
