package ticketing_test

import (
	"strings"
	"testing"

	"hotline1022/ticketing"
)

// What staff write is read for names and variables: nothing that is found was not there.
func FuzzWritten(f *testing.F) {
	f.Add("@hung (@dien.son) a@b.vn {ten} [điền: họ tên]")
	f.Add("\xff@\xffa {\u0301ten} @@a.b. [fill in: x]")
	f.Fuzz(func(t *testing.T, s string) {
		for _, id := range ticketing.Mentioned(s) {
			if id != strings.ToLower(id) || !strings.Contains(strings.ToLower(s), "@"+id) {
				t.Errorf("%q names %q", s, id)
			}
		}
		for _, left := range ticketing.Unfilled(s) {
			if !strings.HasPrefix(left, "{") && !strings.HasPrefix(left, "[") {
				t.Errorf("%q leaves %q", s, left)
			}
		}
	})
}
