# make test     everything that guards the main branch; on a fresh Debian as root it fetches the browser it needs
# make fmt      format the code
# make bench    benchmarks, with allocations
# make shots    screenshots of the screens, into ui/testdata/shots

.PHONY: test fmt bench shots

test:
	@bash .ci/test

fmt:
	gofmt -l -w $$(git ls-files '*.go')

bench:
	go test -run '^$$' -bench . -benchmem ./...

shots:
	HOTLINE_SHOTS=$(CURDIR)/ui/testdata/shots go test -count=1 ./ui/...
