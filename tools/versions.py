"""Print constraints for pip: the oldest releases that pyproject.toml allows, or none at all.

python tools/versions.py oldest > set.txt; python -m pip install -c set.txt -e ".[test,parity]"
python tools/versions.py newest    whatever pip finds

The oldest set holds the course, its tests and the extras that `make test` installs. It is read
with regular expressions: Python 3.10 has no tomllib, and nothing is installed yet.
"""

import re
import sys
from pathlib import Path

EXTRAS = ("test", "parity", "browser", "gpu", "export")
TABLE = re.compile(rf"^(?:dependencies|{'|'.join(EXTRAS)}) = \[(.*?)\]$", re.S | re.M)
BOUND = re.compile(r'^[^#"]*"([\w-]+)>=([\w.]+)[^";]*(;[^"]*)?"', re.M)
SETS = ("oldest", "newest")


def oldest(pyproject):
    """Return a line ``name==version`` for each lower bound of the course and of its extras."""
    bounds = BOUND.findall("\n".join(TABLE.findall(pyproject)))
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
