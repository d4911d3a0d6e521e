package main_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hotline1022/ticketing/testenv"
)

const root = "../.."

// What stands at the top is what a newcomer reads first: five folders, the words of the problem.
const topLevel = " cmd channels ticketing realtime ui go.mod go.sum README.md LICENSE CHANGELOG.md Makefile .ci .gitignore "

// longFile is the number of lines from which a file has to say why it is that long, in a line like
//
//	// Long: the table of all rules, which is read from top to bottom.
const longFile = 600

func tracked(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "-C", root, "ls-files", "-z").Output()
	if err != nil || len(out) == 0 {
		testenv.Missing(t, "git", "run the tests in a git checkout")
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

func TestTheTopLevelHoldsOnlyAgreedNames(t *testing.T) {
	for _, path := range tracked(t) {
		if stranger(path) {
			t.Errorf("%s: the top level is%s; agree on a new name there before adding it", path, topLevel)
		}
	}
	for path, want := range map[string]bool{"utils/x.go": true, "main.go": true, "ui/pages.go": false, "go.mod": false} {
		if stranger(path) != want {
			t.Errorf("the check itself: stranger(%q) = %v", path, !want)
		}
	}
}

func stranger(path string) bool {
	top, _, _ := strings.Cut(path, "/")
	return !strings.Contains(topLevel, " "+top+" ")
}

func TestLongFilesSayWhy(t *testing.T) {
	for _, path := range tracked(t) {
		if filepath.Ext(path) != ".go" {
			continue
		}
		content, err := os.ReadFile(filepath.Join(root, path))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, not yet committed
		} else if err != nil {
			t.Fatal(err)
		}
		if tooLong(string(content)) {
			t.Errorf("%s has more than %d lines: split it, or say near its top with a line \"// Long: ...\" why it is better whole", path, longFile)
		}
	}

	long := strings.Repeat("x\n", longFile+1)
	for content, want := range map[string]bool{
		"package p\n" + long:                             true,
		"// Long: a table.\npackage p\n" + long:          false,
		"package p\n" + long + "// Long: said too late.": true,
		strings.Repeat("x\n", longFile):                  false,
	} {
		if tooLong(content) != want {
			t.Errorf("the check itself: %.30q: %v", content, !want)
		}
	}
}

func tooLong(content string) bool {
	lines := strings.SplitAfter(content, "\n")
	return strings.Count(content, "\n") > longFile && !strings.Contains("\n"+strings.Join(lines[:40], ""), "\n// Long:")
}
