// Command hotline-load measures the program as users meet it, and prints a table. It builds the program, starts it on
// this machine with data of its own in a temporary folder, sends bounded load to it over loopback, and stops.
//
//	go run ./cmd/hotline-load                    intake, sockets, memory: about a minute
//	go run ./cmd/hotline-load --tickets 1000000  also import, start, queue, search and figures at that many tickets
//
// It never sends anything to another machine: the address it loads is the one its own child has just printed.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type options struct {
	tickets     int
	connections int
	sockets     int
	length      time.Duration
	keep        string
	settle      time.Duration
}

func main() {
	var o options
	flag.IntVar(&o.tickets, "tickets", 0, "also measure with so many tickets stored (0: skip; a million takes some minutes)")
	flag.IntVar(&o.connections, "connections", 64, "connections of the intake test, at most 512")
	flag.IntVar(&o.sockets, "sockets", 2000, "idle sockets of the memory test, at most 10000")
	flag.DurationVar(&o.length, "length", 10*time.Second, "length of each test, at most 2m")
	flag.StringVar(&o.keep, "data", "", "folder for the data, kept afterwards (default: temporary)")
	flag.DurationVar(&o.settle, "settle", 65*time.Second, "how long memory is left to itself before it is read: the program gives back each minute what it does not use")
	bareServer := flag.Bool("bare-server", false, "be the server of the bare insert (the program starts itself so)")
	flag.Parse()
	if *bareServer {
		if err := serveBare(); err != nil {
			fmt.Fprintln(os.Stderr, "hotline-load:", err)
			os.Exit(1)
		}
		return
	}
	o.connections, o.sockets, o.length = min(o.connections, 512), min(o.sockets, 10_000), min(o.length, 2*time.Minute)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "hotline-load:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	dir := o.keep
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "hotline-load-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	p := &program{dir: dir, binary: filepath.Join(dir, "hotline")}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", p.binary, "./cmd/hotline").CombinedOutput(); err != nil {
		return fmt.Errorf("building the program (run this from the project's root): %v\n%s", err, out)
	}
	fmt.Printf("%s, %d cores, %s\n\n", runtime.Version(), runtime.NumCPU(), time.Now().Format(time.DateOnly))
	t := &table{}
	if err := small(ctx, p, o, t); err != nil {
		return err
	}
	if o.tickets > 0 {
		if err := large(ctx, p, o, t); err != nil {
			return err
		}
	}
	return nil
}

// small is what is measured on an empty store.
func small(ctx context.Context, p *program, o options, t *table) error {
	p.data = filepath.Join(p.dir, "small")
	token, err := p.token(ctx)
	if err != nil {
		return err
	}
	// One key may hold 16 sockets, and one address 300: many keys and, through a trusted proxy's header, many addresses.
	keys := []string{token}
	for len(keys) < max(o.sockets, listeners)/perKey+1 {
		key, err := p.token(ctx)
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	began := time.Now()
	s, err := p.start(ctx)
	if err != nil {
		return err
	}
	defer s.stop()
	t.row("start, empty store", fmt.Sprintf("%d ms", time.Since(began).Milliseconds()), "1 s")
	pause(ctx, o.settle)
	t.row("memory, idle", fmt.Sprintf("%.0f MB", s.memory()), "80 MB")
	if err := sockets(ctx, s, keys, o, t); err != nil {
		return err
	}
	return intake(ctx, s, keys, o, t)
}

// table prints rows as they come: a long run shows how far it is.
type table struct{ begun bool }

func (t *table) row(what, got, want string) {
	if !t.begun {
		fmt.Printf("%-58s %22s   %s\n", "measured", "result", "wanted")
		t.begun = true
	}
	fmt.Printf("%-58s %22s   %s\n", what, got, want)
}

// program is the hotline as it will be run.
type program struct{ dir, binary, data string }

func (p *program) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, p.binary, args...)
	c.Env = append(os.Environ(), "HOTLINE_DATA="+p.data, "HOTLINE_ADDR=127.0.0.1:0", "HOTLINE_STORE=sqlite", "HOTLINE_PUBLIC_URL=", "HOTLINE_TRUSTED_PROXIES=127.0.0.1", "HOTLINE_ADMIN_PASSWORD=load test only")
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 20 * time.Second
	return c
}

func (p *program) run(ctx context.Context, args ...string) (string, error) {
	out, err := p.command(ctx, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("hotline %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

func (p *program) token(ctx context.Context) (string, error) {
	if err := os.MkdirAll(p.data, 0o750); err != nil {
		return "", err
	}
	return p.run(ctx, "token", "add", "--name", "load", "--scopes", "tickets:read,tickets:write,tickets:act,events:read,report:read")
}

// server is the program, serving.
type server struct {
	cmd *exec.Cmd
	url string
}

func (p *program) start(ctx context.Context) (*server, error) {
	c := p.command(ctx, "serve")
	c.Stderr = io.Discard
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			go func() { // the pipe must not fill up
				for lines.Scan() {
				}
			}()
			return &server{c, url}, nil
		}
	}
	return nil, errors.Join(errors.New("the server did not say that it listens"), c.Wait())
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait() // what it ended with does not matter here
}

// memory is the resident set in MB, as the system counts it.
func (s *server) memory() float64 {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(s.cmd.Process.Pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.SplitSeq(string(raw), "\n") {
		if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, _ := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kb), "kB")))
			return float64(n) / 1024
		}
	}
	return 0
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
