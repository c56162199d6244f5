# The one door to everything; CI calls the same verbs.
#
#   make demo       install what is missing, build, run the whole job on real digits (KEEP=1 leaves
#                   the fleet running)
#   make test       install what is missing, run every test in release mode (FILTER=name runs some)
#   make test-debug run the chip's golden traces and kernels without optimisation: the same bytes
#   make build      install what is missing, build in release mode
#   make sim        run one seed of the fleet's simulation (SEED=n, NODES=n, MINUTES=n, TRACE=1), or
#                   many (SEED=1..500)
#   make chaos      kill real processes at every point where they write or send, break their network
#                   and machine, and hold their databases against what was acknowledged, as root
#                   (CRASH=coordinator:n or CRASH=north:n for one point, FAULT=name SEED=n for one fault)
#   make bench      build, measure the chip and its compiler; one JSON line a case (FILTER=name
#                   measures some)
#   make accuracy   run a network that fits each chip on MNIST, from the folder SPIKEFLEET_DATA
#                   (TRAIN=60000 TEST=10000 samples)
#   make accuracy-short
#                   the same on 5,000 digits that are fetched; fails where one learns too little
#   make gates      try a rollout's gates with real models on MNIST that are worse, and as good, 100
#                   seeds each, from the folder SPIKEFLEET_DATA (SEEDS=100 TRAIN=10000 digits)
#   make studies    run federated studies on MNIST, from the folder SPIKEFLEET_DATA: pooled, compressed
#                   and poisoned (ROUNDS=50 of SAMPLES=400 on each of ten nodes), prototypes without
#                   labels, and spoken digits where SPIKEFLEET_SPEECH names a folder of recordings
#   make fuzz       feed the readers of models, updates, chip files, signed documents and messages
#                   with made-up bytes (SECONDS=60 each, FUZZER=ModelFuzz, UpdateFuzz, ChipFileFuzz,
#                   TrustFuzz, FrameFuzz or BodyFuzz for one)
#   make kernels    run each kernel of the chip on made-up inputs, at all levels of vector
#                   instructions, NEON on an emulator, and compare what they give
#   make lint       check the format of every Swift file
#   make format     put every Swift file into that format
#   make protocol   regenerate the Swift code of the wire schema
#   make setup      install the Debian packages that are missing; silent when none is
#   make clean      remove what was built; data and fleet state stay

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test test-debug build sim chaos bench accuracy accuracy-short gates studies fuzz kernels lint format protocol setup clean

SWIFT_SOURCES := Package.swift Sources Tests agent coordinator
SCENARIO := fleet-configs/digits.yaml
CONFIGURATION := release
SECONDS := 60
TRAIN := 60000
TEST := 10000

# libzmq3-dev: the fleet's sockets. libsqlite3-dev: its state. zlib1g-dev: the HTTP client.
# libhdf5-dev: recordings that other tools read.
# python3-zmq: a client in another language speaks the protocol against the coordinator.
# python3-pip: fetches the digits; the python3 that it brings runs the chip's second simulator.
# ca-certificates: lets it check whom it talks to.
PACKAGES := libzmq3-dev libsqlite3-dev zlib1g-dev libhdf5-dev python3-pip python3-zmq ca-certificates

help:
	@sed -n 's/^#   //p' Makefile

demo: build
	@exec .build/release/spikefleet demo $(SCENARIO) $(if $(filter 1,$(KEEP)),--keep)

# A filter that matches nothing and a run that dies early both end well or silently by themselves,
# so the closing line has to name at least one test.
test: setup
	@Tests/Mutations/run --check
	@log=$$(mktemp); trap 'rm -f "$$log"' EXIT; \
	swift test -c $(CONFIGURATION) --disable-xctest --disable-testable-imports \
	  $(if $(FILTER),--filter '$(FILTER)') 2>&1 | tee "$$log"; \
	if ! tail -n 1 "$$log" | grep -Eq 'Test run with [1-9][0-9]* tests? .*passed'; then \
	  echo 'make test: the run did not close with a count of passed tests' >&2; exit 1; \
	fi

test-debug:
	@$(MAKE) --no-print-directory test CONFIGURATION=debug \
	  FILTER='AcceleratorTests.(Golden|KernelEquivalence)'

# Shares its objects with `make test`. One moving line on a terminal, nothing but errors elsewhere.
build: setup
	@echo 'Building in release mode; the first time takes some minutes.'
	@if [ -t 1 ]; then swift build -c release; else swift build -c release --quiet; fi

bench: build
	@exec .build/release/spikefleet-bench $(if $(FILTER),--filter '$(FILTER)')

sim: build
	@exec .build/release/spikefleet simulate chaos --seeds $(or $(SEED),1..100) \
	  $(if $(NODES),--nodes $(NODES)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(TRACE),--trace)

# A network and mounts of its own: what the scenarios do to theirs reaches nobody else.
# iproute2: lays the wires.
chaos: PACKAGES += iproute2
chaos: setup
	@[ "$$(id -u)" = 0 ] || { echo 'make chaos: run it as root: it makes network namespaces and small file systems of its own' >&2; exit 1; }
	@exec unshare --net --mount --propagation private bash -c 'ip link set lo up; exec "$$@"' _ \
	  env SPIKEFLEET_CHAOS=1 SPIKEFLEET_CHAOS_CRASH='$(CRASH)' \
	  SPIKEFLEET_CHAOS_SCENARIO='$(FAULT)' SPIKEFLEET_CHAOS_SEED='$(SEED)' \
	  $(MAKE) --no-print-directory test \
	  FILTER='EndToEndTests.$(if $(CRASH),CrashPointTests,$(if $(FAULT),ChaosFaultTests,(CrashPoint|ChaosFault)Tests))'

accuracy: build
	@Tests/Accuracy/run $(TRAIN) $(TEST)
	@echo; TRAIN=$(TRAIN) Tests/Accuracy/new-class $${SEED:-1}

accuracy-short: build
	@exec Tests/Accuracy/short

gates: build
	@exec Tests/Gates/run $(or $(SEEDS),100) $(if $(filter command line,$(origin TRAIN)),$(TRAIN))

studies: build
	@Tests/Studies/run $(or $(ROUNDS),50) $(or $(SAMPLES),400)
	@Tests/Studies/prototypes
	@if [ -n "$$SPIKEFLEET_SPEECH" ]; then Tests/Studies/speech; fi

fuzz: PACKAGES += lld xz-utils
fuzz: build
	@exec Tests/Fuzz/run $(SECONDS) $(FUZZER)

# The cross compiler's package brings the linker and the start-up code; clang compiles.
kernels: PACKAGES += gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
kernels: setup
	@exec Tests/Kernels/run

lint:
	@swift format lint --strict --recursive --parallel $(SWIFT_SOURCES)

format:
	@swift format format --in-place --recursive --parallel $(SWIFT_SOURCES)

# The generator is built from the checkout that Package.swift resolves, so both versions agree.
SCHEMA := Sources/FleetProtocol/Schema
GENERATOR := .build/protoc-gen-swift
protocol: PACKAGES += protobuf-compiler
protocol: setup
	@swift package resolve
	@swift build -c release --quiet --product protoc-gen-swift \
	  --package-path .build/checkouts/swift-protobuf --scratch-path $(GENERATOR)
	@protoc --plugin=$(GENERATOR)/release/protoc-gen-swift --proto_path=$(SCHEMA) \
	  --swift_opt=Visibility=Package --swift_opt=UseAccessLevelOnImports=true \
	  --swift_out=Sources/FleetProtocol/Generated $(SCHEMA)/spikefleet.proto

setup:
	@missing=; for name in $(PACKAGES); do \
	  [ "$$(dpkg-query -W -f='$${db:Status-Status}' $$name 2>/dev/null)" = installed ] || missing+=" $$name"; \
	done; [ -n "$$missing" ] || exit 0; \
	command -v apt-get >/dev/null || { echo "make: no apt-get; install what these hold:$$missing"; exit 0; }; \
	echo "make: installing$$missing (libraries and tools that the build or the demo needs)"; \
	as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	$$as_root apt-get update -qq; \
	$$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing

clean:
	@rm -rf .build
