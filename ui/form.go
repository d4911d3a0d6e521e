package ui

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// form is what a form of ours sent, with its files already stored.
type form struct {
	values map[string]string // the first of each name
	lists  map[string][]string
	files  []ticketing.File
}

func (f form) value(name string) string { return f.values[name] }
func (f form) all(name string) []string { return f.lists[name] }
func (f form) has(name string) bool     { _, ok := f.values[name]; return ok }

func (f *form) add(name, value string) {
	if _, ok := f.values[name]; !ok {
		f.values[name] = value
	}
	if value != "" {
		f.lists[name] = append(f.lists[name], value)
	}
}

const (
	mostFields = 200
	mostField  = 64 << 10
)

var errForm = &ticketing.Error{Class: ticketing.Invalid, Key: "error.form"}

// form reads the request's form. A form with files is read piece by piece from the connection: no upload is held in
// memory whole, and what is too large is cut off. The files are stored before the desk is asked; what the desk then
// refuses leaves files nobody names.
func (s *Server) form(v *visit) (form, error) {
	f := form{values: map[string]string{}, lists: map[string][]string{}}
	kind, params, err := mime.ParseMediaType(v.Get(fiber.HeaderContentType))
	if err != nil || kind != fiber.MIMEMultipartForm {
		n := 0
		v.Request().PostArgs().VisitAll(func(key, value []byte) {
			if n++; n <= mostFields {
				f.add(string(key), string(value))
			}
		})
		return f, nil
	}
	body := io.Reader(v.Request().BodyStream())
	if !v.Request().IsBodyStream() {
		body = strings.NewReader(string(v.Body()))
	}
	parts := multipart.NewReader(io.LimitReader(body, uploadBody), params["boundary"])
	for range mostFields {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return f, errForm
		}
		if part.FileName() == "" {
			value, err := io.ReadAll(io.LimitReader(part, mostField))
			if err != nil {
				return f, errForm
			}
			f.add(part.FormName(), string(value))
			continue
		}
		file, err := s.Desk.Files.Save(v.ctx(), part, part.FileName())
		if err != nil {
			return f, err
		}
		f.files = append(f.files, file)
	}
	return f, errForm
}

// newKey marks a form, so that sending it twice does its work once.
func newKey() string {
	var raw [12]byte
	rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}
