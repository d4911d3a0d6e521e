// Package testenv says what a test may do when something outside the module is missing, a browser or a MongoDB.
//
// At a desk the test is skipped and says what was not tried and how to get it. Where the variable HOTLINE_REQUIRE names
// the thing, as in "browser,mongo" on the machine that guards the main branch, the same test fails: nothing is left
// untested there unnoticed.
package testenv

import (
	"os"
	"strings"
	"testing"
)

// Variable is the environment variable with the comma-separated things that must not be missing.
const Variable = "HOTLINE_REQUIRE"

// Missing ends a test that cannot run without what, such as "browser" or "mongo"; how tells the reader how to get it.
// It skips, or fails where what is required.
func Missing(t testing.TB, what, how string) {
	t.Helper()
	if Required(what) {
		t.Fatalf("no %s, and %s=%s forbids to go on without: %s", what, Variable, os.Getenv(Variable), how)
	}
	t.Skipf("NOT TESTED: no %s. To test it: %s", what, how)
}

// Required reports whether what must not be missing. A TestMain asks it when it has no test to skip yet.
func Required(what string) bool {
	for name := range strings.SplitSeq(os.Getenv(Variable), ",") {
		if strings.TrimSpace(name) == what {
			return true
		}
	}
	return false
}
