# Every target is a line here; the work is in pkg-template/, tests/ and www/, in scripts of the same names.
# Needs git, make, a Rust toolchain and Node 20; all else is set up.

.DEFAULT_GOAL := help
.PHONY: help setup build-setup build demo test lint miri fuzz sizes sizes-update bench clean

help: ## Shows this list
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: build-setup ## Installs what is missing: wasm target, wasm-bindgen, npm packages, Chromium, redis-server
	@node tests/setup.mjs

build-setup:
	@command -v node >/dev/null || { echo "error: Node 20 or later is missing, see https://nodejs.org" >&2; exit 1; }
	@node pkg-template/setup.mjs

build: build-setup ## Builds the npm package into pkg/
	@node pkg-template/build.mjs

demo: build ## Builds all, starts the server and the site, and prints the address to open
	@node www/demo.mjs

test: setup ## Runs every test
	@node tests/run.mjs

test-%: setup ## Runs one suite of those in tests/suites.mjs: test-rust, test-js ...
	@node tests/run.mjs $*

lint: setup ## Checks formatting, clippy and the types of the TypeScript
	@node tests/run.mjs lint

miri: ## Runs a bounded share of the tests of the slab and the table under Miri (needs nightly with miri)
	cargo +nightly miri test --package nookdb-store --lib -- keyspace::slab keyspace::table

FUZZ_SECONDS ?= 60
fuzz: ## Fuzzes the slab and the table for a minute, or FUZZ_SECONDS (needs nightly and cargo-fuzz)
	cargo +nightly fuzz run --fuzz-dir tests/fuzz keyspace -- -max_total_time=$(FUZZ_SECONDS) -max_len=4096

sizes: build ## Prints the sizes of the wasm and the JavaScript by entry, and of the code by family
	@node benches/sizes.mjs

sizes-update: build ## Writes the sizes that CI holds every build to, within 2 %
	@node benches/sizes.mjs --update

bench: build setup ## Measures ours and the peers in turn and writes benches/ (less than half an hour on quiet cores)
	@node --import tsx benches/run.mjs $(ONLY)

bench-%: build setup ## Measures one group of those in benches/groups/ (bench-strings ...); bench-quick is a smoke run of all
	@node --import tsx benches/run.mjs $(if $(filter quick,$*),--quick,$*)

clean: ## Removes everything that was built, and node_modules
	cargo clean
	rm -rf pkg node_modules www/dist
