// Package attachments keeps files that citizens and officers send.
//
// What it promises: a file is stored under a name of our own, never the sender's; its type is what its bytes say; a
// picture is decoded and encoded anew, so that places, serial numbers and whatever hides behind the pixels are gone;
// anything else is kept as it is and must be served as a download. What is stored is durable when Save returns.
//
// It does not know tickets: who may read a file is asked of the ticket it belongs to. It does not look for viruses;
// a scanner can watch the folder.
package attachments

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// Folder is where the files are, beside the data. It satisfies ticketing.Files.
type Folder struct {
	Dir string

	decoding chan struct{} // bounds the memory that pictures take while they are decoded
}

var _ ticketing.Files = (*Folder)(nil)

// The limits. A picture's pixels are counted before it is decoded.
const (
	MaxPicture = 12 << 20 // bytes
	MaxOther   = 20 << 20
	MaxPixels  = 40_000_000
	maxSide    = 2560 // a larger picture is scaled down: enough to read a number plate, small enough to send
)

// Open makes the folder if need be.
func Open(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("the folder for attachments cannot be made: %w", err)
	}
	return &Folder{Dir: dir, decoding: make(chan struct{}, 2)}, nil
}

// Save stores one file. It answers an *ticketing.Error for a file that is not accepted.
func (f *Folder) Save(ctx context.Context, r io.Reader, name string) (ticketing.File, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxOther+1))
	if err != nil {
		return ticketing.File{}, fmt.Errorf("reading an attachment: %w", err)
	}
	kind := sniff(raw)
	switch {
	case len(raw) == 0:
		return ticketing.File{}, refuse("error.file_broken")
	case kind == "":
		return ticketing.File{}, refuse("error.file_type")
	case len(raw) > MaxOther:
		return ticketing.File{}, refuse("error.file_size", MaxOther>>20)
	}
	file := ticketing.File{Name: cleanName(name), Type: kind}
	if strings.HasPrefix(kind, "image/") {
		if len(raw) > MaxPicture {
			return ticketing.File{}, refuse("error.file_size", MaxPicture>>20)
		}
		select {
		case f.decoding <- struct{}{}:
			defer func() { <-f.decoding }()
		case <-ctx.Done():
			return ticketing.File{}, &ticketing.Error{Class: ticketing.Busy, Key: "error.busy", Err: ctx.Err()}
		}
		p, err := reencode(raw)
		if err != nil {
			return ticketing.File{}, err
		}
		raw, file.Type, file.Width, file.Height = p.data, p.kind, p.width, p.height
	}
	file.Size = int64(len(raw))
	file.ID = newID()
	if err := f.write(file.ID, raw); err != nil {
		return ticketing.File{}, &ticketing.Error{Class: ticketing.Busy, Key: "error.busy", Err: err}
	}
	return file, nil
}

// Open reads a file back; ticketing.ErrNotFound.
func (f *Folder) Open(_ context.Context, id string) (io.ReadSeekCloser, error) {
	path, ok := f.path(id)
	if !ok {
		return nil, ticketing.ErrNotFound
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ticketing.ErrNotFound
	}
	return file, err
}

var alphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

const idLength = 32 // of 20 random bytes

func newID() string {
	var raw [20]byte
	rand.Read(raw[:])
	return alphabet.EncodeToString(raw[:])
}

// path is where the file lies; false for anything that is not a name of ours.
func (f *Folder) path(id string) (string, bool) {
	if len(id) != idLength || strings.Trim(id, "0123456789abcdefghjkmnpqrstvwxyz") != "" {
		return "", false
	}
	return filepath.Join(f.Dir, id[:2], id), true
}

// write makes the bytes durable before the name exists: write aside, sync, rename, sync the folder.
func (f *Folder) write(id string, data []byte) error {
	path, _ := f.path(id)
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	aside, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(aside.Name()) // after the rename there is nothing left to remove
	_, err = io.Copy(aside, bytes.NewReader(data))
	err = errors.Join(err, aside.Sync(), aside.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(aside.Name(), path); err != nil {
		return err
	}
	for _, d := range []string{dir, f.Dir} {
		if err := syncDir(d); err != nil {
			return err
		}
	}
	return nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// cleanName is the sender's name for the file, for display: no path, no control characters, not too long.
func cleanName(name string) string {
	name = text.NFC(name)
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune("\"<>|:*?\u202e\u202d\u2066\u2067\u2068", r) {
			return -1
		}
		return r
	}, name)
	if r := []rune(name); len(r) > 100 {
		name = string(r[:60]) + "…" + string(r[len(r)-39:])
	}
	return name
}

func refuse(key string, args ...any) error {
	return &ticketing.Error{Class: ticketing.Invalid, Field: "files", Key: key, Args: args}
}
