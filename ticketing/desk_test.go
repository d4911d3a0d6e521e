package ticketing_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/attachments"
	"hotline1022/ticketing/calendar"
	"hotline1022/ticketing/routing"
	"hotline1022/ticketing/store/sqlite"
)

// office is a hotline on a real store, with a clock the test turns.
type office struct {
	*ticketing.Desk
	t        testing.TB
	store    *sqlite.Store
	accounts *ticketing.Accounts
	mu       sync.Mutex
	at       time.Time
}

var (
	operator   = ticketing.Actor{ID: "lan", Role: ticketing.Operator}
	supervisor = ticketing.Actor{ID: "hung", Role: ticketing.Supervisor}
	officer    = ticketing.Actor{ID: "dien.tam", Role: ticketing.Officer, Agency: "dien"}
	leader     = ticketing.Actor{ID: "dien.son", Role: ticketing.Leader, Agency: "dien"}
	stranger   = ticketing.Actor{ID: "nuoc.ha", Role: ticketing.Officer, Agency: "nuoc"}
	moderator  = ticketing.Actor{ID: "mod", Role: ticketing.Moderator}
	auditor    = ticketing.Actor{ID: "soat", Role: ticketing.Auditor}
	citizen    = ticketing.Actor{Role: ticketing.Citizen}
)

func open(t testing.TB) *office {
	t.Helper()
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "hotline.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	o := &office{t: t, store: store, at: vn("2026-04-24 16:00")} // a Friday before a long weekend
	put := func(kind, id string, v any) {
		doc, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Put(t.Context(), ticketing.Record{Kind: kind, ID: id, Version: 1, At: o.at, By: "test", Doc: doc}); err != nil {
			t.Fatal(err)
		}
	}
	put(ticketing.KindAgency, "dien", ticketing.Agency{ID: "dien", Name: "Điện lực"})
	put(ticketing.KindAgency, "nuoc", ticketing.Agency{ID: "nuoc", Name: "Cấp nước"})
	put(ticketing.KindCategory, "chieu_sang", ticketing.Category{ID: "chieu_sang", Name: "Chiếu sáng"})
	put(ticketing.KindRule, "den", routing.Rule{ID: "den", Name: "Đèn đường", Categories: []string{"chieu_sang"}, Agency: "dien"})
	put(ticketing.KindLimit, "khan", ticketing.Limit{ID: "khan", Step: ticketing.Answer, Priority: ticketing.Urgent, Limit: calendar.Limit{Days: 1}})
	files, err := attachments.Open(filepath.Join(dir, "files"))
	if err != nil {
		t.Fatal(err)
	}
	vault, err := ticketing.NewVault(store, make([]byte, 32), o.Now)
	if err != nil {
		t.Fatal(err)
	}
	catalogs := &ticketing.Catalogs{Records: store}
	if err := catalogs.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.Desk = &ticketing.Desk{Store: store, Vault: vault, Files: files, Catalog: catalogs, Now: o.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), BaseURL: "https://1022.example.vn"}
	o.accounts = &ticketing.Accounts{Records: store, Now: o.Now}
	return o
}

func (o *office) Now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.at
}

func (o *office) set(clock string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.at = vn(clock)
}

func vn(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, ticketing.Zone)
	if err != nil {
		panic(err)
	}
	return t
}

func (o *office) receive(in ticketing.Incoming) ticketing.Ticket {
	o.t.Helper()
	if in.Channel == "" {
		in.Channel = ticketing.Web
	}
	if in.Text == "" {
		in.Text = "Đèn đường trước nhà số 12 tắt ba hôm nay"
	}
	r, err := o.Receive(o.t.Context(), citizen, in)
	if err != nil {
		o.t.Fatal(err)
	}
	return r.Ticket
}

func (o *office) do(by ticketing.Actor, t ticketing.Ticket, cmd ticketing.Command) ticketing.Ticket {
	o.t.Helper()
	after, err := o.Do(o.t.Context(), by, t.Code, cmd)
	if err != nil {
		o.t.Fatalf("%s: %v", cmd.Verb, err)
	}
	return after
}

func (o *office) refused(by ticketing.Actor, t ticketing.Ticket, cmd ticketing.Command, class ticketing.Class, key string) {
	o.t.Helper()
	before, err := o.Store.Timeline(o.t.Context(), t.Code, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	_, err = o.Do(o.t.Context(), by, t.Code, cmd)
	var e *ticketing.Error
	if !errors.As(err, &e) || e.Class != class || key != "" && e.Key != key {
		o.t.Errorf("%s by %s: %v, want %s", cmd.Verb, by.Role, err, key)
	}
	after, err := o.Store.Timeline(o.t.Context(), t.Code, 0)
	if err != nil || len(after) != len(before) {
		o.t.Errorf("%s was refused and wrote all the same (%v)", cmd.Verb, err)
	}
}

// One report's whole journey.
func TestAReportFromHandToHand(t *testing.T) {
	o := open(t)
	tk := o.receive(ticketing.Incoming{Category: "chieu_sang", Name: "Lê Thị Mận", Phone: "0905 123 182", Visibility: ticketing.Public})
	if got, want := tk.Promised, vn("2026-05-06 16:00"); !got.Equal(want) { // 27/4, 30/4 and 1/5/2026 are days off
		t.Errorf("promised by %v, want %v", got.In(ticketing.Zone), want)
	}
	tk = o.do(operator, tk, ticketing.Command{Verb: ticketing.Claim})
	o.refused(stranger, tk, ticketing.Command{Verb: ticketing.Note, Text: "x"}, ticketing.NotFound, "error.not_found")
	tk = o.do(operator, tk, ticketing.Command{Verb: ticketing.Route, Agency: "dien", Reason: "đèn đường"})
	o.refused(stranger, tk, ticketing.Command{Verb: ticketing.AcceptIt}, ticketing.NotFound, "")
	o.refused(operator, tk, ticketing.Command{Verb: ticketing.AcceptIt}, ticketing.Forbidden, "error.role")
	tk = o.do(officer, tk, ticketing.Command{Verb: ticketing.AcceptIt})
	o.refused(officer, tk, ticketing.Command{Verb: ticketing.WriteDraft, Text: "Đã thay bóng"}, ticketing.Invalid, "error.outcome")
	o.refused(officer, tk, ticketing.Command{Verb: ticketing.WriteDraft, Text: "Không làm được", Outcome: ticketing.Cannot}, ticketing.Invalid, "error.outcome_reason")
	o.refused(officer, tk, ticketing.Command{Verb: ticketing.WriteDraft, Text: "Đã chuyển", Outcome: "forwarded"}, ticketing.Invalid, "error.outcome")
	tk = o.do(leader, tk, ticketing.Command{Verb: ticketing.WriteDraft, Text: "Đã thay bóng ngày 27/4", Outcome: ticketing.Done})
	o.refused(leader, tk, ticketing.Command{Verb: ticketing.Approve}, ticketing.Forbidden, "error.own_draft")
	tk = o.do(officer, tk, ticketing.Command{Verb: ticketing.WriteDraft, Text: "Đã thay bóng ngày 27/4.", Outcome: ticketing.Done})
	o.refused(officer, tk, ticketing.Command{Verb: ticketing.Approve}, ticketing.Forbidden, "error.role")
	tk = o.do(leader, tk, ticketing.Command{Verb: ticketing.Approve})
	o.refused(leader, tk, ticketing.Command{Verb: ticketing.RejectDraft, Reason: "x"}, ticketing.Forbidden, "error.with_hotline")
	tk = o.do(operator, tk, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đèn đã sáng lại.", Outcome: ticketing.Done})
	if tk.Status != ticketing.Answered {
		t.Fatalf("status %q", tk.Status)
	}
	o.refused(operator, tk, ticketing.Command{Verb: ticketing.Publish}, ticketing.Forbidden, "error.role")
	tk = o.do(moderator, tk, ticketing.Command{Verb: ticketing.Publish})
	tk = o.do(operator, tk, ticketing.Command{Verb: ticketing.GiveVerdict, OK: true, Text: "cảm ơn"})
	if tk.Status != ticketing.Closed || tk.Outcome != ticketing.Done || !tk.Published {
		t.Errorf("ends as %+v", tk)
	}
	for _, v := range ticketing.Verbs {
		if _, err := o.Do(t.Context(), auditor, tk.Code, ticketing.Command{Verb: v, Text: "x", Reason: "x"}); ticketing.ClassOf(err) != ticketing.Forbidden {
			t.Errorf("the auditor may %s: %v", v, err)
		}
	}
	if _, err := o.Timeline(t.Context(), auditor, tk); err != nil {
		t.Errorf("the auditor may not read: %v", err)
	}
}

func TestMattersWithALawOfTheirOwn(t *testing.T) {
	for kind, key := range map[ticketing.Kind]string{ticketing.Complaint: "law.complaint", ticketing.Denunciation: "law.denunciation"} {
		o := open(t)
		tk := o.receive(ticketing.Incoming{Kind: kind, Visibility: ticketing.Public})
		if tk.Visibility != ticketing.Private {
			t.Errorf("a %s was kept as %s", kind, tk.Visibility)
		}
		o.refused(operator, tk, ticketing.Command{Verb: ticketing.Route, Agency: "dien"}, ticketing.Invalid, key)
		tk = o.do(operator, tk, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Xin gửi đơn có chữ ký.", Outcome: ticketing.NotOurs, Reason: "thanh tra"})
		if _, err := o.Do(t.Context(), moderator, tk.Code, ticketing.Command{Verb: ticketing.Publish}); err == nil {
			t.Errorf("a %s was published", kind)
		}
	}
}

func TestWaitingStopsTheClock(t *testing.T) {
	o := open(t)
	o.set("2026-03-02 08:00") // Monday
	tk := o.receive(ticketing.Incoming{Channel: ticketing.Zalo, From: ticketing.Contact{Channel: ticketing.Zalo, ID: "77"}, Kind: ticketing.Report, Category: "chieu_sang"})
	tk = o.do(operator, tk, ticketing.Command{Verb: ticketing.Route, Agency: "dien"})
	tk = o.do(officer, tk, ticketing.Command{Verb: ticketing.AcceptIt})
	due := tk.Due
	o.set("2026-03-03 08:00")
	tk = o.do(officer, tk, ticketing.Command{Verb: ticketing.Ask, Text: "Số cột đèn?"})
	if !tk.NextAlarm().IsZero() {
		t.Error("an alarm is set while the citizen is being waited for")
	}
	o.set("2026-03-05 08:00") // two working days later
	r, err := o.Receive(t.Context(), citizen, ticketing.Incoming{Channel: ticketing.Zalo, From: ticketing.Contact{Channel: ticketing.Zalo, ID: "77"}, Text: "cột 42"})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Joined || r.Ticket.Code != tk.Code || r.Ticket.Status != ticketing.Working {
		t.Fatalf("her answer became %+v", r)
	}
	if want := o.Catalog.Current().Calendar.Add("", due, 16*time.Hour); !r.Ticket.Due.Equal(want) {
		t.Errorf("due %v, want %v", r.Ticket.Due, want)
	}
	if !r.Ticket.Promised.Equal(tk.Promised) {
		t.Error("the promise moved")
	}
}

func TestMoreTimeIsAskedOnceBeforeTheDateAndDecidedByAnother(t *testing.T) {
	o := open(t)
	o.set("2026-03-02 08:00")
	tk := o.receive(ticketing.Incoming{Category: "chieu_sang"})
	tk = o.do(operator, tk, ticketing.Command{Verb: ticketing.Route, Agency: "dien"})
	tk = o.do(officer, tk, ticketing.Command{Verb: ticketing.AcceptIt})
	promised := tk.Promised
	ask := ticketing.Command{Verb: ticketing.Extend, Until: vn("2026-03-16 10:00"), Reason: "chờ vật tư"}
	o.refused(officer, tk, ticketing.Command{Verb: ticketing.Extend, Until: vn("2026-03-15 10:00"), Reason: "Chủ nhật"}, ticketing.Invalid, "error.extend_closed")
	o.refused(officer, tk, ticketing.Command{Verb: ticketing.Extend, Until: vn("2026-03-03 10:00"), Reason: "sớm hơn"}, ticketing.Invalid, "error.extend_until")
	tk = o.do(officer, tk, ask)
	o.refused(officer, tk, ask, ticketing.Invalid, "error.order")
	o.refused(leader, tk, ticketing.Command{Verb: ticketing.ExtensionDecide, OK: true}, ticketing.Forbidden, "error.role")
	tk = o.do(supervisor, tk, ticketing.Command{Verb: ticketing.ExtensionDecide, OK: true})
	if !tk.Due.Equal(ask.Until) || !tk.Promised.Equal(promised) {
		t.Errorf("due %v, promised %v", tk.Due, tk.Promised)
	}
	o.refused(officer, tk, ticketing.Command{Verb: ticketing.Extend, Until: vn("2026-03-20 10:00"), Reason: "nữa"}, ticketing.Invalid, "error.extended_already")
	late := o.receive(ticketing.Incoming{Category: "chieu_sang"})
	late = o.do(operator, late, ticketing.Command{Verb: ticketing.Route, Agency: "dien"})
	late = o.do(officer, late, ticketing.Command{Verb: ticketing.AcceptIt})
	o.set("2026-03-20 10:00")
	o.refused(officer, late, ticketing.Command{Verb: ticketing.Extend, Until: vn("2026-03-25 10:00"), Reason: "trễ rồi"}, ticketing.Invalid, "error.extend_late")
}

func TestTheSweepRingsEachAlarmOnceOnAnyNumberOfMachines(t *testing.T) {
	o := open(t)
	o.set("2026-03-02 08:00")
	tk := o.receive(ticketing.Incoming{Category: "chieu_sang"})
	kinds := func() []ticketing.AlarmKind {
		events, err := o.Store.Timeline(t.Context(), tk.Code, 0)
		if err != nil {
			t.Fatal(err)
		}
		var out []ticketing.AlarmKind
		for _, e := range events {
			if e.Alarm != nil {
				out = append(out, e.Alarm.What)
			}
		}
		return out
	}
	sweep := func() {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, err := o.Sweep(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	sweep()
	if got := kinds(); len(got) != 0 {
		t.Errorf("rang early: %v", got)
	}
	o.set("2026-03-11 08:00")
	sweep()
	want := []ticketing.AlarmKind{ticketing.StepLate, ticketing.Warn70, ticketing.Warn24, ticketing.Late, ticketing.LateSenior}
	if got := kinds(); !slices.Equal(got, want) {
		t.Errorf("rang %v, want %v", got, want)
	}
	now, err := o.Store.Ticket(t.Context(), tk.Code)
	if err != nil || now.Overdue != 2 {
		t.Errorf("overdue %d (%v)", now.Overdue, err)
	}
	sweep()
	if got := kinds(); len(got) != len(want) {
		t.Errorf("rang again: %v", got)
	}
}

func TestAnAnsweredTicketClosesByItself(t *testing.T) {
	o := open(t)
	o.set("2026-03-02 08:00")
	tk := o.receive(ticketing.Incoming{Kind: ticketing.Question, Text: "Làm căn cước ở đâu?"})
	tk = o.do(operator, tk, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Tại công an xã.", Outcome: ticketing.GaveAnswer})
	o.set("2026-03-09 07:59")
	if n, err := o.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("closed early: %d, %v", n, err)
	}
	o.set("2026-03-09 08:01")
	if n, err := o.Sweep(t.Context()); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	now, _ := o.Store.Ticket(t.Context(), tk.Code)
	if now.Status != ticketing.Closed || now.Outcome != ticketing.GaveAnswer || !now.Ended.Equal(tk.Ended) {
		t.Errorf("ends as %+v", now)
	}
}

func TestOneOpenTicketPerPersonAndDoor(t *testing.T) {
	o := open(t)
	from := ticketing.Contact{Channel: ticketing.Zalo, ID: "246845883529197922"}
	codes := make(chan ticketing.Code, 64)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			key := "zalo:" + strings.Repeat("x", i)
			for range 2 { // each delivered twice
				r, err := o.Receive(context.Background(), citizen, ticketing.Incoming{Key: key, Channel: ticketing.Zalo, From: from, Text: "tin " + key})
				if err != nil {
					t.Error(err)
					return
				}
				codes <- r.Ticket.Code
			}
		})
	}
	go func() { wg.Wait(); close(codes) }()
	first := ticketing.Code("")
	for c := range codes {
		if first == "" {
			first = c
		}
		if c != first {
			t.Fatalf("two tickets: %s and %s", first, c)
		}
	}
	tk, err := o.Store.Ticket(t.Context(), first)
	if err != nil || tk.Messages != 40 {
		t.Errorf("%d messages (%v), want 40", tk.Messages, err)
	}
	tk = o.do(operator, tk, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đã rõ.", Outcome: ticketing.GaveAnswer})
	o.do(operator, tk, ticketing.Command{Verb: ticketing.Close})
	r, err := o.Receive(t.Context(), citizen, ticketing.Incoming{Key: "new", Channel: ticketing.Zalo, From: from, Text: "việc khác"})
	if err != nil || r.Joined || r.Ticket.Code == first {
		t.Errorf("after closing: %+v, %v", r, err)
	}
}

func TestAKeyServesOneRequest(t *testing.T) {
	o := open(t)
	in := ticketing.Incoming{Key: "api:7:a", Print: "p1", Channel: ticketing.Web, Text: "một"}
	a, err := o.Receive(t.Context(), citizen, in)
	if err != nil {
		t.Fatal(err)
	}
	b, err := o.Receive(t.Context(), citizen, in)
	if err != nil || !b.Repeated || b.Ticket.Code != a.Ticket.Code {
		t.Errorf("repeat: %+v, %v", b, err)
	}
	in.Print = "p2"
	if _, err := o.Receive(t.Context(), citizen, in); ticketing.ClassOf(err) != ticketing.Invalid {
		t.Errorf("another request with the key: %v", err)
	}
	cmd := ticketing.Command{Verb: ticketing.Note, Text: "x", Key: "api:7:b", Print: "q1"}
	first := o.do(operator, a.Ticket, cmd)
	if again := o.do(operator, a.Ticket, cmd); again.Version != first.Version {
		t.Error("the repeated note was written twice")
	}
	cmd.Print = "q2"
	o.refused(operator, a.Ticket, cmd, ticketing.Invalid, "error.key_reused")
}

func TestAStaleScreenIsToldAndAQuietEventDoesNotMakeItStale(t *testing.T) {
	o := open(t)
	tk := o.receive(ticketing.Incoming{Phone: "0905123182", Name: "Mận"})
	seen := tk.Version
	if _, err := o.Contact(t.Context(), supervisor, tk.Code, "phone", "gọi lại"); err != nil {
		t.Fatal(err)
	}
	o.do(operator, tk, ticketing.Command{Verb: ticketing.Note, Version: seen, Text: "x"})
	after, err := o.Do(t.Context(), operator, tk.Code, ticketing.Command{Verb: ticketing.Claim, Version: seen})
	if ticketing.ClassOf(err) != ticketing.Conflict || after.Version <= seen {
		t.Errorf("a stale claim: %v, with version %d to show", err, after.Version)
	}
}

func TestTheVaultAndWhoSeesWhat(t *testing.T) {
	o := open(t)
	tk := o.receive(ticketing.Incoming{Phone: "+84 905.123.182", Name: "Lê Thị Mận", Email: "man@example.vn"})
	cards, err := o.Cards(t.Context(), tk)
	if err != nil {
		t.Fatal(err)
	}
	if c := cards[tk.Citizen]; c.Name != "Lê Thị Mận" || c.Phone != "090•••182" || c.Email != "m•••@example.vn" {
		t.Errorf("card %+v", c)
	}
	if _, err := o.Contact(t.Context(), operator, tk.Code, "phone", ""); ticketing.ClassOf(err) != ticketing.Invalid {
		t.Errorf("shown without a reason: %v", err)
	}
	full, err := o.Contact(t.Context(), operator, tk.Code, "phone", "gọi lại hỏi địa chỉ")
	if err != nil || full != "0905123182" {
		t.Errorf("%q, %v", full, err)
	}
	page, err := o.Search(t.Context(), operator, "0905 123 182", ticketing.Filter{})
	if err != nil || len(page.Tickets) != 1 {
		t.Errorf("by number: %d, %v", len(page.Tickets), err)
	}
	// Nothing the store keeps of tickets holds the number or the name.
	events, _ := o.Store.Timeline(t.Context(), tk.Code, 0)
	raw, _ := json.Marshal(events)
	now, _ := o.Store.Ticket(t.Context(), tk.Code)
	doc, _ := json.Marshal(now)
	people, _ := o.store.All(t.Context(), "citizen", "")
	sealed, _ := json.Marshal(people)
	for _, secret := range []string{"905123182", "Mận", "man@example"} {
		for name, blob := range map[string][]byte{"events": raw, "ticket": doc, "vault": sealed} {
			if strings.Contains(string(blob), secret) {
				t.Errorf("%s hold %q in plain", name, secret)
			}
		}
	}
	// Whoever types a stranger's number does not rename the stranger.
	o.receive(ticketing.Incoming{Phone: "0905123182", Name: "Kẻ Lạ"})
	if p, _, err := o.Vault.Person(t.Context(), tk.Citizen); err != nil || p.Name != "Lê Thị Mận" || !slices.Contains(p.Also, "Kẻ Lạ") {
		t.Errorf("now %+v, %v", p, err)
	}
	if err := o.Vault.Erase(t.Context(), tk.Citizen); err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Vault.Person(t.Context(), tk.Citizen); !errors.Is(err, ticketing.ErrNotFound) {
		t.Errorf("after erasure: %v", err)
	}
}

func TestAnIncidentAnswersEveryReporter(t *testing.T) {
	o := open(t)
	lead := o.receive(ticketing.Incoming{Category: "chieu_sang"})
	zalo := ticketing.Contact{Channel: ticketing.Zalo, ID: "1"}
	other := o.receive(ticketing.Incoming{Channel: ticketing.Zalo, From: zalo, Text: "đèn tắt cả hẻm"})
	o.refused(operator, other, ticketing.Command{Verb: ticketing.Merge, Into: other.Code}, ticketing.Invalid, "error.into")
	other = o.do(operator, other, ticketing.Command{Verb: ticketing.Merge, Into: lead.Code})
	if other.Status != ticketing.Closed || other.Outcome != ticketing.Duplicate {
		t.Errorf("merged ticket is %+v", other)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- o.CarryOver(ctx) }()
	lead = o.do(operator, lead, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đã sáng lại.", Outcome: ticketing.Done})
	wait(t, "the reporter's answer", func() bool {
		tk, err := o.Store.Ticket(t.Context(), other.Code)
		return err == nil && len(tk.Sending) == 2 // the receipt, and the answer
	})
	stop()
	<-done
	if now, _ := o.Store.Ticket(t.Context(), lead.Code); !slices.Equal(now.Absorbed, []ticketing.Code{other.Code}) {
		t.Errorf("absorbed %v", now.Absorbed)
	}
	// A second follower from the beginning repeats nothing.
	before, _ := o.Store.End(t.Context())
	ctx, stop = context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	_ = o.CarryOver(ctx)
	if after, _ := o.Store.End(t.Context()); after != before {
		more, _ := o.Store.Since(t.Context(), before, 10)
		t.Errorf("carried over again: %+v", more)
	}
}

func TestMessagesSplitOffBecomeATicket(t *testing.T) {
	o := open(t)
	from := ticketing.Contact{Channel: ticketing.Zalo, ID: "9"}
	tk := o.receive(ticketing.Incoming{Channel: ticketing.Zalo, From: from, Text: "đèn tắt"})
	r, err := o.Receive(t.Context(), citizen, ticketing.Incoming{Channel: ticketing.Zalo, From: from, Text: "nước cũng mất"})
	if err != nil {
		t.Fatal(err)
	}
	o.refused(operator, tk, ticketing.Command{Verb: ticketing.Split, Events: []int{99}}, ticketing.Invalid, "error.split_what")
	o.do(operator, tk, ticketing.Command{Verb: ticketing.Split, Events: []int{r.Event.N}})
	page, err := o.List(t.Context(), operator, ticketing.Filter{Citizen: []ticketing.CitizenID{tk.Citizen}})
	if err != nil || len(page.Tickets) != 2 {
		t.Fatalf("%d tickets, %v", len(page.Tickets), err)
	}
	i := slices.IndexFunc(page.Tickets, func(x ticketing.Ticket) bool { return x.Code != tk.Code })
	if n := page.Tickets[i]; n.Text != "nước cũng mất" || n.Origin != tk.Code || n.Citizen != tk.Citizen {
		t.Errorf("split off %+v", n)
	}
}

func TestBadMattersAreRefusedWithASentence(t *testing.T) {
	o := open(t)
	for name, c := range map[string]struct {
		in    ticketing.Incoming
		field string
	}{
		"nothing":        {ticketing.Incoming{Text: " \n\t"}, "text"},
		"a book":         {ticketing.Incoming{Text: strings.Repeat("a", 10_001)}, "text"},
		"kind":           {ticketing.Incoming{Kind: "wish"}, "kind"},
		"category":       {ticketing.Incoming{Category: "no_such"}, "category"},
		"area":           {ticketing.Incoming{Area: "no_such"}, "area"},
		"off the globe":  {ticketing.Incoming{Location: &ticketing.Point{Lat: 91}}, "location"},
		"future":         {ticketing.Incoming{At: vn("2027-01-01 00:00")}, "received_at"},
		"phone":          {ticketing.Incoming{Phone: "12"}, "phone"},
		"email":          {ticketing.Incoming{Email: "not an address"}, "email"},
		"form nameless":  {ticketing.Incoming{Contactable: true, Phone: "0905123182"}, "name"},
		"form phoneless": {ticketing.Incoming{Contactable: true, Name: "Mận"}, "phone"},
		"form anonymous": {ticketing.Incoming{Contactable: true, Anonymous: true}, "anonymous"},
	} {
		if c.in.Text == "" {
			c.in.Text = "nội dung"
		}
		c.in.Channel = ticketing.Web
		_, err := o.Receive(t.Context(), citizen, c.in)
		var e *ticketing.Error
		if !errors.As(err, &e) || e.Class != ticketing.Invalid || e.Field != c.field {
			t.Errorf("%s: %v (%+v)", name, err, e)
			continue
		}
		for _, lang := range []string{"vi", "en"} {
			if s := e.Text(lang); strings.Contains(s, "⟦") || s == "" {
				t.Errorf("%s: %q", name, s)
			}
		}
	}
	if end, _ := o.Store.End(t.Context()); end != 0 {
		t.Errorf("%d events were written", end)
	}
}

func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
