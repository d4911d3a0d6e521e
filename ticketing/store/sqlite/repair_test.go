package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/storetest"
)

// populate stores some tickets with a few events each.
func populate(t *testing.T, s *Store, n int) []ticketing.Ticket {
	t.Helper()
	m := storetest.NewMaker(7)
	tickets := make([]ticketing.Ticket, n)
	for i := range n * 4 {
		at := &tickets[i%n]
		e := m.Matter()
		if at.Version > 0 {
			e = m.Next(*at)
		}
		var err error
		if _, *at, err = storetest.Append(t.Context(), s, *at, e); err != nil {
			t.Fatal(err)
		}
	}
	return tickets
}

// Every projection, damaged by itself, is noticed and mended.
func TestEachDamageIsNoticedAndMended(t *testing.T) {
	for what, damage := range map[string]string{
		"ticket":      "UPDATE tickets SET agency = 'nobody' WHERE id = (SELECT max(id) FROM tickets)",
		"ticket gone": "DELETE FROM tickets WHERE id = (SELECT max(id) FROM tickets)",
		"ticket more": "INSERT INTO tickets SELECT 5, 500, 'GHOST', version, status, kind, channel, category, agency, area, outcome, assignee, citizen, helpers, day, updated, due, promised, alarm, send, urgent, unread, answered, late, rated, pleased, terms, door, public, asleep, returned, reports FROM tickets LIMIT 1",
		"ticket code": "UPDATE tickets SET code = 'WRONG' WHERE id = (SELECT max(id) FROM tickets)",
		"ticket id":   "UPDATE tickets SET id = id + 10000000000 WHERE id = (SELECT max(id) FROM tickets)",
		"ringing":     "UPDATE tickets SET alarm = NULL",
		"outbox":      "UPDATE tickets SET send = 77",
		"document":    "UPDATE docs SET doc = '{}' WHERE id = (SELECT max(id) FROM docs)",
		"search":      "DELETE FROM search WHERE rowid = (SELECT max(id) FROM tickets)",
		"search more": "INSERT INTO search (rowid, words) VALUES (77, 'ghost')",
		"search word": "DELETE FROM vocabulary WHERE word = 'duong'",
		"cooperating": "INSERT OR REPLACE INTO cooperating SELECT 'nobody', max(id) FROM tickets",
		"tally":       "UPDATE tally SET open = open + 1 WHERE dim = 'area' AND day = (SELECT max(day) FROM tally)",
		"tally month": "UPDATE tally SET late = late + 1 WHERE dim = 'monthly kind'",
		"tally gone":  "DELETE FROM tally WHERE dim = ''",
	} {
		t.Run(what, func(t *testing.T) {
			s := fresh(t).(*Store)
			tickets := populate(t, s, 12)
			sound(t, s)
			run(t, s.path, damage)
			differ, err := s.Replay(t.Context(), true, nil)
			if err != nil {
				t.Fatal(err)
			}
			said := false
			for _, d := range differ {
				said = said || d.What == strings.Fields(what)[0]
				for _, one := range tickets {
					if one.Text != "" && strings.Contains(d.Have+d.Want, one.Text) {
						t.Errorf("a citizen's words are shown: %+v", d)
					}
				}
			}
			if !said {
				t.Fatalf("the check says %+v", differ)
			}
			if broken, err := s.Replay(t.Context(), false, nil); err != nil || len(broken) > 0 {
				t.Fatal(err, broken)
			}
			sound(t, s)
		})
	}
}

// Every way to change the journal is noticed.
func TestEachForgeryIsNoticed(t *testing.T) {
	for what, forge := range map[string]string{
		"a word":                   `UPDATE journal SET payload = replace(payload, 'a', 'e') WHERE seq = 6`,
		"a time":                   "UPDATE journal SET at = at + 1 WHERE seq = 6",
		"a key":                    "UPDATE journal SET key = 'other' WHERE seq = 1",
		"an event less":            "DELETE FROM journal WHERE seq = 6",
		"a ticket's event less":    "DELETE FROM journal WHERE ticket = (SELECT ticket FROM journal WHERE seq = 5) AND n = 2",
		"two exchanged":            "UPDATE journal SET seq = CASE seq WHEN 6 THEN -7 ELSE -6 END WHERE seq IN (6, 7); UPDATE journal SET seq = -seq WHERE seq < 0",
		"a digest":                 "UPDATE journal SET digest = zeroblob(32) WHERE seq = 6",
		"a link":                   "UPDATE journal SET chain = zeroblob(32) WHERE seq = 6",
		"erased, with other facts": `UPDATE journal SET payload = json_set(payload, '$.blanked', json('true'), '$.outcome', 'done') WHERE seq = 6`,
		"erased, but not all":      `UPDATE journal SET payload = json_set(payload, '$.blanked', json('true')) WHERE seq = 6`,
	} {
		t.Run(what, func(t *testing.T) {
			s := fresh(t).(*Store)
			populate(t, s, 5)
			sound(t, s)
			run(t, s.path, strings.Split(forge, "; ")...)
			if wrong, err := s.Verify(t.Context(), nil); err != nil || len(wrong) == 0 {
				t.Fatalf("verify says %v %q", err, wrong)
			}
		})
	}
}

func TestABrokenOffReplayIsToldUntilOneEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hotline.db")
	s := openAt(t, path)
	populate(t, s, 12)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.Replay(ctx, false, func(int64, int64) { cancel() })
	if err == nil || s.Ill() == nil {
		t.Fatalf("broken off: %v, ill: %v", err, s.Ill())
	}
	s.Close()
	s = openAt(t, path)
	if s.Ill() == nil {
		t.Fatal("after opening again nothing is said of it")
	}
	if _, err := s.Replay(t.Context(), false, nil); err != nil || s.Ill() != nil {
		t.Fatalf("replay: %v, ill: %v", err, s.Ill())
	}
	sound(t, s)
}

// Replaying while others write loses nothing of either.
func TestReplayWhileServing(t *testing.T) {
	s := fresh(t).(*Store)
	tickets := populate(t, s, 60)
	done := make(chan error, 1)
	go func() {
		m := storetest.NewMaker(8)
		m.Now = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		for i := range 200 {
			at := &tickets[i%len(tickets)]
			var err error
			if _, *at, err = storetest.Append(context.Background(), s, *at, m.Next(*at)); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for range 3 {
		if _, err := s.Replay(t.Context(), false, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	sound(t, s)
}

func TestBackupWhileServingAndRestore(t *testing.T) {
	s := fresh(t).(*Store)
	populate(t, s, 30)
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		m := storetest.NewMaker(9)
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			if _, _, err := storetest.Append(context.Background(), s, ticketing.Ticket{}, m.Matter()); err != nil {
				stopped <- err
				return
			}
		}
	}()
	dir := filepath.Join(t.TempDir(), "backup")
	if err := Backup(t.Context(), s.path, dir); err != nil { // as another process does it
		t.Fatal(err)
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), dir); err == nil {
		t.Fatal("a backup was written over another")
	}

	path := filepath.Join(t.TempDir(), "hotline.db")
	if err := Restore(t.Context(), dir, path); err != nil {
		t.Fatal(err)
	}
	if err := Restore(t.Context(), dir, path); err == nil {
		t.Fatal("a backup was restored over a file")
	}
	r := openAt(t, path)
	if r.Epoch() == s.Epoch() {
		t.Fatal("the restored journal has the epoch of the other")
	}
	sound(t, r)
	end, err := r.End(t.Context())
	if err != nil || end < 120 {
		t.Fatalf("the restored journal ends at %d (%v)", end, err)
	}
	was, err := s.Since(t.Context(), 0, int(end))
	if err != nil {
		t.Fatal(err)
	}
	is, err := r.Since(t.Context(), 0, int(end)+10)
	if diff := cmp.Diff(was, is); err != nil || diff != "" {
		t.Fatalf("the restored journal differs (%v):\n%s", err, diff)
	}
	m := storetest.NewMaker(11)
	if _, _, err := storetest.Append(t.Context(), r, ticketing.Ticket{}, m.Matter()); err != nil {
		t.Fatal(err)
	}
	sound(t, r)
	if err := Restore(t.Context(), t.TempDir(), filepath.Join(t.TempDir(), "x.db")); err == nil {
		t.Fatal("an empty folder was restored")
	}
}

// Tickets of one millisecond, a clock that jumps back, dates beyond any calendar.
func TestTimesThatMakeNoSense(t *testing.T) {
	s := fresh(t).(*Store)
	m := storetest.NewMaker(3)
	now := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	var want []ticketing.Code
	for _, at := range []time.Time{now, now, now.Add(-48 * time.Hour), now, time.Date(1975, 4, 30, 0, 0, 0, 0, time.UTC),
		time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 1e6, time.UTC), now} {
		e := m.Matter()
		e.At, e.Kind, e.Outcome = at, ticketing.Received, ""
		_, after, err := storetest.Append(t.Context(), s, ticketing.Ticket{}, e)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, after.Code)
	}
	page, err := s.List(t.Context(), ticketing.Filter{Scope: ticketing.Scope{All: true}, Sort: ticketing.ByOldest})
	if err != nil {
		t.Fatal(err)
	}
	var got []ticketing.Code
	for _, ticket := range page.Tickets {
		got = append(got, ticket.Code)
	}
	order := []ticketing.Code{want[6], want[4], want[2], want[0], want[1], want[3], want[7], want[5]}
	if fmt.Sprint(got) != fmt.Sprint(order) {
		t.Fatalf("oldest first: %v, want %v", got, order)
	}
	sound(t, s)
	if _, err := s.Replay(t.Context(), false, nil); err != nil {
		t.Fatal(err)
	}
	sound(t, s)
}

// Ids of agencies are whatever an administrator typed.
func TestSearchOfAgenciesWithOddNames(t *testing.T) {
	s := fresh(t).(*Store)
	agencies := []string{"a-b", "a", "b", "A", "a b", "a_b", "sở-xây-dựng", `"`, "a§b", "a-b-c", "*"}
	m := storetest.NewMaker(4)
	for _, agency := range agencies {
		e := m.Matter()
		e.Kind, e.Outcome, e.MatterKind = ticketing.Received, "", ticketing.Report
		_, after, err := storetest.Append(t.Context(), s, ticketing.Ticket{}, e)
		if err != nil {
			t.Fatal(err)
		}
		e = m.Then(after, ticketing.RoutedTo)
		e.Agency, e.Cooperating = agency, nil
		if _, _, err := storetest.Append(t.Context(), s, after, e); err != nil {
			t.Fatal(err)
		}
	}
	for _, agency := range agencies {
		page, err := s.List(t.Context(), ticketing.Filter{Scope: ticketing.Scope{Agency: agency}, Words: []string{""}})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Tickets) != 0 { // nobody asks so, but it must not show another's
			t.Fatalf("an empty word finds %d tickets", len(page.Tickets))
		}
		found := 0
		for letter := 'a'; letter <= 'z'; letter++ {
			page, err := s.List(t.Context(), ticketing.Filter{Scope: ticketing.Scope{Agency: agency}, Words: []string{string(letter)}})
			if err != nil {
				t.Fatal(err)
			}
			for _, ticket := range page.Tickets {
				if ticket.Agency != agency {
					t.Fatalf("agency %q finds a ticket of %q", agency, ticket.Agency)
				}
				found++
			}
		}
		if found == 0 {
			t.Fatalf("agency %q finds nothing of its own", agency)
		}
	}
	sound(t, s)
}

// A process that is killed at any moment loses nothing it has acknowledged and leaves nothing half done.
func TestKilled(t *testing.T) {
	if path := os.Getenv("HOTLINE_TEST_KILL"); path != "" {
		writeUntilKilled(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "hotline.db")
	var acked []string
	for round := range 4 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), "HOTLINE_TEST_KILL="+path, fmt.Sprintf("HOTLINE_TEST_ROUND=%d", round))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; n < 150*(round+1) && lines.Scan(); n++ {
			if code, ok := strings.CutPrefix(lines.Text(), "stored "); ok {
				acked = append(acked, code)
			}
		}
		cmd.Process.Kill()
		for lines.Scan() { // what it said before it died counts
			if code, ok := strings.CutPrefix(lines.Text(), "stored "); ok && len(code) == 12 {
				acked = append(acked, code)
			}
		}
		cmd.Wait()
		s := openAt(t, path)
		for _, code := range acked {
			if _, err := s.Ticket(t.Context(), ticketing.Code(code)); err != nil {
				t.Fatalf("round %d: ticket %s was acknowledged: %v", round, code, err)
			}
		}
		sound(t, s)
		s.Close()
	}
	if len(acked) < 500 {
		t.Fatalf("only %d tickets were acknowledged: the test tests little", len(acked))
	}
}

func writeUntilKilled(t *testing.T, path string) {
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var round int
	fmt.Sscan(os.Getenv("HOTLINE_TEST_ROUND"), &round)
	for i := range 8 {
		go func() {
			m := storetest.NewMaker(uint64(100 + 8*round + i))
			for {
				_, after, err := storetest.Append(context.Background(), s, ticketing.Ticket{}, m.Matter())
				if err != nil {
					return
				}
				fmt.Printf("stored %s\n", after.Code)
			}
		}()
	}
	time.Sleep(time.Minute) // it is killed long before
}

// A ticket without words has its number first in what it is found by.
func TestATicketOfAPlaceAloneIsSound(t *testing.T) {
	s := fresh(t).(*Store)
	e := storetest.NewMaker(11).Matter()
	e.Subject, e.Text, e.Address, e.Place, e.External = "", "", "", "", ""
	if _, _, err := storetest.Append(t.Context(), s, ticketing.Ticket{}, e); err != nil {
		t.Fatal(err)
	}
	sound(t, s)
}
