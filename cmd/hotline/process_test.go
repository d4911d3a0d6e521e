package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// The tests of faults_test.go, two_test.go and their neighbours run the real program as processes of their own, on
// loopback, on folders that end with the test: what is tried is what is installed.

// patience is how long anything may take that should take a moment; the machine may be busy with other tests.
const patience = 60 * time.Second

// binary is where the program is once a test has asked for it.
var binary string

func TestMain(m *testing.M) { os.Exit(andThen(m)) }

// andThen runs the tests and clears away what several of them share.
func andThen(m *testing.M) int {
	defer func() {
		if binary != "" {
			os.RemoveAll(filepath.Dir(binary))
		}
	}()
	defer stopMongo()
	return m.Run()
}

// program is the path of the binary, built once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "hotline-faults-")
	if err != nil {
		return "", err
	}
	binary = filepath.Join(dir, "hotline")
	build := exec.Command("go", "build", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return binary, nil
})

// place is where an installation lives: its settings, with the data folder among them. Each process gets all of them.
type place struct {
	testing.TB
	dir      string
	settings map[string]string
}

// vaultOf the tests that share a store between processes.
const vaultOf = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// newPlace is an empty data folder; pairs are further settings.
func newPlace(t testing.TB, pairs ...string) *place {
	t.Helper()
	p := &place{TB: t, dir: filepath.Join(t.TempDir(), "data"), settings: map[string]string{}}
	p.set("HOTLINE_DATA", p.dir, "HOTLINE_ADDR", "127.0.0.1:0", "HOTLINE_ADMIN_PASSWORD", "mot cau dai de nho")
	p.set(pairs...)
	return p
}

func (p *place) set(pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		p.settings[pairs[i]] = pairs[i+1]
	}
}

// command is a call of the program with the place's settings and nobody else's.
func (p *place) command(ctx context.Context, args ...string) *exec.Cmd {
	p.Helper()
	path, err := program()
	if err != nil {
		p.Fatal(err)
	}
	c := exec.CommandContext(ctx, path, args...)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir()}
	for name, value := range p.settings {
		c.Env = append(c.Env, name+"="+value)
	}
	c.WaitDelay = 5 * time.Second
	return c
}

// outcome is what a command said and how it ended.
type outcome struct {
	testing.TB
	call   string
	status int
	out    string
	err    string
}

// run calls a command and waits for its end.
func (p *place) run(args ...string) outcome {
	p.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out, said bytes.Buffer
	c := p.command(ctx, args...)
	c.Stdout, c.Stderr = &out, &said
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		p.Fatalf("hotline %s: %v %v\n%s", strings.Join(args, " "), err, ctx.Err(), said.String())
	}
	o := outcome{TB: p.TB, call: strings.Join(args, " "), status: c.ProcessState.ExitCode(), out: out.String(), err: said.String()}
	discreet(p, o.call, o.out+o.err)
	return o
}

// wants holds the command to its exit status and to words on either stream.
func (o outcome) wants(status int, words ...string) outcome {
	o.Helper()
	if o.status != status {
		o.Fatalf("hotline %s ended with %d, want %d\n%s%s", o.call, o.status, status, o.out, o.err)
	}
	for _, w := range words {
		if !strings.Contains(o.out+o.err, w) {
			o.Errorf("hotline %s does not say %q:\n%s%s", o.call, w, o.out, o.err)
		}
	}
	return o
}

// oneLine holds an error to its form: a single line on stderr.
func (o outcome) oneLine() outcome {
	o.Helper()
	if lines := strings.Split(strings.TrimSuffix(o.err, "\n"), "\n"); len(lines) != 1 || !strings.HasPrefix(o.err, "hotline: ") {
		o.Errorf("hotline %s: the error is not one line of its own:\n%s", o.call, o.err)
	}
	return o
}

// process is a hotline that serves.
type process struct {
	testing.TB
	url   string
	cmd   *exec.Cmd
	out   *transcript
	err   *transcript
	ended chan struct{}
}

// serve starts one and waits until it takes connections.
func (p *place) serve(args ...string) *process {
	p.Helper()
	s := p.begin(args...)
	var first string
	within(p, "the line \"listening on\"", func() bool {
		select {
		case <-s.ended:
			p.Fatalf("the server ended at its start:\n%s%s", s.out, s.err)
		default:
		}
		m := listening.FindStringSubmatch(s.out.String())
		if m != nil {
			first = m[1]
		}
		return m != nil
	})
	s.url = first
	return s
}

var listening = regexp.MustCompile(`(?m)^listening on (http://\S+)$`)

// begin starts one and waits for nothing.
func (p *place) begin(args ...string) *process {
	p.Helper()
	return launch(p, p.command(context.Background(), append([]string{"serve"}, args...)...))
}

func launch(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	s := &process{TB: t, cmd: cmd, out: new(transcript), err: new(transcript), ended: make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.err
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() {
		s.kill()
		discreet(t, "serve", s.out.String()+s.err.String())
		if t.Failed() {
			t.Logf("the server at %s said:\n%s%s", s.url, s.out, s.err)
		}
	})
	return s
}

// kill ends the process as a power cut ends it for the program: no handler runs.
func (s *process) kill() {
	_ = s.cmd.Process.Kill() // it may have ended by itself
	<-s.ended
}

// stop asks it to end, and holds it to doing so well.
func (s *process) stop() {
	s.Helper()
	_ = s.cmd.Process.Signal(os.Interrupt)
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.kill()
		s.Fatal("the server did not stop when it was told to")
	}
	if status := s.cmd.ProcessState.ExitCode(); status != 0 {
		s.Errorf("told to stop, the server ended with %d:\n%s", status, s.err)
	}
}

// transcript keeps what a process says; beyond a limit it forgets the middle.
type transcript struct {
	mu   sync.Mutex
	head bytes.Buffer
	tail []byte
}

const mostKept = 64 << 10

func (t *transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(b)
	if room := mostKept - t.head.Len(); room > 0 {
		t.head.Write(b[:min(room, len(b))])
		b = b[min(room, len(b)):]
	}
	t.tail = append(t.tail, b...)
	if len(t.tail) > 2*mostKept {
		t.tail = append([]byte(nil), t.tail[len(t.tail)-mostKept:]...)
	}
	return n, nil
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.head.String() + string(t.tail)
}

var _ io.Writer = (*transcript)(nil)

// within waits until ok, looking often, and fails the test when patience ends.
func within(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) { // between two looks, not instead of one
		if time.Now().After(end) {
			t.Fatalf("waited %s for %s", patience, what)
		}
	}
}

// Everybody in these tests has this name and a number that begins so: no process may ever write either.
const (
	citizenName = "Lê Thị Thử Nghiệm"
	numberStart = "09051"
)

var fullNumber = regexp.MustCompile(`(0|84)905[\s.-]?1\d\d[\s.-]?\d{3}`)

// discreet holds what a process wrote to the rule that logs know no citizen.
func discreet(t testing.TB, what, said string) {
	t.Helper()
	if strings.Contains(said, citizenName) || strings.Contains(said, "Thử Nghiệm") {
		t.Errorf("hotline %s wrote a citizen's name:\n%s", what, said)
	}
	if m := fullNumber.FindString(said); m != "" {
		t.Errorf("hotline %s wrote the number %s:\n%s", what, m, said)
	}
}

// client keeps connections open and gives up on a server that does not answer.
func client() *http.Client {
	return &http.Client{
		Timeout: patience,
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 32, DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
