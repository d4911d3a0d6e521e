package ui

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/url"
	"strings"

	"hotline1022/ticketing"
)

// upload is one file of a form as it comes in.
type upload struct {
	field, name string
	io.Reader
}

// readForm reads a form of either kind. A file goes to take as it arrives and is never whole in memory here; without
// take, files are passed over. The body's length has been checked against the route's limit.
func readForm(v *visit, take func(upload) error) (url.Values, error) {
	kind := v.Get("Content-Type")
	if !strings.HasPrefix(kind, "multipart/form-data") {
		values, err := url.ParseQuery(string(v.Body()))
		if err != nil {
			return nil, badForm(err)
		}
		return values, nil
	}
	var body io.Reader = bytes.NewReader(nil)
	if stream := v.Context().RequestBodyStream(); stream != nil {
		body = stream
	} else {
		body = bytes.NewReader(v.Body())
	}
	parts := multipart.NewReader(io.LimitReader(body, int64(v.Request().Header.ContentLength())), string(v.Request().Header.MultipartFormBoundary()))
	values := url.Values{}
	room := int64(smallBody) // for words
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return values, nil
		} else if err != nil {
			return nil, badForm(err)
		}
		if part.FileName() == "" {
			word, err := io.ReadAll(io.LimitReader(part, room+1))
			if room -= int64(len(word)); err != nil || room < 0 {
				return nil, badForm(err)
			}
			values.Add(part.FormName(), string(word))
			continue
		}
		if take != nil {
			if err := take(upload{part.FormName(), part.FileName(), part}); err != nil {
				return nil, err
			}
		}
	}
}

func badForm(err error) error {
	return &ticketing.Error{Class: ticketing.Invalid, Key: "error.form", Err: err}
}

// keeper stores a form's files, at most so many, and remembers why one was not taken.
type keeper struct {
	s       *Server
	v       *visit
	most    int
	files   []ticketing.File
	refused error // the first refusal that the sender can mend
}

// take stores one file. A file that is refused does not spoil the form: its words are kept and the sender told.
func (k *keeper) take(u upload) error {
	if len(k.files) >= k.most {
		k.refused = &ticketing.Error{Class: ticketing.Invalid, Field: "files", Key: "error.too_many_files", Args: []any{k.most}}
		return nil
	}
	file, err := k.s.Desk.Files.Save(k.v.ctx(), u, u.name)
	var e *ticketing.Error
	switch {
	case err == nil:
		k.files = append(k.files, file)
	case errors.As(err, &e) && e.Class == ticketing.Invalid:
		k.refused = &ticketing.Error{Class: ticketing.Invalid, Field: "files", Key: e.Key, Args: e.Args, Err: e.Err}
		_, err = io.Copy(io.Discard, u)
		return err
	default:
		return err
	}
	return nil
}

// keepOld takes over the files of an earlier try, but for those the sender has dropped since.
func (k *keeper) keepOld(sealed string, drop []string) {
	for _, f := range k.s.unsealFiles(sealed) {
		dropped := false
		for _, id := range drop {
			dropped = dropped || id == f.ID
		}
		if !dropped && len(k.files) < k.most {
			k.files = append(k.files, f)
		}
	}
}
