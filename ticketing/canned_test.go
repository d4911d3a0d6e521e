package ticketing_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/plain"
)

func (o *office) saves(kind string, doc map[string]any) error {
	o.t.Helper()
	raw, err := json.Marshal(doc)
	if err != nil {
		o.t.Fatal(err)
	}
	_, err = o.SaveSetting(o.t.Context(), administrator, kind, doc["id"].(string), 0, raw)
	return err
}

func (o *office) prepared(by ticketing.Actor, t ticketing.Ticket) map[string]ticketing.Prepared {
	o.t.Helper()
	all, err := o.Prepared(o.t.Context(), by, t.Code, "vi")
	if err != nil {
		o.t.Fatal(err)
	}
	out := map[string]ticketing.Prepared{}
	for _, p := range all {
		out[p.ID] = p
	}
	return out
}

func TestACannedTextIsFilledFromTicketAndVault(t *testing.T) {
	o := open(t)
	if err := o.saves("canned", map[string]any{"id": "day-du", "name": "Đầy đủ", "word": "Đủ", "text": "Chào {ten}, phiếu {ma} do {don_vi} giữ, hạn {han}: {link}"}); err != nil {
		t.Fatal(err)
	}
	known := o.receive(ticketing.Incoming{Name: "Lê Thị Hoa", Phone: "0905123182", Category: "chieu_sang"})
	known = o.do(operator, known, ticketing.Command{Verb: ticketing.Route, Agency: "dien"})
	got := o.prepared(operator, known)["day-du"]
	for _, want := range []string{"Chào Lê Thị Hoa,", "do Điện lực giữ", "https://1022.example.vn/t/" + string(known.Code), "2026"} {
		if !strings.Contains(got.Text, want) {
			t.Errorf("%q lacks %q", got.Text, want)
		}
	}
	if len(ticketing.Unfilled(got.Text)) != 0 || got.Word != "du" {
		t.Errorf("unfilled: %q, word %q", got.Text, got.Word)
	}
	// What is not known shows as a gap, which is never sent to a citizen; a note may say it.
	unknown := o.receive(ticketing.Incoming{})
	got = o.prepared(operator, unknown)["day-du"]
	if !slices.Equal(ticketing.Unfilled(got.Text), []string{"[điền: họ tên]", "[điền: đơn vị]"}) {
		t.Errorf("gaps: %q", got.Text)
	}
	for _, text := range []string{got.Text, "Chào { ten }", "Chào {tên}", "Hạn {HAN}", "[fill in: name]", "Cha\u0300o [đi\u00ea\u0300n: họ tên]"} {
		for _, verb := range []ticketing.Verb{ticketing.AnswerIt, ticketing.Ask, ticketing.Message} {
			o.refused(operator, unknown, ticketing.Command{Verb: verb, Text: text, Outcome: ticketing.GaveAnswer}, ticketing.Invalid, "canned.unfilled")
		}
	}
	o.do(operator, unknown, ticketing.Command{Verb: ticketing.Note, Text: got.Text})
	o.do(operator, unknown, ticketing.Command{Verb: ticketing.Message, Text: "Mục {1} và [điền] cùng {\"a\": 1} thì được"})
}

func TestATextIsOfferedWhereItFits(t *testing.T) {
	o := open(t)
	texts := []map[string]any{
		{"id": "moi-noi", "name": "Mọi nơi", "text": "a"},
		{"id": "web", "name": "Web", "text": "a", "channels": []string{"web", "zalo"}},
		{"id": "zalo", "name": "Zalo", "text": "a", "channels": []string{"zalo"}},
		{"id": "hoi", "name": "Hỏi", "text": "a", "kinds": []string{"question"}},
		{"id": "den", "name": "Đèn", "text": "a", "categories": []string{"chieu_sang"}},
		{"id": "dien", "name": "Của điện lực", "text": "a", "agency": "dien"},
		{"id": "tat", "name": "Tắt", "text": "a", "off": true},
		{"id": "english", "name": "English", "text": "a", "lang": "en"},
	}
	for _, doc := range texts {
		if err := o.saves("canned", doc); err != nil {
			t.Fatal(err)
		}
	}
	offered := func(by ticketing.Actor, t ticketing.Ticket) []string {
		var ids []string
		for id := range o.prepared(by, t) {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		return ids
	}
	a := o.receive(ticketing.Incoming{Category: "chieu_sang", Kind: ticketing.Report})
	if got, want := offered(operator, a), []string{"den", "english", "moi-noi", "web"}; !slices.Equal(got, want) {
		t.Errorf("an operator is offered %v, want %v", got, want)
	}
	a = o.do(operator, a, ticketing.Command{Verb: ticketing.Route, Agency: "dien"})
	for _, by := range []ticketing.Actor{operator, officer} {
		if got, want := offered(by, a), []string{"den", "dien", "english", "moi-noi", "web"}; !slices.Equal(got, want) {
			t.Errorf("%s is offered %v, want %v", by.Role, got, want)
		}
	}
	all, err := o.Prepared(t.Context(), operator, a.Code, "vi")
	if err != nil || all[len(all)-1].ID != "english" {
		t.Errorf("a text in another language does not stand last: %v %v", all, err)
	}
	if _, err := o.Prepared(t.Context(), stranger, a.Code, "vi"); ticketing.ClassOf(err) != ticketing.NotFound {
		t.Errorf("a stranger asks: %v", err)
	}
}

func TestWhatACannedTextMayNotSay(t *testing.T) {
	o := open(t)
	for field, doc := range map[string]map[string]any{
		"text":         {"id": "a", "name": "A", "text": "Chào {họ_tên}"},
		"word":         {"id": "a", "name": "A", "text": "a", "word": "hai từ"},
		"lang":         {"id": "a", "name": "A", "text": "a", "lang": "fr"},
		"channels":     {"id": "a", "name": "A", "text": "a", "channels": []string{"fax"}},
		"kinds":        {"id": "a", "name": "A", "text": "a", "kinds": []string{"x"}},
		"categories":   {"id": "a", "name": "A", "text": "a", "categories": []string{"x"}},
		"agency":       {"id": "a", "name": "A", "text": "a", "agency": "x"},
		"set_category": {"id": "a", "name": "A", "set_category": "x", "macro": true},
		"route":        {"id": "a", "name": "A", "route": "dien", "set_kind": "complaint", "macro": true},
		"":             {"id": "a", "name": "A", "text": "a", "macro": true},
		"outcome":      {"id": "a", "name": "A", "route": "dien", "outcome": "duplicate", "macro": true},
	} {
		kind := ticketing.KindCanned
		if doc["macro"] != nil {
			kind = ticketing.KindMacro
		}
		delete(doc, "macro")
		err := o.saves(kind, doc)
		var e *ticketing.Error
		if !errors.As(err, &e) || e.Class != ticketing.Invalid || e.Field != field {
			t.Errorf("%s %v: %v", kind, doc, err)
		}
	}
}

func TestAMacroDoesWhatItShows(t *testing.T) {
	o := open(t)
	if err := o.saves("macro", map[string]any{"id": "den", "name": "Đèn hỏng", "text": "Đã chuyển Điện lực.", "set_category": "chieu_sang", "set_priority": "urgent", "route": "dien"}); err != nil {
		t.Fatal(err)
	}
	a := o.receive(ticketing.Incoming{})
	m := o.prepared(operator, a)["den"]
	if want := []string{"đổi lĩnh vực thành “Chiếu sáng”", "đặt mức ưu tiên “Khẩn”", "chuyển đến Điện lực"}; !slices.Equal(m.Does, want) {
		t.Errorf("it shows %v, want %v", m.Does, want)
	}
	// Somebody was first: nothing is done.
	seen := a.Version
	a = o.do(supervisor, a, ticketing.Command{Verb: ticketing.Note, Text: "khoan"})
	if _, err := o.RunMacro(t.Context(), operator, a.Code, "den", seen); ticketing.ClassOf(err) != ticketing.Conflict {
		t.Errorf("over a stale screen: %v", err)
	}
	a, err := o.RunMacro(t.Context(), operator, a.Code, "den", a.Version)
	if err != nil || a.Category != "chieu_sang" || a.Priority != ticketing.Urgent || a.Agency != "dien" || a.Status != ticketing.Routed {
		t.Fatalf("%v: %+v", err, a)
	}
	again, err := o.RunMacro(t.Context(), operator, a.Code, "den", a.Version)
	if err != nil || again.Version != a.Version {
		t.Errorf("run again it did something: %v", err)
	}
	if m := o.prepared(operator, a)["den"]; len(m.Does) != 0 {
		t.Errorf("what is done is shown as to be done: %v", m.Does)
	}
	// Who may not do it is not offered it, and cannot run it.
	b := o.receive(ticketing.Incoming{})
	b = o.do(operator, b, ticketing.Command{Verb: ticketing.Route, Agency: "dien"})
	if _, ok := o.prepared(officer, b)["den"]; ok {
		t.Error("an officer is offered a macro that sorts tickets")
	}
	if _, err := o.RunMacro(t.Context(), officer, b.Code, "den", b.Version); ticketing.ClassOf(err) != ticketing.Forbidden {
		t.Errorf("an officer runs it: %v", err)
	}
	for range 3 {
		if err := o.CountUse(t.Context(), operator, a.Code, "macro", "den"); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.CountUse(t.Context(), operator, a.Code, "macro", "nothing"); ticketing.ClassOf(err) != ticketing.NotFound {
		t.Errorf("what is not there is counted: %v", err)
	}
	uses, err := o.TextUses(t.Context(), administrator)
	if err != nil || uses["macro/den"].N != 3 || o.versions("text-use") != 1 {
		t.Errorf("uses %v, %v", uses, err)
	}
}

func TestAnswersAreCountedByAgency(t *testing.T) {
	o := open(t)
	for _, found := range [][]plain.Finding{nil, {{Key: "date"}, {Key: "formula"}, {Key: "formula"}}, {{Key: "formula"}}} {
		if err := o.CountPlain(t.Context(), officer, found); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.CountPlain(t.Context(), operator, nil); err != nil {
		t.Fatal(err)
	}
	got, err := o.PlainCounts(t.Context(), administrator, o.Now().AddDate(0, -11, 0))
	if err != nil || got["dien"].Sent != 3 || got["dien"].AsIs != 2 || got["dien"].Of["formula"] != 2 || got["dien"].Of["date"] != 1 || got[""].Sent != 1 {
		t.Errorf("%v %+v", err, got)
	}
	if later, err := o.PlainCounts(t.Context(), administrator, o.Now().Add(40*24*time.Hour)); err != nil || len(later) != 0 {
		t.Errorf("of a later month: %v %v", later, err)
	}
	if _, err := o.PlainCounts(t.Context(), operator, o.Now()); ticketing.ClassOf(err) != ticketing.Forbidden {
		t.Errorf("an operator reads the figures: %v", err)
	}
}
