package mongo

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"hotline1022/ticketing/store/mongo/mongotest"
	"hotline1022/ticketing/testenv"
)

// proxy stands between a store and its server: an address that stays when the server is another, and a wire on which
// answers can get lost.
type proxy struct {
	net.Listener
	target    atomic.Value // string, host:port
	swallow   atomic.Bool  // drop what the server answers
	swallowed atomic.Int64 // bytes

	mu    sync.Mutex
	conns map[net.Conn]bool
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, conns: map[net.Conn]bool{}}
	p.target.Store(target)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.cut()
		serving.Wait()
	})
	return p
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target.Load().(string))
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	p.conns[client], p.conns[server] = true, true
	p.mu.Unlock()
	go func() {
		_, _ = io.Copy(server, client)
		server.Close()
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			break
		}
		if p.swallow.Load() {
			p.swallowed.Add(int64(n))
			continue
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			break
		}
	}
	p.mu.Lock()
	delete(p.conns, client)
	delete(p.conns, server)
	p.mu.Unlock()
}

// cut ends every connection.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

func (p *proxy) uri(name string) string { return "mongodb://" + p.Addr().String() + "/" + name }

// ownServer is a test server on a folder that outlives it; kill ends it as kill -9 does.
func ownServer(t *testing.T, dir string) (address string, kill func()) {
	t.Helper()
	binary := os.Getenv(mongotest.BinaryVariable)
	if binary == "" {
		var err error
		if binary, err = mongotest.Build(); err != nil {
			testenv.Missing(t, "mongo", mongotest.How)
		}
	}
	process := exec.Command(binary, "-dir", dir, "-stdin")
	hold, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
		hold.Close()
	})
	t.Cleanup(kill)
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return hostOf(strings.TrimPrefix(strings.TrimSpace(line), "ready ")), kill
}

// hostOf is the host:port of an address of one server.
func hostOf(uri string) string {
	_, rest, _ := strings.Cut(uri, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}
