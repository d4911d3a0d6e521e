package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"hotline1022/ticketing"
)

// abreast is how many tickets are under way at once. The store writes those that wait together in one commit, so the
// rate grows with their number until the disk no longer is what is waited for.
const abreast = 960

// importActor is who writes imported tickets.
var importActor = ticketing.Actor{ID: "hotline import", Role: ticketing.System}

// tickets reads the file twice: once for the columns, categories and agencies it names, once for the tickets.
func (im *importer) tickets(ctx context.Context) error {
	m, err := readMapping(im.cmd.Map)
	if err != nil {
		return err
	}
	names, err := im.prepare(ctx, m)
	if err != nil {
		return err
	}
	// A row in hand is finished when the run is stopped: what was told as taken in is in.
	steady := context.WithoutCancel(ctx)
	crew, failed := errgroup.WithContext(steady)
	lanes := make([]chan row, abreast)
	for i := range lanes {
		lanes[i] = make(chan row, 4)
		crew.Go(func() error {
			for r := range lanes[i] {
				if err := im.ticket(steady, m, names, r); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = scan(ctx, im.cmd.File, im.meter, func(r row) error {
		// Rows with one id take one lane, so that the first of them in the file is the one taken in.
		h := fnv.New32a()
		_, _ = io.WriteString(h, r.get(m.ID)) // a hash takes everything
		select {
		case lanes[h.Sum32()%abreast] <- r:
			return nil
		case <-failed.Done():
			return errEnough // the crew's own error is told below
		}
	})
	for _, lane := range lanes {
		close(lane)
	}
	return cmp.Or(crew.Wait(), err)
}

// errEnough ends a scan that has seen what it was for.
var errEnough = errors.New("enough")

// scan gives every row of the file to do, those that cannot be read too.
func scan(ctx context.Context, path string, m *meter, do func(row) error) error {
	text, file, err := openText(path, m)
	if err != nil {
		return err
	}
	defer file.Close()
	rows, err := rowsOf(text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for ctx.Err() == nil {
		r, err := rows.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return errData{fmt.Errorf("%s breaks off after row %d: %w", path, m.read.Load(), err)}
		}
		m.read.Add(1)
		if err := do(r); errors.Is(err, errEnough) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// ticket takes one row in. An error is trouble that ends the run; what is wrong with the row is its rejection.
func (im *importer) ticket(ctx context.Context, m *mapping, names *catalogNames, r row) error {
	if r.bad != "" {
		return im.reject(r, r.bad)
	}
	in, err := names.incoming(m, r)
	if err != nil {
		return im.reject(r, err.Error())
	}
	receipt, err := im.receive(ctx, in)
	var wrong *ticketing.Error
	switch {
	case errors.As(err, &wrong) && wrong.Class == ticketing.Invalid:
		if wrong.Field == "idempotency_key" {
			return im.reject(r, "same id, other content")
		}
		return im.reject(r, wrong.Field+": "+wrong.Error())
	case err != nil:
		return fmt.Errorf("line %d: %w", r.line, err)
	case receipt.Repeated:
		im.meter.there.Add(1)
	default:
		im.meter.added.Add(1)
	}
	return nil
}

// receive hands the row to the desk, again while the store is only busy; the key makes that harmless.
func (im *importer) receive(ctx context.Context, in ticketing.Incoming) (ticketing.Receipt, error) {
	pause := 5 * time.Millisecond
	for {
		receipt, err := im.desk.Receive(ctx, importActor, in)
		if ticketing.ClassOf(err) != ticketing.Busy || pause > 30*time.Second {
			return receipt, err
		}
		time.Sleep(pause)
		pause *= 2
	}
}

// incoming is the row as the desk takes it; an error is a sentence for whoever mends the row.
func (n *catalogNames) incoming(m *mapping, from row) (ticketing.Incoming, error) {
	r, err := m.read(from)
	if err != nil {
		return ticketing.Incoming{}, err
	}
	f := r.field
	in := ticketing.Incoming{
		Key: "import:" + m.Source + ":" + r.id, Print: fingerprint(r), Channel: ticketing.Import, External: r.id,
		At: r.received, Ended: r.ended, Location: r.place,
		Kind: ticketing.Kind(f["kind"]), Subject: f["subject"], Text: f["text"], Address: f["address"],
		Priority: ticketing.Priority(f["priority"]), Visibility: ticketing.Visibility(f["visibility"]),
		Name: f["name"], Phone: f["phone"], Email: f["email"], Reason: f["reason"],
	}
	if !r.ended.IsZero() {
		in.Outcome = cmp.Or(ticketing.Outcome(f["outcome"]), ticketing.Done)
	}
	var errs []error
	in.Category = n.find("category", n.category, f["category"], &errs)
	in.Agency = n.find("agency", n.agency, f["agency"], &errs)
	in.Area = n.area(f["area"], r.received, &errs)
	return in, errors.Join(errs...)
}

// fingerprint is of what the row says in our terms. A row is known again by it, whatever order its columns stand in.
func fingerprint(r mapped) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", r.id)
	for _, f := range slices.Sorted(slices.Values(keys(r.field))) {
		fmt.Fprintf(h, "%s=%q\n", f, r.field[f])
	}
	for _, cell := range r.more {
		fmt.Fprintf(h, "%q\n", cell)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
