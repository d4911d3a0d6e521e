package main_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/attachments"
	"hotline1022/ticketing/store/sqlite"
)

// What cannot work is refused at the start: one line, exit status 2, what to do next.
func TestWhatCannotWorkIsRefusedAtTheStart(t *testing.T) {
	served := newPlace(t)
	s := served.serve()
	taken := strings.TrimPrefix(s.url, "http://")
	t.Run("the port is taken", func(t *testing.T) {
		p := newPlace(t, "HOTLINE_ADDR", taken)
		p.run("serve").wants(2, taken, "--addr").oneLine()
	})
	t.Run("another process has the folder", func(t *testing.T) {
		p := newPlace(t, "HOTLINE_DATA", served.dir)
		for _, call := range [][]string{{"serve"}, {"replay"}, {"token", "add", "--name", "x", "--scopes", "tickets:read"}} {
			p.run(call...).wants(2, "in use by another hotline process", "stop that one first").oneLine()
		}
		for _, call := range [][]string{{"verify"}, {"replay", "--check"}, {"token", "list"}, {"user", "list"}, {"report", "--from", "2026-01-01", "--to", "2027-01-01"}} {
			p.run(call...).wants(0) // what only reads may look on
		}
		if c := client(); !ready(c, s.url) {
			t.Error("the first one suffered from it")
		}
	})
	t.Run("the folder cannot be made", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		write(t, file, "x")
		for _, dir := range []string{file, filepath.Join(file, "data")} {
			newPlace(t, "HOTLINE_DATA", dir).run("serve").wants(2, "data folder cannot be made", "--data").oneLine()
		}
	})
	t.Run("the database is none", func(t *testing.T) {
		p := newPlace(t)
		p.run("replay").wants(0)
		write(t, filepath.Join(p.dir, "hotline.db"), strings.Repeat("phản ánh\n", 5000))
		p.run("serve").wants(2, "hotline.db is not a database", "restore a backup").oneLine()
	})
	t.Run("the vault's key is gone", func(t *testing.T) {
		p := newPlace(t)
		p.run("replay").wants(0)
		key := filepath.Join(p.dir, "keys", "vault.key")
		if err := os.Rename(key, key+".away"); err != nil {
			t.Fatal(err)
		}
		p.run("serve").wants(2, "vault.key is missing", "put the key back").oneLine()
		if _, err := os.Stat(key); err == nil {
			t.Error("it made another key")
		}
		if err := os.Rename(key+".away", key); err != nil {
			t.Fatal(err)
		}
		p.run("user", "list").wants(0)
	})
	t.Run("the vault's key is another", func(t *testing.T) {
		p := newPlace(t)
		p.run("replay").wants(0)
		p.set("HOTLINE_VAULT_KEY", vaultOf)
		p.run("serve").wants(2, "key is not the one this data was written with", "put the right one back").oneLine()
	})
	t.Run("a store nobody can reach", func(t *testing.T) {
		p := newPlace(t, "HOTLINE_STORE", "mongodb://127.0.0.1:1/hotline", "HOTLINE_VAULT_KEY", vaultOf)
		p.run("serve").wants(2, "running", "HOTLINE_STORE", "127.0.0.1:1").oneLine()
		p.set("HOTLINE_VAULT_KEY", "")
		p.run("serve").wants(2, "HOTLINE_VAULT_KEY is not set", "openssl rand -hex 32").oneLine()
	})
	t.Run("several mistakes in the settings", func(t *testing.T) {
		p := newPlace(t, "HOTLINE_ADDR", "10220", "HOTLINE_STORE", "postgres://x", "HOTLINE_PUBLIC_URL", "1022.vn",
			"HOTLINE_TRUSTED_PROXIES", "10.0.0.0/99", "HOTLINE_TIMEZONE", "Asia/Hanoi", "HOTLINE_VAULT_KEY", "secret",
			"HOTLINE_ZALO_APP_ID", "1", "HOTLINE_ZALO_API", "zalo")
		o := p.run("serve").wants(2, "HOTLINE_ADDR:", "HOTLINE_STORE:", "HOTLINE_PUBLIC_URL:", "HOTLINE_TRUSTED_PROXIES:",
			"HOTLINE_TIMEZONE:", "HOTLINE_VAULT_KEY:", "HOTLINE_ZALO_API:", "HOTLINE_ZALO_APP_ID, _OA_ID, _OA_SECRET_KEY:")
		if strings.Contains(o.err, `secret"`) {
			t.Errorf("a secret is repeated:\n%s", o.err)
		}
	})
	t.Run("a call that is wrong", func(t *testing.T) {
		p := newPlace(t)
		for _, call := range [][]string{{"serve", "--adr=x"}, {"serv"}, {}, {"import", "tickets", "x.csv"}, {"backup"}, {"restore", "/nowhere"}} {
			p.run(call...).wants(2).oneLine()
		}
	})
	s.stop()
}

// Two that start at the same moment on an empty folder: one serves, the other is refused, and the key that is kept is
// the one that is used.
func TestTwoFirstStartsAtOnce(t *testing.T) {
	for range 5 {
		p := newPlace(t)
		outcomes := make([]outcome, 2)
		var both sync.WaitGroup
		for i := range outcomes {
			both.Go(func() { outcomes[i] = p.run("replay") })
		}
		both.Wait()
		for _, o := range outcomes {
			if o.status != 0 {
				o.wants(2, "in use").oneLine()
			}
		}
		p.run("replay").wants(0) // under another key it would be refused
	}
}

// ready asks /readyz.
func ready(c *http.Client, base string) bool {
	r, err := c.Get(base + "/readyz")
	if err != nil {
		return false
	}
	r.Body.Close()
	return r.StatusCode == 200
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The database server goes away and comes back. Meanwhile intake says when to try again; afterwards it goes on, without
// a restart, and nothing it acknowledged is missing.
func TestTheStoreGoesAwayAndComesBack(t *testing.T) {
	t.Parallel() // mostly waiting
	server := newMongoThatDies(t)
	p := newPlace(t, "HOTLINE_STORE", server.uri("away"), "HOTLINE_VAULT_KEY", vaultOf)
	c := p.everything("away")
	s := p.serve()
	var acknowledged []done
	post := func(key string) error {
		d, err := c.try(s.url, deed{key: key, body: matter(key, len(acknowledged))})
		if err == nil {
			acknowledged = append(acknowledged, d)
		}
		return err
	}
	for i := range 5 {
		if err := post(fmt.Sprint("before-", i)); err != nil {
			t.Fatal(err)
		}
	}
	for round := range 2 {
		server.die()
		key := fmt.Sprint("during-", round)
		if err := post(key); err == nil || !strings.HasPrefix(err.Error(), "503") {
			t.Errorf("without its store the server answers %v", err)
		}
		within(t, "a server that knows it is ill", func() bool { return !ready(client(), s.url) })
		if err := post(key); err == nil || !strings.HasPrefix(err.Error(), "503") {
			t.Errorf("an ill server answers %v", err)
		}
		if r, err := c.call("GET", s.url+"/gui", "", nil); err != nil || r.status != 200 {
			t.Errorf("the form without a store: %d, %v", r.status, err)
		}
		server.live()
		within(t, "intake to go on", func() bool { return post(key) == nil })
	}
	within(t, "a server that feels well", func() bool { return ready(client(), s.url) })
	c.keeps(s.url, acknowledged)
	s.stop()
	p.run("verify").wants(0)
	p.run("replay", "--check").wants(0)
}

// The clock jumps back an hour, as after a wrong time server. The program has no hook for its clock, so this is tried
// on the desk: the journal's order is by seq and not by time, dates come from each event's own moment, and an alarm
// rings once, when its time has really come.
func TestAClockThatJumpsBack(t *testing.T) {
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "hotline.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	files, err := attachments.Open(filepath.Join(dir, "files"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 6, 9, 9, 0, 0, 0, ticketing.Zone) // a Tuesday
	clock := func() time.Time { return now }
	vault, err := ticketing.NewVault(store, make([]byte, 32), clock)
	if err != nil {
		t.Fatal(err)
	}
	catalogs := &ticketing.Catalogs{Records: store}
	if err := catalogs.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	desk := &ticketing.Desk{Store: store, Vault: vault, Files: files, Catalog: catalogs, Now: clock,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), BaseURL: "https://1022.example.vn"}
	operator := ticketing.Actor{ID: "lan", Role: ticketing.Operator}
	receive := func() ticketing.Ticket {
		r, err := desk.Receive(t.Context(), ticketing.Actor{Role: ticketing.Citizen}, ticketing.Incoming{
			Channel: ticketing.Web, Text: "Đèn đường tắt", Name: citizenName, Phone: numberStart + "00001"})
		if err != nil {
			t.Fatal(err)
		}
		return r.Ticket
	}

	before := receive()
	now = now.Add(-time.Hour)
	after := receive()
	if !after.Due.Equal(before.Due.Add(-time.Hour)) && !after.Due.Equal(before.Due) {
		t.Errorf("received an hour earlier by the clock, due %s; the other %s", after.Due, before.Due)
	}
	if after.First != before.First+1 {
		t.Errorf("the second ticket has number %d, the first %d", after.First, before.First)
	}
	note, err := desk.Do(t.Context(), operator, before.Code, ticketing.Command{Verb: ticketing.Note, Version: before.Version, Text: "đã gọi"})
	if err != nil {
		t.Fatalf("a note dated before the ticket's receipt: %v", err)
	}
	if !note.Due.Equal(before.Due) {
		t.Errorf("a note moved the due date from %s to %s", before.Due, note.Due)
	}
	if rung, err := desk.Sweep(t.Context()); err != nil || rung != 0 {
		t.Errorf("the sweep rang %d alarms early, %v", rung, err)
	}

	// Alarms ring; the clock jumps back before them and comes again: they do not ring twice.
	now = before.Due.Add(time.Minute)
	first, err := desk.Sweep(t.Context())
	if err != nil || first == 0 {
		t.Fatalf("the sweep rang %d alarms at the due date, %v", first, err)
	}
	now = now.Add(-time.Hour)
	again, err := desk.Sweep(t.Context())
	if err != nil || again != 0 {
		t.Errorf("an hour earlier the sweep rang %d alarms, %v", again, err)
	}
	now = now.Add(time.Hour)
	if again, err = desk.Sweep(t.Context()); err != nil || again != 0 {
		t.Errorf("when the clock came by again the sweep rang %d alarms, %v", again, err)
	}

	events, err := store.Since(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range events {
		if e.Seq != int64(i+1) {
			t.Errorf("event %d has seq %d", i+1, e.Seq)
		}
	}
	if slices.IsSortedFunc(events, func(a, b ticketing.Event) int { return a.At.Compare(b.At) }) {
		t.Error("the clock did not jump: the test tests nothing")
	}
	if wrong, err := store.Verify(t.Context(), nil); err != nil || len(wrong) > 0 {
		t.Errorf("verify: %v %q", err, wrong)
	}
	if differ, err := store.Replay(t.Context(), true, nil); err != nil || len(differ) > 0 {
		t.Errorf("replay: %v %+v", err, differ)
	}
}
