package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/storetest"
	"hotline1022/ticketing/text"
)

// HOTLINE_BENCH_TICKETS is how many tickets stand in the store that is read from; HOTLINE_BENCH_FILE keeps that store
// from one run to the next.
func benchTickets() int {
	if n, err := strconv.Atoi(os.Getenv("HOTLINE_BENCH_TICKETS")); err == nil {
		return n
	}
	return 200_000
}

var filled struct {
	sync.Once
	store *Store
	codes []ticketing.Code
}

// full is a store with a year of tickets, each with one to four events, most of them closed by the end.
func fullStore(b *testing.B) (*Store, []ticketing.Code) {
	b.Helper()
	filled.Do(func() {
		path := os.Getenv("HOTLINE_BENCH_FILE")
		if path == "" {
			dir, err := os.MkdirTemp("", "hotline-bench")
			if err != nil {
				b.Fatal(err)
			}
			path = filepath.Join(dir, "hotline.db")
		}
		s, err := Open(context.Background(), path, Options{})
		if err != nil {
			b.Fatal(err)
		}
		have, err := s.Count(context.Background(), ticketing.Filter{Scope: ticketing.Scope{All: true}})
		if err != nil {
			b.Fatal(err)
		}
		begun := time.Now()
		fill(b, s, have, benchTickets())
		b.Logf("filled with %d tickets in %s", benchTickets()-have, time.Since(begun))
		filled.store = s
		page, err := s.List(context.Background(), ticketing.Filter{Scope: ticketing.Scope{All: true}, Limit: 200})
		if err != nil {
			b.Fatal(err)
		}
		for _, t := range page.Tickets {
			filled.codes = append(filled.codes, t.Code)
		}
	})
	return filled.store, filled.codes
}

func fill(b *testing.B, s *Store, have, want int) {
	const writers = 64
	var next atomic.Int64
	next.Store(int64(have))
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			m := storetest.NewMaker(uint64(10_000 + have + i))
			for {
				n := next.Add(1)
				if n > int64(want) {
					return
				}
				year := float64(365 * 24 * time.Hour)
				m.Now = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(year * float64(n) / float64(want)))
				if err := walk(s, m, int(n) < want*98/100); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// matter is a new one with the spread of a large province: ninety wards, sixty categories, thirty words of some three
// thousand syllables, the frequent ones far ahead.
func matter(m *storetest.Maker) ticketing.Event {
	e := m.Matter()
	if e.Kind == ticketing.Imported {
		e.Kind, e.Outcome, e.Ended = ticketing.Received, "", time.Time{}
	}
	e.Area = fmt.Sprint(20_000 + m.Rand.IntN(90))
	e.Category = fmt.Sprint("loai-", m.Rand.IntN(60))
	zipf := rand.NewZipf(m.Rand, 1.05, 8, uint64(len(onsets)*len(rhymes)-1))
	var b strings.Builder
	for range 30 {
		n := int(zipf.Uint64())
		b.WriteString(onsets[n%len(onsets)] + rhymes[n/len(onsets)] + " ")
	}
	e.Text = b.String()
	return e
}

var (
	onsets = strings.Fields("đ n th tr kh b c ch d g gi h l m ng nh ph q r s t v x")
	rhymes = strings.Fields(`ường ước ông an ai a ao au ay âm ân âu ây em en eo êm ên êu i ia iêm iên iêu im in inh iu o oa oai oan oi om on
		ong ô ôi ôm ôn ơ ơi ơm ơn u ua uân ui um un ung uôi uôn uông uy uyên ư ưa ưi ưng ươi ươm ươn ươu ưu ăm ăn ăng ang anh ac ach ap at ăc ăp ăt ec et
		êch êt ich iêc iêt ip it oc ôc op ôp ot ôt ơp ơt uc uôc uôt up ut uyêt ưc ươp ươt ưt âc âp ât oang oat oăn oe uê uynh uyt ynh y`)
)

// walk stores a ticket and answers it if it is old enough.
func walk(s *Store, m *storetest.Maker, end bool) error {
	e := matter(m)
	_, t, err := storetest.Append(context.Background(), s, ticketing.Ticket{}, e)
	if err == nil && !t.Kind.OwnLaw() && t.Kind != ticketing.Spam {
		_, t, err = storetest.Append(context.Background(), s, t, m.Then(t, ticketing.RoutedTo))
	} else if err == nil && end {
		_, t, err = storetest.Append(context.Background(), s, t, m.Then(t, ticketing.ClosedBy))
	}
	if err == nil && end && t.Status == ticketing.Routed {
		if _, t, err = storetest.Append(context.Background(), s, t, m.Then(t, ticketing.Returned)); err == nil {
			e := m.Then(t, ticketing.ClosedBy)
			_, _, err = storetest.Append(context.Background(), s, t, e)
		}
	}
	return err
}

// times collects how long each of many calls took.
type times struct {
	sync.Mutex
	all []time.Duration
}

func (l *times) add(d []time.Duration) {
	l.Lock()
	l.all = append(l.all, d...)
	l.Unlock()
}

func (l *times) report(b *testing.B, per string) {
	slices.Sort(l.all)
	b.ReportMetric(float64(len(l.all))/b.Elapsed().Seconds(), per+"/s")
	b.ReportMetric(float64(l.all[len(l.all)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(l.all[len(l.all)*99/100].Microseconds())/1000, "p99-ms")
}

// with64 runs fn b.N times in 64 goroutines.
func with64(b *testing.B, per string, fn func(m *storetest.Maker) error) {
	b.Helper()
	const writers = 64
	var l times
	var wg sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(b.N))
	seed := uint64(time.Now().UnixNano()) >> 20 & 0xfffff << 6
	b.ResetTimer()
	for i := range writers {
		wg.Go(func() {
			m := storetest.NewMaker(seed + uint64(i))
			var mine []time.Duration
			for left.Add(-1) >= 0 {
				begun := time.Now()
				if err := fn(m); err != nil {
					b.Error(err)
					return
				}
				mine = append(mine, time.Since(begun))
			}
			l.add(mine)
		})
	}
	wg.Wait()
	b.StopTimer()
	l.report(b, per)
}

// BenchmarkIntake: 64 writers, each a new ticket at a time, into the full store.
func BenchmarkIntake(b *testing.B) {
	s, _ := fullStore(b)
	with64(b, "tickets", func(m *storetest.Maker) error {
		_, _, err := storetest.Append(b.Context(), s, ticketing.Ticket{}, matter(m))
		return err
	})
}

// BenchmarkBareInsert: the same bytes into one table with the same unique indexes, committed in the same groups. What
// Intake takes longer is the price of lists, search and figures.
func BenchmarkBareInsert(b *testing.B) {
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "bare.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	with64(b, "tickets", func(m *storetest.Maker) error {
		e := matter(m)
		after, err := ticketing.Ticket{}.Apply(e)
		if err != nil {
			return err
		}
		a, err := prepare(e, after, nil)
		if err != nil {
			return err
		}
		return s.write.submit(b.Context(), func(w *writer) error {
			seq := w.seq + 1
			err := w.exec("INSERT INTO journal VALUES (?,?,?,?,?,?,?,?,?,?)", seq, string(e.Ticket), e.N, e.Key, e.At.UnixMilli(), string(e.Kind),
				a.payload, a.digest[:], a.bare[:], a.doc)
			if err == nil {
				w.seq, w.dirty = seq, true
			}
			return err
		})
	})
}

func BenchmarkRead(b *testing.B) {
	s, codes := fullStore(b)
	all := ticketing.Scope{All: true}
	year := ticketing.TallyQuery{From: "2025-01-01", To: "2026-01-01", Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	list := func(f ticketing.Filter) func(int) error {
		return func(int) error {
			page, err := s.List(b.Context(), f)
			if err == nil && len(page.Tickets) == 0 {
				err = errors.New("nothing listed")
			}
			return err
		}
	}
	tally := func(by ...ticketing.Dimension) func(int) error {
		return func(int) error {
			q := year
			q.By = by
			cells, err := s.Tally(b.Context(), q)
			if err == nil && len(cells) == 0 {
				err = errors.New("nothing counted")
			}
			return err
		}
	}
	late := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	for _, bench := range []struct {
		name string
		fn   func(i int) error
	}{
		{"ticket", func(i int) error { _, err := s.Ticket(b.Context(), codes[i%len(codes)]); return err }},
		{"since 256", func(i int) error { _, err := s.Since(b.Context(), int64(i%1000)*100, 256); return err }},
		{"list newest", list(ticketing.Filter{Scope: all})},
		{"list queue by due", list(ticketing.Filter{Scope: all, Status: []ticketing.Status{ticketing.New, ticketing.Review}, Sort: ticketing.ByDue})},
		{"list open by due", list(ticketing.Filter{Scope: all, Status: ticketing.OpenStatuses, Sort: ticketing.ByDue})},
		{"list late", list(ticketing.Filter{Scope: all, DueBy: late, Sort: ticketing.ByDue})},
		{"list agency open by due", list(ticketing.Filter{Scope: ticketing.Scope{Agency: "dien-luc"}, Status: ticketing.OpenStatuses, Sort: ticketing.ByDue})},
		{"list agency newest", list(ticketing.Filter{Scope: ticketing.Scope{Agency: "dien-luc"}})},
		{"list updated", list(ticketing.Filter{Scope: all, Sort: ticketing.ByUpdated})},
		{"list kind and area", list(ticketing.Filter{Scope: all, Kind: []ticketing.Kind{ticketing.Report}, Area: []string{"20019"}})},
		{"count open", func(int) error {
			_, err := s.Count(b.Context(), ticketing.Filter{Scope: all, Status: ticketing.OpenStatuses})
			return err
		}},
		{"count kind up to 1000", func(int) error {
			_, err := s.Count(b.Context(), ticketing.Filter{Scope: all, Kind: []ticketing.Kind{ticketing.Report}, Limit: 1000})
			return err
		}},
		{"search common word", list(ticketing.Filter{Scope: all, Words: text.Words("đường")})},
		{"search two words and prefix", list(ticketing.Filter{Scope: all, Words: text.Words("nước thông ba")})},
		{"search one letter", list(ticketing.Filter{Scope: all, Words: []string{"d"}})},
		{"search common word, open, by due", list(ticketing.Filter{Scope: all, Words: text.Words("đường"), Status: ticketing.OpenStatuses, Sort: ticketing.ByDue})},
		{"search of an agency", list(ticketing.Filter{Scope: ticketing.Scope{Agency: "dien-luc"}, Words: text.Words("nước thường")})},
		{"search code", func(i int) error {
			return list(ticketing.Filter{Scope: all, Words: text.Words(string(codes[i%len(codes)]))})(i)
		}},
		{"tally month", tally(ticketing.ByMonth)},
		{"tally agency", tally(ticketing.ByAgency)},
		{"tally month area", tally(ticketing.ByMonth, ticketing.ByArea)},
		{"tally agency status", tally(ticketing.ByAgency, ticketing.ByStatus)},
		{"tally month channel agency", tally(ticketing.ByMonth, ticketing.ByChannel, ticketing.ByAgency)},
		{"outbox", func(int) error { _, err := s.Outbox(b.Context(), "", late, 100); return err }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			for i := range b.N {
				if err := bench.fn(i); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkOpen: starting on the full store, and what the process then holds.
func BenchmarkOpen(b *testing.B) {
	s, _ := fullStore(b)
	path := s.path
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		s, err := Open(b.Context(), path, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.List(b.Context(), ticketing.Filter{Scope: ticketing.Scope{All: true}}); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms")
	b.ReportMetric(0, "ns/op")
	var err error
	if filled.store, err = Open(context.Background(), path, Options{}); err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	if raw, err := os.ReadFile("/proc/self/status"); err == nil {
		var kb float64
		for line := range slices.Values(lines(string(raw))) {
			if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kb); err == nil {
				b.ReportMetric(kb/1024, "resident-MB")
			}
		}
	}
}
