package ui

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// kioskPath is where a wall board's link leads: behind it stands the link's key.
const kioskPath = "/board/k/"

// PhoneBoard is what the telephone puts on the wall.
type PhoneBoard struct {
	Hearing bool          // false: the exchange cannot be heard, what is shown may be old
	Waiting int           // callers now, in all queues
	Longest time.Duration // the one has waited that has waited longest
	Reached int           // service level today: Reached of Of
	Of      int           // 0: there is no level yet
	Formula int           // of the level, 1–5, as it stands beside it
	Target  time.Duration // T of the formula
}

// WatchesBoard says whether the role may look at the wall board.
func WatchesBoard(r ticketing.Role) bool {
	switch r {
	case ticketing.Operator, ticketing.Supervisor, ticketing.Moderator, ticketing.Auditor, ticketing.Administrator:
		return true
	}
	return false
}

// boardPage is the wall board.
type boardPage struct {
	Page
	Board boardView
	Base  string // address of the page: its parts and its line stand below
	Kiosk bool
	Admin bool
	Defs  []definition
}

// definition says what a number counts.
type definition struct{ Label, Text string }

// boardView is what changes on it.
type boardView struct {
	At     time.Time
	Build  string
	Tiles  []tile
	Spikes []spikeView
	More   int // spikes that have no room
}

// tile is one number.
type tile struct {
	Key         string
	Label       string
	Value, Note string
	Said        string // value and unit for who hears it read out
	Tone        string // "", warn or bad
	Wide        bool
}

// mostSpikes have room on a wall.
const mostSpikes = 3

func (s *Server) board(v *visit) error { return s.showBoard(v, "/board", false) }

// kiosk is the board for who has a link to it, and nothing else.
func (s *Server) kiosk(v *visit) error {
	key, err := s.boardKey(v)
	if err != nil {
		return err
	}
	v.staff = ticketing.Staff{} // whoever else is signed in at this screen
	return s.showBoard(v, kioskPath+key, true)
}

// boardKey is the link's key, if it opens the board.
func (s *Server) boardKey(v *visit) (string, error) {
	key := v.Params("key")
	_, err := s.Accounts.BoardLink(v.ctx(), key)
	if errors.Is(err, ticketing.ErrNotFound) {
		return "", &ticketing.Error{Class: ticketing.NotFound, Key: "board.closed"}
	}
	return key, err
}

func (s *Server) showBoard(v *visit, base string, kiosk bool) error {
	view, err := s.boardNow(v.ctx(), v.lang)
	if err != nil {
		return err
	}
	p := boardPage{Page: s.page(v, v.t("nav.board")), Board: view, Base: base, Kiosk: kiosk, Admin: v.staff.Role == ticketing.Administrator}
	p.Here, p.NoIndex = "/board", true
	if p.Theme == "" {
		p.Theme = "dark" // it hangs in a room all day and night
	}
	p.Defs = s.definitions(v)
	return s.ok(v, "board", p)
}

func (s *Server) boardPart(v *visit) error {
	view, err := s.boardNow(v.ctx(), v.lang)
	if err != nil {
		return err
	}
	return s.ok(v, "board.live", view)
}

func (s *Server) kioskPart(v *visit) error {
	if _, err := s.boardKey(v); err != nil {
		return err
	}
	return s.boardPart(v)
}

// LiveBoard is the board's part for the boards' line; nil while it cannot be made, so that screens see it grow old.
func (s *Server) LiveBoard(ctx context.Context, lang string) any {
	view, err := s.boardNow(ctx, lang)
	if err == nil {
		var text string
		if text, err = s.text(lang, "board.live", view); err == nil {
			return fiber.Map{"board": text}
		}
	}
	if ctx.Err() == nil {
		s.Log.Error("the wall board could not be made", "err", err)
	}
	return nil
}

// build names what a page was made by: a board that sees another one loads itself anew.
func (s *Server) build() string { return s.Version + "-" + s.assets.hash }

func (s *Server) boardNow(ctx context.Context, lang string) (boardView, error) {
	f, err := s.Wall.Figures(ctx)
	if err != nil {
		return boardView{}, err
	}
	view := boardView{At: f.At, Build: s.build(), Spikes: s.spikeViews(lang, f.Spikes)}
	if len(view.Spikes) > mostSpikes {
		view.More, view.Spikes = len(view.Spikes)-mostSpikes, view.Spikes[:mostSpikes]
	}
	phone, on := PhoneBoard{}, false
	if s.PhoneBoard != nil {
		phone, on = s.PhoneBoard(ctx)
	}
	w := tiler{format{lang, s.Now}, f, phone}
	if on { // eight numbers at most: what came in today stands beside what is open
		view.Tiles = []tile{w.callers(), w.level(), w.waiting(), w.longest(), w.dueToday(), w.overdue(), w.open(true), w.onTime(false)}
	} else {
		view.Tiles = []tile{w.waiting(), w.longest(), w.dueToday(), w.overdue(), w.open(false), w.received(), w.onTime(true)}
	}
	return view, nil
}

// tiler makes the tiles.
type tiler struct {
	format
	f     ticketing.WallFigures
	phone PhoneBoard
}

func (w tiler) tile(key, value string) tile {
	return tile{Key: key, Label: w.t("board." + key), Value: value, Said: value}
}

func (w tiler) waiting() tile  { return w.tile("waiting", w.number(w.f.Waiting)) }
func (w tiler) received() tile { return w.tile("received", w.number(w.f.Received)) }
func (w tiler) dueToday() tile { return w.tile("due_today", w.number(w.f.DueToday)) }

func (w tiler) open(withReceived bool) tile {
	t := w.tile("open", w.number(w.f.Open))
	if withReceived {
		t.Note = w.t("board.received_note", w.number(w.f.Received))
	}
	return t
}

func (w tiler) overdue() tile {
	t := w.tile("overdue", w.number(w.f.Overdue))
	if w.f.Overdue > 0 {
		t.Tone = "bad"
	}
	return t
}

// patientFor is the wait that turns amber; three times as long is red. It is the usual limit for classifying.
const patientFor = 30 * time.Minute

func (w tiler) longest() tile {
	passed := w.f.WaitingLongest()
	t := w.tile("longest", w.t("board.none"))
	if w.f.Longest.IsZero() {
		return t
	}
	t.Value, t.Note = w.wait(passed)
	t.Said, t.Tone = w.elapsed(passed), tone(passed, patientFor)
	return t
}

func tone(passed, patience time.Duration) string {
	switch {
	case passed >= 3*patience:
		return "bad"
	case passed >= patience:
		return "warn"
	}
	return ""
}

func (w tiler) onTime(wide bool) tile {
	t := w.tile("on_time", w.share(w.f.OnTime, w.f.Answered))
	t.Note, t.Wide = w.t("board.on_time_note", w.number(w.f.OnTime), w.number(w.f.Answered)), wide
	return t
}

func (w tiler) callers() tile {
	t := w.tile("callers", w.number(w.phone.Waiting))
	if w.phone.Waiting > 0 {
		t.Note, t.Tone = w.t("board.callers_note", w.elapsed(w.phone.Longest)), tone(w.phone.Longest, w.phone.Target)
	}
	if !w.phone.Hearing {
		t.Note, t.Tone = w.t("board.level_deaf"), "bad"
	}
	return t
}

func (w tiler) level() tile {
	t := w.tile("level", w.share(w.phone.Reached, w.phone.Of))
	t.Note = w.t("board.level_note", int(w.phone.Target.Seconds()), w.phone.Formula)
	return t
}

// share is a percentage; without a whole it is a dash, never 0 % or 100 %. Only all is 100 %.
func (w tiler) share(part, whole int) string {
	if whole <= 0 {
		return w.t("board.none")
	}
	percent := (200*part + whole) / (2 * whole)
	if percent == 100 && part < whole {
		percent = 99
	}
	return strconv.Itoa(percent) + "%"
}

// wait is a duration as a large number and its unit: 25 "phút", 2:05 "giờ : phút", 3 "ngày".
func (w tiler) wait(d time.Duration) (value, unit string) {
	hours, minutes := int(d.Hours()), int(d.Minutes())%60
	switch {
	case hours >= 48:
		return w.number(hours / 24), w.t("board.unit.d")
	case hours > 0:
		return fmt.Sprintf("%d:%02d", hours, minutes), w.t("board.unit.hm")
	}
	return strconv.Itoa(minutes), w.t("board.unit.m")
}

// elapsed is a duration by the clock, in its two largest units.
func (f format) elapsed(d time.Duration) string {
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	switch {
	case days > 0 && hours > 0:
		return f.t("board.dh", days, hours)
	case days > 0:
		return f.t("board.d", days)
	case hours > 0 && minutes > 0:
		return f.t("board.hm", hours, minutes)
	case hours > 0:
		return f.t("board.h", hours)
	case minutes > 0:
		return f.t("board.m", minutes)
	}
	return f.t("board.s", int(d.Seconds()))
}

// definitions are what the numbers count, in the order they stand.
func (s *Server) definitions(v *visit) []definition {
	var out []definition
	phone, on := PhoneBoard{}, false
	if s.PhoneBoard != nil {
		phone, on = s.PhoneBoard(v.ctx())
	}
	if on {
		out = append(out, definition{v.t("board.callers"), v.t("board.def.callers")},
			definition{v.t("board.level"), v.t("board.def.level", phone.Formula, int(phone.Target.Seconds()), v.t("board.formula."+strconv.Itoa(phone.Formula)))})
	}
	for _, key := range []string{"waiting", "longest", "due_today", "overdue", "open", "received", "on_time", "spikes"} {
		out = append(out, definition{v.t("board." + key), v.t("board.def." + key)})
	}
	return out
}
