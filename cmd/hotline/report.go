package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/figures"
)

// ReportCmd prints figures.
type ReportCmd struct {
	From   string   `required:"" placeholder:"2026-01-01" help:"first day, by the office's time zone"`
	To     string   `required:"" placeholder:"2027-01-01" help:"first day no longer counted"`
	By     []string `placeholder:"F,F" help:"up to three of day, week, month, channel, kind, category, agency, area, status, outcome"`
	Format string   `default:"text" enum:"text,json,csv,xlsx" help:"text, json, csv or xlsx"`
	Out    string   `placeholder:"FILE" help:"write to a file instead of the screen"`
	Lang   string   `default:"vi" enum:"vi,en" help:"vi or en"`
	Agency string   `placeholder:"ID" help:"only this agency's matters"`
}

// Run counts and prints.
func (r ReportCmd) Run(ctx context.Context, c *Config) error {
	if r.Format == "xlsx" && r.Out == "" {
		return errors.New("xlsx is not for a screen: give --out FILE.xlsx")
	}
	return reading(ctx, c, func(p *parts) error {
		if r.Out == "" {
			return r.print(ctx, p, os.Stdout)
		}
		f, err := os.Create(r.Out)
		if err != nil {
			return fmt.Errorf("the report cannot be written: %w", err)
		}
		return errors.Join(r.print(ctx, p, f), f.Close())
	})
}

func (r ReportCmd) print(ctx context.Context, p *parts, w io.Writer) error {
	q := figures.Query{From: r.From, To: r.To, Agency: r.Agency, Now: time.Now(), Lang: r.Lang, Catalog: p.catalogs.Current()}
	if _, ok := q.Catalog.Agencies[r.Agency]; !ok && r.Agency != "" {
		return fmt.Errorf("there is no agency %q", r.Agency)
	}
	for _, by := range r.By {
		q.By = append(q.By, ticketing.Dimension(by))
	}
	table, err := figures.Report(ctx, p.store, q)
	var wrong *ticketing.Error
	if errors.As(err, &wrong) && wrong.Class == ticketing.Invalid {
		return fmt.Errorf("--%s: %w", wrong.Field, err)
	}
	if err != nil {
		return err
	}
	switch r.Format {
	case "json":
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(table)
	case "csv":
		return table.CSV(w)
	case "xlsx":
		return table.XLSX(w)
	}
	return table.Text(w)
}
