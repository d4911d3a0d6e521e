package sqlite

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"unicode"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// terms is what the ticket is found by but for its number: the words people remember, and one mark for each agency
// it concerns, so that the search of an agency is driven by the index.
func terms(t ticketing.Ticket) []string {
	all := text.Words(strings.Replace(t.SearchText(), "\n"+t.Number()+"\n", "\n", 1))
	for _, agency := range append([]string{t.Agency}, t.Cooperating...) {
		if mark := agencyMark(agency); agency != "" && !slices.Contains(all, mark) {
			all = append(all, mark)
		}
	}
	return all
}

// withNumber adds the number, which is only known once the ticket has its place in the journal.
func withNumber(terms []string, t ticketing.Ticket) []string {
	for _, word := range text.Words(t.Number()) {
		if !slices.Contains(terms, word) {
			terms = append(terms, word)
		}
	}
	return terms
}

// agencyMark is a term no text has: words never hold a §. The tokenizer parts words at ASCII signs and forgets the
// case of ASCII letters, so those are spelled out.
func agencyMark(agency string) string {
	var b strings.Builder
	b.WriteString("a§")
	for i := range len(agency) {
		c := agency[i]
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c >= 0x80 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "§%02x", c)
		}
	}
	return b.String()
}

// sum is the same for the same set of terms and, but for chance, for no other. Being a sum it can be compared with
// what the index holds without asking the index term by term.
func sum(terms []string) int64 {
	var total uint64
	for _, t := range terms {
		total += hash(t)
	}
	return int64(total)
}

func hash(term string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(term))
	return h.Sum64()
}

// index rewrites the ticket's entry, but only if its terms changed: most events change none.
func (w *writer) index(old, r *row, terms []string) error {
	if old != nil {
		if old.terms == r.terms {
			return nil
		}
		if err := w.exec("DELETE FROM search WHERE rowid = ?", r.id); err != nil {
			return err
		}
	}
	return w.exec("INSERT INTO search (rowid, words) VALUES (?,?)", r.id, strings.Join(terms, " "))
}

// match is the filter's words as the index is asked for them; "" if there are none. Whatever the words hold, each is
// a quoted string to the index.
func match(f ticketing.Filter) string {
	var parts []string
	for i, word := range f.Words {
		word = strings.Map(func(r rune) rune {
			if r < 0x80 && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				return -1
			}
			return r
		}, word)
		part := `"` + word + `"`
		if i == len(f.Words)-1 && word != "" {
			part += "*"
		}
		parts = append(parts, part)
	}
	if len(parts) > 0 && !f.Scope.All {
		parts = append(parts, `"`+agencyMark(f.Scope.Agency)+`"`)
	}
	return strings.Join(parts, " AND ")
}
