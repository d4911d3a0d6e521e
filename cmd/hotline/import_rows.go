package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// row is one record of a file: cells by the names of the header, or why it could not be read.
type row struct {
	line   int      // where it begins; of a JSON list: its place in it, from 1
	header []string // shared by all rows of a file
	cells  []string // as long as the header, unless bad
	raw    string   // of a bad row: the line as it stands
	bad    string   // why it cannot be read
}

// get is the named cell; "" for a name that is not there.
func (r row) get(name string) string {
	if i := slices.Index(r.header, name); i >= 0 && i < len(r.cells) {
		return r.cells[i]
	}
	return ""
}

func (r row) asCells() []string {
	if r.cells == nil {
		return []string{r.raw}
	}
	return r.cells
}

// rowSource gives the rows of a file one after another; io.EOF at the end. A row that cannot be read comes with bad
// set, and the next call goes on behind it.
type rowSource interface {
	header() []string // nil where rows bring their own names
	next() (row, error)
}

// openText opens a file as UTF-8 text: gunzipped if it is gzipped, whatever its name, the byte order mark taken off.
func openText(path string, m *meter) (*bufio.Reader, io.Closer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("the file cannot be opened: %w", err)
	}
	r := bufio.NewReaderSize(m.counted(f), 1<<16)
	if magic, _ := r.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
		}
		r = bufio.NewReaderSize(z, 1<<16)
	}
	// Excel's "Unicode text" is UTF-16 with a mark; a mark of UTF-8 is taken off too.
	decoded := transform.NewReader(r, unicode.BOMOverride(transform.Nop))
	return bufio.NewReaderSize(decoded, 1<<16), f, nil
}

// rowsOf reads JSON if the text begins like it, else CSV.
func rowsOf(r *bufio.Reader) (rowSource, error) {
	for {
		c, err := r.Peek(1)
		if err != nil {
			return nil, errors.New("the file is empty")
		}
		switch c[0] {
		case ' ', '\t', '\r', '\n':
			_, _ = r.Discard(1) // it was just seen
			continue
		case '[':
			return newJSONRows(r)
		case '{':
			return &jsonLines{r: r}, nil
		}
		return newCSVRows(r)
	}
}

// jsonRows reads a list of objects. A mistake in the syntax ends it: what comes behind has no beginning.
type jsonRows struct {
	dec *json.Decoder
	n   int
}

func newJSONRows(r io.Reader) (*jsonRows, error) {
	dec := json.NewDecoder(r)
	dec.UseNumber()
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	return &jsonRows{dec: dec}, nil
}

func (j *jsonRows) header() []string { return nil }

func (j *jsonRows) next() (row, error) {
	if !j.dec.More() {
		if _, err := j.dec.Token(); err != nil {
			return row{}, fmt.Errorf("behind entry %d of the list: %w", j.n, err)
		}
		return row{}, io.EOF
	}
	j.n++
	var raw json.RawMessage
	if err := j.dec.Decode(&raw); err != nil {
		return row{}, fmt.Errorf("entry %d of the list: %w", j.n, err)
	}
	return objectRow(j.n, raw), nil
}

// jsonLines reads one object a line; a bad line costs only itself.
type jsonLines struct {
	r    *bufio.Reader
	line int
}

func (j *jsonLines) header() []string { return nil }

func (j *jsonLines) next() (row, error) {
	for {
		line, err := j.r.ReadString('\n')
		if err != nil && (line == "" || err != io.EOF) { // half a line before trouble is no row
			return row{}, err
		}
		j.line++
		if strings.TrimSpace(line) != "" {
			return objectRow(j.line, json.RawMessage(line)), nil
		}
	}
}

// objectRow makes a row of an object: its names in the order they stand, those within objects joined by dots.
func objectRow(line int, raw json.RawMessage) row {
	r := row{line: line, raw: strings.TrimRight(string(raw), "\r\n")}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := r.object(dec, ""); err != nil {
		return row{line: line, raw: r.raw, bad: "not a JSON object: " + err.Error()}
	}
	if _, err := dec.Token(); err != io.EOF {
		return row{line: line, raw: r.raw, bad: "something follows the JSON object"}
	}
	if !utf8.ValidString(r.raw) {
		r.bad = "not UTF-8"
	}
	return r
}

func (r *row) object(dec *json.Decoder, prefix string) error {
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return errors.Join(err, errors.New("it does not begin with {"))
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		key := prefix + name.(string) // a key is always a string: encoding/json checks it
		if len(value) > 0 && value[0] == '{' {
			inner := json.NewDecoder(bytes.NewReader(value))
			inner.UseNumber()
			if err := r.object(inner, key+"."); err != nil {
				return err
			}
			continue
		}
		r.header, r.cells = append(r.header, key), append(r.cells, plain(value))
	}
	_, err := dec.Token()
	return err
}

// plain is a value as a cell: text without its quotes, null as nothing, the rest as it stands.
func plain(value json.RawMessage) string {
	var s string
	switch {
	case string(value) == "null":
		return ""
	case json.Unmarshal(value, &s) == nil:
		return s
	}
	return string(value)
}
