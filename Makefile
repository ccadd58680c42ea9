# Two commands for a newcomer: `make demo` and `make test`. Nothing here is done twice.

PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
SOURCES := $(wildcard *.py pipeline/*.py pipeline/*/*.py detectors/*.py detectors/*/*.py recognizers/*.py recognizers/*/*.py reporters/*.py annotators/*.py)

.PHONY: demo test test-quick check lock benchmark findings clean

demo: demo/mined/.done
	@echo
	@echo "Annotated photos, an annotated video and reports are in demo/mined:"
	@ls demo/mined | sed 's/^/  demo\/mined\//'
	@echo
	@echo "Find a person in it:"
	@echo "  $(PY) visualsearch.py query demo/mined person"
	@echo
	@echo "Now mine a folder of your own:"
	@echo "  $(PY) visualminer.py ~/photos ~/photos-mined people.yml"

demo/mined/.done: demo-pipeline.yml demo/.fetched $(SOURCES)
	$(PY) visualminer.py demo/photos demo/mined demo-pipeline.yml
	$(PY) visualminer.py demo/videos/bikes.mp4 demo/mined demo-pipeline.yml
	@touch $@

demo/.fetched: pipeline/models/models.toml .venv/.installed
	$(PY) -m pipeline.models fetch default yunet
	$(PY) -m pipeline.models fetch sample-photos --to demo/photos
	$(PY) -m pipeline.models fetch sample-videos --to demo/videos
	@touch $@

test: .venv/.installed-dev
	$(PY) -m pytest -q -n 2 --dist worksteal

# While working: what needs no worker processes, no TensorFlow, no package index and no encoded videos.
QUICK_TESTS := $(filter-out tests/annotators/test_video%,$(wildcard tests/annotators/test_*.py)) \
    $(filter-out %/test_deepdetector.py %/test_engines.py,$(wildcard tests/detectors/test_*.py)) \
    tests/detectors/onnx $(addprefix tests/pipeline/,config files host kept ledger photos runs) \
    $(addprefix tests/recognizers/,faces model networks teaching) $(wildcard tests/reporters/test_*.py)

test-quick: .venv/.installed-dev
	$(PY) -m pytest -q -n 2 --dist worksteal -m "not slow" $(QUICK_TESTS)

check: .venv/.installed-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports

# Beside Ultralytics' predict: ULTRALYTICS_PYTHON=/tmp/ultralytics/bin/python, of an environment of its own
# (benchmarks/requirements-ultralytics.txt); beside Debian's Darknet where it is installed.
benchmark: .venv/.installed-dev
	$(PY) -m benchmarks.photos
	$(PY) -m benchmarks.engines
	$(PY) -m benchmarks.compared

# Runs libraries, not the product: findings/README.md.
findings:
	@failed=0; for script in findings/*-*.sh; do \
	    "$$script" > /dev/null; \
	    case $$? in \
	        0) echo "as stated: $$script" ;; \
	        77) echo "not run: $$script" ;; \
	        *) echo "changed: $$script"; failed=1 ;; \
	    esac; \
	done; exit $$failed

# TensorFlow has no build for Python 3.14 yet.
.venv/.installed: requirements.txt
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	    if $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then \
	        echo "making .venv with $$($$python --version)"; \
	        $$python -m venv .venv && exit 0; \
	        echo "on Debian and Ubuntu: apt-get install python3-venv"; exit 1; \
	    fi; \
	done; echo "Python 3.11, 3.12 or 3.13 is needed; name it: make PYTHON=/path/to/python3 demo"; exit 1
	@echo "installing the pinned packages, 700 MB to fetch at the first time"
	$(PIP) install --require-hashes -r requirements.txt
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

# Needs uv (pip install uv).
lock:
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header requirements.in -o requirements.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header requirements-embedding.in -o requirements-embedding.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf demo .venv .pytest_cache .mypy_cache .ruff_cache
