package ticketing

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hotline1022/ticketing/words"
)

var update = flag.Bool("update", false, "write the golden files anew")

var day = time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)

// standing is a ticket that has really come to the status, by events.
func standing(t testing.TB, s Status) Ticket {
	path := map[Status][]Event{
		"":       {},
		New:      {{Kind: Received}},
		Routed:   {{Kind: Received}, {Kind: RoutedTo, Agency: "dien"}},
		Working:  {{Kind: Received}, {Kind: RoutedTo, Agency: "dien"}, {Kind: Accepted}},
		Waiting:  {{Kind: Received}, {Kind: RoutedTo, Agency: "dien"}, {Kind: Accepted}, {Kind: Asked}},
		Drafted:  {{Kind: Received}, {Kind: RoutedTo, Agency: "dien"}, {Kind: Accepted}, {Kind: DraftWritten, Text: "x", Outcome: Done}},
		Review:   {{Kind: Received}, {Kind: RoutedTo, Agency: "dien"}, {Kind: Accepted}, {Kind: DraftWritten, Text: "x", Outcome: Done}, {Kind: DraftApproved}},
		Answered: {{Kind: Received}, {Kind: AnsweredBy, Text: "x", Outcome: Done}},
		Closed:   {{Kind: Received}, {Kind: AnsweredBy, Text: "x", Outcome: Done}, {Kind: ClosedBy}},
	}
	var out Ticket
	for _, e := range path[s] {
		out = mustApply(t, out, e)
	}
	if out.Status != s {
		t.Fatalf("the path to %q ends in %q", s, out.Status)
	}
	return out
}

func next(was Ticket, e Event) Event {
	e.Ticket, e.N, e.At = "CODE", was.Version+1, day.Add(time.Duration(was.Version)*time.Hour)
	if e.Kind == Received || e.Kind == Imported {
		e.MatterKind, e.Channel, e.Text, e.Visibility = Report, Web, "đèn hỏng", Public
	}
	return e
}

func mustApply(t testing.TB, was Ticket, e Event) Ticket {
	t.Helper()
	e = next(was, e)
	out, err := was.Apply(e)
	if err != nil {
		t.Fatalf("%s on %q: %v", e.Kind, was.Status, err)
	}
	return out
}

// typical gives each kind of event what it usually carries.
func typical(k EventKind, was Ticket) Event {
	e := Event{Kind: k, MatterKind: Report, Outcome: Done, Text: "x", Agency: "nuoc", Into: "OTHER", OK: true, Ref: 1, Try: 1}
	if k == SendConfirmed {
		e.Field = string(Read)
	}
	if len(was.Alarms) > 0 {
		e.Alarm = &was.Alarms[0]
	}
	if k == Imported {
		e.Outcome = ""
	}
	if k == AnsweredBy {
		e.Into = was.Into
	}
	if k == Snoozed {
		e.Until = day
	}
	return next(was, e)
}

// The table status × event, for people: what may happen when, and where it leads. It is what a province signs.
func TestTheTableOfOrder(t *testing.T) {
	var b strings.Builder
	columns := append([]Status{""}, Statuses[:]...)
	label := func(s Status) string {
		if s == "" {
			return "(chưa có phiếu)"
		}
		return words.T("vi", "status."+string(s))
	}
	b.WriteString("Bảng này do chương trình in ra: việc gì được làm ở trạng thái nào, và phiếu chuyển sang trạng thái nào.\n")
	b.WriteString("“=” giữ nguyên trạng thái; “·” không được làm.\n")
	b.WriteString("This table is printed by the program: what may happen in which status, and the status it leads to.\n\n")
	for i, s := range columns {
		fmt.Fprintf(&b, "%d  %s\n", i, label(s))
	}
	fmt.Fprintf(&b, "\n%-40s", "")
	for i := range columns {
		fmt.Fprintf(&b, "%4d", i)
	}
	b.WriteString("\n")
	for _, k := range EventKinds {
		fmt.Fprintf(&b, "%-40s", pad(fmt.Sprintf("%s (%s)", words.T("vi", "event."+string(k)), k), 40))
		for _, s := range columns {
			b.WriteString(fmt.Sprintf("%4s", cell(t, k, s, columns)))
		}
		b.WriteString("\n")
	}
	b.WriteString(`
Ghi chú:
- Khiếu nại, tố cáo và tin rác không chuyển đơn vị; khiếu nại, tố cáo không công khai.
- Chỉ công khai phiếu mà người gửi đồng ý, đã có câu trả lời.
- Đóng phiếu phải có kết quả; “đã chuyển” không phải là kết quả.
- Người dân bổ sung khi đang chờ: phiếu về lại bước trước đó. Không hài lòng: phiếu về tổng đài.
- Quyết định gia hạn cần có đề nghị chưa quyết định; mỗi lúc chỉ một đề nghị.
- Tách khỏi phiếu gộp: chỉ phiếu đã gộp, về lại trạng thái trước khi gộp. Phiếu đã gộp không mở lại.
- Phiếu thuộc một sự việc được trả lời bằng câu trả lời chung, cả khi đã đóng; ai không hài lòng thì phiếu tách ra, về tổng đài.
- Lời cảm ơn theo quy tắc tự hiểu được ghi vào phiếu đã đóng mà không mở lại; lời khác mở phiếu mới.
- Trò chuyện ngoài phiếu (chào hỏi, menu, tra mã) ghi ở sổ riêng của mỗi người, không phải phiếu của ai.
- Tổng đài tự hỏi nơi xảy ra và ảnh chỉ khi phiếu mới tiếp nhận. Gửi lại chỉ tin đã không gửi được.
- Phiếu để sau trở lại khi đến giờ, khi người dân viết thêm hoặc khi phiếu đổi trạng thái.
- Nhắc hạn và các bước gửi tin do hệ thống ghi, chỉ khi có hẹn hoặc có tin đang gửi.
`)
	golden(t, "testdata/apply.golden", b.String())
}

func cell(t *testing.T, k EventKind, s Status, columns []Status) string {
	was := standing(t, s)
	switch k { // put the ticket into the condition the event is about
	case ExtensionDecided:
		if was.Version > 0 {
			was.Extension = &Extension{Reason: "x"}
		}
	case Unmerged:
		if s == Closed {
			was.Into, was.Outcome, was.Before = "OTHER", Duplicate, Routed
		}
	case AnsweredBy:
		if s == Answered || s == Closed {
			was.Into = "OTHER"
		}
	case VerdictGiven:
		if was.Version > 0 {
			was.Verdict = nil
		}
	case Published:
		if was.Version > 0 && s != Answered && s != Closed {
			was.Answer = "x"
		}
	case Unpublished:
		was.Published = was.Version > 0
	case AlarmRang:
		if was.Version > 0 {
			was.Alarms = []Alarm{{At: day, What: Late}}
		}
	case SendAttempted, SendDelivered, SendFailed, SendConfirmed, SendRequeued:
		if was.Version > 0 {
			was.Sending = []Delivery{{N: 1, State: Queued}}
			switch k {
			case SendDelivered, SendFailed:
				was.Sending = []Delivery{{N: 1, State: Attempted, Try: 1}}
			case SendConfirmed:
				was.Sending = []Delivery{{N: 1, State: Delivered, Try: 1}}
			case SendRequeued:
				was.Sending = []Delivery{{N: 1, State: Failed, Try: 1}}
			}
		}
	}
	before := clone(was)
	after, err := was.Apply(typical(k, was))
	if d := cmp.Diff(before, was); d != "" {
		t.Errorf("%s on %q changed the ticket it was applied to:\n%s", k, s, d)
	}
	var order *OrderError
	switch {
	case errors.As(err, &order):
		return "·"
	case err != nil:
		t.Errorf("%s on %q: %v", k, s, err)
		return "!"
	case after.Status == s:
		return "="
	}
	return fmt.Sprint(slices.Index(columns, after.Status))
}

func clone(t Ticket) Ticket {
	t.Alarms, t.Sending, t.Files, t.Absorbed = slices.Clone(t.Alarms), slices.Clone(t.Sending), slices.Clone(t.Files), slices.Clone(t.Absorbed)
	if t.Extension != nil {
		x := *t.Extension
		t.Extension = &x
	}
	if t.Draft != nil {
		d := *t.Draft
		t.Draft = &d
	}
	return t
}

func pad(s string, n int) string {
	if w := len([]rune(s)); w < n {
		return s + strings.Repeat(" ", n-w)
	}
	return s
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s is not what the program does (go test ./ticketing -update writes it anew):\n%s", path, d)
	}
}

func TestWhatTheTableCannotSay(t *testing.T) {
	refused := func(name string, was Ticket, e Event) {
		t.Helper()
		var order *OrderError
		if _, err := was.Apply(next(was, e)); !errors.As(err, &order) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, k := range []Kind{Complaint, Denunciation, Spam} {
		was := standing(t, New)
		was.Kind = k
		refused("routing a "+string(k), was, Event{Kind: RoutedTo, Agency: "dien"})
	}
	for _, k := range []Kind{Complaint, Denunciation} {
		was := standing(t, Answered)
		was.Kind = k
		refused("publishing a "+string(k), was, Event{Kind: Published})
	}
	private := standing(t, Answered)
	private.Visibility = Private
	refused("publishing what the sender kept private", private, Event{Kind: Published})
	refused("closing without an outcome", standing(t, New), Event{Kind: ClosedBy})
	refused("merging into itself", standing(t, New), Event{Kind: MergedInto, Into: "CODE"})
	refused("a second request for more time", mustApply(t, standing(t, Working), Event{Kind: ExtensionAsked, Until: day, Reason: "mưa"}), Event{Kind: ExtensionAsked, Until: day, Reason: "nắng"})
	refused("deciding what nobody asked", standing(t, Working), Event{Kind: ExtensionDecided, OK: true})
	refused("a second verdict", mustApply(t, standing(t, Answered), Event{Kind: VerdictGiven, OK: true}), Event{Kind: VerdictGiven})
	merged := mustApply(t, standing(t, New), Event{Kind: MergedInto, Into: "OTHER"})
	refused("reopening a merged ticket", merged, Event{Kind: Reopened, Reason: "x"})

	if _, err := standing(t, New).Apply(Event{Ticket: "CODE", N: 3, Kind: Noted}); !errors.Is(err, ErrConflict) {
		t.Errorf("a hole in n: %v", err)
	}
	if _, err := standing(t, New).Apply(Event{Ticket: "CODE", N: 2, Kind: "forwarded"}); err == nil {
		t.Error("an unknown event was applied")
	}
}

func TestThePromiseNeverMoves(t *testing.T) {
	first := day.AddDate(0, 0, 7)
	tk := mustApply(t, Ticket{}, Event{Kind: Received, Due: first})
	tk = mustApply(t, tk, Event{Kind: RoutedTo, Agency: "dien", Due: first})
	tk = mustApply(t, tk, Event{Kind: Accepted, Due: first})
	tk = mustApply(t, tk, Event{Kind: ExtensionAsked, Until: first.AddDate(0, 0, 5), Reason: "mưa bão"})
	if !tk.Due.Equal(first) {
		t.Error("a request moved the date")
	}
	tk = mustApply(t, tk, Event{Kind: ExtensionDecided, OK: true, Due: first.AddDate(0, 0, 5)})
	if !tk.Due.Equal(first.AddDate(0, 0, 5)) || !tk.Promised.Equal(first) {
		t.Errorf("due %v, promised %v", tk.Due, tk.Promised)
	}
	if !tk.LateAt(first.Add(time.Second)) || tk.LateAt(first) {
		t.Error("lateness is not measured by the promise")
	}
}

func TestWaitingReturnsWhereItCameFrom(t *testing.T) {
	for _, from := range []Status{New, Working} {
		tk := mustApply(t, standing(t, from), Event{Kind: Asked, Text: "ở đâu?"})
		tk = mustApply(t, tk, Event{Kind: Said, Text: "hẻm 42", By: Actor{Role: Citizen}})
		if tk.Status != from || tk.Unread == 0 {
			t.Errorf("from %q: back in %q with %d unread", from, tk.Status, tk.Unread)
		}
	}
}

func TestQuietEventsDoNotMakeAScreenStale(t *testing.T) {
	tk := standing(t, New)
	seen := tk.Version
	tk = mustApply(t, tk, Event{Kind: Revealed, Field: "phone"})
	if tk.Loud > seen {
		t.Error("looking at a number made the screen stale")
	}
	tk = mustApply(t, tk, Event{Kind: Noted, Text: "x"})
	if tk.Loud <= seen {
		t.Error("a note did not")
	}
}

// Any sequence of events: refused ones change nothing, applied ones count up by one, and replaying them gives the
// same ticket again.
func TestAnySequenceReplays(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var tk Ticket
		var events []Event
		for range rapid.IntRange(1, 40).Draw(r, "events") {
			k := rapid.SampledFrom(EventKinds[:]).Draw(r, "kind")
			e := typical(k, tk)
			e.OK = rapid.Bool().Draw(r, "ok")
			if rapid.Bool().Draw(r, "out") && k != Received {
				e.Out = &Outgoing{Text: "x"}
			}
			e.Try = rapid.IntRange(1, 2).Draw(r, "try")
			if len(tk.Sending) > 0 {
				e.Ref = tk.Sending[0].N
			}
			if k == Received || k == AnsweredBy {
				e.Alarms = []Alarm{{At: day, What: Late}, {At: day.AddDate(0, 0, 1), What: LateSenior}}
			}
			before := clone(tk)
			after, err := tk.Apply(e)
			if d := cmp.Diff(before, tk); d != "" {
				r.Fatalf("%s changed its receiver:\n%s", k, d)
			}
			if err != nil {
				continue
			}
			if after.Version != tk.Version+1 {
				r.Fatalf("version %d after %d", after.Version, tk.Version)
			}
			tk, events = after, append(events, e)
		}
		var again Ticket
		for _, e := range events {
			var err error
			if again, err = again.Apply(e); err != nil {
				r.Fatal(err)
			}
		}
		if d := cmp.Diff(tk, again); d != "" {
			r.Fatalf("replayed otherwise:\n%s", d)
		}
		if tk.Status == Closed && tk.Outcome == "" && tk.Kind != Lobby {
			r.Fatal("closed without an outcome")
		}
	})
}
