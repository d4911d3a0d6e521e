package realtime_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline1022/realtime"
	"hotline1022/ticketing"
)

// sees waits until the screen's picture is this one: "A hang toan, B hang".
func (t *talker) sees(want string) (pictures int) {
	t.Helper()
	for t.picture != want {
		select {
		case it := <-t.eyes:
			t.picture = picture(it.Eyes)
			pictures++
		case <-time.After(patient):
			t.Fatalf("sees %q, want %q", t.picture, want)
		}
	}
	return pictures
}

func picture(eyes map[ticketing.Code][][2]string) string {
	var out []string
	for code, who := range eyes {
		line := string(code)
		for _, w := range who {
			line += " " + w[0]
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func fastEyes(h *realtime.Hub) { h.Limits.Eyes = 5 * time.Millisecond }

func TestTheListShowsWhoLooksAtWhat(t *testing.T) {
	h := build(t, newPaper(), fastEyes)
	h.do("A", ticketing.Received)
	h.do("A", ticketing.RoutedTo, to("water"))
	h.do("B", ticketing.Received)
	hang, toan := h.talk("/live?role=operator&user=hang&name=Hằng"), h.talk("/live?role=supervisor&user=toan&name=Toản&lang=en")
	second := h.talk("/live?role=operator&user=hang&name=Hằng")
	water, power := h.talk("/live?role=officer&agency=water&user=uyen&name=Uyên"), h.talk("/live?role=officer&agency=power&user=sang&name=Sáng")
	hang.tells(`{"open":"A"}`)
	second.tells(`{"open":"A"}`)
	toan.sees("A hang")
	toan.tells(`{"open":"B"}`)
	hang.sees("A hang, B toan")
	water.tells(`{"open":"A"}`)
	water.sees("A uyen") // her own house's only
	power.tells(`{"open":"A"}`)
	toan.tells(`{"open":"A"}`)
	hang.sees("A hang toan")
	second.conn.Close()
	hang.tells(`{"open":""}`)
	hang.sees("A toan")
	if len(power.eyes) > 0 || power.picture != "" {
		t.Error("whoever may not know of a ticket is told of it")
	}
	late := h.talk("/live?role=operator&user=lan&name=Lan") // the picture as it stands, without anything happening
	late.sees("A toan")
	toan.conn.Close()
	late.sees("")
}

// The cost is by the second, not by how many open and leave tickets.
func TestManyComingsAndGoingsAreOnePicture(t *testing.T) {
	h := build(t, newPaper(), func(h *realtime.Hub) { h.Limits.Eyes = 300 * time.Millisecond })
	for i := range 40 {
		h.do(ticketing.Code(fmt.Sprint("T", i)), ticketing.Received)
	}
	one, two := h.talk("/live?role=operator&user=hang"), h.talk("/live?role=operator&user=lan")
	two.tells(`{"open":"T0"}`)
	one.sees("T0 lan")
	for i := range 10 {
		two.tells(fmt.Sprintf(`{"open":"T%d"}`, i+1))
	}
	if pictures := one.sees("T10 lan"); pictures > 3 {
		t.Errorf("10 tickets opened at once are told in %d pictures", pictures)
	}
}
