"""Every option is turned somewhere, and everything that the package defines has a user.

An option is a parameter with a default: of a function, a method or a class. It is turned by a
call that gives it something else than that default. Handing on an option of the caller's own,
with the same default, turns it only if that one is turned.

A definition is used if a notebook, a tool or the command line reaches it, by way of others or
directly. Tests and doctests only try it out.
"""

import ast
import functools
from collections import defaultdict
from typing import NamedTuple

import pytest

from tests.rules.source import FUNCTIONS, MODULES, PACKAGE, dotted, tree
from tests.rules.uses import (
    CALLED,
    Source,
    is_record,
    is_value,
    package,
    package_of,
    resolve,
    source_of,
    sources,
)

# Option -> why it stays although no call turns it: "moe.routing.top_k(renormalise)".
EXCEPTIONS = {
    "models.families.Family(exceptions)": "rows of data/models.json set it",
    "models.families.Family(recomputed)": "rows of data/models.json set it",
    "lessons.lesson04.fault_checks.jittered(generator)": "a reader's test calls it as noisy_top_k",
    "text.books.novel(site)": "its test hands it over as a partial and then calls that",
}
# Definition, or a module -> why it stays although only tests use it: "study.conformance".
UNUSED = {
    "corpus.tasks.form.some_tools": "what each example of the tasks' writers begins with",
    "corpus.tasks.build.some_tasks": "what each example of the judges begins with",
    "corpus.tasks.translation.plain_clause_of": "what an example of translation begins with",
    "study.invariants.validation_is_cross_entropy": "for a reader's own training loop",
    "text.folder.read_folder": "what a reader's own notebook calls: the documents alone",
}
TRIES = ("test", "doctest")  # kinds of source that use nothing, they only try it


class Turn(NamedTuple):
    """A call that gives an option something else than its default."""

    option: tuple  # (name of the definition, name of the parameter)
    source: Source
    handed_on: tuple  # the caller's own option that it gives, None if it gives another value


def short(name, option=None):
    """Return how the lists above name a definition or an option."""
    inner = name.removeprefix("moe_lesson.")
    return f"{inner}({option})" if option else inner


def options(here):
    """Return (definition, parameter) -> default for each parameter with a default."""
    return {
        (name, parameter): default
        for name, definition in here.known.items()
        for parameter, default in definition.parameters.items()
        if default is not None and not name.endswith(".__init__")
    }


def same(one, other):
    """Tell whether two expressions are literally the same value."""
    try:
        return ast.literal_eval(one) == ast.literal_eval(other)
    except ValueError:
        return ast.unparse(one) == ast.unparse(other)


def last_name(node):
    """Return the last part of a name: ``replace`` of ``dataclasses.replace``."""
    return getattr(node, "attr", getattr(node, "id", None))


def keys(nodes):
    """Return what a ``**mapping`` may hold: keys of a file's dicts, keywords given as ``**``."""
    found, takers = set(), {"dict"}
    takers |= {n.name for n, _ in nodes if isinstance(n, FUNCTIONS) and n.args.kwarg}
    for node, _ in nodes:
        if isinstance(node, ast.Dict):
            found |= {k.value for k in node.keys if isinstance(k, ast.Constant)}
        elif isinstance(node, ast.Call) and last_name(node.func) in takers:
            found |= {k.arg for k in node.keywords}
    return found


def values(source, here):
    """Return the functions that a file mentions without calling them."""
    called = {id(node.func) for node, _ in source.nodes if isinstance(node, ast.Call)}
    found = set()
    for node, _ in source.nodes:
        if isinstance(node, (ast.Name, ast.Attribute)) and id(node) not in called:
            found |= {name for name in resolve(node, source, here) if not here.known[name].owner}
    return found


def runs(call, around, source, here, handed):
    """Yield (definition, positional arguments seen to reach it) for what a call may run.

    A function that is the first argument may get the keywords, as in ``partial(top_k, k=2)``,
    and so may one that the file hands over as a value.
    """
    found = resolve(call.func, source, here)
    if last_name(call.func) == "cls" and around:
        found = {f"{source.name}.{around[0].name}"} & set(here.known)
    yield from ((name, call.args) for name in found)
    if not found and is_value(call.func, source):
        yield from ((name, call.args) for name in here.behind.get(CALLED, ()))
        yield from ((name, []) for name in handed)
    if call.args:
        rest = call.args[1:] if last_name(call.func) == "partial" else []
        yield from ((name, rest) for name in resolve(call.args[0], source, here))


def given(definition, arguments, keywords, written):
    """Return parameter -> the expression that a call gives it, None where that is not seen.

    ``**mapping`` gives what the dicts of the same file have as keys, ``written``.
    """
    found, places = {}, definition.by_position
    for place, argument in enumerate(arguments[: len(places)]):
        if isinstance(argument, ast.Starred):
            found |= dict.fromkeys(places[place:])
            break
        found[places[place]] = argument
    for keyword in keywords:
        if keyword.arg is None:
            found |= dict.fromkeys(written & set(definition.parameters))
        else:
            found[keyword.arg] = keyword.value
    return found


def handed_on(value, default, around, source, here):
    """Return the caller's own option, if a call gives it and its default is the same."""
    for depth in range(len(around), 0, -1):
        if isinstance(value, ast.Name) and isinstance(around[depth - 1], FUNCTIONS):
            arguments = around[depth - 1].args
            if value.id in {a.arg for a in [*arguments.args, *arguments.kwonlyargs]}:
                name = ".".join([source.name, *(node.name for node in around[:depth])])
                name = name.removesuffix(".__init__")
                own = here.known[name].parameters[value.id] if name in here.known else None
                return (name, value.id) if own is not None and same(own, default) else None
    return None


def varied(call, source, here, have, written):
    """Return the options of records that ``replace``, ``_replace`` or the command line turns."""
    name = last_name(call.func)
    if name in ("replace", "_replace"):
        changed = {k.arg for k in call.keywords}
        changed |= written if None in changed else set()
        return [o for o in have if o[1] in changed and is_record(here.known[o[0]].node)]
    if name == "fields" and source.name.startswith("moe_lesson.commands."):
        records = resolve(call.args[0], source, here)
        return [option for option in have if option[0] in records]
    return []


def turns(source, here):
    """Return a Turn for each option that a file's calls turn."""
    have, written, handed = options(here), keys(source.nodes), values(source, here)
    found = []
    for call, around in [pair for pair in source.nodes if isinstance(pair[0], ast.Call)]:
        found += [Turn(o, source, None) for o in varied(call, source, here, have, written)]
        for name, arguments in runs(call, around, source, here, handed):
            got = given(here.known[name], arguments, call.keywords, written)
            for option in {(name, parameter) for parameter in got} & set(have):
                value, default = got[option[1]], have[option]
                if value is None or not same(value, default):
                    own = handed_on(value, default, around, source, here)
                    found.append(Turn(option, source, own))
    return found


def turned(found):
    """Return the options that are turned; one that is only handed on hangs on the caller's."""
    done = set()
    while new := {t.option for t in found if t.handed_on in {None, *done}} - done:
        done |= new
    return done


def mentions(source, here):
    """Yield (the definition that mentions, what it mentions) for the names in a file.

    A module's own statements mention as None. A method mentions as itself, not as its class.
    """
    for node, around in source.nodes:
        if isinstance(node, (ast.Name, ast.Attribute)):
            inside = [source.name, *(each.name for each in around)]
            names = [".".join(inside[:depth]) for depth in range(len(inside), 1, -1)]
            owner = next((name for name in names if name in here.known), None)
            found = {f"{owner}.{last_name(node)}"} & here.known.keys()
            yield from ((owner, name) for name in found | resolve(node, source, here))


def is_called_by_others(method, owner):
    """Tell whether a library may call a method: ``__len__``, ``forward``, an override."""
    plain = {"NamedTuple", "nn.Module", "torch.nn.Module"}  # these call no other
    named = method.name.startswith(("__", "_repr_")) or method.name == "forward"
    return named or not set(map(ast.unparse, owner.bases)) <= plain


def reached(found, here, kept):
    """Return what a module's statements mention, ``kept``, and what those mention in turn."""
    onward = defaultdict(set)
    for owner, name in found:
        onward[owner].add(name)
    for name, (node, owner, *_) in here.known.items():
        if owner and is_called_by_others(node, here.known[owner].node):
            onward[owner].add(name)
    done, ahead = {None}, onward[None] | set(kept)
    while ahead:
        done |= ahead
        ahead = set().union(*(onward[name] for name in ahead)) - done
    return done


def unused(here, code, kept=()):
    """Return the definitions that nothing reaches but tests and doctests, nor one of ``kept``."""
    found = [m for s in code if s.kind not in TRIES for m in mentions(s, here)]
    done = reached(found, here, kept)
    return [name for name in here.known if name not in done]


class Found(NamedTuple):
    """What the rules find in the package as it stands; named as in the lists above."""

    options: dict  # short name -> (definition, parameter)
    turns: list
    idle: set  # options that nobody turns
    lonely: set  # definitions that only tests use


@functools.cache
def found_here():
    """Return what the rules find; some ten seconds, so not before a test asks."""
    here = package()
    have = {short(*option): option for option in options(here)}
    all_turns = [turn for source in sources() for turn in turns(source, here)]
    done = turned(all_turns)
    idle = {name for name, option in have.items() if option not in done}
    return Found(have, all_turns, idle, set(map(short, unused(here, sources()))))


def inside(entry):
    """Return the definitions that an entry of UNUSED names: itself, or all of its module."""
    return {name for name in package().known if f"{short(name)}.".startswith(f"{entry}.")}


def test_every_option_is_turned():
    idle = sorted(found_here().idle - set(EXCEPTIONS))
    assert not idle, (
        f"no lesson, tool, command or test gives these another value than their default: {idle}. "
        f"Delete the option and write its value where it is used, or turn it in a lesson; "
        f"what must stay goes into EXCEPTIONS in {__file__}, with the reason"
    )


def test_everything_is_used():
    kept = set().union(*map(inside, UNUSED))
    lonely = sorted(map(short, unused(package(), sources(), kept)))
    assert not lonely, (
        f"no lesson, tool or command uses these, only tests at most: {lonely}. "
        f"Delete them with their tests, or use them in a lesson; "
        f"what must stay goes into UNUSED in {__file__}, with the reason"
    )


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_excepted_option_is_there_and_still_not_turned(name):
    assert name in found_here().options, f"{name} is gone: strike it out"
    assert name in found_here().idle, f"{name} is turned now: strike it out"


@pytest.mark.parametrize("name", UNUSED)
def test_what_is_excepted_is_there_and_still_unused(name):
    used = sorted(set(map(short, inside(name))) - found_here().lonely)
    assert inside(name), f"{name} is gone: strike it out"
    assert not used, f"{', '.join(used)} is used now: strike out {name}"


def test_options_that_only_tests_turn_are_shown(record_property):
    """Whether such a test asserts a behaviour, or only passes a number, a reader must judge."""
    have, all_turns, idle, _ = found_here()
    others = turned([turn for turn in all_turns if turn.source.kind not in TRIES])
    lines = ["option that only tests turn, and where"]
    for name, option in sorted(have.items()):
        if name not in idle and option not in others:
            tries = [t.source for t in all_turns if t.option == option and t.source.kind in TRIES]
            where = sorted({f"{source.kind} {short(source.name)}" for source in tries})
            lines.append(f"{name}: {', '.join(where) or 'through another option'}")
    record_property("report", "\n".join(lines))


# The rules themselves, on a package of one module.


def small(text):
    """Return the Package of one module, and the module as a Source."""
    module, name = ast.parse(text), "moe_lesson.small"
    return package_of({name: module}), source_of("package", name, module)


def idle(text, user=""):
    """Return the options of a small module that neither it nor a notebook turns."""
    here, own = small(text)
    notebook = source_of("notebook", "n.ipynb", ast.parse(user))
    found = turned(turns(own, here) + turns(notebook, here))
    return [parameter for name, parameter in options(here) if (name, parameter) not in found]


F = "def f(x, k=2, *, fast=False): ...\n"
IMPORT = "from moe_lesson.small import f\n"


@pytest.mark.parametrize(
    "call, left",
    [
        ("", ["k", "fast"]),
        ("f(1)", ["k", "fast"]),
        ("f(1, k=3)", ["fast"]),
        ("f(1, 3)", ["fast"]),
        ("f(1, k=2, fast=False)", ["k", "fast"]),
        ("f(1, 2.0)", ["k", "fast"]),
        ("f(1, n, fast=True)", []),
        ("f(*given)", ["fast"]),
        ("f(1, **{'k': 3})", ["fast"]),
        ("more = dict(fast=True)\nf(1, **more)", ["k"]),
        ("f(1, **more)", ["k", "fast"]),
        ("def g(**more): f(1, **more)\ng(k=4)", ["fast"]),
        ("from functools import partial\npartial(f, 1, 3)", ["fast"]),
        ("built(f, fast=True)", ["k"]),
        ("table = {'one': f}\ntable['one'](1, fast=True)", ["k"]),
        ("def f(x, k=2, *, fast=False): ...\ng(1, k=3)", ["k", "fast"]),
    ],
)
def test_which_calls_turn_an_option(call, left):
    assert idle(F, IMPORT + call) == left


def test_a_function_of_another_library_with_the_same_name_turns_nothing():
    assert idle(F, "from torch import f\nf(1, k=3, fast=True)") == ["k", "fast"]


def test_an_option_that_is_only_handed_on_is_not_turned():
    text = "def g(x, k=2): return f(x, k)\ndef f(x, k=2): ...\n"
    assert idle(text) == ["k", "k"]
    assert idle(text, "from moe_lesson.small import g\ng(1, k=3)") == []
    assert idle(text.replace("x, k=2): return", "x, k=3): return")) == ["k"]


RECORD = "@dataclass\nclass Settings:\n    steps: int\n    rate: float = 0.1\n    seed: int = 0\n"


@pytest.mark.parametrize(
    "call, left",
    [
        ("Settings(3)", ["rate", "seed"]),
        ("Settings(3, 0.2)", ["seed"]),
        ("replace(Settings(3), seed=1)", ["rate"]),
        ("Settings(3)._replace(rate=1)", ["seed"]),
    ],
)
def test_fields_with_defaults_are_options(call, left):
    assert idle(RECORD, f"from moe_lesson.small import Settings\n{call}") == left


def test_the_command_line_turns_what_it_makes_options_of():
    here, _ = small(RECORD)
    module = ast.parse("from moe_lesson.small import Settings\nfor f in fields(Settings): ...")
    command = source_of("package", "moe_lesson.commands.options", module)
    assert len(turned(turns(command, here))) == 2
    assert not turns(command._replace(name="moe_lesson.study.trials"), here)


def test_methods_are_known_by_their_name():
    text = "class A:\n    def __init__(self, n=1): ...\n    def look(self, far=0): ...\n"
    assert idle(text) == ["n", "far"]
    assert idle(text, "from moe_lesson.small import A\nA(2).look(9)") == []


USES = """
def used(): return _helper()
def _helper(): ...
def dead(): return _only_by_dead()
def _only_by_dead(): ...
def recursive(): return recursive()
class Kept:
    def forward(self): return inner()
    def never(self): ...
def inner(): ...
TABLE = {"one": listed}
def listed(): ...
"""


def test_what_only_the_dead_use_is_dead():
    here, own = small(USES)
    module = ast.parse("from moe_lesson.small import used, Kept, dead\nused(), Kept()")
    notebook = source_of("notebook", "n.ipynb", module)
    test = source_of("test", "test_n.py", ast.parse("dead()"), notebook.names)
    found = [short(name).removeprefix("small.") for name in unused(here, [own, notebook, test])]
    assert found == ["dead", "_only_by_dead", "recursive", "Kept.never"]
    left = unused(here, [own, notebook, test], kept={"moe_lesson.small.dead"})
    assert left == ["moe_lesson.small.recursive", "moe_lesson.small.Kept.never"]


def test_a_planted_option_and_a_planted_function_are_found():
    text = (PACKAGE / "moe" / "routing.py").read_text(encoding="utf-8")
    assert "def switch(logits_TE):" in text
    planted = text.replace("def switch(logits_TE):", "def switch(logits_TE, sharpness=1.0):")
    planted += "\n\ndef nobody():\n    return None\n"
    modules = {dotted(path): tree(path) for path in MODULES}
    modules["moe_lesson.moe.routing"] = ast.parse(planted)
    here = package_of(modules)
    assert ("moe_lesson.moe.routing.switch", "sharpness") in options(here)
    code = [source for source in sources() if source.kind not in TRIES]
    near = [source for source in code if source.name.startswith("moe_lesson.moe")]
    found = {turn.option for source in near for turn in turns(source, here)}
    assert ("moe_lesson.moe.routing.switch", "sharpness") not in found
    assert "moe_lesson.moe.routing.nobody" in unused(here, code)
