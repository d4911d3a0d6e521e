package email

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

const (
	man = "man.le@example.vn"
	tu  = "tu.tran@example.vn"
)

func (h *house) place() (p place) {
	h.Helper()
	r, err := h.store.Get(h.Context(), kindPlace, h.ch.bookmark().id())
	must(h, err)
	must(h, json.Unmarshal(r.Doc, &p))
	return p
}

func TestALetterBecomesATicketAndStaysInTheMailbox(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("Lê Thị Mận", man)
	h.work(h.ch.Run)
	h.sim.Say(man, "Đèn đường hỏng", "Đèn trước số 12 Trần Phú hỏng ba hôm nay.")
	tk := h.untilTickets(1)[0]
	if tk.Channel != ticketing.Email || tk.Kind != ticketing.Other || tk.Subject != "Đèn đường hỏng" || tk.Text != "Đèn trước số 12 Trần Phú hỏng ba hôm nay." {
		t.Errorf("%+v", tk)
	}
	p, _, err := h.desk.Vault.Person(t.Context(), tk.Citizen)
	must(t, err)
	if p.Name != "Lê Thị Mận" || p.Email != man || p.At[ticketing.Email] != man {
		t.Errorf("%+v", p)
	}
	h.wait(func() bool { _, seen := h.sim.Lies(); return seen == 1 })
	if all, _ := h.sim.Lies(); all != 1 {
		t.Errorf("%d letters lie in the mailbox", all)
	}
	if h.ch.Health().Counts["repeated"] != 0 || !h.ch.Health().Hears {
		t.Errorf("%+v", h.ch.Health())
	}
}

// The server tells of letters: nobody looks by the clock here.
func TestTheServerTellsOfLetters(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("Mận", man)
	h.ch.look = time.Hour
	h.work(h.ch.Run)
	h.wait(func() bool { return h.ch.hears.Load() })
	for i := range 5 {
		h.sim.Say(man, fmt.Sprint("Thư ", i), "Đèn hỏng.")
		h.untilTickets(i + 1)
	}
}

func TestAServerThatRefusesIdleIsAsked(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("Mận", man)
	h.sim.Fail(simulator.EmailFault{Call: "imap idle", Code: 1, Says: "no"})
	h.ch.idleFor = 20 * time.Millisecond
	h.work(h.ch.Run)
	h.wait(func() bool { return h.sim.Faults() == 0 })
	h.sim.Say(man, "x", "Đèn hỏng.")
	h.untilTickets(1)
	if h.sim.SignIns() != 1 {
		t.Errorf("%d sign-ins", h.sim.SignIns())
	}
}

func TestTheFirstLookTakesWhatCameLatelyAndNobodyHasRead(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("Mận", man)
	h.clock.Advance(-20 * 24 * time.Hour)
	h.sim.Say(man, "cũ", "Thư cũ.")
	h.clock.Advance(19 * 24 * time.Hour)
	h.sim.Say(man, "hôm qua", "Thư hôm qua.")
	h.clock.Advance(24 * time.Hour)
	h.work(h.ch.Run)
	if tk := h.untilTickets(1)[0]; tk.Subject != "hôm qua" {
		t.Errorf("%q", tk.Subject)
	}
}

func TestAnotherProcessGoesOnWhereOneEnded(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("Mận", man)
	stop := h.work(h.ch.Run)
	h.sim.Say(man, "1", "Đèn hỏng.")
	h.untilTickets(1)
	h.wait(func() bool { return h.place().UID == 1 })
	stop()
	h.sim.Say(man, "2", "Nước yếu.")
	next := h.process(h.store)
	h.work(next.Run)
	h.untilTickets(2)
	if n := next.Health().Counts["repeated"]; n != 0 {
		t.Errorf("%d letters were read again", n)
	}
}

func TestOneOfTwoProcessesReads(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("Mận", man)
	stop := h.work(h.ch.Run)
	h.wait(func() bool { return h.ch.hears.Load() })
	other := h.process(h.store)
	h.work(other.Run)
	h.sim.Say(man, "1", "Đèn hỏng.")
	h.untilTickets(1)
	if other.hears.Load() || h.sim.SignIns() != 1 {
		t.Fatalf("both read: %d sign-ins", h.sim.SignIns())
	}
	stop()
	h.sim.Say(man, "2", "Nước yếu.")
	h.untilTickets(2)
}

func TestALettersRepeatWritesNothing(t *testing.T) {
	h := newHouse(t, func(s *simulator.EmailSettings) { s.Mood.Duplicate = 1 })
	h.sim.Citizen("Mận", man)
	h.work(h.ch.Run)
	h.sim.Say(man, "x", "Đèn hỏng.")
	h.untilCounted("repeated", 1)
	if tk := h.untilTickets(1)[0]; len(h.events(tk.Code)) != 1 {
		t.Errorf("%d events", len(h.events(tk.Code)))
	}
}

// The same Message-ID from another sender is another letter: nobody can have a stranger's letter taken for a repeat.
func TestAMessageIDIsItsSenders(t *testing.T) {
	h := newHouse(t)
	letter := func(from string) []byte {
		return []byte("From: " + from + "\r\nSubject: x\r\nMessage-ID: <same@mail>\r\n\r\nĐèn hỏng.\r\n")
	}
	for i, err := range h.ch.takeAll(t.Context(), [][]byte{letter(man), letter(tu), letter(man)}) {
		if err != nil {
			t.Error(i, err)
		}
	}
	h.untilTickets(2)
}

func TestNewNumbersOfTheMailboxRepeatNothingAndLoseNothing(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("Mận", man)
	h.work(h.ch.Run)
	for i := range 3 {
		h.sim.Say(man, fmt.Sprint(i), "Đèn hỏng.")
	}
	h.untilTickets(3)
	was := h.place().Validity
	must(t, h.sim.Renumber())
	h.sim.Say(man, "sau", "Nước yếu.")
	h.untilTickets(4)
	h.wait(func() bool { return h.place().Validity != was })
	h.untilCounted("repeated", 3)
	h.untilTickets(4)
}

func TestTheMailboxIsFoundAgainAfterTrouble(t *testing.T) {
	for _, f := range []simulator.EmailFault{
		{Call: "imap connect", Drop: true}, {Call: "imap login", Drop: true}, {Call: "imap select", Drop: true}, {Call: "imap search", Drop: true},
		{Call: "imap size", Drop: true}, {Call: "imap fetch", Drop: true}, {Call: "imap store", Drop: true}, {Call: "imap idle", Drop: true},
		{Call: "imap login", Code: 1, Status: "UNAVAILABLE"}, {Call: "imap select", Code: 1}, {Call: "imap search", Code: 1}, {Call: "imap fetch", Code: 1},
		{Call: "imap store", Code: 1},
	} {
		t.Run(fmt.Sprint(f.Call, f.Drop, f.Status), func(t *testing.T) {
			h := newHouse(t)
			h.sim.Citizen("Mận", man)
			h.sim.Fail(f, f)
			h.work(h.ch.Run)
			h.sim.Say(man, "1", "Đèn hỏng.")
			h.untilTickets(1)
			h.sim.Say(man, "2", "Nước yếu.")
			h.untilTickets(2)
			h.sim.Kick()
			h.sim.Say(man, "3", "Rác đầy.")
			h.untilTickets(3)
		})
	}
}

func TestARefusedSignInCallsPeopleAndDoesNotHammer(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("Mận", man)
	h.sim.Fail(simulator.EmailFault{Call: "imap login", Code: 1, Status: "AUTHENTICATIONFAILED", Says: "user 1022 unknown"})
	h.ch.lastPause, h.ch.firstPause = time.Hour, 40*time.Millisecond // a minute in the real one's measure is 2.4 s here
	h.work(h.ch.Run)
	h.wait(func() bool { return hasProblem(h.ch, "email.alarm.signin") })
	refused := time.Now()
	if h.ch.Health().Hears {
		t.Error("it says that it hears")
	}
	h.sim.Say(man, "1", "Đèn hỏng.")
	h.untilTickets(1)
	if d := time.Since(refused); d < 800*time.Millisecond || h.sim.SignIns() != 2 {
		t.Errorf("%d sign-ins within %s", h.sim.SignIns(), d)
	}
	h.wait(func() bool { return !hasProblem(h.ch, "email.alarm.signin") && h.ch.Health().Hears })
}

func hasProblem(c *Channel, key string) bool {
	return slices.ContainsFunc(c.Health().Problems, func(p Problem) bool { return p.Key == key })
}

// A letter whose file cannot be stored now waits; others are taken, and the place does not pass the one that waits.
func TestWhatCannotBeStoredNowIsNotPassed(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("Mận", man)
	h.sim.Citizen("Tư", tu)
	files := filepath.Join(h.dir, "files")
	must(t, os.RemoveAll(files))
	must(t, os.WriteFile(files, nil, 0o600)) // no folder can be made there
	raw, err := os.ReadFile("testdata/attachments.eml")
	must(t, err)
	h.sim.Deliver(raw)
	h.sim.Say(tu, "2", "Nước yếu.")
	h.work(h.ch.Run)
	if tk := h.untilTickets(1)[0]; tk.Subject != "2" {
		t.Fatalf("%q", tk.Subject)
	}
	h.wait(func() bool { return h.ch.Health().Counts["repeated"] > 1 }) // tried again and again
	if p := h.place(); p.UID != 0 {
		t.Fatalf("the place is %d", p.UID)
	}
	if _, seen := h.sim.Lies(); seen != 1 {
		t.Errorf("%d letters are marked as read, of which one is stored", seen)
	}
	must(t, os.Remove(files))
	all := h.untilTickets(2)
	h.wait(func() bool { return h.place().UID == 2 })
	i := slices.IndexFunc(all, func(tk ticketing.Ticket) bool { return tk.Subject != "2" })
	if n := len(all[i].Files); n != 2 { // the PDF and the note
		t.Errorf("%d files: %+v", n, all[i].Files)
	}
	for _, name := range []string{"image.jpeg", "passwd.exe"} {
		if !strings.Contains(all[i].Text, name) {
			t.Errorf("%q does not name %s", all[i].Text, name)
		}
	}
}

// A letter that the server never hands out does not keep the later ones for ever.
func TestALetterThatCannotBeFetchedIsLeftToPeople(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("Mận", man)
	h.sim.Say(man, "1", "Đèn hỏng.")
	h.sim.Say(man, "2", "Nước yếu.")
	for range stuckSkip {
		h.sim.Fail(simulator.EmailFault{Call: "imap fetch", Drop: true})
	}
	h.work(h.ch.Run)
	if tk := h.untilTickets(1)[0]; tk.Subject != "2" {
		t.Errorf("%q", tk.Subject)
	}
	if !hasProblem(h.ch, "email.alarm.skipped") {
		t.Error("nobody is told")
	}
}

func TestOfAHugeLetterTheWordsAreRead(t *testing.T) {
	h := newHouse(t)
	h.sim.Deliver([]byte("From: " + man + "\r\nSubject: To\r\nMessage-ID: <huge@mail>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nĐèn hỏng.\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF-1.4\r\n" +
		strings.Repeat(strings.Repeat("x", 70)+"\r\n", maxLetter/72+1000) + "--b--\r\n"))
	h.sim.Citizen("Tư", tu)
	h.sim.Say(tu, "2", "Nước yếu.")
	h.work(h.ch.Run)
	for _, tk := range h.untilTickets(2) {
		if tk.Subject == "To" && (!strings.HasPrefix(tk.Text, "Đèn hỏng.\n\n[Còn") || len(tk.Files) != 0) {
			t.Errorf("%q, %d files", tk.Text, len(tk.Files))
		}
	}
}

func TestALongLetterGoesAlongAsAFile(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("Mận", man)
	h.work(h.ch.Run)
	h.sim.Say(man, "Đơn", strings.Repeat("Đèn hỏng rồi ạ. ", 1000))
	tk := h.untilTickets(1)[0]
	if len(tk.Files) != 1 || tk.Files[0].Name != "toan-van-thu.txt" || !strings.Contains(tk.Text, "toàn văn") {
		t.Errorf("%v %q", tk.Files, tk.Text[len(tk.Text)-100:])
	}
}

func TestTheFolder(t *testing.T) {
	h := newHouse(t)
	dir := filepath.Join(h.dir, "Maildir")
	h.conf.IMAP, h.conf.Maildir = "", dir
	h.ch = h.process(h.store)
	h.work(h.ch.Run)
	h.wait(func() bool { return hasProblem(h.ch, "email.alarm.folder") })
	for _, sub := range []string{"cur", "tmp", "new"} {
		must(t, os.MkdirAll(filepath.Join(dir, sub), 0o700))
	}
	raw, err := os.ReadFile("testdata/plain.eml")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "tmp", "1.a"), raw, 0o600)) // still being written
	must(t, os.Symlink("/etc/passwd", filepath.Join(dir, "new", "0.link")))
	must(t, os.WriteFile(filepath.Join(dir, "new", "2.b"), raw, 0o600))
	h.untilTickets(1)
	h.wait(func() bool { _, err := os.Stat(filepath.Join(dir, "cur", "2.b:2,S")); return err == nil })
	must(t, os.Rename(filepath.Join(dir, "tmp", "1.a"), filepath.Join(dir, "new", "1.a"))) // the same letter again
	h.wait(func() bool { _, err := os.Stat(filepath.Join(dir, "cur", "1.a:2,S")); return err == nil })
	h.untilTickets(1)
	kept, err := os.ReadFile(filepath.Join(dir, "cur", "2.b:2,S"))
	must(t, err)
	if string(kept) != string(raw) {
		t.Error("the letter was changed")
	}
	h.wait(func() bool { return h.ch.Health().Hears && !hasProblem(h.ch, "email.alarm.folder") })
}
