# PyLoop's build. Python 3.11 or newer (python3), Maven and a JDK have to be there; the rest is fetched, into build/.

# The CPythons to test on, those of them that run all of CPython's own asyncio tests (the others: what concerns the
# loop), those that test PyLoop in a JVM too, the one for tests with packages of their own (tests/frameworks/apart,
# tests/tools), and the one to benchmark on.
PYTHONS ?= 3.11 3.12 3.13 3.14 3.15
WHOLE ?= 3.13
JVM ?= 3.13
APART ?= 3.13
BENCH_PYTHON ?= 3.14

JAR := python/pyloop/lib/pyloop.jar
BRIDGE := python/pyloop/lib/pyloop-bridge.jar
LIBRARY := python/pyloop/_native.abi3.so
SOURCES := pom.xml .mvn/jvm.config $(shell find src/main -type f 2>/dev/null)
JAR_SOURCES := $(SOURCES) $(shell find src/jvm src/bridge -type f)
LIBRARY_SOURCES := $(SOURCES) $(shell find src/native -type f) tools/constraints.txt tools/native_library.py tools/pypi.py $(wildcard tools/native_build/*.py)

package := tools/mvn -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -DskipTests package
develop := python3 tools/environments.py develop $(lastword $(PYTHONS))
hatchling := hatchling build -t wheel -d
bench := python3 tools/environments.py bench $(BENCH_PYTHON)

stubtest = PYLOOP_ENGINE=native python3 tools/environments.py $(1) $(2) \
	python -m mypy.stubtest --concise --allowlist tools/stubtest-allowlist.txt pyloop

.PHONY: build jar native run test test-all test-upstream soak lint stubs docs format wheel wheel-check bench bench-report jmh clean

build: jar native

# The engine for a Java virtual machine, with the jar of pyloop.java, and the engine as a library.
jar: $(JAR) $(BRIDGE)
native: $(LIBRARY)

$(JAR) $(BRIDGE) &: $(JAR_SOURCES)
	$(package)
	install -D -m 644 -t $(dir $(JAR)) target/$(notdir $(JAR)) target/$(notdir $(BRIDGE))

$(LIBRARY): $(LIBRARY_SOURCES)
	$(package) -Pnative
	python3 tools/native_library.py

run: build
	@python=$$(python3 tools/pythons.py --any) \
	&& for example in examples/*.py; do \
		echo "== $$example"; \
		PYLOOP_ENGINE=native PYTHONPATH=python "$$python" -m pyloop "$$example" || exit; \
	done

test: build
	python3 tools/suite.py --pythons $(PYTHONS) --whole $(WHOLE) --jvm $(JVM) --apart $(APART)

test-all: build
	python3 tools/suite.py --long --pythons $(PYTHONS) --whole $(PYTHONS) --jvm $(PYTHONS) --apart $(APART)

# Each folder is a root of imports of its own; the package is checked against its oldest and its newest Python.
lint: build
	$(develop) ruff check
	$(develop) ruff format --check
	$(develop) mypy python bench
	$(develop) mypy --python-version 3.15 python bench
	MYPYPATH=tests:tests/conformance:tools:examples/observability $(develop) mypy tests
	MYPYPATH=benchmarks $(develop) mypy benchmarks
	MYPYPATH=examples:examples/docker:examples/java:examples/observability:examples/packages $(develop) mypy examples
	MYPYPATH=tools $(develop) mypy tools
	$(call stubtest,develop,$(lastword $(PYTHONS)))
	tools/mvn --quiet spotless:check

# The suites of aiohttp, anyio, Tornado and others, on asyncio and on PyLoop; UPSTREAM="tornado" runs that alone.
UPSTREAM_PYTHON ?= 3.13
test-upstream: build
	PYTHONPATH=tests:tools python3 -m upstream --python $(UPSTREAM_PYTHON) $(UPSTREAM)

# Compares the types that the package promises with what is there at run time.
stubs: build
	$(foreach version,$(PYTHONS),$(call stubtest,test,$(version)) &&) true

# Churn for so many minutes, every byte checked, and whatever may leak counted; SOAK="--seed 7" passes options on.
MINUTES ?= 10
SOAK_PYTHON ?= 3.13
soak: build
	PYTHONPATH=tests python3 tools/environments.py test $(SOAK_PYTHON) python -m soak --minutes $(MINUTES) $(SOAK)

# The documentation site, in build/site; a broken link is an error.
docs:
	NO_MKDOCS_2_WARNING=1 python3 tools/environments.py docs $(lastword $(PYTHONS)) mkdocs --quiet build

format:
	$(develop) ruff check --fix-only --quiet
	$(develop) ruff format
	tools/mvn --quiet spotless:apply

# Three wheels: the package with the native library, for machines like this one, the package with the jar, for any Java,
# and the benchmark.
wheel: build
	rm -f dist/*.whl
	PYLOOP_WHEEL=jvm $(develop) $(hatchling) dist
	PYLOOP_WHEEL=native $(develop) $(hatchling) dist
	$(develop) env -C bench $(hatchling) ../dist

# The wheels by themselves, their types included, in environments that know nothing of this folder.
wheel-check: wheel
	$(develop) python tools/wheel_check.py

bench: build
	$(bench) python -m pyloop.bench --output build/bench/$(BENCH_PYTHON) $(BENCH)

# The pages of docs about the benchmark, from the reports that `make bench` has left, one for each BENCH_PYTHON.
bench-report:
	$(develop) python tools/bench_report.py $(wildcard build/bench/*/report.json)

# Micro-benchmarks of the engine: make jmh JMH="TimerHeap -p timers=100"; JMH="-h" lists what else JMH takes.
jmh:
	tools/mvn --quiet -Pjmh test-compile exec:exec -Djmh.args="$(JMH)"

clean:
	rm -rf target build dist python/pyloop/lib $(LIBRARY)
