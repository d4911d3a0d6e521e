package ticketing_test

import (
	"slices"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

func TestTagsAreAddedAndTakenAway(t *testing.T) {
	o := open(t)
	r, err := o.Desk.Receive(t.Context(), citizen, ticketing.Incoming{Channel: ticketing.Web, Text: "Đèn đường tắt"})
	if err != nil {
		t.Fatal(err)
	}
	tag := func(cmd ticketing.Command) (ticketing.Ticket, error) {
		cmd.Verb = ticketing.Tag
		return o.Desk.Do(t.Context(), operator, r.Ticket.Code, cmd)
	}
	after, err := tag(ticketing.Command{Tags: []string{" #Mưa  BÃO", "mưa bão", "điểm nóng"}})
	if err != nil || !slices.Equal(after.Tags, []string{"mưa bão", "điểm nóng"}) {
		t.Fatalf("%v, %v", after.Tags, err)
	}
	found := func(words ...string) int {
		t.Helper()
		n, err := o.Desk.Count(t.Context(), operator, ticketing.Filter{Words: words})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if found(ticketing.TagWord("Mưa bão")) != 1 || found(ticketing.TagWord("mưa")) != 0 || found(text.Words("diem nong")...) != 1 {
		t.Error("a tag is not found by itself alone")
	}
	if after, err = tag(ticketing.Command{Untag: []string{"MƯA BÃO"}}); err != nil || !slices.Equal(after.Tags, []string{"điểm nóng"}) || found(ticketing.TagWord("mưa bão")) != 0 {
		t.Errorf("%v, %v", after.Tags, err)
	}
	many := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "k"}
	for _, bad := range [][]string{{"!?"}, {string(make([]rune, 41))}, many} {
		if _, err := tag(ticketing.Command{Tags: bad}); ticketing.ClassOf(err) != ticketing.Invalid {
			t.Errorf("%q was taken: %v", bad, err)
		}
	}
	if _, err := o.Desk.Do(t.Context(), officer, r.Ticket.Code, ticketing.Command{Verb: ticketing.Tag, Tags: []string{"x"}}); err == nil {
		t.Error("an officer of no concern tagged it")
	}
}

func TestWhatIsPutAsideComesBack(t *testing.T) {
	o := open(t)
	in := ticketing.Incoming{Channel: ticketing.Zalo, From: ticketing.Contact{Channel: ticketing.Zalo, ID: "77"}, Text: "Đèn đường tắt"}
	r, err := o.Desk.Receive(t.Context(), citizen, in)
	if err != nil {
		t.Fatal(err)
	}
	code := r.Ticket.Code
	awake := func() int {
		t.Helper()
		n, err := o.Desk.Count(t.Context(), operator, ticketing.Filter{Awake: true})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	aside := func(until time.Time) error {
		_, err := o.Desk.Do(t.Context(), operator, code, ticketing.Command{Verb: ticketing.Snooze, Until: until})
		return err
	}
	for name, until := range map[string]time.Time{"past": o.Now().Add(-time.Minute), "after it is due": r.Ticket.Due.Add(time.Minute), "too far": o.Now().AddDate(0, 2, 0)} {
		if ticketing.ClassOf(aside(until)) != ticketing.Invalid {
			t.Errorf("put aside %s", name)
		}
	}
	wake := o.Now().Add(30 * time.Minute)
	if err := aside(wake); err != nil || awake() != 0 {
		t.Fatal(err, awake())
	}
	o.set(wake.In(ticketing.Zone).Format("2006-01-02 15:04"))
	if _, err := o.Desk.Sweep(t.Context()); err != nil || awake() != 1 {
		t.Errorf("the time came: %d awake, %v", awake(), err)
	}
	if err := aside(o.Now().Add(time.Hour)); err != nil || awake() != 0 {
		t.Fatal(err, awake())
	}
	in.Key, in.Text = "z2", "Vẫn tắt"
	if _, err := o.Desk.Receive(t.Context(), citizen, in); err != nil || awake() != 1 {
		t.Errorf("she wrote: %d awake, %v", awake(), err)
	}
	if err := aside(o.Now().Add(time.Hour)); err != nil || awake() != 0 {
		t.Fatal(err, awake())
	}
	if err := aside(time.Time{}); err != nil || awake() != 1 {
		t.Errorf("woken by hand: %d awake, %v", awake(), err)
	}
	if _, err := o.Desk.Do(t.Context(), officer, code, ticketing.Command{Verb: ticketing.Snooze, Until: o.Now().Add(time.Hour)}); err == nil {
		t.Error("an officer put the hotline's ticket aside")
	}
}
