# Every target is a line here; the work is in pkg-template/, tests/ and www/, in scripts of the same names.
# Needs git, make, a Rust toolchain and Node 20; all else is set up.

.DEFAULT_GOAL := help
.PHONY: help setup build-setup build demo test lint sizes bench clean

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

sizes: build ## Prints the sizes of the wasm and the JavaScript: raw, gzip, brotli
	@node benches/sizes.mjs

bench: build setup ## Measures ours and the peers in turn and writes benches/ (less than half an hour on quiet cores)
	@node --import tsx benches/run.mjs

bench-%: build setup ## Measures one group of those in benches/groups/: bench-strings, bench-quick for a smoke run ...
	@node --import tsx benches/run.mjs $(if $(filter quick,$*),--quick,$*)

clean: ## Removes everything that was built, and node_modules
	cargo clean
	rm -rf pkg node_modules www/dist
