package ticketing_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/sqlite"
)

// crowdOf writes n tickets with lives of their own, in no order, and answers their codes. Some are answered, some taken
// back by the citizen, some merged; some are of the lobby, which no figure counts.
func crowdOf(t testing.TB, store ticketing.Store, n int, seed uint64, until time.Time) []ticketing.Code {
	t.Helper()
	codes := make([]ticketing.Code, n)
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(64)
	for i := range codes {
		codes[i] = ticketing.Code(fmt.Sprintf("W%d-%05d", seed, i))
		group.Go(func() error { return live(ctx, store, codes[i], seed, rand.New(rand.NewPCG(seed, uint64(i))), until) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return codes
}

const benchSeed = 9

// live is one ticket's life, up to somewhere.
func live(ctx context.Context, store ticketing.Store, code ticketing.Code, seed uint64, r *rand.Rand, until time.Time) error {
	at := until.Add(-time.Duration(r.Int64N(int64(10*24*time.Hour)) + int64(time.Minute)))
	due := at.Add(time.Duration(r.Int64N(int64(12 * 24 * time.Hour)))).UTC()
	kinds := []ticketing.Kind{ticketing.Report, ticketing.Question, ticketing.Denunciation, ticketing.Spam}
	e := ticketing.Event{Kind: ticketing.Received, MatterKind: kinds[r.IntN(len(kinds))], Channel: ticketing.Channels[r.IntN(4)], Text: "x", Due: due,
		Category: []string{"", "dien", "nuoc"}[r.IntN(3)], Area: []string{"", "4801", "4802"}[r.IntN(3)]}
	if r.IntN(20) == 0 {
		e.Kind, e.MatterKind = ticketing.Chatted, ticketing.Lobby
	}
	if seed == benchSeed && r.IntN(10) > 0 { // most of an office's tickets are over
		e.Kind, e.MatterKind, e.Outcome, e.Ended = ticketing.Imported, ticketing.Report, ticketing.Done, at.Add(time.Second).UTC()
	}
	steps := []ticketing.Event{e}
	if e.Kind == ticketing.Received {
		steps = append(steps,
			ticketing.Event{Kind: ticketing.Claimed, Assignee: []string{"lan", "hung", "mai"}[r.IntN(3)]}, ticketing.Event{Kind: ticketing.Asked, Text: "?"},
			ticketing.Event{Kind: ticketing.Said, Text: "!"}, ticketing.Event{Kind: ticketing.AnsweredBy, Text: "x", Outcome: ticketing.Done},
			ticketing.Event{Kind: ticketing.Reopened, Reason: "x"}, ticketing.Event{Kind: ticketing.AnsweredBy, Text: "x", Outcome: ticketing.Done},
			ticketing.Event{Kind: ticketing.VerdictGiven, OK: true})
		steps = steps[:1+r.IntN(len(steps))]
	}
	var was ticketing.Ticket
	for _, s := range steps {
		s.Ticket, s.N, s.At = code, was.Version+1, at.UTC().Truncate(time.Millisecond)
		after, err := was.Apply(s)
		if err != nil {
			continue // it may not follow; the next may
		}
		if _, err := store.Append(ctx, s, after); err != nil {
			return err
		}
		if was, err = store.Ticket(ctx, code); err != nil {
			return err
		}
		at = at.Add(time.Duration(r.Int64N(int64(max(until.Sub(at), 2)))))
	}
	return nil
}

// plainly counts the board's figures ticket by ticket.
func plainly(t testing.TB, store ticketing.Store, codes []ticketing.Code, now time.Time) ticketing.WallFigures {
	t.Helper()
	f := ticketing.WallFigures{At: now.UTC().Truncate(time.Millisecond)}
	l := now.In(ticketing.Zone)
	today := time.Date(l.Year(), l.Month(), l.Day(), 0, 0, 0, 0, ticketing.Zone)
	for _, code := range codes {
		one, err := store.Ticket(t.Context(), code)
		if err != nil {
			t.Fatal(err)
		}
		if one.Kind == ticketing.Lobby {
			continue
		}
		if !one.Received.Before(today) {
			f.Received++
		}
		if one.Status == ticketing.New || one.Status == ticketing.Review {
			f.Waiting++
			if f.Longest.IsZero() || one.Since.Before(f.Longest) {
				f.Longest = one.Since
			}
		}
		if one.Status.Open() {
			f.Open++
			if one.Due.Before(now) {
				f.Overdue++
			} else if one.Due.Before(today.AddDate(0, 0, 1)) {
				f.DueToday++
			}
		}
		if !one.Ended.IsZero() && !one.Ended.Before(today) {
			f.Answered++
			if !one.Ended.After(one.Promised) {
				f.OnTime++
			}
		}
	}
	return f
}

func sameFigures(t *testing.T, when string, got, want ticketing.WallFigures) {
	t.Helper()
	got.Spikes = nil
	if !got.Longest.Equal(want.Longest) {
		t.Errorf("%s: the longest wait is since %v, counted %v", when, got.Longest, want.Longest)
	}
	got.Longest, want.Longest = time.Time{}, time.Time{}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s:\n    %+v\nnot %+v", when, got, want)
	}
}

func TestTheWallsFiguresAreWhatPlainCountingFinds(t *testing.T) {
	o := open(t)
	wall := &ticketing.Wall{Desk: o.Desk, Age: -1}
	first, err := wall.Figures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sameFigures(t, "empty", first, ticketing.WallFigures{At: o.Now().UTC()})

	now := o.Now()
	codes := crowdOf(t, o.store, 1500, 1, now)
	check := func(when string) {
		t.Helper()
		want := plainly(t, o.store, codes, o.Now())
		for name, w := range map[string]*ticketing.Wall{"following": wall, "afresh": {Desk: o.Desk}} {
			got, err := w.Figures(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sameFigures(t, when+", "+name, got, want)
		}
		if want.Open == 0 || want.Waiting == 0 || want.Answered == want.OnTime || want.Overdue == 0 || want.DueToday == 0 {
			t.Errorf("%s: the crowd tries too little: %+v", when, want)
		}
	}
	check("many at once") // too many to be read on
	codes = append(codes, crowdOf(t, o.store, 300, 2, now)...)
	check("some more") // read on
	o.mu.Lock()
	o.at = o.at.Add(5 * time.Hour)
	o.mu.Unlock()
	codes = append(codes, crowdOf(t, o.store, 200, 3, o.Now())...)
	check("in the evening")

	// Past midnight today's figures begin anew, and yesterday's answers are not today's.
	o.set("2026-04-24 23:30") // within the hour, so that it is read on
	if got, err := wall.Figures(t.Context()); err != nil || got.Answered == 0 {
		t.Errorf("at half past eleven: %+v %v", got, err)
	}
	o.set("2026-04-25 00:00")
	got, err := wall.Figures(t.Context())
	if err != nil || got.Received != 0 || got.Answered != 0 {
		t.Errorf("at midnight: %+v %v", got, err)
	}
}

func TestFiguresAreCountedOnceHoweverManyAsk(t *testing.T) {
	o := open(t)
	wall := &ticketing.Wall{Desk: o.Desk}
	crowdOf(t, o.store, 20, 1, o.Now())
	var group sync.WaitGroup
	var mu sync.Mutex
	seen := map[time.Time]int{}
	for range 50 {
		group.Go(func() {
			f, err := wall.Figures(t.Context())
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			seen[f.At]++
			mu.Unlock()
		})
	}
	group.Wait()
	o.receive(ticketing.Incoming{})
	before, _ := wall.Figures(t.Context())
	o.mu.Lock()
	o.at = o.at.Add(3 * time.Second)
	o.mu.Unlock()
	after, err := wall.Figures(t.Context())
	if err != nil || len(seen) != 1 || seen[before.At] != 50 || after.Received != before.Received+1 {
		t.Errorf("%v; %d, then %d received, %v", seen, before.Received, after.Received, err)
	}
	o.mu.Lock()
	o.at = o.at.Add(-time.Hour) // a clock that is set back makes nothing fresh
	o.mu.Unlock()
	if f, err := wall.Figures(t.Context()); err != nil || !f.At.Equal(o.Now().UTC()) {
		t.Errorf("with the clock set back: as of %v, %v", f.At, err)
	}
}

func TestTheRoomsFiguresAreWhatListsSay(t *testing.T) {
	o := open(t)
	for _, s := range []ticketing.Staff{
		{ID: "lan", Name: "Lan", Role: ticketing.Operator}, {ID: "hung", Name: "Hùng", Role: ticketing.Supervisor},
		{ID: "mai", Name: "Mai", Role: ticketing.Operator, Off: true}, {ID: "dien.tam", Name: "Tâm", Role: ticketing.Officer, Agency: "dien"},
	} {
		if err := o.accounts.Add(t.Context(), s, "", "test"); err != nil {
			t.Fatal(err)
		}
	}
	crowdOf(t, o.store, 1000, 4, o.Now())
	for _, edge := range ticketing.AgeBands {
		for _, by := range []time.Duration{-time.Millisecond, 0, time.Millisecond} {
			o.matter(o.Now().Add(by-edge), ticketing.Report, "", "")
		}
	}
	wall := &ticketing.Wall{Desk: o.Desk}
	room, err := wall.Room(t.Context(), o.accounts)
	if err != nil {
		t.Fatal(err)
	}
	figures, err := wall.Figures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(room.People) != 2 || room.People[0].Staff.ID != "hung" || room.People[1].Staff.ID != "lan" {
		t.Errorf("in the room: %+v", room.People)
	}
	for _, p := range room.People {
		mine, err := o.Count(t.Context(), supervisor, ticketing.Filter{Status: ticketing.OpenStatuses, Assignee: p.Staff.ID})
		if err != nil || mine != p.Open || p.Open == 0 || p.Waiting > p.Open || p.Overdue > p.Open {
			t.Errorf("%s holds %d, the list says %d, %v", p.Staff.ID, p.Open, mine, err)
		}
	}
	open, waiting, total := 0, 0, 0
	for _, d := range room.Doors {
		open, waiting = open+d.Open, waiting+d.Waiting
	}
	for _, a := range room.Ages {
		sum := 0
		for i, n := range a.Bands {
			sum += n
			f := ticketing.Filter{Status: []ticketing.Status{a.Status}}
			f.From, f.To = ticketing.AgeBand(room.At, i)
			if listed, err := o.Count(t.Context(), supervisor, f); err != nil || listed != n {
				t.Errorf("%s, band %d: %d, listed %d, %v", a.Status, i, n, listed, err)
			}
		}
		whole, err := o.Count(t.Context(), supervisor, ticketing.Filter{Status: []ticketing.Status{a.Status}})
		if err != nil || sum != whole || a.Total != whole {
			t.Errorf("%s: bands hold %d of %d, %v", a.Status, sum, whole, err)
		}
		total += sum
	}
	if open != figures.Open || total != figures.Open || waiting != figures.Waiting || room.Waiting != figures.Waiting || room.Nobody == 0 {
		t.Errorf("doors %d %d, ages %d, board %+v, nobody %d", open, waiting, total, figures, room.Nobody)
	}
}

func TestABoardsLinkOpensTheBoardOnly(t *testing.T) {
	o := open(t)
	told := 0
	o.accounts.Changed = func(string, string) { told++ }
	key, err := o.accounts.NewBoardLink(t.Context(), "Tầng 2", o.Now().AddDate(1, 0, 0), "admin")
	if err != nil {
		t.Fatal(err)
	}
	by, err := o.accounts.BoardLink(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	for _, scope := range ticketing.TokenScopes {
		if by.Has(scope) {
			t.Errorf("a screen in the corridor has %s", scope)
		}
	}
	if _, err := o.List(t.Context(), by, ticketing.Filter{}); ticketing.ClassOf(err) != ticketing.Forbidden {
		t.Errorf("it lists tickets: %v", err)
	}
	other, err := o.accounts.NewToken(t.Context(), ticketing.Token{Name: "x", Scopes: ticketing.TokenScopes[:]}, "admin")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.accounts.NewToken(t.Context(), ticketing.Token{Name: "x", Scopes: []string{ticketing.ScopeBoard, ticketing.ScopeRead}}, "admin"); err == nil {
		t.Error("a program's key shows the board")
	}
	for _, bad := range []string{other, key + "x", key[:len(key)-1], ""} {
		if _, err := o.accounts.BoardLink(t.Context(), bad); err == nil {
			t.Errorf("%.10q opens the board", bad)
		}
	}
	links, err := o.accounts.BoardLinks(t.Context())
	if err != nil || len(links) != 1 || links[0].Name != "Tầng 2" {
		t.Fatalf("%+v %v", links, err)
	}
	if err := o.accounts.RevokeToken(t.Context(), links[0].ID, "admin"); err != nil {
		t.Fatal(err)
	}
	if _, err := o.accounts.BoardLink(t.Context(), key); err == nil || told != 1 {
		t.Errorf("revoked, and still %v; told %d times", err, told)
	}
	if _, err := o.accounts.NewBoardLink(t.Context(), " ", time.Time{}, "admin"); err == nil {
		t.Error("a link without a name")
	}
	if _, err := o.accounts.NewBoardLink(t.Context(), "x", o.Now(), "admin"); err == nil {
		t.Error("a link that has ended before it began")
	}
}

// BenchmarkWall is one counting with 100,000 tickets, a tenth of which are open, and 100 events since the last.
func BenchmarkWall(b *testing.B) {
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "hotline.db"), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	o := open(b)
	o.Desk.Store = store
	crowdOf(b, store, 100_000, benchSeed, o.Now())
	wall := &ticketing.Wall{Desk: o.Desk, Age: -1}
	began := time.Now()
	if _, err := wall.Figures(b.Context()); err != nil {
		b.Fatal(err)
	}
	first := time.Since(began)
	more, room := 0, &ticketing.Wall{Desk: o.Desk, Age: -1}
	b.Run("figures", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			more++
			crowdOf(b, store, 25, uint64(100+more), o.Now())
			b.StartTimer()
			if _, err := wall.Figures(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(first.Milliseconds()), "first-ms")
	})
	if _, err := room.Room(b.Context(), o.accounts); err != nil {
		b.Fatal(err)
	}
	b.Run("room", func(b *testing.B) {
		for b.Loop() {
			if _, err := room.Room(b.Context(), o.accounts); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("spikes", func(b *testing.B) {
		for b.Loop() {
			if err := o.LookForSpikes(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
