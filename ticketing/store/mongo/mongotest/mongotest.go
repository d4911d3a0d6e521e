// Package mongotest gives tests a MongoDB to talk to: the one that HOTLINE_TEST_MONGO names, else the test server of this
// repository, started for the occasion.
//
//	var uri string // "" without a server
//
//	func TestMain(m *testing.M) { os.Exit(run(m)) }
//
//	func run(m *testing.M) int {
//		var stop func()
//		var err error
//		uri, stop, err = mongotest.Start()
//		if err != nil {
//			log.Print(err)
//			if testenv.Required("mongo") {
//				return 1
//			}
//			return m.Run() // each test that needs it calls testenv.Missing
//		}
//		defer stop()
//		return m.Run()
//	}
//
// One server per test binary, one database per test.
package mongotest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	// ServerVariable names a MongoDB to use as it is, such as "mongodb://127.0.0.1:27017/?replicaSet=rs0".
	ServerVariable = "HOTLINE_TEST_MONGO"
	// BinaryVariable names a test server that is built already.
	BinaryVariable = "HOTLINE_TESTSERVER"

	module   = "ticketing/store/mongo/testserver"
	patience = 30 * time.Second // a start takes well under a second; a machine that builds at the same time is slower
)

// How says what to do when Start fails; made for testenv.Missing.
const How = "run `make test`, or name a MongoDB in " + ServerVariable

// Start returns the address of a MongoDB and what ends it; stop waits until the server is gone. A server that Start
// started is empty, belongs to this process and ends with it, however it ends.
func Start() (uri string, stop func(), err error) {
	if uri := os.Getenv(ServerVariable); uri != "" {
		return uri, func() {}, nil
	}
	binary := os.Getenv(BinaryVariable)
	if binary == "" {
		binary, err = Build()
	}
	if err == nil {
		uri, stop, err = start(binary)
	}
	if err != nil {
		return "", nil, fmt.Errorf("no MongoDB to test against: %w\n%s", err, How)
	}
	return uri, stop, nil
}

// Build returns the path of the test server, built if it is not there yet: about a minute the first time. The file's
// name holds a digest of its sources, so a changed source is a new file.
func Build() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	root := filepath.Dir(strings.TrimSpace(string(out)))
	if err != nil || root == "." || root == filepath.Dir(os.DevNull) {
		return "", errors.New("the test server is built from the repository's sources, and `go env GOMOD` finds none here")
	}
	source := filepath.Join(root, module)

	digest := sha256.New()
	fmt.Fprintln(digest, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, name := range []string{"go.mod", "go.sum", "main.go"} {
		content, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintln(digest, name, len(content))
		digest.Write(content)
	}

	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "hotline1022")
	binary := filepath.Join(folder, fmt.Sprintf("testserver-%.12x", digest.Sum(nil)))
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}

	// Built aside and renamed, so that two test binaries at once never start half a file.
	aside := fmt.Sprintf("%s.%d", binary, os.Getpid())
	defer os.Remove(aside)
	build := exec.Command("go", "build", "-o", aside, ".")
	build.Dir = source
	build.Env = append(os.Environ(), "GOFLAGS=-trimpath -buildvcs=false -mod=readonly", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", module, err, out)
	}
	return binary, os.Rename(aside, binary)
}

// start runs the server with a pipe held open: the server ends when this process does.
func start(binary string) (uri string, stop func(), err error) {
	server := exec.Command(binary, "-stdin")
	var said bytes.Buffer
	server.Stderr = &said
	hold, err := server.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	lines, err := server.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := server.Start(); err != nil {
		return "", nil, err
	}
	late := time.AfterFunc(patience, func() { _ = server.Process.Kill() })
	line, _ := bufio.NewReader(lines).ReadString('\n')
	late.Stop()

	uri, ready := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ready {
		_ = hold.Close()
		_ = server.Process.Kill()
		return "", nil, fmt.Errorf("%s did not get ready: %v\n%s", filepath.Base(binary), server.Wait(), said.String())
	}
	return uri, func() {
		_ = hold.Close()
		late.Reset(patience)
		_ = server.Wait()
		late.Stop()
	}, nil
}
