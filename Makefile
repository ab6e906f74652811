# The two commands that matter are `make lab` and `make test`. Both set up .venv first.
# PYTHON names the interpreter for the set-up: `make lab PYTHON=python3.12`.
PYTHON ?= python3
PY := .venv/bin/python

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Notebooks that load torch before moe_lesson need this from outside; it is moe_lesson.WAITING.
ifeq ($(origin OMP_WAIT_POLICY)$(origin GOMP_SPINCOUNT)$(origin KMP_BLOCKTIME),undefinedundefinedundefined)
export OMP_WAIT_POLICY := passive
export GOMP_SPINCOUNT := 1000
endif
# pip compiles nothing, which halves the time of the set-up; Python then compiles what it uses.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help lab progress test notebooks student bench gpu site lint mutants clean

help: ## list these targets
	@echo "usage: make TARGET"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 14

# JupyterLab refuses to run as root (a container, say) unless it is told to.
lab: .venv/.ok ## open the course in JupyterLab: your own copies, in work/
	@$(PY) tools/copies.py
	$(PY) -m jupyterlab --ip=127.0.0.1 $(if $(filter 0,$(shell id -u)),--allow-root) \
		--LabApp.default_url=/lab/tree/work/00_start_here.ipynb

progress: .venv/.ok ## which checks pass in your copies: make progress SECONDS=300
	@$(PY) tools/progress.py $(if $(SECONDS),--seconds $(SECONDS))

# Two processes where there are two cores, each with one thread; a file or a notebook stays in
# one of them. The browser waits for nobody, so it comes last and alone (5: it is not there).
BROWSER := tests/rules/test_browser.py
test: lint ## lint, unit tests, rules, doctests and every notebook
	OMP_NUM_THREADS=1 $(PY) -m pytest -n logical --maxprocesses 2 --dist loadfile --ignore $(BROWSER)
	$(PY) -m pytest $(BROWSER) || [ $$? -eq 5 ]

notebooks: .venv/.ok ## execute every notebook and save it in its one normal form
	$(PY) tools/notebooks.py

student: .venv/.classroom ## a release of the exercises for nbgrader, in classroom/
	$(PY) tools/student.py

bench: .venv/.ok ## time the layer, a training step and generation against their peers
	$(PY) tools/bench.py

gpu: .venv/.ok ## everything that needs CUDA, or one piece of it: make gpu PART=2
	$(PY) tools/gpu.py $(PART)

site: .venv/.ok ## build the site into build/site: every lesson to read, with its outputs
	@$(PY) -c "import myst_nb, sphinx_book_theme; import importlib.metadata as m; m.files('sphinx-mathjax-offline')" 2>/dev/null || \
		$(PY) -m pip install --no-compile -c constraints.txt -e ".[site]"
	$(PY) tools/build_site.py

lint: .venv/.ok ## ruff over code and notebooks
	$(PY) -m ruff check .

mutants: .venv/.ok ## plant every mistake in the package and see each one caught
	$(PY) tests/rules/mutants.py

clean: ## remove .venv and everything that a run leaves behind
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

.venv/.ok: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || { \
		echo "The course needs Python 3.10 or newer, and '$(PYTHON)' is" \
			"$$($(PYTHON) -c 'import platform; print("Python " + platform.python_version())' \
				2>/dev/null || echo 'not found')." \
			"Name another: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up .venv: once, some minutes, most of them to fetch PyTorch."
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --no-compile -c constraints.txt -e ".[test,parity,browser,gpu,export]"
	@touch $@

.venv/.classroom: .venv/.ok
	$(PY) -m pip install --no-compile -c constraints.txt -e ".[classroom]"
	@touch $@
