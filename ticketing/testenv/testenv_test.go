package testenv_test

import (
	"fmt"
	"strings"
	"testing"

	"hotline1022/ticketing/testenv"
)

func TestRequiredReadsTheList(t *testing.T) {
	for _, c := range []struct {
		list, what string
		want       bool
	}{
		{"", "mongo", false},
		{"mongo", "mongo", true},
		{"browser, mongo", "mongo", true},
		{"browser,mongo", "browser", true},
		{"mongodb", "mongo", false},
	} {
		t.Setenv(testenv.Variable, c.list)
		if got := testenv.Required(c.what); got != c.want {
			t.Errorf("%s=%q: Required(%q) = %v", testenv.Variable, c.list, c.what, got)
		}
	}
}

// recorder stands in for a test and remembers how it was ended.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (r *recorder) Helper()                      {}
func (r *recorder) Skipf(f string, args ...any)  { r.skipped = fmt.Sprintf(f, args...) }
func (r *recorder) Fatalf(f string, args ...any) { r.failed = fmt.Sprintf(f, args...); panic(r) }

func missing(t *testing.T) (r *recorder) {
	r = &recorder{TB: t}
	defer func() { _ = recover() }() // Fatalf of a real test does not return either
	testenv.Missing(r, "browser", "apt-get install chromium")
	return r
}

func TestMissingSkipsAndSaysHowToGetIt(t *testing.T) {
	t.Setenv(testenv.Variable, "mongo")
	r := missing(t)
	if r.failed != "" || !strings.Contains(r.skipped, "browser") || !strings.Contains(r.skipped, "apt-get install chromium") {
		t.Errorf("skipped %q, failed %q", r.skipped, r.failed)
	}
}

func TestMissingFailsWhereRequired(t *testing.T) {
	t.Setenv(testenv.Variable, "browser,mongo")
	r := missing(t)
	if r.skipped != "" || !strings.Contains(r.failed, "apt-get install chromium") {
		t.Errorf("skipped %q, failed %q", r.skipped, r.failed)
	}
}
