package ticketing

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

var (
	// shownCode is how we write a code; what somebody writes like that and is none was meant as one.
	shownCode = regexp.MustCompile(`^[0-9A-Za-z]{4}[ –-][0-9A-Za-z]{4}[ –-][0-9A-Za-z]{4}$`)
	// anyCode is what somebody may write who was asked for a code.
	anyCode = regexp.MustCompile(`^[0-9A-Za-z –-]{8,20}$`)
	letter  = regexp.MustCompile(`[A-Za-z]`)
	digit   = regexp.MustCompile(`[0-9]`)
)

// codeIn is the ticket a message asks for that is nothing but its code. Twelve figures may also be an identity card's,
// and letters a word: a message is called a wrong code only where nothing else can be meant.
func (d *Desk) codeIn(ctx context.Context, said string, ch Channel, citizen CitizenID) (sense, error) {
	code, valid := text.ParseCode(said)
	mixed := letter.MatchString(said) && digit.MatchString(said)
	meant := mixed && (valid || shownCode.MatchString(said))
	if !meant && anyCode.MatchString(said) && digit.MatchString(said) {
		chosen, err := d.chosen(ctx, citizen, ch)
		if err != nil {
			return sense{}, err
		}
		meant = chosen == choosesCode || chosen == wrongCode
	}
	if !valid && !meant {
		return sense{}, nil
	}
	if !d.Vault.guesses.left(d.now(), citizen) {
		if meant {
			return sense{does: tooManyTrys}, nil
		}
		return sense{}, nil
	}
	if valid {
		t, err := d.Store.Ticket(ctx, Code(code))
		if err == nil && t.Kind != Lobby {
			return sense{does: looksUp, found: t}, nil
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return sense{}, storeError("looking up a code", err)
		}
	}
	d.Vault.guesses.take(d.now(), citizen)
	if meant {
		return sense{does: wrongCode}, nil
	}
	return sense{}, nil
}

// guesses bounds how many wrong codes one person may try: ten a minute, as on the page. It is counted in each process
// for itself, and a restart forgets it.
type guesses struct {
	mu  sync.Mutex
	all map[CitizenID]*rate.Limiter
}

const (
	guessesPerMinute = 10
	mostGuessers     = 20_000
)

func (g *guesses) left(now time.Time, id CitizenID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.all[id]
	return l == nil || l.TokensAt(now) >= 1
}

func (g *guesses) take(now time.Time, id CitizenID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.all == nil || len(g.all) >= mostGuessers {
		whole := map[CitizenID]*rate.Limiter{}
		for id, l := range g.all {
			if l.TokensAt(now) < guessesPerMinute && len(whole) < mostGuessers/2 {
				whole[id] = l
			}
		}
		g.all = whole
	}
	if g.all[id] == nil {
		g.all[id] = rate.NewLimiter(guessesPerMinute/60.0, guessesPerMinute)
	}
	g.all[id].AllowN(now, 1)
}

// Progress is how far a ticket is, in the words a chat tells it to who holds its code: what the citizen's page says to
// the same. None of what was written is in it.
func (d *Desk) Progress(ctx context.Context, t Ticket, lang string) (string, error) {
	lines := []string{words.T(lang, "chat.state", text.ShowCode(string(t.Code)), words.T(lang, "status."+string(t.Status)))}
	of := t
	if t.Joined() {
		lead, err := d.Store.Ticket(ctx, t.Into)
		if err != nil {
			return "", storeError("reading the ticket it was merged into", err)
		}
		of = lead
		lines = append(lines, words.T(lang, "chat.state_merged", words.T(lang, "status."+string(lead.Status))))
	} else {
		lines = append(lines, words.T(lang, t.Next()))
	}
	if of.Status.Open() {
		lines = append(lines, words.T(lang, "chat.state_holder", d.Holder(of, lang), Moment(lang, of.Since)))
		due := t.Promised // also of an incident: each reporter has been promised her own
		if !t.Joined() && !t.Due.IsZero() && t.Status != Waiting {
			due = t.Due
		}
		if !due.IsZero() {
			lines = append(lines, words.T(lang, "chat.state_due", Moment(lang, due)))
		}
	}
	if t.OverdueAt(d.now()) {
		lines = append(lines, words.T(lang, "chat.state_sorry"))
	}
	if !t.Joined() && t.Outcome != "" && !t.Status.Open() {
		lines = append(lines, words.T(lang, "chat.state_outcome", words.T(lang, "outcome."+string(t.Outcome))))
	}
	return strings.Join(append(lines, words.T(lang, "chat.state_more", d.TrackURL(t.Code))), "\n"), nil
}

// Moment is a time as people read it: "14:05, thứ Hai 23/11/2026".
func Moment(lang string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	l := t.In(Zone)
	return words.T(lang, "time.moment", l.Format("15:04"), words.T(lang, "time.weekday."+strconv.Itoa(int(l.Weekday()))), l.Format("02/01/2006"))
}
