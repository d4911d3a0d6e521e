package ui

import (
	"crypto/rand"
	"encoding/hex"
	"net/url"
	"slices"

	"hotline1022/ticketing"
)

// form is what a form of ours sent, with its files already stored. What the desk then refuses leaves files nobody
// names.
type form struct {
	url.Values
	files []ticketing.File
}

func (f form) value(name string) string { return f.Get(name) }

// all is the values of one name, without empty ones.
func (f form) all(name string) []string {
	return slices.DeleteFunc(slices.Clone(f.Values[name]), func(v string) bool { return v == "" })
}

// typed is the first value of each name, to be shown again after a refusal.
func (f form) typed() map[string]string {
	out := make(map[string]string, len(f.Values))
	for name := range f.Values {
		out[name] = f.Get(name)
	}
	return out
}

// mostFiles with one message of staff.
const mostFiles = 10

// form reads the request's form and stores its files.
func (s *Server) form(v *visit) (form, error) {
	k := &keeper{s: s, v: v, most: mostFiles}
	values, err := readForm(v, k.take)
	if err == nil {
		err = k.refused
	}
	return form{values, k.files}, err
}

// newKey marks a form, so that sending it twice does its work once.
func newKey() string {
	var raw [12]byte
	rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}
