package main_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "hotline1022/"

// houses says what a package may import: of ours, and of other modules ("any" for any). The first row whose pattern fits
// counts. In a pattern * is one element and a final ... whatever is below; what is below the ... belongs to the same house
// and may be imported too. Tests are free: a story in ui may well run on a real store and a simulated channel.
var houses = []struct{ pkg, ours, others, why string }{
	{"ticketing/calendar", "", "golang.org/x/text",
		"it is pure: time in, time out, tried with tables alone"},
	{"ticketing/text", "", "golang.org/x/text",
		"it is pure, and everything else stands on it"},
	{"ticketing/words", "ticketing/text", "golang.org/x/text",
		"it is pure: what is said, in which language, and nothing else"},
	{"ticketing/places", "ticketing/text", "golang.org/x/text github.com/paulmach/orb",
		"it is pure: a point or a name in, a place out"},
	{"ticketing/routing", "ticketing/text ticketing/places", "golang.org/x/text",
		"it is pure: a matter in, an agency and the reason out"},
	{"ticketing/plain", "", "golang.org/x/text",
		"it is pure: an answer in, what is not plain in it out"},
	{"ticketing/testenv", "", "",
		"every test may use it, so it may know nothing"},
	{"ticketing", "ticketing/calendar ticketing/routing ticketing/places ticketing/plain ticketing/text ticketing/words", "any",
		"the rules of order know no channel, screen, store or figure; those know them"},
	{"ticketing/store/*/...", "ticketing ticketing/*", "any",
		"a store knows the ticket and what grows out of it, never another store"},
	{"ticketing/*/...", "ticketing ticketing/calendar ticketing/routing ticketing/places ticketing/text ticketing/words", "any",
		"what grows out of the ticket knows the ticket and the pure packages, so that each can be taken away"},
	{"channels/*/...", "ticketing ticketing/*", "any",
		"a channel knows the ticket, never another channel or a screen: then one more is one more folder"},
	{"realtime/...", "ticketing ticketing/*", "any",
		"it carries what the journal says to whoever may hear it, and knows neither screens nor channels"},
	{"ui/...", "ticketing ticketing/*", "any",
		"a screen asks the desk; what it got from a channel directly would be in no journal"},
	{"cmd/...", "...", "any",
		"it puts the parts together"},
}

// keys says who alone may import a thing.
var keys = []struct{ thing, who, why string }{
	{"github.com/gofiber", "channels/*/... realtime/... ui/... cmd/...",
		"HTTP is how something reaches us or is shown, and cmd makes the one server they mount on; the rest must not depend on it"},
	{"modernc.org/sqlite", "ticketing/store/sqlite/...", oneStore},
	{"zombiezen.com/go/sqlite", "ticketing/store/sqlite/...", oneStore},
	{"github.com/ncruces/go-sqlite3", "ticketing/store/sqlite/...", oneStore},
	{"go.mongodb.org/mongo-driver", "ticketing/store/mongo/...", oneStore},
	{"net/http", "channels/*/... realtime/... ui/... cmd/... ticketing/*/...", coreBlind},
	{"html/template", "channels/*/... realtime/... ui/... cmd/... ticketing/*/...", coreBlind},
	{"database/sql", "ticketing/store/*/...", oneStore},
}

const (
	oneStore  = "one store knows how it stores, and nobody else: what others lean on cannot be exchanged"
	coreBlind = "the ticketing package decides what may happen to a ticket, and knows nothing of HTTP and HTML"
)

// forbidden returns why a package may not import another, or "". Both paths are as go list gives them.
func forbidden(pkg, imported string) string {
	from, isOurs := strings.CutPrefix(pkg, module)
	if !isOurs {
		return ""
	}
	for _, k := range keys {
		if _, held := fits(k.thing+"/...", imported); held && !fitsAny(k.who, from) {
			return k.why
		}
	}
	for _, h := range houses {
		house, ok := fits(h.pkg, from)
		if !ok {
			continue
		}
		to, isOurs := strings.CutPrefix(imported, module)
		_, within := fits(house+"/...", to)
		first, _, _ := strings.Cut(imported, "/")
		standard := !strings.Contains(first, ".")
		switch {
		case isOurs && (within && strings.HasSuffix(h.pkg, "...") || fitsAny(h.ours, to)):
		case !isOurs && (standard || h.others == "any"):
		case !isOurs && fitsAny(strings.Join(strings.Fields(h.others), "/... ")+"/...", imported):
		default:
			return h.why
		}
		return ""
	}
	return "it has no place in the house: name one in the table of this test"
}

// fits reports whether a path fits a pattern, and the part of the path before the pattern's "...".
func fits(pattern, path string) (house string, ok bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, w := range want {
		if w == "..." {
			return strings.Join(got[:i], "/"), true
		}
		if i >= len(got) || w != "*" && w != got[i] {
			return "", false
		}
	}
	return path, len(want) == len(got)
}

func fitsAny(patterns, path string) bool {
	return slices.ContainsFunc(strings.Fields(patterns), func(p string) bool {
		_, ok := fits(p, path)
		return ok
	})
}

func TestImportsKeepTheHouseInOrder(t *testing.T) {
	list := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", "./...")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	checked := 0
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, imported := range p.Imports {
			checked++
			if why := forbidden(p.ImportPath, imported); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, imported, why)
			}
		}
	}
	if checked == 0 {
		t.Error("go list found no import to check")
	}
}

// A check that cannot fail is worse than none: each rule is broken here once, and must say so.
func TestTheRulesNoticeWhatBreaksThem(t *testing.T) {
	const us = "hotline1022/"
	broken := []struct{ pkg, imported string }{
		{"ticketing/calendar", us + "ticketing/text"},
		{"ticketing/calendar", "github.com/robfig/cron/v3"},
		{"ticketing/text", us + "ticketing"},
		{"ticketing/text", "golang.org/x/textual"},
		{"ticketing/words", us + "ticketing/places"},
		{"ticketing/words", "gopkg.in/yaml.v3"},
		{"ticketing/places", us + "ticketing/routing"},
		{"ticketing/places", "github.com/xuri/excelize/v2"},
		{"ticketing/routing", us + "ticketing/calendar"},
		{"ticketing/routing", "github.com/paulmach/orb"},
		{"ticketing/plain", us + "ticketing"},
		{"ticketing/testenv", us + "ticketing"},
		{"ticketing", us + "ticketing/figures"},
		{"ticketing", us + "ticketing/store/sqlite"},
		{"ticketing", us + "ui"},
		{"ticketing", "net/http"},
		{"ticketing", "html/template"},
		{"ticketing", "database/sql"},
		{"ticketing/figures", us + "ticketing/dossiers"},
		{"ticketing/figures", us + "realtime"},
		{"ticketing/figures", "database/sql"},
		{"ticketing/store/sqlite", us + "ticketing/store/mongo"},
		{"ticketing/store/sqlite", "go.mongodb.org/mongo-driver/v2/bson"},
		{"ticketing/store/mongo", "modernc.org/sqlite"},
		{"ticketing/store/mongo", us + "channels/zalo"},
		{"ticketing/store/mongo/mongotest", us + "ticketing/store/storetest"},
		{"channels/zalo", us + "channels/facebook"},
		{"channels/simulator", us + "channels/zalo"},
		{"channels/zalo", us + "ui"},
		{"channels/zalo", us + "ticketing/store/sqlite"},
		{"realtime", us + "ui"},
		{"realtime", us + "channels/webchat"},
		{"ui", us + "realtime"},
		{"ui", us + "channels/webchat"},
		{"ui", us + "ticketing/store/mongo"},
		{"ui", "zombiezen.com/go/sqlite"},
		{"ui", us + "cmd/hotline"},
		{"ticketing/figures", "github.com/gofiber/fiber/v2"},
		{"cmd/hotline", "github.com/ncruces/go-sqlite3/driver"},
		{"ticketing/store/storetest", "github.com/gofiber/fiber/v2"},
		{"models", "fmt"},
	}
	for _, e := range broken {
		if forbidden(us+e.pkg, e.imported) == "" {
			t.Errorf("%s may import %s", e.pkg, e.imported)
		}
	}
	for _, h := range houses {
		if h.ours != "..." && !slices.ContainsFunc(broken, func(e struct{ pkg, imported string }) bool {
			return forbidden(us+e.pkg, e.imported) == h.why
		}) {
			t.Errorf("no example breaks the rule for %s", h.pkg)
		}
	}
	for _, k := range keys {
		if !slices.ContainsFunc(broken, func(e struct{ pkg, imported string }) bool {
			_, held := fits(k.thing+"/...", e.imported)
			return held && forbidden(us+e.pkg, e.imported) == k.why
		}) {
			t.Errorf("no example breaks the rule for %s", k.thing)
		}
	}
}

func TestTheRulesAllowWhatIsMeant(t *testing.T) {
	const us = "hotline1022/"
	for _, e := range []struct{ pkg, imported string }{
		{"ticketing/calendar", "time"},
		{"ticketing/text", "golang.org/x/text/unicode/norm"},
		{"ticketing/places", "github.com/paulmach/orb/planar"},
		{"ticketing/routing", us + "ticketing/places"},
		{"ticketing", us + "ticketing/words"},
		{"ticketing", "golang.org/x/crypto/argon2"},
		{"ticketing/figures", us + "ticketing"},
		{"ticketing/figures", us + "ticketing/figures/export"},
		{"ticketing/store/sqlite", us + "ticketing/figures"},
		{"ticketing/store/sqlite", "modernc.org/sqlite/lib"},
		{"ticketing/store/mongo/mongotest", "go.mongodb.org/mongo-driver/v2/mongo"},
		{"channels/zalo", us + "channels/zalo/internal/sign"},
		{"channels/webform", "github.com/gofiber/fiber/v2"},
		{"realtime", "github.com/gofiber/websocket/v2"},
		{"ui", us + "ticketing/satisfaction"},
		{"ui/vendorfiles", "encoding/json"},
		{"cmd/hotline", us + "ticketing/store/sqlite"},
	} {
		if why := forbidden(us+e.pkg, e.imported); why != "" {
			t.Errorf("%s may not import %s: %s", e.pkg, e.imported, why)
		}
	}
}
