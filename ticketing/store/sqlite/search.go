package sqlite

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"unicode"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// terms is what the ticket is found by but for its number: the words people remember, and one mark for each agency
// it concerns, so that the search of an agency is driven by the index.
func terms(t ticketing.Ticket) []string {
	words := text.Words(strings.Replace("\n"+t.SearchText(), "\n"+t.Number()+"\n", "\n", 1))
	all := make([]string, 0, len(words)+4)
	for _, word := range words {
		all = append(all, term(word))
	}
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
		if !slices.Contains(terms, term(word)) {
			terms = append(terms, term(word))
		}
	}
	return terms
}

// plain says that a word looks like a syllable: there are some thousand of those, each in many tickets. The others
// are codes, numbers and what was mistyped: there are many, each in few tickets.
func plain(word string) bool {
	return len(word) <= 12 && !strings.ContainsFunc(word, unicode.IsDigit)
}

// term is how the index spells a word. The two sorts are kept apart because "begins with" is answered differently.
func term(word string) string {
	if plain(word) {
		return word
	}
	return "§" + word
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

// entry is what the index is to hold of a ticket by the end of the transaction.
type entry struct {
	there bool // it held something of the ticket before
	terms []string
}

// index notes the ticket's entry, but only if its terms changed: most events change none.
func (w *writer) index(old, r *row, terms []string) {
	if old != nil && old.terms == r.terms {
		return
	}
	e, noted := w.entries[r.id]
	if !noted {
		e.there = old != nil
	}
	e.terms = terms
	w.entries[r.id] = e
}

// addEntries writes what index noted, in the order of rowids: given any other, FTS5 ends its segment at every step
// back, and a batch that came in at the same moment would be written as many segments, to be merged again at once.
func (w *writer) addEntries() error {
	for _, id := range slices.Sorted(maps.Keys(w.entries)) {
		e := w.entries[id]
		if e.there {
			if err := w.exec("DELETE FROM search WHERE rowid = ?", id); err != nil {
				return fmt.Errorf("taking ticket %d out of the search index: %w", id, err)
			}
		}
		for _, word := range e.terms {
			if err := w.learn(word); err != nil {
				return err
			}
		}
		if err := w.exec("INSERT INTO search (rowid, words) VALUES (?,?)", id, strings.Join(e.terms, " ")); err != nil {
			return fmt.Errorf("putting ticket %d into the search index: %w", id, err)
		}
	}
	clear(w.entries)
	return nil
}

// learn adds a plain word to the vocabulary. The writer remembers which it has added.
func (w *writer) learn(word string) error {
	const most = 100_000 // words remembered, not words known
	if w.learned[word] || !plain(word) || strings.Contains(word, "§") {
		return nil
	}
	if len(w.learned) >= most {
		clear(w.learned)
	}
	w.learned[word] = true
	return w.exec("INSERT OR IGNORE INTO vocabulary VALUES (?)", word)
}

// match is the filter's words as the index is asked for them; "" if there are none. Whatever the words hold, each is
// a quoted string to the index.
//
// The engine answers "begins with" by first merging the lists of all words that do, which takes a second for a common
// word and a million tickets, even if fifty are wanted. An OR of those words is answered lazily, newest first, so the
// vocabulary spells them out. What is not plain is in few tickets each and quickly merged.
func (s *Store) match(ctx context.Context, f ticketing.Filter) (string, error) {
	if len(f.Words) == 0 {
		return "", nil
	}
	var parts []string
	for i, word := range f.Words {
		word = clean(word)
		if i < len(f.Words)-1 || word == "" {
			parts = append(parts, `"`+term(word)+`"`)
			continue
		}
		const most = 500 // beyond, merging is the lesser evil
		known, err := queryAll(ctx, s, scanInto[string], "SELECT word FROM vocabulary WHERE word >= ? AND word < ? LIMIT ?", word, word+"\U0010FFFF", most+1)
		if err != nil {
			return "", err
		}
		begin := []string{`"§` + word + `"*`}
		if len(known) > most {
			begin, known = append(begin, `"`+word+`"*`), nil
		}
		for _, k := range known {
			begin = append(begin, `"`+k+`"`)
		}
		parts = append(parts, "("+strings.Join(begin, " OR ")+")")
	}
	if !f.Scope.All {
		parts = append(parts, `"`+agencyMark(f.Scope.Agency)+`"`)
	}
	return strings.Join(parts, " AND "), nil
}

// clean leaves of a word what a term may hold, if the asker has not folded it.
func clean(word string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, word)
}

// says reads the words out of the ticket itself, where few tickets are left to look at.
func says(words []string, t ticketing.Ticket) bool {
	if len(words) == 0 {
		return true
	}
	have := text.Words(t.SearchText())
	for i, word := range words {
		word = clean(word)
		last := i == len(words)-1
		if !slices.ContainsFunc(have, func(h string) bool { return h == word || last && strings.HasPrefix(h, word) }) {
			return false
		}
	}
	return true
}
