package phone

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing"
)

const (
	// kindLog is how far queue_log has been read; one record.
	kindLog = "phone_log"
	logID   = "queue_log"

	logBatch = 500
	// logSettles is how old a line must be where there is a manager connection: what was heard comes first, and is finer.
	logSettles = 30 * time.Second
	// logOldest is how old a line may be: figures of long ago stay as they were.
	logOldest = 7 * 24 * time.Hour
	// logGoneOn is how long a caller who left a queue may take to enter another one, where only the log is heard.
	logGoneOn = time.Minute
)

// logPlace is a place in a file that may be rotated: Mark is the hash of its first line.
type logPlace struct {
	Mark   string `json:"mark"`
	Offset int64  `json:"offset"`
}

// logFile is the file being read.
type logFile struct {
	path    string
	file    *os.File
	place   logPlace
	version int // of the stored place
	noted   logPlace
}

// followLog reads queue_log as it grows, from where it was left, across its rotations.
func (c *Channel) followLog(ctx context.Context) error {
	f := &logFile{path: c.QueueLog}
	defer f.close()
	err := c.patiently(ctx, func() (err error) { f.place, f.version, err = c.logPlace(ctx); f.noted = f.place; return err })
	if err != nil {
		return err
	}
	tick := time.NewTicker(c.pace.look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		for more := true; more && ctx.Err() == nil; {
			more, err = c.readLog(ctx, f)
			switch {
			case errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission):
				c.alarm("phone.alarm.queue_log")
			case err != nil && ctx.Err() == nil:
				c.Log.Warn("queue_log could not be read on", "err", err)
			case err == nil:
				c.calm("phone.alarm.queue_log")
			}
			more = more && err == nil
		}
		c.endLogged(ctx)
	}
}

// readLog takes the next lines; more: there may be others.
func (c *Channel) readLog(ctx context.Context, f *logFile) (more bool, err error) {
	if f.file == nil {
		if err := f.open(); err != nil {
			return false, err
		}
	}
	lines, next, whole, err := f.next(logBatch)
	if err != nil {
		return false, err
	}
	settled := c.exchangeTime()
	if c.Dials() {
		settled = settled.Add(-logSettles)
	}
	for i, s := range lines {
		if l, ok := parseLog(s); ok && l.at.After(settled) { // it and those behind it wait
			lines, next, whole = lines[:i], next[:i], false
			break
		}
	}
	if err := c.takeLog(ctx, lines); err != nil {
		return false, err
	}
	if len(next) > 0 {
		f.place.Offset = next[len(next)-1]
		if err := c.noteLog(ctx, f); err != nil {
			return false, err
		}
		return true, nil
	}
	if whole && f.replaced() {
		f.close()
		f.place = logPlace{}
		return true, nil
	}
	return false, nil
}

// open finds the place: in the file, or in the one it was renamed to. Elsewhere it begins at the beginning.
func (f *logFile) open() error {
	for _, path := range []string{f.path, f.path + ".1"} {
		file, err := os.Open(path)
		if err != nil {
			if path == f.path {
				return err
			}
			continue
		}
		mark, size := markOf(file)
		if f.place.Mark != "" && mark == f.place.Mark && size >= f.place.Offset {
			f.file = file
			return nil
		}
		file.Close()
		if f.place.Mark == "" {
			break // nothing has been read yet
		}
	}
	file, err := os.Open(f.path)
	if err != nil {
		return err
	}
	f.file = file
	mark, _ := markOf(file)
	f.place = logPlace{Mark: mark}
	return nil
}

// markOf names a file by its first line; "" while there is none.
func markOf(file *os.File) (mark string, size int64) {
	info, err := file.Stat()
	if err != nil {
		return "", 0
	}
	line, err := bufio.NewReaderSize(io.NewSectionReader(file, 0, maxLogLine), maxLogLine).ReadString('\n')
	if err != nil {
		return "", info.Size()
	}
	sum := sha256.Sum256([]byte(line))
	return hex.EncodeToString(sum[:16]), info.Size()
}

// next is the next whole lines, and where each ends; whole: the file ends behind them.
func (f *logFile) next(most int) (lines []string, ends []int64, whole bool, err error) {
	if f.place.Mark == "" {
		if f.place.Mark, _ = markOf(f.file); f.place.Mark == "" {
			return nil, nil, true, nil
		}
	}
	mark, size := markOf(f.file)
	if size < f.place.Offset || mark != f.place.Mark { // emptied and begun anew
		f.place = logPlace{Mark: mark}
	}
	r := bufio.NewReader(io.NewSectionReader(f.file, f.place.Offset, 1<<62-f.place.Offset))
	at := f.place.Offset
	for len(lines) < most {
		line, err := r.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return lines, ends, line == "", nil // what has no end is not whole
		}
		if err != nil {
			return nil, nil, false, fmt.Errorf("reading queue_log: %w", err)
		}
		at += int64(len(line))
		lines, ends = append(lines, line), append(ends, at)
	}
	return lines, ends, false, nil
}

// replaced says that another file has come into its place.
func (f *logFile) replaced() bool {
	here, err := os.Stat(f.path)
	if err != nil {
		return false
	}
	mine, err := f.file.Stat()
	return err == nil && !os.SameFile(here, mine)
}

func (f *logFile) close() {
	if f.file != nil {
		f.file.Close()
		f.file = nil
	}
}

func (c *Channel) logPlace(ctx context.Context) (p logPlace, version int, err error) {
	r, err := c.Desk.Store.Get(ctx, kindLog, logID)
	if errors.Is(err, ticketing.ErrNotFound) {
		return logPlace{}, 0, nil
	}
	if err == nil {
		err = json.Unmarshal(r.Doc, &p)
	}
	if err != nil {
		return logPlace{}, 0, fmt.Errorf("reading how far queue_log was read: %w", err)
	}
	return p, r.Version, nil
}

// noteLog keeps the place. Another process may read the same file: then the later note counts, and what is read twice
// changes nothing.
func (c *Channel) noteLog(ctx context.Context, f *logFile) error {
	if f.place == f.noted {
		return nil
	}
	doc, err := json.Marshal(f.place)
	if err != nil {
		return err
	}
	err = c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindLog, ID: logID, Version: f.version + 1, At: c.now(), By: by, Doc: doc})
	if errors.Is(err, ticketing.ErrConflict) {
		_, f.version, err = c.logPlace(ctx)
		return err
	}
	if err != nil {
		return fmt.Errorf("noting how far queue_log was read: %w", err)
	}
	f.version++
	f.noted = f.place
	return c.Desk.Store.Erase(ctx, kindLog, logID, f.version)
}

// takeLog fills calls and seats by lines of the log, and makes that durable.
func (c *Channel) takeLog(ctx context.Context, lines []string) error {
	filled := map[*track]bool{}
	for _, s := range lines {
		l, ok := parseLog(s)
		switch {
		case !ok:
			c.health.count("log unreadable", c.now())
		case c.exchangeTime().Sub(l.at) > logOldest:
		case slices.Contains(callVerbs, l.verb):
			t, err := c.fillCall(ctx, l)
			if err != nil {
				return err
			}
			if t != nil {
				filled[t] = true
			}
		default:
			c.fillSeat(l)
		}
	}
	for t := range filled {
		if err := c.save(ctx, t); err != nil {
			return err
		}
		c.health.count("log filled", c.now())
	}
	return c.followSeats(ctx)
}

// logCall is the id of the call a line is about. A pushing exchange's call is known by the keyed hash of what it
// calls it, which is the same where its bridge pushes the channel's id.
func (c *Channel) logCall(call string) string {
	if !c.Dials() && c.Hears() {
		return c.callID(call)
	}
	return c.AMIAddr + ":" + call
}

// fillCall fills the line's call; nil: nothing is new.
func (c *Channel) fillCall(ctx context.Context, l logLine) (*track, error) {
	if !linkedForm.MatchString(l.call) || l.call == none {
		return nil, nil
	}
	leg, ended, ok := l.told(c.logAgent(l.agent))
	if !ok {
		return nil, nil
	}
	c.mu.Lock()
	if leg.Outside = c.Config.Open != nil && !c.Config.Open(leg.Entered); leg.Entered.IsZero() {
		leg.Outside = false
	}
	_, atHand := c.calls[c.logCall(l.call)]
	heard := c.conn != nil
	c.mu.Unlock()
	t, err := c.tracked(ctx, c.logCall(l.call))
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	before := t.call
	call, changed := fill(t.call, leg)
	if call.Direction == "" {
		call.Direction = In
	}
	if call.Channel == "" {
		call.Channel, changed = l.call, true
	}
	late := before.Ended.After(leg.Left.Add(2*time.Second)) && changed // a snapshot ended it, when it looked
	if ended && (call.Ended.IsZero() && !(heard && atHand) || late && call.Ended.After(l.at)) {
		call.Ended, changed = l.at, true
	}
	if l.verb == "ENTERQUEUE" && t.number.IsZero() && call.Citizen == "" {
		if t.number = citizenNumber(l.field(1)); !t.number.IsZero() {
			changed = true
		}
	}
	t.touched = c.now()
	if !changed {
		return nil, nil
	}
	t.call = call
	return t, nil
}

// logAgent is the extension of who the log names: by name where the member has one, else by interface.
func (c *Channel) logAgent(name string) string {
	if strings.Contains(name, "/") || name == "" {
		return extensionOf(name)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.agents {
		if a.name == word(name) {
			return extensionOf(a.iface)
		}
	}
	return word(name)
}

// fillSeat takes what the log says of a person, if that is later than what is known of her.
func (c *Channel) fillSeat(l logLine) {
	seat := Seat{State: Ready, Since: l.at}
	switch l.verb {
	case "PAUSE", "PAUSEALL":
		seat = seatOf(true, word(l.field(0)), l.at, l.at)
	case "UNPAUSE", "UNPAUSEALL", "ADDMEMBER":
	case "REMOVEMEMBER":
		seat.State = Offline
	default:
		return
	}
	if word(l.field(0)) == afterReason {
		return // ours, and no break
	}
	extension := c.logAgent(l.agent)
	c.mu.Lock()
	defer c.mu.Unlock()
	staff := c.extensions[extension]
	seat.Since = seat.Since.Add(-c.skew)
	was := c.seats[staff]
	if next, waits := c.follow[staff]; waits {
		was = next
	}
	if staff != "" && seat.Since.Sub(was.Since) > time.Second && (was.State != seat.State || was.Reason != seat.Reason) {
		c.follow[staff] = seat
	}
}

// endLogged ends calls of which only the log is heard: whoever left a queue and enters no other one has gone.
func (c *Channel) endLogged(ctx context.Context) {
	if c.Dials() {
		return // the snapshot says so
	}
	c.mu.Lock()
	for _, t := range c.calls {
		n := len(t.call.Legs)
		if n == 0 || !t.call.Ended.IsZero() || t.call.Legs[n-1].End != FlowedOut || t.call.pushed() || c.now().Sub(t.touched) < logGoneOn {
			continue
		}
		t.call.Ended = t.call.Legs[n-1].Left
		c.changed(t)
	}
	c.mu.Unlock()
	c.flush(ctx)
}
