package ticketing_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"hotline1022/ticketing"
)

// backlog queues a receipt for each of n citizens of a channel.
func backlog(t testing.TB, d *ticketing.Desk, ch ticketing.Channel, n int) {
	t.Helper()
	var group sync.WaitGroup
	var next atomic.Int64
	for range 64 {
		group.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				_, err := d.Receive(context.Background(), citizen, ticketing.Incoming{
					Channel: ch, From: ticketing.Contact{Channel: ch, ID: fmt.Sprint("c", i)}, Text: "Đèn đường tắt",
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}

// line is a channel that takes its time, and may have a pace.
type line struct {
	takes time.Duration
	pace  rate.Limit
	sent  atomic.Int64
	at    chan time.Time // of each message; nil: not kept
	done  chan struct{}
}

func (l *line) Send(ctx context.Context, m ticketing.Outbound) (string, error) {
	if l.takes > 0 {
		timer := time.NewTimer(l.takes)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	if l.at != nil {
		l.at <- time.Now()
	}
	if n := l.sent.Add(1); l.done != nil && n == int64(cap(l.done)) {
		close(l.done)
	}
	return string(m.Ticket), nil
}

type pacedLine struct{ *line }

func (l pacedLine) Pace() rate.Limit { return l.pace }

// couriers run until the returned function is called.
func couriers(t testing.TB, d *ticketing.Desk, senders map[ticketing.Channel]ticketing.Sender) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- (&ticketing.Courier{Desk: d, Senders: senders, Log: d.Log}).Run(ctx) }()
	return func() { cancel(); <-ended }
}

func TestOneChannelsBacklogDoesNotStarveAnother(t *testing.T) {
	const n = 2_500 // five times what a round reads; with 10,000 it takes as long, but they take long to queue
	o := open(t)
	o.Desk.Now = time.Now
	backlog(t, o.Desk, ticketing.Zalo, n)     // on a line that takes its time
	backlog(t, o.Desk, ticketing.SMS, n/20)   // on none at all
	backlog(t, o.Desk, ticketing.Telegram, 5) // behind both
	slow, quick := &line{takes: 100 * time.Millisecond}, &line{done: make(chan struct{}, 15)}
	stop := couriers(t, o.Desk, map[ticketing.Channel]ticketing.Sender{ticketing.Zalo: slow, ticketing.Telegram: quick})
	defer stop()
	began := time.Now()
	for i := range 10 { // and what comes while it works
		_, err := o.Desk.Receive(t.Context(), citizen, ticketing.Incoming{Channel: ticketing.Telegram, From: ticketing.Contact{Channel: ticketing.Telegram, ID: fmt.Sprint("late", i)}, Text: "Đèn đường tắt"})
		if err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-quick.done:
		t.Logf("15 messages behind %d and %d: all gone after %s, %d of the slow ones with them", n, n/20, time.Since(began).Round(time.Millisecond), slow.sent.Load())
	case <-time.After(15 * time.Second):
		t.Fatalf("after 15 s %d of 15 quick messages are gone, and %d slow ones", quick.sent.Load(), slow.sent.Load())
	}
	if slow.sent.Load() >= n/2 {
		t.Error("the slow line was no backlog: nothing is shown")
	}
}

func TestAPlatformsPaceIsKept(t *testing.T) {
	o := open(t)
	o.Desk.Now = time.Now
	const n, pace = 60, 100
	backlog(t, o.Desk, ticketing.Telegram, n)
	l := &line{pace: pace, at: make(chan time.Time, n), done: make(chan struct{}, n)}
	stop := couriers(t, o.Desk, map[ticketing.Channel]ticketing.Sender{ticketing.Telegram: pacedLine{l}})
	defer stop()
	select {
	case <-l.done:
	case <-time.After(20 * time.Second):
		t.Fatalf("%d of %d", l.sent.Load(), n)
	}
	close(l.at)
	var times []time.Time
	for at := range l.at {
		times = append(times, at)
	}
	// A tenth of a second's worth at once, then one every 10 ms: never more than burst and pace in any stretch.
	for i := range times {
		for j := i + 1; j < len(times); j++ {
			most := float64(pace)/10 + times[j].Sub(times[i]).Seconds()*pace + 4 // those under way when the stretch began
			if float64(j-i) > most {
				t.Fatalf("%d messages in %s", j-i, times[j].Sub(times[i]))
			}
		}
	}
}

// Ten thousand queued replies on a platform that takes 2,000 a second and answers after 20 ms. replies/s.
func BenchmarkTenThousandReplies(b *testing.B) {
	for _, pace := range []rate.Limit{500, 2000} {
		b.Run(fmt.Sprint("pace ", pace), func(b *testing.B) {
			const n = 10_000
			for range b.N {
				b.StopTimer()
				o := open(b)
				o.Desk.Now = time.Now
				backlog(b, o.Desk, ticketing.Telegram, n)
				l := &line{takes: 20 * time.Millisecond, pace: pace, done: make(chan struct{}, n)}
				courier := map[ticketing.Channel]ticketing.Sender{ticketing.Telegram: pacedLine{l}}
				b.StartTimer()
				stop := couriers(b, o.Desk, courier)
				<-l.done
				b.StopTimer()
				stop()
				b.StartTimer()
			}
			b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "replies/s")
		})
	}
}
