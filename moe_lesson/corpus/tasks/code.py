"""Small Python functions: what each is called, its source, and what it must return."""

import ast

from moe_lesson.corpus.tasks.form import Task, draw, phrase, user

NUMBERS, LISTS = ("n", "x", "number"), ("values", "items", "numbers")
TEXTS, WORDS = ("text", "word", "line"), ("words", "names")
# name: kinds of its arguments, what it returns of {a} and {b}, and (arguments, value) of calls.
FUNCTIONS = {
    "double": ("n", "2 * {a}", (("4", 8), ("-3", -6))),
    "half": ("n", "{a} / 2", (("8", 4.0), ("5", 2.5))),
    "square": ("n", "{a} * {a}", (("5", 25), ("-2", 4))),
    "is_even": ("n", "{a} % 2 == 0", (("4", True), ("7", False))),
    "is_odd": ("n", "{a} % 2 == 1", (("4", False), ("7", True))),
    "add": ("ab", "{a} + {b}", (("2, 5", 7), ("-1, 1", 0))),
    "multiply": ("ab", "{a} * {b}", (("2, 5", 10), ("-1, 3", -3))),
    "distance": ("ab", "abs({a} - {b})", (("2, 5", 3), ("5, 2", 3))),
    "larger": ("ab", "max({a}, {b})", (("2, 5", 5), ("9, 1", 9))),
    "is_positive": ("n", "{a} > 0", (("4", True), ("0", False))),
    "divides": ("ab", "{b} % {a} == 0", (("3, 12", True), ("5, 12", False))),
    "factorial": ("n", "1 if {a} < 2 else {a} * factorial({a} - 1)", (("5", 120), ("0", 1))),
    "total": ("l", "sum({a})", (("[1, 2, 3]", 6), ("[]", 0))),
    "largest": ("l", "max({a})", (("[1, 7, 3]", 7), ("[-2, -5]", -2))),
    "smallest": ("l", "min({a})", (("[4, 2, 3]", 2), ("[-2, -5]", -5))),
    "mean": ("l", "sum({a}) / len({a})", (("[1, 2, 3]", 2.0), ("[4]", 4.0))),
    "first": ("l", "{a}[0]", (("[4, 2, 3]", 4), ("['x', 'y']", "x"))),
    "last": ("l", "{a}[-1]", (("[4, 2, 3]", 3), ("['x', 'y']", "y"))),
    "size": ("l", "len({a})", (("[4, 2, 3]", 3), ("[]", 0))),
    "squares": ("l", "[n * n for n in {a}]", (("[1, 2, 3]", [1, 4, 9]), ("[]", []))),
    "evens": ("l", "[n for n in {a} if n % 2 == 0]", (("[1, 2, 4]", [2, 4]), ("[3]", []))),
    "in_order": ("l", "sorted({a})", (("[3, 1, 2]", [1, 2, 3]), ("[]", []))),
    "contains": ("lx", "{b} in {a}", (("[1, 2], 2", True), ("[1, 2], 5", False))),
    "how_often": ("lx", "{a}.count({b})", (("[1, 2, 1], 1", 2), ("[3], 5", 0))),
    "backwards": ("t", "{a}[::-1]", (("'boat'", "taob"), ("''", ""))),
    "capitals": ("t", "{a}.upper()", (("'boat'", "BOAT"), ("'a b'", "A B"))),
    "length": ("t", "len({a})", (("'boat'", 4), ("''", 0))),
    "is_palindrome": ("t", "{a} == {a}[::-1]", (("'level'", True), ("'boat'", False))),
    "repeat": ("tn", "{a} * {b}", (("'ab', 3", "ababab"), ("'x', 0", ""))),
    "longest": ("w", "max({a}, key=len)", (("['a', 'bcd', 'ef']", "bcd"), ("['x']", "x"))),
    "lengths": ("w", "[len(word) for word in {a}]", (("['a', 'bcd']", [1, 3]), ("[]", []))),
    "joined": ("w", '" ".join({a})', (("['a', 'b']", "a b"), ("['x']", "x"))),
}
ARGUMENTS = {"n": (NUMBERS,), "ab": (("a", "x"), ("b", "y")), "l": (LISTS,), "t": (TEXTS,)}
ARGUMENTS |= {"w": (WORDS,), "lx": (LISTS, ("x", "item")), "tn": (TEXTS, ("n", "count"))}


def code_task(name, tools):
    """Ask for a Python function by its name, its arguments and what it returns.

    >>> from moe_lesson.corpus.tasks.form import some_tools
    >>> code_task("code", some_tools("en")).about["seen"]
    'yes'

    Lesson 11.
    """
    chosen, seen = draw(tuple(FUNCTIONS), tools)
    kind, body, tests = FUNCTIONS[chosen]
    named = [tools.plan.pick(options) for options in ARGUMENTS[kind]]
    places = dict(zip("ab", named))
    call = f"{chosen}({', '.join(named)})"
    does = phrase(tools.language, f"code_{chosen}", tools.style, **places)
    text = phrase(tools.language, name, tools.style, call=call, does=does)
    answer = f"def {call}:\n    return {body.format(**places)}"
    calls = tuple((f"{chosen}({given})", value) for given, value in tests)
    about = {"rule": "code", "function": chosen, "seen": "yes" if seen else "no", "tests": calls}
    return Task(name, tools.language, (user(text),), answer, about)


def same_source(text, answer):
    """Tell whether two sources are one function, whatever its arguments are called.

    Nothing is run: a right function that is written in another way counts as another one.
    Whoever runs answers has ``about["tests"]``, (expression, value) each.

    Returns:
        True or False.

    >>> same_source("def f(x): return x + 1", "def f(n):\\n    return n + 1")
    True

    Lesson 11.
    """
    try:
        return _plain(text) == _plain(answer)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _plain(source):
    """Dump a source without its arguments' names."""
    tree = ast.parse(source.strip())
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.arg, ast.Name)):
            old = node.arg if isinstance(node, ast.arg) else node.id
            if isinstance(node, ast.arg) or isinstance(node.ctx, ast.Store):
                names.setdefault(old, f"name{len(names)}")
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.arg = names[node.arg]
        elif isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
    return ast.dump(tree)
