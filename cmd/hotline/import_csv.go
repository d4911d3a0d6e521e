package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// csvRows reads CSV (RFC 4180) as people really send it. Unlike encoding/csv it never loses more than the line that is
// wrong: an open quote would there swallow the rest of the file. A record that does not end properly is given up with
// its first line alone, and reading goes on with the second.
type csvRows struct {
	r       *bufio.Reader
	comma   byte
	names   []string
	ours    int      // columns at the beginning that an earlier run put there
	all     int      // how many columns there are
	line    int      // of the next line
	waiting []string // lines read and given back
	done    error
}

// maxRecord is how long a record may be, in bytes; quotes open for longer were never meant.
const maxRecord = 64 << 10

func newCSVRows(r *bufio.Reader) (*csvRows, error) {
	c := &csvRows{r: r, line: 1, comma: ','}
	first, err := c.read()
	if err != nil {
		return nil, fmt.Errorf("the header cannot be read: %w", err)
	}
	c.comma = delimiter(first)
	c.waiting = append(c.waiting, first)
	head, err := c.next()
	if err != nil || head.bad != "" {
		return nil, fmt.Errorf("the header cannot be read: %w", errors.Join(err, errors.New(head.bad)))
	}
	c.names = head.cells
	for i, n := range c.names {
		c.names[i] = strings.TrimSpace(n)
		if strings.HasPrefix(c.names[i], ourColumns) && i == c.ours {
			c.ours++
		} else if c.names[i] != "" && slices.Contains(c.names[:i], c.names[i]) {
			return nil, fmt.Errorf("the header names %q twice", c.names[i])
		}
	}
	c.all, c.names = len(c.names), c.names[c.ours:]
	return c, nil
}

// delimiter is the one that parts the header into most cells; quoted ones do not count.
func delimiter(header string) byte {
	best, most := byte(','), 0
	for _, d := range []byte{',', ';', '\t', '|'} {
		n, quoted := 0, false
		for i := range len(header) {
			switch {
			case header[i] == '"':
				quoted = !quoted
			case header[i] == d && !quoted:
				n++
			}
		}
		if n > most {
			best, most = d, n
		}
	}
	return best
}

func (c *csvRows) header() []string { return c.names }

// read is the next physical line with its end, or the error that ended the file.
func (c *csvRows) read() (string, error) {
	if len(c.waiting) > 0 {
		line := c.waiting[0]
		c.waiting = c.waiting[1:]
		return line, nil
	}
	if c.done != nil {
		return "", c.done
	}
	line, err := c.r.ReadString('\n')
	c.done = err
	if err != nil && (line == "" || err != io.EOF) { // half a line before trouble is no row
		return "", err
	}
	return line, nil
}

func (c *csvRows) next() (row, error) {
	for {
		first, err := c.read()
		if err != nil {
			return row{}, err
		}
		at := c.line
		c.line++
		if strings.TrimRight(first, "\r\n") == "" {
			continue
		}
		return c.record(at, first), nil
	}
}

// record makes a row of the line and as many more as its quotes ask for.
func (c *csvRows) record(at int, first string) row {
	text := first
	var more []string
	for {
		cells, open, wrong := splitCSV(text, c.comma)
		if open && len(text) <= maxRecord {
			if line, err := c.read(); err == nil {
				more = append(more, line)
				text += line
				continue
			}
		}
		r := row{line: at, header: c.names, cells: cells}
		switch {
		case open:
			r.bad = "a quote is never closed"
		case wrong:
			r.bad = "a quoted cell goes on behind its quote"
		case !utf8.ValidString(text):
			r.bad = "not UTF-8"
		case c.all > 0 && len(cells) != c.all:
			r.bad = fmt.Sprintf("%d cells, the header has %d", len(cells), c.all)
		}
		if r.bad == "" {
			c.line += len(more)
			r.cells = cells[c.ours:]
			return r
		}
		c.waiting = append(more, c.waiting...)
		r.cells, r.raw = nil, strings.ToValidUTF8(strings.TrimRight(first, "\r\n"), "\uFFFD")
		return r
	}
}

// splitCSV parts a record into cells. open: it ends within quotes. wrong: a quoted cell has something behind its
// closing quote. A quote in the middle of a cell that does not begin with one is an ordinary character.
func splitCSV(text string, comma byte) (cells []string, open, wrong bool) {
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	for {
		if !strings.HasPrefix(text, `"`) {
			end := strings.IndexByte(text, comma)
			if end < 0 {
				return append(cells, text), false, false
			}
			cells, text = append(cells, text[:end]), text[end+1:]
			continue
		}
		var b strings.Builder
		text = text[1:]
		for {
			end := strings.IndexByte(text, '"')
			if end < 0 {
				return append(cells, b.String()+text), true, false
			}
			b.WriteString(text[:end])
			text = text[end+1:]
			if !strings.HasPrefix(text, `"`) {
				break
			}
			b.WriteByte('"')
			text = text[1:]
		}
		cells = append(cells, strings.ReplaceAll(b.String(), "\r\n", "\n"))
		switch {
		case text == "":
			return cells, false, false
		case text[0] != comma:
			return cells, false, true
		}
		text = text[1:]
	}
}
