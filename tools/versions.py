"""Print constraints for pip: the oldest releases that pyproject.toml allows, or none at all.

python tools/versions.py oldest > set.txt; python -m pip install -c set.txt -e ".[test]"
python tools/versions.py newest    whatever pip finds
"""

import re
import sys
from pathlib import Path

TABLE = re.compile(r"^(?:dependencies|test) = \[\n(.*?)^\]", re.S | re.M)
BOUND = re.compile(r'^ +"([\w-]+)>=([\w.]+)[^";]*(;[^"]*)?"', re.M)
SETS = ("oldest", "newest")


def oldest(pyproject):
    """Return a line ``name==version`` for each lower bound of the course and of its tests."""
    bounds = BOUND.findall("".join(TABLE.findall(pyproject)))
    return [f"{name}=={version}{marker}" for name, version, marker in bounds]


def main(arguments):
    """Print the set that is asked for; exit 2 if it is none of them."""
    if arguments not in ([name] for name in SETS):
        print(f"which set? one of {', '.join(SETS)}", file=sys.stderr)
        return 2
    pyproject = Path(__file__).resolve().parent.parent / "pyproject.toml"
    print("# written by tools/versions.py")
    for line in oldest(pyproject.read_text(encoding="utf-8")) if arguments == ["oldest"] else ():
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
