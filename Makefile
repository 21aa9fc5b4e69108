# Everything runs through bin/with-node, which sees to a suitable Node and to the dependencies.
# No shell stays between make and the program: Ctrl-C reaches it once, and make waits for it.

.PHONY: help start test check bench bench-quick bench-events clean
MAKEFLAGS += --no-print-directory

help:
	@echo 'make start   start the server, with its stores, until Ctrl-C'
	@echo 'make test    all checks and tests'
	@echo 'make check   types, lint and style only'
	@echo 'make bench   the benchmarks, in some 5 minutes; make bench-quick in one'
	@echo 'make bench-events   ten million events through one spool into ClickHouse'
	@echo 'make clean   remove the installed packages and the fetched Node; stored keys stay'

start:
	@bin/with-node node src/main.js start

test:
	@bin/with-node node test/run.ts

check:
	@bin/with-node node test/run.ts --static

bench:
	@bin/with-node node test/bench/run-bench.ts

bench-events:
	@bin/with-node node test/bench/spool-bench.ts --events 10000000

bench-quick:
	@bin/with-node node test/bench/run-bench.ts --quick

clean:
	@rm -rf node_modules .node native-bench/build bench-results
