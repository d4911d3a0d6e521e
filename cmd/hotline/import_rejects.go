package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// ourColumns begins the names of the columns that stand before a rejected row; a file that is imported again loses them.
const ourColumns = "rejected_"

// rejects is FILE.rejected.csv: line and reason, then the row as it was, so that the file can be mended and imported
// itself. It is written beside the input, or into the current folder where that is not allowed, and only if there is
// something to write; one left by an earlier run goes away.
//
// Cells are kept as they came, formulas too: this file goes back into the import, not to a reader of reports.
type rejects struct {
	places []string // where it may stand, best first

	mu   sync.Mutex
	path string
	file *os.File
	buf  *bufio.Writer
	csv  *csv.Writer
	err  error
}

func newRejects(input string) *rejects {
	r := &rejects{places: []string{input + ".rejected.csv", filepath.Base(input) + ".rejected.csv"}}
	for _, p := range r.places {
		// One that cannot be removed is written over, or named in the error then.
		_ = os.Remove(p)
	}
	return r
}

func (r *rejects) add(w row, reason string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	if r.file == nil {
		if r.err = r.begin(w.header); r.err != nil {
			return r.err
		}
	}
	r.err = r.csv.Write(append([]string{strconv.Itoa(w.line), reason}, w.asCells()...))
	return r.err
}

func (r *rejects) begin(header []string) error {
	var errs []error
	for _, p := range r.places {
		f, err := os.OpenFile(p, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) // rows may hold names and numbers
		if err != nil {
			errs = append(errs, err)
			if errors.Is(err, fs.ErrPermission) || isReadOnly(err) {
				continue
			}
			break
		}
		r.path, r.file, r.buf = p, f, bufio.NewWriterSize(f, 1<<16)
		r.csv = csv.NewWriter(r.buf)
		return r.csv.Write(append([]string{ourColumns + "line", ourColumns + "because"}, header...))
	}
	return fmt.Errorf("there are rejected rows and no place to write them: %w", errors.Join(errs...))
}

// close says where the rejected rows are; "" if there are none.
func (r *rejects) close() (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return "", r.err
	}
	r.csv.Flush()
	return r.path, errors.Join(r.err, r.csv.Error(), r.buf.Flush(), r.file.Close())
}
