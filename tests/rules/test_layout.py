"""The house: imports point down, every lesson keeps to its room, and no room grows past its budget.

``moe_lesson`` has floors. A module imports only from lower ones, and within its own room
without a circle. A lesson's room serves its notebook alone; what two lessons use stands in
``study``; what only one uses does not.
"""

import ast
import re
import subprocess
import sys
from collections import defaultdict

import nbformat
import pytest

from tests.rules.source import (
    FUNCTIONS,
    MODULES,
    NOTEBOOKS,
    PACKAGE,
    ROOT,
    dotted,
    imports,
    imports_of,
    tree,
    without_docstring,
)

# A room imports only from rooms with a smaller number, and from itself.
FLOORS = [
    "moe text mixtures",
    "models corpus",
    "checkpoints",
    "inference",
    "training",
    "study",
    "lessons",
    "commands",
    "__main__",
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms.split()}
# Inside moe/ the same holds from module to module.
MOE_FLOORS = ["routing experts tiles", "dispatch balance fast_cpu groups shared soft"]
MOE_FLOORS += ["routers relu", "layer"]
MOE_FLOORS += ["kernels parallel"]
MOE_FLOOR = {name: level for level, names in enumerate(MOE_FLOORS) for name in names.split()}
# Imported inside functions only, or by one another.
LEAVES = {"moe_lesson.moe.kernels", "moe_lesson.moe.parallel"}
LEAVES |= {"moe_lesson.training.distributed", "moe_lesson.training.team"}
# What only the rooms behind a door may import: a module of the package, or a kind of file.
DOORS = {
    "matplotlib": ("study.figures.", "lessons.*.figures"),
    "ipywidgets": ("study.widgets.", "lessons.*.widget_"),
    "pooch": ("text.downloads",),
    "triton": ("moe.kernels",),
    "gguf": ("checkpoints.gguf",),
    "torch.distributed": ("moe.parallel", "training.distributed", "training.team"),
}
# Imported inside functions, or by a leaf, which is itself imported inside functions.
ONLY_WHEN_USED = {"pooch", "triton", "gguf", "huggingface_hub", "torch.distributed"}

# Lines are code, comments and blank lines, without docstrings: these are the manual.
MODULE_LINES, FUNCTION_LINES, LOOP_LINES, NESTING, ARGUMENTS = 200, 30, 40, 3, 6
PROGRAM_ARGUMENTS = 16  # a Triton program knows its arguments alone: pointers, strides, sizes
CORE = set("moe models mixtures text checkpoints training inference".split())
# What the subject does not teach: readers' own files, downloads, and runs that are stopped.
CARE = set("checkpoints.files text.books text.downloads text.folder".split())
CARE |= {f"training.{name}" for name in "checks history ranks resume stopping".split()}
# What came before Mixtral: the models of lessons 01 to 05, each of which one lesson reads.
BEFORE = set("mixtures.gradient_estimators mixtures.hierarchy mixtures.local".split())
BEFORE |= {"models.recurrent", "models.switch"}
# What carries a finished model elsewhere: few bits, the disk, other programs; lesson 13 reads it.
DELIVERY = set("inference.compress inference.offload checkpoints.gguf".split())
DELIVERY |= {"checkpoints.chat_template"}
# What came after Mixtral; lesson 14 reads it.
AFTER = {"models.families", "models.skipping"}
AFTER |= {f"moe.{name}" for name in "groups relu shared soft".split()}
APART = {"care": CARE, "before": BEFORE, "delivery": DELIVERY, "after": AFTER}
BUDGET = {"core": 3600, "care": 900, "before": 800, "delivery": 460, "study": 2500}
BUDGET |= {"commands": 640, "after": 340}
LESSON_LINES = 1400
SHOWN = re.compile(r"\bfrom (moe_lesson[.\w]+)")  # what README hands to readers
BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match, ast.AsyncFor, ast.AsyncWith)

TOOLS = [ROOT / "conftest.py", *sorted((ROOT / "tools").glob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))

each_module = pytest.mark.parametrize("path", MODULES, ids=dotted)
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def place(module):
    """Return the room and what follows of a dotted name: (moe, routing), (lessons, lesson01)."""
    return (*module.split("."), None, None)[1:3]


def room(module):
    """Return where a module stands: a lesson's own room, or one of the package's."""
    name, inner = place(module)
    return f"lessons.{inner}" if name == "lessons" and inner else name


@each_module
def test_every_module_has_a_floor(path):
    name, module = place(dotted(path))
    assert name in {None, *FLOOR}, f"give the room {name} a floor: FLOORS in {__file__}"
    known = name != "moe" or module in {None, *MOE_FLOOR}
    assert known, f"give {module} a floor: MOE_FLOORS in {__file__}"


def upward(here, target):
    """Return why the module ``here`` may not import ``target``, None if it may."""
    ours, theirs = room(here), room(target)
    if theirs is None:
        return None
    if ours is None:
        return f"the package's __init__ imports nothing of it, and {target} is in it"
    (name, module), (their_name, their_module) = place(here), place(target)
    if name == their_name == "lessons" and None not in (module, their_module) and ours != theirs:
        return (
            f"{here} imports {target}: no lesson imports another. "
            f"What both use belongs into moe_lesson/study"
        )
    if name in ("commands", "__main__") and their_name == "lessons":
        return f"the command line imports {target}: a lesson's room serves its notebook alone"
    if name != their_name:
        lower = FLOOR[their_name] < FLOOR[name]
    else:
        lower = name != "moe" or MOE_FLOOR[their_module] < MOE_FLOOR[module]
    if lower:
        return None
    return f"{here} imports {target}, which is on no lower floor: move what both need further down"


@each_module
def test_imports_point_down(path):
    for target, is_lazy in imports(path):
        if target.split(".")[0] != "moe_lesson":
            continue
        if target in LEAVES:
            lazy = is_lazy or dotted(path) in LEAVES
            assert lazy, f"{target} is a leaf: {dotted(path)} may import it in a function only"
        else:
            assert not (reason := upward(dotted(path), target)), reason


def circle(edges):
    """Return a list of modules that import one another in a loop, [] if there is none."""
    done, trail = set(), []

    def visit(module):
        if module in trail:
            return [*trail[trail.index(module) :], module]
        if module in done:
            return []
        trail.append(module)
        found = next(filter(None, map(visit, sorted(edges[module]))), [])
        trail.pop()
        done.add(module)
        return found

    return next(filter(None, map(visit, sorted(edges))), [])


def test_no_module_imports_itself_by_way_of_others():
    edges = defaultdict(set)
    names = {dotted(path) for path in MODULES}
    for path in MODULES:
        edges[dotted(path)] |= {target for target, _ in imports(path) if target in names}
    assert not (found := circle(edges)), f"a circle, imports inside functions too: {found}"


def test_a_circle_is_found():
    assert circle(defaultdict(set, {"a": {"b"}, "b": {"c"}, "c": {"b"}})) == ["b", "c", "b"]
    assert circle(defaultdict(set, {"a": {"b", "c"}, "b": {"c"}})) == []


def notebook_imports(path):
    """Return the modules that a notebook's code cells and folded solutions import."""
    found = set()
    for cell in nbformat.read(path, as_version=4).cells:
        sources = [cell.source]
        if cell.cell_type == "markdown":
            sources = [part.split("```")[0] for part in cell.source.split("```python\n")[1:]]
        for source in sources:
            lines = (line for line in source.split("\n") if not line.startswith(("%", "!")))
            found |= {name for name, _ in imports_of(ast.parse("\n".join(lines)), None)}
    return {name for name in found if name.startswith("moe_lesson")}


@each_notebook
def test_a_notebook_uses_the_room_of_its_own_lesson(path):
    own = f"lessons.lesson{path.name[:2]}"
    for target in notebook_imports(path):
        foreign = place(target)[0] == "lessons" and room(target) != own
        assert not foreign, f"{path.name} imports {target}: move it into moe_lesson/study"


def users():
    """Return module -> what uses it: lessons, "study", "tools", "commands", "tests", "readers"."""
    found = defaultdict(set)
    for path in MODULES:
        for target, _ in imports(path):
            if target != dotted(path):
                found[target].add(room(dotted(path)))
    for path in NOTEBOOKS:
        for target in notebook_imports(path):
            found[target].add(f"lessons.lesson{path.name[:2]}")
    for target in SHOWN.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        found[target].add("readers")
    for paths, name in ((TOOLS, "tools"), (TESTS, "tests")):
        for path in paths:
            for target, _ in imports_of(tree(path), path):
                found[target].add(name)
    return found


USERS = users()


@pytest.mark.parametrize(
    "module", [m for m in map(dotted, MODULES) if m.startswith("moe_lesson.study.")]
)
def test_an_instrument_has_two_users(module):
    if (PACKAGE.parent / module.replace(".", "/") / "__init__.py").exists():
        return
    found = USERS[module] - {"tests"}
    lessons = sorted(user for user in found if user.startswith("lessons."))
    enough = found & {"study", "tools", "commands", "readers", "__main__"} or len(lessons) > 1
    assert enough, (
        f"{module} is used by {', '.join(lessons) or 'no lesson'} alone: "
        f"move it into that lesson's room, or delete it"
    )


@pytest.mark.parametrize(
    "module", [m for m in map(dotted, MODULES) if (room(m) or "").startswith("lessons.")]
)
def test_a_lessons_room_is_used_by_its_lesson(module):
    if (PACKAGE.parent / module.replace(".", "/") / "__init__.py").exists():
        return
    found = USERS[module]
    strangers = sorted(found - {room(module), "tools", "tests"})
    assert not strangers, f"{module} is used by {', '.join(strangers)}: move it down"
    assert found - {"tests"}, f"nothing but tests uses {module}: delete it"


def behind(door, module):
    """Tell whether a module stands behind a door."""
    inner = module.removeprefix("moe_lesson.")
    if door.startswith("lessons.*."):
        parts = inner.split(".")
        return parts[0] == "lessons" and parts[-1].startswith(door.removeprefix("lessons.*."))
    return inner == door or (door.endswith(".") and inner.startswith(door))


@each_module
def test_a_heavy_library_has_one_door(path):
    for target, is_lazy in imports(path):
        for library, doors in DOORS.items():
            if target == library or target.startswith(f"{library}."):
                allowed = any(behind(door, dotted(path)) for door in doors)
                assert allowed, f"only {' and '.join(doors)} may import {library}"
                lazy = is_lazy or library not in ONLY_WHEN_USED or dotted(path) in LEAVES
                assert lazy, f"{dotted(path)} imports {library} before it is used"


def loaded(statement):
    """Return the top-level packages that a statement loads beyond torch, NumPy and Python's own."""
    code = (
        f"import sys, torch, numpy; before = set(sys.modules); {statement};"
        "print(*{m.split('.')[0] for m in set(sys.modules) - before} - sys.stdlib_module_names)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_the_package_loads_torch_and_numpy_alone():
    assert loaded("import moe_lesson") <= {"moe_lesson", "torch", "numpy"}


def test_the_subject_and_the_command_line_load_no_heavy_library():
    rooms = CORE | {"corpus", "commands", "__main__"}
    modules = [m for m in map(dotted, MODULES) if place(m)[0] in rooms and m not in LEAVES]
    assert not loaded(f"import {', '.join(modules)}") & {"matplotlib", "ipywidgets", *DOORS}


def functions(path):
    """Return every function and method of a module, nested ones too."""
    return [node for node in ast.walk(tree(path)) if isinstance(node, FUNCTIONS)]


def body_lines(function):
    """Count the lines from the first statement after the docstring to the last."""
    body = without_docstring(function)
    return function.end_lineno - body[0].lineno + 1 if body else 0


def nesting(node):
    """Count how deep the blocks of a statement go; ``elif`` goes no deeper than its ``if``."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and child in node.orelse
        own = isinstance(child, BLOCKS) and not (is_elif and child.col_offset == node.col_offset)
        deepest = max(deepest, own + nesting(child))
    return deepest


def arguments(function):
    """Count the parameters that a caller may name, ``self`` and ``cls`` not among them."""
    parameters = function.args
    named = parameters.posonlyargs + parameters.args + parameters.kwonlyargs
    return sum(p.arg not in ("self", "cls") for p in named)


def is_program(function):
    """Tell whether a function is written for Triton: it has sizes known when it is compiled."""
    return "tl.constexpr" in [ast.unparse(p.annotation) for p in function.args.args if p.annotation]


@each_module
def test_modules_and_functions_are_short(path):
    found = lines(path)
    assert found <= MODULE_LINES, (
        f"{dotted(path)} has {found} lines without docstrings, at most {MODULE_LINES}: "
        f"give a part of it a module of its own"
    )
    most = LOOP_LINES if dotted(path) == "moe_lesson.training.loop" else FUNCTION_LINES
    for function in functions(path):
        found = body_lines(function), nesting(function), arguments(function)
        limits = (most, NESTING, PROGRAM_ARGUMENTS if is_program(function) else ARGUMENTS)
        assert all(n <= limit for n, limit in zip(found, limits)), (
            f"{function.name}: lines, nesting, arguments are {found}; at most {limits}: "
            f"give a part of it a name"
        )


def lines(path):
    """Count the lines of a file that are not docstrings."""
    documented = (*FUNCTIONS, ast.ClassDef, ast.Module)
    docstrings = [
        node.body[0]
        for node in ast.walk(tree(path))
        if isinstance(node, documented) and ast.get_docstring(node) is not None
    ]
    manual = sum(each.end_lineno - each.lineno + 1 for each in docstrings)
    return len(path.read_text(encoding="utf-8").splitlines()) - manual


def budgets():
    """Return part of the package -> (lines, the most that are allowed)."""
    found = defaultdict(int)
    for path in MODULES:
        here = room(dotted(path))
        name = dotted(path).removeprefix("moe_lesson.")
        apart = [part for part, names in APART.items() if name in names]
        part = apart[0] if apart else here or "__init__"
        found["core" if part in CORE else part] += lines(path)
    most = {part: LESSON_LINES for part in found if part.startswith("lessons.")} | BUDGET
    return {part: (count, most.get(part)) for part, count in sorted(found.items())}


def test_every_part_keeps_its_budget():
    over = {part: n for part, n in budgets().items() if n[1] and n[0] > n[1]}
    assert not over, f"lines and the most allowed: {over}: shorten, or move to where it belongs"


def test_the_sizes_are_shown(record_property):
    table = ["lines  of most  part"]
    table += [f"{n:>5}  {most or '-':>7}  {part}" for part, (n, most) in budgets().items()]
    table.append("lines  longest function  deepest nesting  module")
    for path in MODULES:
        longest = max(map(body_lines, functions(path)), default=0)
        deepest = max(map(nesting, functions(path)), default=0)
        name = path.relative_to(PACKAGE)
        table.append(f"{lines(path):>5} {longest:>17} {deepest:>16}  {name}")
    record_property("report", "\n".join(table))
