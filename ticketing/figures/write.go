package figures

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"hotline1022/ticketing"
)

// jsonTable is the table as the API and the report command give it out.
type jsonTable struct {
	From       string           `json:"from"`
	To         string           `json:"to"`
	By         []string         `json:"by"`
	Rows       []jsonRow        `json:"rows"`
	Total      ticketing.Counts `json:"total"`
	Definition string           `json:"definition"`
}

type jsonRow struct {
	dimensions []ticketing.Dimension
	row        Row
}

// MarshalJSON writes {"month":"2026-01","agency":"dien-luc","agency_name":"Điện lực", … the counts}.
func (r jsonRow) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 256)
	b = append(b, '{')
	put := func(name, value string) error {
		text, err := json.Marshal(value)
		b = append(append(append(append(b, '"'), name...), `":`...), text...)
		b = append(b, ',')
		return err
	}
	for i, d := range r.dimensions {
		if err := put(string(d), r.row.Values[i]); err != nil {
			return nil, err
		}
		if dated(d) {
			continue
		}
		if err := put(string(d)+"_name", r.row.Names[i]); err != nil {
			return nil, err
		}
	}
	counts, err := json.Marshal(r.row.Counts)
	return append(b, counts[1:]...), err
}

func dated(d ticketing.Dimension) bool {
	return d == ticketing.ByDay || d == ticketing.ByWeek || d == ticketing.ByMonth
}

// MarshalJSON is {from, to, by, rows, total, definition}.
func (t Table) MarshalJSON() ([]byte, error) {
	out := jsonTable{From: t.From, To: t.To, By: make([]string, len(t.By)), Rows: make([]jsonRow, len(t.Rows)), Total: t.Total, Definition: t.Definition}
	for i, d := range t.By {
		out.By[i] = string(d)
	}
	for i, r := range t.Rows {
		out.Rows[i] = jsonRow{t.By, r}
	}
	return json.Marshal(out)
}

// Text writes the table for a terminal: columns as wide as their widest entry, numbers to the right.
func (t Table) Text(w io.Writer) error {
	lines := make([][]string, 0, len(t.Rows)+2)
	lines = append(lines, t.headings())
	for _, r := range t.Rows {
		lines = append(lines, record(r.Names, r.Counts))
	}
	lines = append(lines, t.totalLine())
	width := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, s := range line {
			width[i] = max(width[i], utf8.RuneCountInString(s))
		}
	}
	b := bufio.NewWriter(w)
	b.WriteString(t.title() + "\n\n") // bufio keeps the first error for Flush
	for _, line := range lines {
		for i, s := range line {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(s))
			switch {
			case i < len(t.By):
				b.WriteString(s + pad + "  ")
			default:
				b.WriteString(pad + s + "  ")
			}
		}
		b.WriteByte('\n')
	}
	b.WriteString("\n" + t.Definition + "\n")
	return b.Flush()
}

// totalLine is the last line of a written table. Without a dimension the numbers stand alone.
func (t Table) totalLine() []string {
	names := make([]string, len(t.By))
	if len(names) > 0 {
		names[0] = Heading(t.Lang, "total")
	}
	return record(names, t.Total)
}

func record(names []string, c ticketing.Counts) []string {
	out := make([]string, 0, len(names)+len(Columns))
	out = append(out, names...)
	for _, n := range Numbers(c) {
		out = append(out, strconv.FormatInt(n, 10))
	}
	return out
}

// CSV writes the rows and the total for a spreadsheet: UTF-8 with the mark that makes Excel read it as such, lines
// ended as RFC 4180 says, and no cell that a spreadsheet would run as a formula.
func (t Table) CSV(w io.Writer) error {
	if _, err := io.WriteString(w, "\uFEFF"); err != nil {
		return err
	}
	c := csv.NewWriter(w)
	c.UseCRLF = true
	write := func(line []string) error {
		for i := range min(len(t.By), len(line)) {
			line[i] = Guard(line[i])
		}
		return c.Write(line)
	}
	if err := write(t.headings()); err != nil {
		return err
	}
	for _, r := range t.Rows {
		if err := write(record(r.Names, r.Counts)); err != nil {
			return err
		}
	}
	if err := write(t.totalLine()); err != nil {
		return err
	}
	c.Flush()
	return c.Error()
}

// Guard keeps a spreadsheet from taking words for a formula: what begins like one gets an apostrophe before it.
// https://owasp.org/www-community/attacks/CSV_Injection
func Guard(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}

// XLSX writes a workbook with the table on one sheet and the definition under it. Rows are streamed: memory does not
// grow with the report.
func (t Table) XLSX(w io.Writer) (err error) {
	f := excelize.NewFile()
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	const sheet = "Sheet1"
	s, err := f.NewStreamWriter(sheet)
	if err != nil {
		return err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	if err := s.SetColWidth(1, max(1, len(t.By)), 28); err != nil {
		return err
	}
	line := 0
	write := func(style int, cells []any) error {
		line++
		at, err := excelize.CoordinatesToCellName(1, line)
		if err != nil {
			return err
		}
		return s.SetRow(at, cells, excelize.RowOpts{StyleID: style})
	}
	steps := []func() error{
		func() error { return write(bold, []any{t.title()}) },
		func() error { return write(bold, cells(t.headings(), nil)) },
		func() error {
			for _, r := range t.Rows {
				if err := write(0, cells(r.Names, &r.Counts)); err != nil {
					return err
				}
			}
			return nil
		},
		func() error { return write(bold, cells(t.totalLine()[:len(t.By)], &t.Total)) },
		func() error { return write(0, nil) },
		func() error { return write(0, []any{t.Definition}) },
		s.Flush,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return f.Write(w)
}

// cells are a line of the sheet: names as text (excelize never takes a string for a formula), counts as numbers.
func cells(names []string, c *ticketing.Counts) []any {
	out := make([]any, 0, len(names)+len(Columns))
	for _, n := range names {
		out = append(out, n)
	}
	if c != nil {
		for _, n := range Numbers(*c) {
			out = append(out, n)
		}
	}
	return out
}
