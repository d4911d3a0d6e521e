package ui

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/calendar"
	"hotline1022/ticketing/places"
	"hotline1022/ticketing/store/sqlite"
	"hotline1022/ticketing/words"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, ticketing.Zone)

// bare is a server with templates and an empty catalogue.
func bare(t *testing.T) *Server {
	t.Helper()
	store, err := sqlite.Open(t.Context(), t.TempDir()+"/hotline.db", sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	catalogs := &ticketing.Catalogs{Records: store}
	if err := catalogs.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return noon }
	s := &Server{Desk: &ticketing.Desk{Catalog: catalogs, Now: now}, BaseURL: "https://1022.example.vn", Now: now}
	s.prepare()
	return s
}

// samples are one or more structs for each template of the public pages and of sign-in, as full as they can be.
func samples(lang string) map[string][]any {
	page := Page{Lang: lang, Title: "x", Path: "/x", Phone: "1022", NoIndex: true, Scripts: []string{"track.js"}}
	signedIn := page
	signedIn.Staff = &ticketing.Staff{ID: "hang", Name: "Nguyễn Thị Thu Hằng", Role: ticketing.Supervisor}
	signedIn.Nav, signedIn.Theme = nav, "dark"
	faults := fieldErrors{"": "a", "kind": "b", "text": "c", "files": "d", "name": "e", "phone": "f", "consent": "g", "ok": "h", "digits": "i"}
	files := []ticketing.File{{ID: "1", Name: "a.jpg", Size: 300 << 10, Width: 10, Height: 10}, {ID: "2", Name: "b.pdf", Size: 3 << 20}}
	thread := []message{{Own: true, By: "Bạn", At: noon, Text: "<b>một</b>\nhai", Files: files}, {By: "1022", At: noon.Add(-48 * time.Hour), Text: "ba", Label: "l"}}

	var tracks []any
	for _, status := range ticketing.Statuses {
		t := ticketing.Ticket{Code: "7K02Q074M9P5", Version: 3, Status: status, Channel: ticketing.Web, Category: "x", Place: "Phường Hải Châu", Received: noon.Add(-time.Hour),
			Since: noon, Promised: noon.Add(time.Hour), Due: noon.Add(80 * time.Hour), Extensions: 1, Extension: &ticketing.Extension{Decided: true, OK: true, Reason: "mưa"}}
		if !status.Open() {
			t.Outcome, t.Ended = ticketing.Done, noon
		}
		p := trackPage{Page: page, Code: t.Code, Ticket: t, Holder: "Sở Xây dựng", Steps: steps(t), Moments: []happening{{noon, "x"}}, Words: true, Thread: thread,
			MaySay: true, MayJudge: true, Token: "t", Said: "x", Files: files, Kept: "k", Errors: faults, Most: 5}
		shut := p
		shut.Words, shut.PublicAnswer, shut.Merged = false, "y", &mergedInto{ticketing.Routed, "Sở", noon}
		tracks = append(tracks, p, shut)
	}
	article := ticketing.Article{Canned: ticketing.Canned{ID: "a", Name: "<b>một", Text: "b", Categories: []string{"c", "d"}, Agency: "x"}, Asked: []string{"e", "f"}, More: "g", Source: "h", Review: "2026-01-02"}
	row := rowView{Ticket: ticketing.Ticket{Code: "7K02Q074M9P5", Status: ticketing.Answered, Channel: ticketing.Zalo, Kind: ticketing.Report, Due: noon, Received: noon, Promised: noon, Place: "p", Address: "q",
		Verdict: &ticketing.Verdict{OK: true}}, Name: "<b>một"}
	form := sendForm{Token: "t", Kind: ticketing.Report, Category: "c", Text: "x", AreaText: "hai", Files: files, Kept: "k", Lat: "1", Lng: "2", Anonymous: true, Visibility: ticketing.Public}
	return map[string][]any{
		"home":    {homePage{Page: page, Published: []published{{"c", "Phường", "đã xong", noon}}}, homePage{Page: page}},
		"look-up": {lookUpPage{Page: page}, lookUpPage{Page: page, Code: "x", Errors: fieldErrors{"code": "x"}}},
		"send": {sendPage{Page: page, Kinds: sendable, Most: 5}, sendPage{Page: page, Form: form, Errors: faults, Kinds: sendable, Most: 5,
			Groups:  []categoryGroup{{"g", []category{{ticketing.Category{ID: "c", Name: "C", Hint: "h", Anonymous: true}}}}, {"", []category{{}}}},
			Areas:   []areaChoice{{Code: "1", Name: "n", Via: "v", unit: places.Unit{}}},
			Consent: ticketing.Consent{ID: "1", Text: "đồng ý", EN: "agree"}}},
		"sent":       {sentPage{Page: page, Code: "7K02Q074M9P5", Spoken: "bảy ca", Ticket: ticketing.Ticket{Code: "7K02Q074M9P5", Received: noon, Promised: noon}, URL: "u"}},
		"track":      tracks,
		"track.live": tracks,
		"ledger": {ledgerViewPage{Page: signedIn, State: "failed", Group: "failed", Groups: ledgerGroups}, ledgerViewPage{Page: signedIn, State: "retry", Group: "waiting", Groups: ledgerGroups,
			Channels: []ticketing.Channel{ticketing.Zalo}, Channel: "zalo", Again: true, Notice: "n", Fault: "f", First: "/a", Next: "/b", Lines: []ledgerLine{
				{ticketing.LedgerLine{Ticket: ticketing.Ticket{Code: "7K02Q074M9P5", Channel: ticketing.Zalo}, Delivery: ticketing.Delivery{N: 1, Try: 3, State: ticketing.Retry, Next: noon, Reason: "<b>một"}}, "ledger.what.receipt"},
				{ticketing.LedgerLine{Ticket: ticketing.Ticket{Channel: ticketing.SMS}, Delivery: ticketing.Delivery{N: 2, State: ticketing.Failed}}, "ledger.what.answer"}}},
			ledgerViewPage{Page: signedIn, State: "sent", Group: "sent", Groups: ledgerGroups, Lines: []ledgerLine{{ticketing.LedgerLine{Ticket: ticketing.Ticket{Channel: ticketing.Chat}, Delivery: ticketing.Delivery{State: ticketing.Read, At: noon}}, "ledger.what.message"}}},
			ledgerViewPage{Page: signedIn, State: "sent", Group: "sent", Groups: ledgerGroups, Next: "/x"}},
		"sign-in":         {signInPage{Page: page}, signInPage{Page: page, Name: "x", Failure: "f", Provider: "P", Elsewhere: "/x"}},
		"password":        {passwordPage{Page: signedIn}, passwordPage{Page: signedIn, First: true, Errors: faults}},
		"sign-in-code":    {codePage{Page: page, Name: "hang", Back: "/x"}, codePage{Page: page, Failure: "f"}},
		"sign-in-invited": {invitedPage{Page: page, Name: "N", Account: "a", Provider: "P", First: true, To: "/x"}},
		"account-security": {securityPage{Page: signedIn, Password: true}, securityPage{Page: signedIn, Notice: "n", Since: noon, Demanded: true, Left: 1, Provider: "P"},
			securityPage{Page: signedIn, Since: noon, Left: 10, Password: true, Provider: "P", Links: []ticketing.Identity{{ID: "i", Since: noon}}, Errors: fieldErrors{"off-password": "x", "codes-password": "y", "link-password": "z", "": "w"}}},
		"account-link": {linkPage{Page: signedIn, Provider: "P", To: "https://idp.example/a?b=c"}},
		"account-second": {secondPage{Page: signedIn, Owed: true, QR: "<svg></svg>", Link: "otpauth://totp/x", Secret: "AAAA BBBB", Sealed: "s"},
			secondPage{Page: signedIn, Replaces: true, Password: true, Errors: fieldErrors{"code": "c", "password": "p"}}},
		"account-recovery": {recoveryPage{Page: signedIn, Codes: []string{"aaaa-bbbb-cccc"}, All: "aaaa-bbbb-cccc\n", Next: "/bao-mat", At: noon}},
		"account":          {accountPage{Page: signedIn, Role: "r", Agency: "a", Devices: []device{{Browser: "b", This: true}, {Browser: "c"}}}},
		"error":            {errorPage{Page: page, failure: failureOf(lang, errPanic), Back: "/"}, errorPage{Page: signedIn, failure: failureOf(lang, errSignedOut), Back: "/"}},
		"error.part":       {errorPage{failure: failureOf(lang, notFound())}},
		"board":            {boardSample(signedIn, false), boardSample(page, true)},
		"board.live":       {boardSample(page, true).Board},
		"spikes":           {boardSample(page, true).Board.Spikes, []spikeView(nil)},
		"board-links":      {boardLinksPage{Page: signedIn}, boardLinksPage{Page: signedIn, Made: "https://x/board/k/y", Name: "x", Notice: "n", Errors: faults, Links: []boardLink{{ticketing.Token{ID: "a", Name: "<b>một", Expires: noon}, "on"}, {ticketing.Token{}, "off"}, {ticketing.Token{}, "over"}}}},
		"articles":         {articlesPage{Page: signedIn}, articlesPage{Page: signedIn, Query: "x"}, articlesPage{Page: signedIn, Edits: true, More: 3, Articles: []articleRow{{article, true}, {}}}},
		"article":          {articlePage{Page: signedIn, Article: article, Stale: true, Edits: true}, articlePage{Page: signedIn}},
		"incident": {incidentPage{Page: signedIn, Lead: row}, incidentPage{Page: signedIn, Lead: row, Reports: []rowView{row, {Ticket: ticketing.Ticket{Into: "7K02Q074M9P5", Outcome: ticketing.Duplicate, Channel: ticketing.Web, Received: noon}, Name: "<b>một"}},
			Reporters: 3, Waiting: 1, Late: 1, MayAct: true, Near: []nearRow{{row, 12, 80}}}},
		"supervise":      {superviseSample(signedIn)},
		"supervise.live": {superviseSample(signedIn).Room, superviseView{Room: ticketing.WallRoom{Ages: []ticketing.WallAge{{Status: ticketing.New}}}}},
	}
}

// boardSample is a wall board with everything on it.
func boardSample(p Page, kiosk bool) boardPage {
	spike := spikeView{Key: "a/1", Category: "<b>một", Place: "Phường", Count: 9, Usual: "0,5", Since: noon, Words: "<b>một", Query: "linh-vuc=a&noi=1"}
	return boardPage{Page: p, Base: "/board", Kiosk: kiosk, Admin: !kiosk, Defs: []definition{{"a", "b"}}, Board: boardView{At: noon, Build: "b", More: 2, Spikes: []spikeView{spike},
		Tiles: []tile{{Key: "open", Label: "l", Value: "1", Note: "n", Said: "s", Tone: "bad", Wide: true}, {Key: "x"}}}}
}

// superviseSample is the supervisor's screen with everything on it.
func superviseSample(p Page) supervisePage {
	row := superviseRow{rowView: rowView{Ticket: ticketing.Ticket{Code: "7K02Q074M9P5", Status: ticketing.New, Channel: ticketing.Zalo, Kind: ticketing.Report, Due: noon, Received: noon, Place: "p"}, Name: "<b>một"}, Holder: "<b>một", Seen: "c:1"}
	held := row
	held.Agency, held.Category = true, "x"
	free := row
	free.Holder = ""
	return supervisePage{Page: p, Spot: spot{Epoch: "e", Head: 1}, Notice: "n", Fault: "f", Undos: []bulkUndo{{Do: "claim", Count: 2, Fields: []bulkField{{"codes", "7K02Q074M9P5:3"}}}}, Results: []moveResult{{"7K02Q074M9P5", "26-000001", true, "t"}, {"", "x", false, "<b>một"}},
		Targets: []ticketing.Staff{{ID: "a", Name: "<b>một"}}, List: superviseList{Title: "t", Query: "nguoi=a", Next: "/x", Rows: []superviseRow{row, held, free}},
		Room: superviseView{At: noon, Longest: "1", LongestTone: "bad", Presence: true, Figures: ticketing.WallFigures{Overdue: 1}, Spikes: boardSample(p, true).Board.Spikes,
			People: []personView{{ticketing.WallHand{Staff: ticketing.Staff{ID: "a", Name: "<b>một", Role: ticketing.Operator}, Doors: []ticketing.WallDoor{{Channel: ticketing.Zalo, Open: 2}, {Channel: ticketing.Phone}}}, 1, "101", true, Seat{State: "break", Reason: "meal"}}, {ticketing.WallHand{All: true, Staff: ticketing.Staff{ID: "b", Role: ticketing.Supervisor}}, 0, "", false, Seat{}}}, Disputed: []rowView{row.rowView},
			Views: []tab{{Key: "todo", Count: 999, Many: true}},
			Room:  ticketing.WallRoom{Doors: []ticketing.WallDoor{{Channel: ticketing.Zalo, Open: 1}}, Ages: []ticketing.WallAge{{Status: ticketing.New, Total: 1, Bands: [5]int{0, 1}}}}}}
}

var inline = regexp.MustCompile(`(?i)\sstyle=|\son[a-z]+=|<style|<script>|javascript:`)

func TestEveryPageIsMadeInBothLanguages(t *testing.T) {
	s := bare(t)
	for _, lang := range words.Languages {
		for name, all := range samples(lang) {
			for i, data := range all {
				var b bytes.Buffer
				if err := s.screens[lang].ExecuteTemplate(&b, name, data); err != nil {
					t.Errorf("%s %s: %v", lang, name, err)
					continue
				}
				if _, rest, ok := strings.Cut(b.String(), "⟦"); ok {
					t.Errorf("%s %s: no words for %s", lang, name, strings.SplitN(rest, "⟧", 2)[0])
				}
				if bad := inline.FindString(b.String()); bad != "" {
					t.Errorf("%s %s, sample %d: the policy forbids %q", lang, name, i, bad)
				}
				if strings.Contains(b.String(), "<b>một") {
					t.Errorf("%s %s: a citizen's words became HTML", lang, name)
				}
			}
		}
	}
}

// Each page of these files has a sample; what a page is made of is tried with it.
func TestEveryPageHasASample(t *testing.T) {
	s, have := bare(t), samples("vi")
	text, err := embedded.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	call := regexp.MustCompile(`{{-? ?template "([^"]+)"`)
	for _, f := range text {
		body, err := embedded.ReadFile("templates/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(body), -1) {
			used[m[1]] = true
		}
	}
	public := regexp.MustCompile(`^(home|look-up|send|sent|track|sign-in|password|account|error|ledger|board|spikes|supervise)`)
	for _, one := range s.screens["vi"].Templates() {
		if name := one.Name(); public.MatchString(name) && have[name] == nil && !used[name] && !strings.HasSuffix(name, ".html") {
			t.Errorf("the template %q is tried by no sample", name)
		}
	}
}

func TestTimesAndNumbersReadAsPeopleWriteThem(t *testing.T) {
	c, err := calendar.New(ticketing.Zone, calendar.DefaultHours(), calendar.Holidays())
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 14, 5, 0, 0, ticketing.Zone) // Monday
	vi, en := format{"vi", func() time.Time { return at }}, format{"en", func() time.Time { return at }}
	for _, c := range []struct{ got, want string }{
		{vi.moment(at), "14:05, thứ Hai 23/11/2026"},
		{en.moment(at), "14:05, Monday 23/11/2026"},
		{vi.moment(time.Time{}), ""},
		{vi.ago(at.Add(-10 * time.Second)), "vừa xong"},
		{vi.ago(at.Add(-5 * time.Minute)), "5 phút trước"},
		{vi.ago(at.Add(-3 * time.Hour)), "3 giờ trước"},
		{vi.ago(at.Add(-20 * time.Hour)), "hôm qua 18:05"},
		{vi.ago(at.AddDate(0, 0, -3)), "14:05 20/11"},
		{vi.ago(at.AddDate(-1, 0, 0)), "23/11/2025"},
		{vi.left(c, at.Add(2*time.Hour+55*time.Minute)), "còn 2 giờ 55 phút làm việc"},
		{vi.left(c, at.AddDate(0, 0, 4)), "còn 4 ngày làm việc"},
		{vi.left(c, at.Add(-time.Hour)), "trễ 35 phút làm việc"}, // the noon break does not count
		{en.left(c, at.Add(time.Hour)), "1 working hour left"},
		{vi.urge(c, at.Add(-time.Minute)), "late"}, {vi.urge(c, at.Add(time.Hour)), "soon"}, {vi.urge(c, at.AddDate(0, 0, 3)), "fine"}, {vi.urge(c, time.Time{}), "none"},
		{vi.number(1234567), "1.234.567"}, {en.number(int64(1234567)), "1,234,567"}, {vi.number(-1000), "−1.000"}, {vi.number(7), "7"},
		{vi.size(300), "1 KB"}, {vi.size(2500 << 10), "2,4 MB"},
		{initial("Nguyễn Thị Thu Hằng"), "H"}, {initial("Đỗ Đức"), "Đ"}, {initial(" "), "?"},
		{string(lines("a<b\nc")), "a&lt;b<br>c"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestALimitIsKeptForEachAddressAndTheirNumberIsBounded(t *testing.T) {
	k := &keyed{rate: Rate{N: 2, Per: time.Minute}}
	for i, want := range []bool{true, true, false} {
		if k.take(noon, "a") != want {
			t.Errorf("take %d is not %v: two a minute", i+1, want)
		}
	}
	if !k.take(noon, "b") {
		t.Error("another address waits for the first")
	}
	if !k.take(noon.Add(30*time.Second), "a") {
		t.Error("half a minute later one has come back")
	}
	for i := range mostKeys + 100 {
		k.take(noon.Add(time.Duration(i)*time.Millisecond), fmt.Sprint(i))
	}
	if len(k.all) > mostKeys {
		t.Errorf("%d keys are kept", len(k.all))
	}
}

func TestASealFitsItsPurposeOnly(t *testing.T) {
	s := bare(t)
	sealed := s.seal("a", "value")
	if v, ok := s.unseal("a", sealed); !ok || v != "value" {
		t.Error("it does not come back")
	}
	for _, wrong := range []string{"", ".", "x", sealed + "x", "x" + sealed, strings.Replace(sealed, ".", "", 1)} {
		if _, ok := s.unseal("a", wrong); ok {
			t.Errorf("%q is taken", wrong)
		}
	}
	if _, ok := s.unseal("b", sealed); ok {
		t.Error("it is taken for another purpose")
	}
	if s.accessOf("7K02Q074M9P5", s.accessCookie("7K02Q074M9P5", seesWords)) != seesWords || s.accessOf("7K02Q074M9PX", s.accessCookie("7K02Q074M9P5", seesWords)) != noAccess {
		t.Error("a ticket's cookie opens that ticket alone")
	}
}

func TestEveryKindOfFailureHasAPage(t *testing.T) {
	for class, want := range map[ticketing.Class]int{ticketing.Invalid: 422, ticketing.NotFound: 404, ticketing.Forbidden: 403, ticketing.Conflict: 409, ticketing.Busy: 503} {
		f := failureOf("vi", fmt.Errorf("around: %w", &ticketing.Error{Class: class, Key: "error.conflict", Err: errors.New("secret")}))
		if f.Status != want || strings.Contains(f.Text+f.Heading, "secret") || strings.Contains(f.Heading, "⟦") {
			t.Errorf("class %d: %+v", class, f)
		}
	}
	if f := failureOf("en", errors.New("secret")); f.Status != 500 || strings.Contains(f.Text, "secret") {
		t.Errorf("unknown: %+v", f)
	}
}

func TestLocalPathsStayHere(t *testing.T) {
	for _, p := range []string{"//x", "https://x", `/\x`, "", "x", "/a\nb"} {
		if localPath(p, "/") != "/" {
			t.Errorf("%q leads away", p)
		}
	}
	if localPath("/a?b=c", "/") != "/a?b=c" {
		t.Error("an address of ours is not taken")
	}
}
