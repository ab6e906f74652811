"""What pyproject.toml cannot say: the package carries data/, which stands beside it in a clone."""

from setuptools import find_packages, setup

# moe_lesson.DATA looks inside the package first. data/figures is the front page's, not the code's.
setup(
    packages=[*find_packages(include=["moe_lesson*"]), "moe_lesson.data"],
    package_dir={"moe_lesson.data": "data"},
    package_data={
        "moe_lesson.data": [
            *("README.md", "models.json"),
            *("checkpoints/**/*", "lexicon/**/*", "measurements/**/*"),
        ]
    },
)
