package main_test

import (
	"bufio"
	"fmt"
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

// shared is the Mongo server of the test binary, started when the first test asks for it.
var shared struct {
	once sync.Once
	uri  string
	stop func()
	err  error
}

func stopMongo() {
	if shared.stop != nil {
		shared.stop()
	}
}

var databases atomic.Int64

// mongo is the address of an empty database.
func mongo(t *testing.T) string {
	t.Helper()
	shared.once.Do(func() { shared.uri, shared.stop, shared.err = mongotest.Start() })
	if shared.err != nil {
		testenv.Missing(t, "mongo", shared.err.Error())
	}
	uri := inDatabase(shared.uri, fmt.Sprintf("hotline_faults_%d_%d", os.Getpid(), databases.Add(1)))
	t.Cleanup(func() {
		if err := mongotest.Drop(uri); err != nil {
			t.Logf("the database is left behind: %v", err)
		}
	})
	return uri
}

// inDatabase puts a database's name into the address of a server.
func inDatabase(uri, name string) string {
	scheme, rest, _ := strings.Cut(uri, "://")
	address, query, asked := strings.Cut(rest, "?")
	uri = scheme + "://" + strings.TrimRight(address, "/") + "/" + name
	if asked {
		uri += "?" + query
	}
	return uri
}

// mongoThatDies is a server of one test's own, on a folder that outlives it. It answers at the address of a doorway, which
// stays when the server is another.
type mongoThatDies struct {
	*testing.T
	dir    string
	door   net.Listener
	kill   func()
	target atomic.Value // string, host:port

	mu    sync.Mutex
	conns map[net.Conn]bool
}

func newMongoThatDies(t *testing.T) *mongoThatDies {
	t.Helper()
	m := &mongoThatDies{T: t, dir: t.TempDir(), conns: map[net.Conn]bool{}}
	m.target.Store("")
	m.live()
	var err error
	if m.door, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	go m.serve()
	t.Cleanup(func() {
		m.door.Close()
		m.die()
	})
	return m
}

func (m *mongoThatDies) uri(database string) string {
	return "mongodb://" + m.door.Addr().String() + "/" + database
}

// live starts the server on what the last one left.
func (m *mongoThatDies) live() {
	m.Helper()
	binary := os.Getenv(mongotest.BinaryVariable)
	if binary == "" {
		var err error
		if binary, err = mongotest.Build(); err != nil {
			testenv.Missing(m.T, "mongo", mongotest.How)
		}
	}
	server := exec.Command(binary, "-dir", m.dir, "-stdin")
	hold, err := server.StdinPipe()
	if err != nil {
		m.Fatal(err)
	}
	said, err := server.StdoutPipe()
	if err != nil {
		m.Fatal(err)
	}
	if err := server.Start(); err != nil {
		m.Fatal(err)
	}
	m.kill = sync.OnceFunc(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		hold.Close()
	})
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		m.kill()
		m.Fatal(err)
	}
	_, rest, _ := strings.Cut(strings.TrimSpace(line), "://")
	m.target.Store(strings.TrimSuffix(rest, "/"))
}

// die kills it and cuts every connection.
func (m *mongoThatDies) die() {
	m.target.Store("")
	m.kill()
	m.mu.Lock()
	defer m.mu.Unlock()
	for c := range m.conns {
		c.Close()
	}
	clear(m.conns)
}

func (m *mongoThatDies) serve() {
	for {
		client, err := m.door.Accept()
		if err != nil {
			return
		}
		go m.join(client)
	}
}

func (m *mongoThatDies) join(client net.Conn) {
	defer client.Close()
	target := m.target.Load().(string)
	if target == "" {
		return
	}
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	m.mu.Lock()
	m.conns[client], m.conns[server] = true, true
	m.mu.Unlock()
	go func() {
		_, _ = io.Copy(server, client)
		server.Close()
	}()
	_, _ = io.Copy(client, server)
}
