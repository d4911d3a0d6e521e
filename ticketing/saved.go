package ticketing

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"hotline1022/ticketing/text"
)

// kindSaved: id is STAFF/NAME, doc a SavedView. Each person has her own.
const kindSaved = "saved_view"

// SavedView is a list somebody has given a name: where it is, and what it is narrowed to, as an address's query.
type SavedView struct {
	Name  string `json:"name"`
	Query string `json:"query"` // without the question mark
}

const (
	mostSaved        = 30
	longestSavedName = 40
	longestSaved     = 600 // bytes of a query
)

// SavedViews are the person's own, by name as a dictionary sorts them.
func (d *Desk) SavedViews(ctx context.Context, by Actor) ([]SavedView, error) {
	if by.ID == "" {
		return nil, nil
	}
	rs, err := d.Store.All(ctx, kindSaved, by.ID+"/")
	if err != nil {
		return nil, storeError("reading saved views", err)
	}
	views := make([]SavedView, 0, len(rs))
	for _, r := range rs {
		var v SavedView
		if err := json.Unmarshal(r.Doc, &v); err == nil { // one that cannot be read must not hide the rest
			views = append(views, v)
		}
	}
	vietnamese := collate.New(language.Vietnamese)
	slices.SortFunc(views, func(a, b SavedView) int { return vietnamese.CompareString(a.Name, b.Name) })
	return views, nil
}

// SaveView keeps the view under its name; one of the same name is replaced. With an empty query it is taken away.
func (d *Desk) SaveView(ctx context.Context, by Actor, v SavedView) error {
	v.Name = strings.Join(strings.Fields(text.NFC(v.Name)), " ")
	slug := strings.Join(text.Words(v.Name), "-")
	switch {
	case by.ID == "" || !by.Role.Staff():
		return forbidden("ledger.may_not")
	case slug == "" || utf8.RuneCountInString(v.Name) > longestSavedName:
		return invalid("name", "error.saved_name", longestSavedName)
	case len(v.Query) > longestSaved:
		return invalid("name", "error.too_long", longestSaved)
	}
	have, err := d.SavedViews(ctx, by)
	if err != nil {
		return err
	}
	if len(have) >= mostSaved && v.Query != "" && !slices.ContainsFunc(have, func(o SavedView) bool { return o.Name == v.Name }) {
		return invalid("name", "error.saved_most", mostSaved)
	}
	doc := []byte("null")
	if v.Query != "" {
		if doc, err = json.Marshal(v); err != nil {
			return err
		}
	}
	id := by.ID + "/" + slug
	for range 5 {
		version := 0
		r, err := d.Store.Get(ctx, kindSaved, id)
		switch {
		case err == nil:
			version = r.Version
		case !errors.Is(err, ErrNotFound):
			return storeError("reading the saved view", err)
		case v.Query == "":
			return nil
		}
		err = d.Store.Put(ctx, Record{Kind: kindSaved, ID: id, Version: version + 1, At: d.now(), By: by.ID, Doc: doc})
		if !errors.Is(err, ErrConflict) {
			return storeError("saving the view", err)
		}
	}
	return &Error{Class: Conflict, Key: "error.conflict"}
}
