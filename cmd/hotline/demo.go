package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"hotline1022/cmd/hotline/province"
	"hotline1022/ticketing/words"
)

// DemoCmd is a province in a box: a province that does not exist, six weeks of its matters, and citizens who go on
// writing while you watch. Everybody's password is printed, so it listens on this machine alone.
type DemoCmd struct {
	Hold  bool `help:"keep it quiet: no simulated citizens and officers"`
	Keep  bool `help:"leave the data folder behind"`
	Port  int  `default:"10220" help:"port on this machine; 0 picks a free one"`
	Weeks int  `default:"6" hidden:""`
	Count int  `default:"400" hidden:""`

	Pace time.Duration `default:"4s" help:"pause between what simulated people do, on average"`
}

// Run shows it until it is told to stop.
func (d DemoCmd) Run(ctx context.Context, c *Config) (err error) {
	folder, err := os.MkdirTemp("", "hotline-demo-")
	if err != nil {
		return fmt.Errorf("no temporary folder: %w", err)
	}
	defer func() {
		if d.Keep {
			fmt.Printf("the data stays in %s\n", folder)
			return
		}
		err = errors.Join(err, os.RemoveAll(folder))
	}()
	// Nothing of a real hotline's settings: its store and its channels are not for playing.
	own := Config{Addr: fmt.Sprintf("127.0.0.1:%d", d.Port), Data: filepath.Join(folder, "data"), Store: "sqlite", Timezone: c.Timezone, Log: c.Log}
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	p, err := assemble(ctx, &own, quiet)
	if err != nil {
		return err
	}
	err = d.show(ctx, &own, p)
	return errors.Join(err, p.store.Close())
}

func (d DemoCmd) show(ctx context.Context, c *Config, p *parts) error {
	began := time.Now()
	fmt.Printf("letting %d weeks pass in Quảng Hà, a province that does not exist …\n", d.Weeks)
	if err := province.Seed(ctx, p.store, p.accounts, time.Now()); err != nil {
		return err
	}
	if err := p.catalogs.Refresh(ctx); err != nil {
		return err
	}
	toys, err := newToys(c)
	if err != nil {
		return err
	}
	defer toys.close()
	if err := toys.exchange.assign(ctx, p); err != nil {
		return err
	}
	past := province.Past{Weeks: d.Weeks, Matters: d.Count, Contact: toys.contact}
	if err := past.Seed(ctx, p.desk, time.Now()); err != nil {
		return err
	}
	events, err := p.store.End(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%d things happened (%.1f s)\n", events, time.Since(began).Seconds())
	crowd, ctx := errgroup.WithContext(ctx)
	crowd.Go(func() error {
		return serve(ctx, c, p, func(url string) {
			toys.connect(url)
			signIns(os.Stdout, url, d.Hold, toys.exchange.seats)
			if d.Hold {
				return
			}
			crowd.Go(func() error { return toys.exchange.run(ctx, 6*d.Pace) })
			crowd.Go(func() error {
				doors, err := toys.doors(ctx, p, url)
				if err != nil {
					return err
				}
				people := &province.Citizens{Desk: p.desk, Doors: doors, Officers: true, Every: d.Pace, Log: p.log, Seed: uint64(time.Now().UnixNano())}
				if err := people.Run(ctx); ctx.Err() == nil {
					return err
				}
				return nil
			})
		})
	})
	return crowd.Wait()
}

// signIns prints where to look and who can sign in.
func signIns(w io.Writer, url string, hold bool, telephones []seat) {
	fmt.Fprintf(w, "\ncitizens  %s/            send: %s/gui   look up: %s/tra-cuu\nstaff     %s/dang-nhap   console: /console   agencies: /desk   administration: /admin\n\n", url, url, url, url)
	t := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
	fmt.Fprintln(t, "SIGN-IN\tPASSWORD\tROLE\tNAME\tAGENCY")
	for _, s := range province.Staff() {
		role := words.T(words.English, "role."+string(s.Role))
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", s.ID, province.Password, role, s.Name, s.Agency)
	}
	_ = t.Flush() // a screen that cannot be written to shows that itself
	for _, s := range telephones {
		fmt.Fprintf(w, "telephone %s rings at %s's console\n", s.extension, s.staff)
	}
	if hold {
		fmt.Fprintln(w, "\nNobody writes (--hold). Ctrl-C ends it and removes its data.")
		return
	}
	fmt.Fprintln(w, "\nCitizens write every few seconds; officers accept and draft. Ctrl-C ends it and removes its data.")
}
