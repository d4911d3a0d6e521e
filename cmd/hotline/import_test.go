package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/sqlite"
)

// newParts is an empty hotline in a temporary folder.
func newParts(t testing.TB, folder string) *parts {
	t.Helper()
	p, err := assemble(t.Context(), &Config{Data: folder, Store: "sqlite"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.store.Close() })
	return p
}

// load runs an import and answers what it printed.
func load(t testing.TB, p *parts, cmd ImportCmd) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := cmd.into(context.WithoutCancel(t.Context()), p, &out)
	return out.String(), err
}

// put writes a file into the test's folder.
func put(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const reference = "../../../shared/data/nyc-council-cases-2015-2019.csv.gz"

// The reference file as a whole: what counts is that every number comes out, and that a second run changes nothing.
func TestTheReferenceFile(t *testing.T) {
	if testing.Short() || underRace {
		t.Skip("NOT TESTED: -short and -race leave the 233,331 rows of the reference file out")
	}
	raw, err := os.ReadFile(reference)
	if err != nil {
		t.Skipf("NOT TESTED: the reference file is not beside the checkout (%v)", err)
	}
	file := put(t, "nyc.csv.gz", string(raw))
	p := newParts(t, t.TempDir())
	cmd := ImportCmd{What: "tickets", File: file, Map: "testdata/nyc-council.yaml"}
	out, err := load(t, p, cmd)
	t.Log(out)
	if !errors.As(err, new(errData)) || !strings.Contains(out, "233331 read, 233238 new, 0 changed, 0 already there, 93 rejected") {
		t.Fatal(err)
	}
	rejected, err := os.ReadFile(file + ".rejected.csv")
	if err != nil || strings.Count(string(rejected), "same id, other content") != 93 {
		t.Errorf("not all 93 rows are rejected for their id: %v", err)
	}
	check := func(from, to, by, want string) {
		t.Helper()
		var b bytes.Buffer
		if err := (ReportCmd{From: from, To: to, By: strings.Fields(by), Format: "csv", Lang: "vi"}).print(t.Context(), p, &b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s–%s by %s: no %q in\n%s", from, to, by, want, b.String())
		}
	}
	check("2016-01-01", "2017-01-01", "category", "Housing and Buildings,12625,")
	check("2016-01-01", "2017-01-01", "category", "Tổng,51921,")
	open, err := p.store.Count(t.Context(), ticketing.Filter{Scope: ticketing.Scope{All: true}, Status: ticketing.OpenStatuses})
	if err != nil || open != 2005 {
		t.Errorf("%d tickets are open, %v", open, err)
	}
	none, err := p.store.Tally(t.Context(), ticketing.TallyQuery{From: "2015-01-01", To: "2020-01-01", By: []ticketing.Dimension{ticketing.ByCategory}, Now: time.Now()})
	if err != nil || !slices.ContainsFunc(none, func(c ticketing.Cell) bool { return c.Values[0] == "" && c.Counts.Received > 5400 }) {
		t.Errorf("empty categories did not stay empty: %v", err)
	}
}

const people = `
source: cu
id: so
fields: {received_at: ngay, ended_at: xong, text: noi_dung, category: linh_vuc, phone: dt, name: ten}
create: [category]
`

func TestARejectedRowIsWrittenWithItsReasonAndCanBeMended(t *testing.T) {
	p := newParts(t, t.TempDir())
	mapping := put(t, "map.yaml", people)
	file := put(t, "old.csv", "so;ngay;xong;noi_dung;linh_vuc;dt;ten\n"+
		"1;2025-03-01;;Đèn hỏng;Chiếu sáng;0905123182;Lan\n"+
		"2;hôm qua;;Rác;Môi trường;;\n"+
		"3;2025-03-01;2025-03-02;\"Nước; yếu\";Nước;;\n"+
		"1;2025-03-01;;Đèn khác;Chiếu sáng;;\n"+
		"4;2025-03-01;;Ồn;;123;\n"+
		"5;2025-03-01\n"+
		"6;2999-01-01;;Mai sau;;;\n")
	cmd := ImportCmd{What: "tickets", File: file, Map: mapping}
	out, err := load(t, p, cmd)
	if !errors.As(err, new(errData)) || !strings.Contains(out, "7 read, 2 new, 0 changed, 0 already there, 5 rejected") {
		t.Fatalf("%v\n%s", err, out)
	}
	raw, err := os.ReadFile(file + ".rejected.csv")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.Replace(string(raw), "5;2025-03-01\n", "5;2025-03-01,,,,,,\n", 1))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	for _, r := range rows[1:] {
		reasons[r[0]] = r[1]
	}
	for line, want := range map[string]string{"3": "not a date", "5": "same id, other content", "6": "phone", "7": "2 cells", "8": "received_at"} {
		if !strings.Contains(reasons[line], want) {
			t.Errorf("line %s: %q, not %q", line, reasons[line], want)
		}
	}
	// The mended rows go in by the rejected file itself.
	mended := strings.NewReplacer("hôm qua", "2025-03-03", ",123,", ",0905123183,", "1,2025-03-01,,Đèn khác", "9,2025-03-01,,Đèn khác").Replace(string(raw))
	again := put(t, "mended.csv", mended)
	out, err = load(t, p, ImportCmd{What: "tickets", File: again, Map: mapping})
	if !errors.As(err, new(errData)) || !strings.Contains(out, "3 new, 0 changed, 0 already there, 2 rejected") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTheSameFileTwiceChangesNothing(t *testing.T) {
	p := newParts(t, t.TempDir())
	mapping := put(t, "map.yaml", people)
	file := put(t, "old.jsonl", `{"so":1,"ngay":"2025-03-01","xong":"2025-03-04","noi_dung":"Đèn hỏng","linh_vuc":"Chiếu sáng","dt":"","ten":"Lan"}`+"\n"+
		`{"so":2,"ngay":"2025-03-01","xong":null,"noi_dung":"Rác","linh_vuc":"Chiếu sáng!","dt":null,"ten":null}`+"\n")
	stale := file + ".rejected.csv"
	if err := os.WriteFile(stale, []byte("of another run"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := ImportCmd{What: "tickets", File: file, Map: mapping}
	dry := cmd
	dry.DryRun = true
	out, err := load(t, p, dry)
	if err != nil || !strings.Contains(out, "2 would be new") {
		t.Fatalf("%v\n%s", err, out)
	}
	if end, _ := p.store.End(t.Context()); end != 0 {
		t.Fatal("a dry run wrote")
	}
	if all, _ := p.store.All(t.Context(), ticketing.KindCategory, ""); len(all) != 0 {
		t.Fatal("a dry run made categories")
	}
	if out, err = load(t, p, cmd); err != nil || !strings.Contains(out, "2 new") {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat(stale); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a rejected file of an earlier run is still there")
	}
	cat := p.catalogs.Current()
	if len(cat.Categories) != 2 || cat.Categories["chieu-sang"].Name != "Chiếu sáng" || cat.Categories["chieu-sang-2"].Name != "Chiếu sáng!" {
		t.Errorf("categories: %+v", cat.Categories)
	}
	before, err := p.store.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if out, err = load(t, p, cmd); err != nil || !strings.Contains(out, "0 new, 0 changed, 2 already there, 0 rejected") {
		t.Errorf("%v\n%s", err, out)
	}
	if after, _ := p.store.End(t.Context()); after != before {
		t.Errorf("the journal grew from %d to %d", before, after)
	}
	e, err := p.store.ByKey(t.Context(), "import:cu:1")
	if err != nil {
		t.Fatal(err)
	}
	k, err := p.store.Ticket(t.Context(), e.Ticket)
	if err != nil || k.Status != ticketing.Closed || k.Outcome != ticketing.Done || k.External != "1" || k.Category != "chieu-sang" {
		t.Errorf("%+v, %v", k, err)
	}
	if want := time.Date(2025, 3, 1, 0, 0, 0, 0, ticketing.Zone); !k.Received.Equal(want) {
		t.Errorf("received %s", k.Received)
	}
}

// The child of the next test: the program itself.
func TestAsTheProgram(t *testing.T) {
	args := os.Getenv("HOTLINE_TEST_ARGS")
	if args == "" {
		t.Skip("only as another test's child")
	}
	os.Exit(run(t.Context(), strings.Split(args, "\n")))
}

// Killed at any row and started again, the end is that of a run nobody killed.
func TestAnImportThatIsKilledIsFinishedByTheNext(t *testing.T) {
	const rows = 4000
	var b strings.Builder
	b.WriteString("so,ngay,xong,noi_dung,linh_vuc,dt,ten\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,2025-03-%02d,,Việc %d,Lĩnh vực %d,,\n", i%(rows-50), 1+i%28, i, i%7)
	}
	mapping, file := put(t, "map.yaml", people), put(t, "old.csv", b.String())
	straight := newParts(t, t.TempDir())
	if out, err := load(t, straight, ImportCmd{What: "tickets", File: file, Map: mapping}); !errors.As(err, new(errData)) {
		t.Fatal(err, out)
	}
	folder := t.TempDir()
	args := strings.Join([]string{"import", "tickets", file, "--map", mapping, "--data", folder}, "\n")
	var halves []int // how many tickets a killed run had left
	for wait := 50 * time.Millisecond; ; wait += time.Duration(20+rand.IntN(150)) * time.Millisecond {
		child := exec.Command(os.Args[0], "-test.run=^TestAsTheProgram$")
		child.Env = append(os.Environ(), "HOTLINE_TEST_ARGS="+args)
		var said bytes.Buffer
		child.Stdout, child.Stderr = &said, &said
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(wait, func() { _ = child.Process.Kill() })
		_ = child.Wait() // killed or done: what it left is looked at
		if kill.Stop() {
			t.Fatalf("no run was killed half-way: the test tries nothing (%v); it said:\n%s", halves, said.String())
		}
		if _, err := os.Stat(filepath.Join(folder, "hotline.db")); errors.Is(err, fs.ErrNotExist) {
			continue // killed before there was a file; opening would make one, without the vault's key beside it
		}
		store, err := sqlite.Open(t.Context(), filepath.Join(folder, "hotline.db"), sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		n, err := store.Count(t.Context(), ticketing.Filter{Scope: ticketing.Scope{All: true}})
		if err := errors.Join(err, store.Close()); err != nil {
			t.Fatal(err)
		}
		if n > 0 && n < rows-50 {
			if halves = append(halves, n); len(halves) == 3 {
				break
			}
		}
	}
	t.Logf("killed at %v of %d tickets", halves, rows-50)
	p := newParts(t, folder)
	out, err := load(t, p, ImportCmd{What: "tickets", File: file, Map: mapping})
	if !errors.As(err, new(errData)) || !strings.Contains(out, "50 rejected") {
		t.Fatal(err, out)
	}
	for i := range rows - 50 {
		key := fmt.Sprintf("import:cu:%d", i)
		want, err1 := straight.store.ByKey(t.Context(), key)
		got, err2 := p.store.ByKey(t.Context(), key)
		if err1 != nil || err2 != nil || got.Text != want.Text || got.Category != want.Category || got.Print != want.Print || !got.At.Equal(want.At) {
			t.Fatalf("%s: %v %v\n%+v\n%+v", key, err1, err2, got, want)
		}
	}
	if wrong, err := p.store.Verify(t.Context(), nil); err != nil || len(wrong) > 0 {
		t.Errorf("%v %v", wrong, err)
	}
}

func TestAStoppedImportSaysSo(t *testing.T) {
	p := newParts(t, t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out bytes.Buffer
	err := ImportCmd{What: "tickets", File: put(t, "old.csv", "so,ngay,xong,noi_dung,linh_vuc,dt,ten\n1,2025-03-01,,a,,,\n"), Map: put(t, "map.yaml", people)}.into(ctx, p, &out)
	if !errors.Is(err, context.Canceled) || !strings.Contains(out.String(), "run the same command again") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// Of two rows with one id the first in the file is taken in, however many are under way.
func TestTheFirstRowOfAnIDWins(t *testing.T) {
	const ids = 1500
	var b strings.Builder
	b.WriteString("so,ngay,xong,noi_dung,linh_vuc,dt,ten\n")
	for i := range ids {
		fmt.Fprintf(&b, "%d,2025-03-01,,first,,,\n%d,2025-03-01,,second,,,\n", i, i)
	}
	p := newParts(t, t.TempDir())
	out, err := load(t, p, ImportCmd{What: "tickets", File: put(t, "old.csv", b.String()), Map: put(t, "map.yaml", people)})
	if !errors.As(err, new(errData)) || !strings.Contains(out, "1500 new, 0 changed, 0 already there, 1500 rejected") {
		t.Fatal(err, out)
	}
	for i := range ids {
		if e, err := p.store.ByKey(t.Context(), fmt.Sprintf("import:cu:%d", i)); err != nil || e.Text != "first" {
			t.Fatalf("%d: %q, %v", i, e.Text, err)
		}
	}
}

// Stopped in the middle, it finishes what it has in hand: what the summary counts is in the store, and nothing else.
func TestAnImportStoppedInTheMiddleCountsRightly(t *testing.T) {
	var b strings.Builder
	b.WriteString("so,ngay,xong,noi_dung,linh_vuc,dt,ten\n")
	for i := range 20_000 {
		fmt.Fprintf(&b, "%d,2025-03-01,,a,,,\n", i)
	}
	p := newParts(t, t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	cmd := ImportCmd{What: "tickets", File: put(t, "old.csv", b.String()), Map: put(t, "map.yaml", people)}
	var out bytes.Buffer
	ended := make(chan error, 1)
	go func() { ended <- cmd.into(ctx, p, &out) }()
	for end := int64(0); end < 300; {
		bell := p.store.Bell()
		var err error
		if end, err = p.store.End(t.Context()); err != nil {
			t.Fatal(err)
		}
		if end < 300 {
			<-bell
		}
	}
	stop()
	err := <-ended
	end, _ := p.store.End(t.Context())
	if !errors.Is(err, context.Canceled) || end >= 20_000 || !strings.Contains(out.String(), fmt.Sprintf(" %d new,", end)) {
		t.Errorf("%v, %d in the store\n%s", err, end, out.String())
	}
}
