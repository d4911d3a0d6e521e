package ticketing

import (
	"context"
	"errors"
	"strings"

	"hotline1022/ticketing/text"
)

// Search understands what people type into one box: a code, a number (26-011867), a telephone number (through the
// vault), else words, folded, all of them, the last one perhaps unfinished.
func (d *Desk) Search(ctx context.Context, by Actor, q string, f Filter) (Page, error) {
	page, f, done, err := d.understand(ctx, by, q, f)
	if done || err != nil {
		return page, err
	}
	return d.List(ctx, by, f)
}

// Found is how many tickets Search finds on all its pages.
func (d *Desk) Found(ctx context.Context, by Actor, q string, f Filter) (int, error) {
	page, f, done, err := d.understand(ctx, by, q, f)
	if done || err != nil {
		return len(page.Tickets), err
	}
	return d.Count(ctx, by, f)
}

// understand answers a code or a number with its ticket (done), and turns anything else into a filter. Who may not
// know a citizen's number may not look for it either.
func (d *Desk) understand(ctx context.Context, by Actor, q string, f Filter) (p Page, narrowed Filter, done bool, err error) {
	q = text.NFC(q)
	if len(q) > 200 {
		q = q[:200]
	}
	one := func(t Ticket, err error) (Page, bool, error) {
		if errors.Is(err, ErrNotFound) || err == nil && !by.Sees(t) {
			return Page{}, false, nil
		}
		return Page{Tickets: []Ticket{t}}, err == nil, storeError("searching", err)
	}
	if code, ok := text.ParseCode(q); ok {
		if page, found, err := one(d.Store.Ticket(ctx, Code(code))); found || err != nil {
			return page, f, found, err
		}
	}
	if first, ok := parseNumber(q); ok {
		if page, found, err := one(d.Store.Numbered(ctx, first)); found || err != nil {
			return page, f, found, err
		}
	}
	mayKnow := by.Role != Auditor && (by.Role != Program || by.Has(ScopeAct))
	if ph, err := text.ParsePhone(q); err == nil && !ph.Short() && mayKnow {
		id, err := d.Vault.Identify(ctx, PhoneContact(ph))
		if err != nil {
			return Page{}, f, false, storeError("looking up the number", err)
		}
		if f.Citizen, err = d.Vault.Same(ctx, id); err != nil {
			return Page{}, f, false, storeError("looking up the number", err)
		}
		return Page{}, f, false, nil
	}
	f.Words = text.Words(q)
	return Page{}, f, false, nil
}

// parseNumber reads 26-011867 (also without the zeros).
func parseNumber(s string) (int64, bool) {
	year, rest, ok := strings.Cut(strings.TrimSpace(s), "-")
	if !ok || len(year) != 2 || len(rest) == 0 || len(rest) > 12 {
		return 0, false
	}
	var n int64
	for _, c := range year + rest {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	for _, c := range rest {
		n = n*10 + int64(c-'0')
	}
	return n, n > 0
}
