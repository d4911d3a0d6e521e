package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/sqlite"
)

// ImportCmd loads data from a file. The same file twice changes nothing; a run that was stopped is finished by running
// it again.
type ImportCmd struct {
	What     string `arg:"" enum:"tickets,areas,boundaries,agencies,staff,categories,routes,limits,calendar" help:"tickets, areas, boundaries, agencies, staff, categories, routes, limits or calendar"`
	File     string `arg:"" help:"CSV (any delimiter), JSON, JSON lines or, for boundaries, GeoJSON; gzipped or not"`
	Map      string `help:"tickets: YAML file that says which column is what" placeholder:"MAP.yaml"`
	DryRun   bool   `help:"say what would happen and change nothing"`
	Province string `help:"areas: only this province's units, and all provinces" placeholder:"CODE"`
}

// importer is one run over one file.
type importer struct {
	cmd    ImportCmd
	parts  *parts
	store  ticketing.Store // the real one, or one that forgets (--dry-run)
	desk   *ticketing.Desk
	out    io.Writer
	refuse *rejects
	meter  *meter
}

// Run loads the file and prints what became of it. Rows that were rejected make the exit status 1.
func (cmd ImportCmd) Run(ctx context.Context, c *Config) error {
	if cmd.Map != "" && cmd.What != "tickets" {
		return fmt.Errorf("--map is for tickets; %s are read by the names of their fields", cmd.What)
	}
	if cmd.What == "tickets" && cmd.Map == "" {
		return errors.New("tickets need --map MAP.yaml, which says which column is what")
	}
	if cmd.Province != "" && cmd.What != "areas" {
		return errors.New("--province is for areas")
	}
	debug.SetGCPercent(400) // a file read once, by a program that ends after it
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	p, err := assembled(ctx, c, quiet, sqlite.Options{WriterCache: 256})
	if err != nil {
		return err
	}
	return errors.Join(cmd.into(ctx, p, os.Stdout), p.store.Close())
}

// into runs the import over parts that are open already.
func (cmd ImportCmd) into(ctx context.Context, p *parts, out io.Writer) error {
	im := &importer{cmd: cmd, parts: p, store: p.store, desk: p.desk, out: out}
	if cmd.DryRun {
		im.store = newForgetful(p.store)
		im.desk = &ticketing.Desk{
			Store: im.store, Vault: p.vault, Files: p.desk.Files, Now: p.desk.Now, Log: p.log,
			Catalog: &ticketing.Catalogs{Records: im.store}, BaseURL: p.desk.BaseURL,
		}
		if err := im.desk.Catalog.Refresh(ctx); err != nil {
			return err
		}
	}
	im.refuse = newRejects(cmd.File)
	im.meter = newMeter(cmd.File, os.Stderr)
	err := im.load(ctx)
	im.meter.end()
	place, failed := im.refuse.close()
	im.summary(place, err)
	switch {
	case err != nil:
		return errors.Join(err, failed)
	case failed != nil:
		return failed
	case im.meter.rejected.Load() > 0:
		return errData{fmt.Errorf("%d rows were rejected; they are in %s with the reasons. Mend them there and import that file", im.meter.rejected.Load(), place)}
	}
	return nil
}

func (im *importer) load(ctx context.Context) error {
	switch im.cmd.What {
	case "tickets":
		return im.tickets(ctx)
	case "staff":
		return im.staff(ctx)
	}
	return im.records(ctx)
}

// reject notes a row that could not be taken in.
func (im *importer) reject(r row, reason string) error {
	im.meter.rejected.Add(1)
	return im.refuse.add(r, reason)
}

func (im *importer) summary(place string, err error) {
	m := im.meter
	seconds := time.Since(m.began).Seconds()
	doing, added := "imported", "new"
	if im.cmd.DryRun {
		doing, added = "dry run over", "would be new"
	}
	if err != nil {
		doing = "stopped in"
	}
	fmt.Fprintf(im.out, "%s %s: %d read, %d %s, %d changed, %d already there, %d rejected, in %.1f s (%.0f rows/s)\n",
		doing, filepath.Base(im.cmd.File), m.read.Load(), m.added.Load(), added, m.changed.Load(), m.there.Load(), m.rejected.Load(),
		seconds, float64(m.read.Load())/max(seconds, 0.001))
	if place != "" {
		fmt.Fprintf(im.out, "rejected rows: %s\n", place)
	}
	if err != nil && errors.Is(err, context.Canceled) {
		fmt.Fprintln(im.out, "run the same command again to go on; nothing is taken in twice")
	}
}
