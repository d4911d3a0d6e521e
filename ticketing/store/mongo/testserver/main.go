// Command testserver is a MongoDB for tests: FerretDB 1 on SQLite, one process, loopback only, gone when the test is.
//
//	testserver [-dir DIR] [-stdin]
//
// It listens on a free port of 127.0.0.1, prints "ready mongodb://127.0.0.1:PORT/" and serves until SIGINT or SIGTERM
// or, with -stdin, until its standard input ends. A parent that holds the other end of that pipe therefore never leaves
// a server behind, not even when it is killed. Without -dir the data lives in a temporary folder removed at the end.
//
// It judges inserts and duplicate keys fairly. It is no judge of speed, queries, transactions or failover, it loses
// concurrent updates, and it is not a database to run the hotline on.
//
// It is a module of its own, so that FerretDB and its dependencies stay out of the program's go.mod.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	dir := flag.String("dir", "", "folder of the data, kept afterwards (default: a temporary one, removed)")
	stdin := flag.Bool("stdin", false, "end when standard input ends")
	flag.Parse()
	if err := run(*dir, *stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testserver:", err)
		os.Exit(1)
	}
}

func run(dir string, untilStdinEnds bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	if dir == "" {
		temp, err := os.MkdirTemp("", "hotline-mongo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temp)
		dir = temp
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}

	// Without fsync: what was written survives a killed process, and no test cuts the power.
	data := url.URL{Scheme: "file", Path: dir + "/", RawQuery: "_pragma=synchronous(off)"}
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Handler:   "sqlite",
		SQLiteURL: data.String(),
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return err
	}
	if untilStdinEnds {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	fmt.Println("ready", server.MongoDBURI()) // New listens already: who reads this line may connect
	return server.Run(ctx)
}
