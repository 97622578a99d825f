# Every target is a line here; the work is in pkg-template/, tests/ and www/, in scripts of the same names.
# Needs git, make, a Rust toolchain and Node 20; all else is set up.

.DEFAULT_GOAL := help
.PHONY: help setup build test lint sizes clean

help: ## Shows this list
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Installs what is missing: wasm target, wasm-bindgen, npm packages, Chromium, redis-server
	@node pkg-template/setup.mjs
	@node tests/setup.mjs

build: ## Builds the npm package into pkg/
	@node pkg-template/setup.mjs
	@node pkg-template/build.mjs

test: setup ## Runs every test
	@node tests/run.mjs

test-%: setup ## Runs one suite of those in tests/suites.mjs: test-rust, test-js ...
	@node tests/run.mjs $*

lint: setup ## Checks formatting, clippy and the types of the TypeScript
	@node tests/run.mjs lint

sizes: build ## Prints the sizes of the wasm and the JavaScript: raw, gzip, brotli
	@node benches/sizes.mjs

clean: ## Removes everything that was built, and node_modules
	cargo clean
	rm -rf pkg node_modules www/dist
