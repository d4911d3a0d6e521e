//go:build unix

package realtime_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"hotline1022/realtime"
	"hotline1022/ticketing"
)

var row = "<li>" + strings.Repeat("x", 240) + "</li>" // with its JSON about 300 bytes

func roomy(hub *realtime.Hub) {
	hub.Limits = realtime.Limits{PerIP: 1 << 20, PerReader: 1 << 20, PerSession: 1 << 20, Ring: 4096}
	hub.Render = func(realtime.Audience, ticketing.Event, ticketing.Ticket) realtime.Change {
		return realtime.Change{Row: row}
	}
}

// upgrade opens a websocket that costs its client next to nothing: a line and no goroutine.
func upgrade(tb testing.TB, addr string) net.Conn {
	tb.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	fmt.Fprintf(c, "GET /live?role=operator HTTP/1.1\r\nHost: x\r\nOrigin: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", origin)
	return c
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFanOut publishes as fast as it can to N sockets, the clients in the same process; one operation is one
// delivery. cpu/delivery holds the clients' reading too.
func BenchmarkFanOut(b *testing.B) {
	for _, n := range []int{100, 1000} {
		b.Run(fmt.Sprint("N=", n), func(b *testing.B) {
			h := build(b, newPaper(), roomy)
			var got atomic.Int64
			for range n {
				c := upgrade(b, h.addr)
				b.Cleanup(func() { c.Close() })
				go func() {
					buffer := make([]byte, 32<<10)
					for {
						read, err := c.Read(buffer)
						if err != nil {
							return
						}
						got.Add(int64(read))
					}
				}()
			}
			h.wait("all are in", func() bool { return h.hub.Stats().Staff == n })
			before := h.hub.Stats()
			for k := range 500 {
				h.write(ticketing.Code("T"+strconv.Itoa(k)), ticketing.Received)
			}
			h.wait("warm", func() bool { return h.hub.Stats().Sent == before.Sent+500*int64(n) })
			before = h.hub.Stats()
			start := cpu()
			b.ResetTimer()
			events := max(1, b.N/n)
			for k := range events {
				if k%1000 == 0 { // nobody falls off: every event is delivered to all
					h.wait("all have caught up", func() bool { return h.hub.Stats().Sent >= before.Sent+int64((k-1000)*n) })
				}
				h.write(ticketing.Code("T"+strconv.Itoa(k%500)), ticketing.Noted)
			}
			h.wait("all is delivered", func() bool { return h.hub.Stats().Sent == before.Sent+int64(events*n) })
			b.StopTimer()
			after := h.hub.Stats()
			sent := float64(after.Sent - before.Sent)
			b.ReportMetric(float64((cpu()-start).Nanoseconds())/sent, "cpu-ns/delivery")
			b.ReportMetric(sent/b.Elapsed().Seconds(), "deliveries/s")
			b.ReportMetric(sent/float64(after.Writes-before.Writes), "frames/write")
			if after.Resets > 0 {
				b.Errorf("%d resets", after.Resets)
			}
		})
	}
}

// BenchmarkLatency has 200 sockets and 20 events a second: from the call that stores to the client's read.
func BenchmarkLatency(b *testing.B) {
	const sockets, perSecond = 200, 20
	h := build(b, newPaper(), roomy)
	h.do("A", ticketing.Received)
	var mu sync.Mutex
	sent := make(map[int64]time.Time)
	var took []time.Duration
	var arrived atomic.Int64
	for range sockets {
		s := h.open("role=operator")
		go func() {
			for s.read() == nil {
				now := time.Now()
				mu.Lock()
				for _, it := range s.queue {
					if at, ok := sent[it.Seq]; ok {
						took = append(took, now.Sub(at))
						arrived.Add(1)
					}
				}
				mu.Unlock()
				s.queue = s.queue[:0]
			}
		}()
	}
	ticker := time.NewTicker(time.Second / perSecond)
	defer ticker.Stop()
	b.ResetTimer()
	for n := range b.N {
		<-ticker.C
		mu.Lock()
		sent[int64(n+2)] = time.Now()
		mu.Unlock()
		h.write("A", ticketing.Noted)
	}
	h.wait("all is read", func() bool { return arrived.Load() == int64(b.N*sockets) })
	b.StopTimer()
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkIdleMemory opens 2,000 sockets from a second process and reports what one costs the server.
func BenchmarkIdleMemory(b *testing.B) {
	const sockets = 2000
	h := build(b, newPaper(), roomy)
	h.do("A", ticketing.Received)
	warm := h.open("role=operator")
	warm.hearsNothingBefore(h.do("A", ticketing.Noted))
	settle := func() (rss int64) {
		for range 3 {
			runtime.GC()
		}
		debug.FreeOSMemory()
		return resident(b)
	}
	before := settle()
	client := exec.Command(os.Args[0], "-test.run=TestIdleClient")
	client.Env = append(os.Environ(), "IDLE_ADDR="+h.addr, fmt.Sprint("IDLE_SOCKETS=", sockets))
	stdin, err := client.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := client.Start(); err != nil {
		b.Fatal(err)
	}
	h.wait("all are in", func() bool { return h.hub.Stats().Staff == sockets+1 })
	sent := h.hub.Stats().Sent
	idle := settle()
	for range 50 {
		h.do("A", ticketing.Noted)
	}
	h.wait("all is told", func() bool { return h.hub.Stats().Sent == sent+50*(sockets+1) })
	used := settle()
	b.ReportMetric(float64(idle-before)/1024/sockets, "KB/idle-socket")
	b.ReportMetric(float64(used-before)/1024/sockets, "KB/used-socket")
	stdin.Close()
	_ = client.Wait()
}

// TestIdleClient is the second process of BenchmarkIdleMemory.
func TestIdleClient(t *testing.T) {
	addr := os.Getenv("IDLE_ADDR")
	if addr == "" {
		t.Skip("only for BenchmarkIdleMemory")
	}
	n, _ := strconv.Atoi(os.Getenv("IDLE_SOCKETS"))
	for range n {
		c := upgrade(t, addr)
		defer c.Close()
	}
	_, _ = os.Stdin.Read(make([]byte, 1)) // until the other process lets go
}

func resident(tb testing.TB) int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		tb.Skip("no /proc: ", err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && fields[0] == "VmRSS:" {
			kb, _ := strconv.ParseInt(fields[1], 10, 64)
			return kb << 10
		}
	}
	tb.Fatal("no VmRSS")
	return 0
}
