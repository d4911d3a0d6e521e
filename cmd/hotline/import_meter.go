package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mattn/go-isatty"
)

// meter counts what became of the rows and, on a terminal, shows how far the file has been read.
type meter struct {
	began                                 time.Time
	size                                  int64
	bytes                                 atomic.Int64
	read, added, changed, there, rejected atomic.Int64

	screen io.Writer
	stop   chan struct{}
	done   sync.WaitGroup
}

func newMeter(file string, screen *os.File) *meter {
	m := &meter{began: time.Now(), screen: screen, stop: make(chan struct{})}
	if info, err := os.Stat(file); err == nil {
		m.size = info.Size()
	}
	if screen != nil && isatty.IsTerminal(screen.Fd()) {
		m.done.Go(m.show)
	}
	return m
}

func (m *meter) show() {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-m.stop:
			fmt.Fprintf(m.screen, "\r%s\r", strings.Repeat(" ", 70))
			return
		case <-tick.C:
			fmt.Fprint(m.screen, "\r"+m.bar())
		}
	}
}

// bar is one line of at most 70 columns.
func (m *meter) bar() string {
	const width = 24
	share := 0.0
	if m.size > 0 {
		share = min(1, float64(m.bytes.Load())/float64(m.size))
	}
	full := int(share * width)
	rate := float64(m.read.Load()) / max(time.Since(m.began).Seconds(), 0.001)
	return fmt.Sprintf("[%s%s] %3.0f %%  %d rows, %.0f/s, %d rejected ",
		strings.Repeat("#", full), strings.Repeat(".", width-full), share*100, m.read.Load(), rate, m.rejected.Load())
}

// end takes the bar off the screen.
func (m *meter) end() {
	close(m.stop)
	m.done.Wait()
}

// counted lets the meter see the bytes go by.
func (m *meter) counted(r io.Reader) io.Reader { return countedReader{r, &m.bytes} }

type countedReader struct {
	io.Reader
	n *atomic.Int64
}

func (c countedReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}
