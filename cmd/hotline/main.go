// Command hotline is the whole contact centre in one program: `hotline demo` shows it, `hotline serve` runs it, the
// other commands load data and look after it. This package builds everything and owns the configuration; what the
// parts do is in ticketing, channels, realtime and ui.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // the office's zone is known on any machine

	"github.com/alecthomas/kong"
)

// version is set by the release build.
var version = "dev"

type commands struct {
	Config

	Demo    DemoCmd    `cmd:"" help:"A province in a box, in a temporary folder, with citizens who write while you watch."`
	Serve   ServeCmd   `cmd:"" help:"The server."`
	Import  ImportCmd  `cmd:"" help:"Load data from a file."`
	Report  ReportCmd  `cmd:"" help:"Figures for a period."`
	User    UserCmd    `cmd:"" help:"Staff accounts."`
	Token   TokenCmd   `cmd:"" help:"API tokens."`
	Replay  ReplayCmd  `cmd:"" help:"Make every projection anew from the journal, or compare."`
	Verify  VerifyCmd  `cmd:"" help:"Check the journal: no hole, hash chain unbroken."`
	Backup  BackupCmd  `cmd:"" help:"A consistent copy while serving."`
	Restore RestoreCmd `cmd:"" help:"Load a backup into an empty data folder or store."`
	Show    ConfigCmd  `cmd:"" name:"config" help:"Every setting with its comment, default and present value."`
	Version VersionCmd `cmd:"" help:"Version, commit, Go version, store kinds."`
}

// errData is for a run that worked and found the data wrong: exit status 1 instead of 2.
type errData struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run is main without the process around it. 0: done; 1: it ran and something is wrong with the data; 2: the call or
// the configuration is wrong, or it could not run.
func run(ctx context.Context, args []string) int {
	var c commands
	parser, err := kong.New(&c, kong.Name("hotline"), kong.Description("The contact centre of a province: hotline 1022."),
		kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(&c.Config))
	if err != nil {
		fmt.Fprintln(os.Stderr, "hotline:", err)
		return 2
	}
	call, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "hotline: %v (hotline --help shows the commands)\n", err)
		return 2
	}
	if name := call.Command(); name != "version" && name != "config" {
		if err := c.check(); err != nil {
			fmt.Fprintf(os.Stderr, "hotline: the settings are wrong:\n%v\n", err)
			return 2
		}
	}
	err = call.Run()
	var data errData
	switch {
	case err == nil, errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return 0
	case errors.As(err, &data):
		fmt.Fprintln(os.Stderr, "hotline:", err)
		return 1
	}
	fmt.Fprintln(os.Stderr, "hotline:", err)
	return 2
}

// VersionCmd says what this is.
type VersionCmd struct{}

// Run prints it.
func (VersionCmd) Run() error {
	fmt.Printf("hotline %s, commit %s, %s, stores: sqlite, mongodb\n", version, commit(), runtime.Version())
	return nil
}

func commit() string {
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return "unknown"
}
