package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLists(t *testing.T) {
	h := newHouse(t)
	words := []string{"không", "một", "hai", "ba", "bốn", "năm", "sáu"} // no code has an o
	var codes []string
	for i := range words {
		more := `,"category":"dien"`
		if i%2 == 1 {
			more = `,"category":"duong","location":{"lat":16.05,"lng":108.25}`
		}
		codes = append(codes, h.hand("Việc thứ "+words[i], more))
		h.turn(time.Hour)
	}
	h.act("@hang", codes[0], "route", `{"agency":"dien-luc"}`)
	h.act("@hang", codes[1], "claim", `{}`)
	number := h.want(200, "all", "GET", base+"/tickets/"+codes[3], "").str("number")
	for query, want := range map[string][]int{
		"":                              {6, 5, 4, 3, 2, 1, 0},
		"sort=oldest":                   {0, 1, 2, 3, 4, 5, 6},
		"status=new,closed&sort=newest": {6, 5, 4, 3, 2, 1},
		"status=routed&status=working":  {0},
		"category=duong":                {5, 3, 1},
		"category=duong&area=20242&kind=report&channel=app,web": {5, 3, 1},
		"agency=dien-luc":              {0},
		"assignee=hang":                {1},
		"assignee=none&category=duong": {5, 3},
		"from=2026-11-23T10:00:00%2B07:00&to=2026-11-23T05:00:00Z": {2, 1},
		"from=2026-11-23T10:00:00+07:00&to=2026-11-23T05:00:00Z":   {2, 1},
		"from=2026-11-23&to=2026-11-24":                            {6, 5, 4, 3, 2, 1, 0},
		"to=2026-11-23":                                            {},
		"outcome=done":                                             {},
		"q=viec+thu+bon":                                           {4},
		"q=" + codes[2]:                                            {2},
		"q=" + number:                                              {3},
		"overdue=true":                                             {},
		"overdue=false&limit=200":                                  {6, 5, 4, 3, 2, 1, 0},
	} {
		a := h.want(200, "all", "GET", base+"/tickets?"+query, "")
		got := []int{}
		for _, x := range a.items() {
			got = append(got, slices.Index(codes, x["code"].(string)))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, not %v", query, got, want)
		}
		if strings.Contains(query, "sort=") || strings.Contains(query, "limit=") {
			continue
		}
		if n := h.want(200, "all", "GET", base+"/tickets/count?"+query, "").num("count"); n != len(want) {
			t.Errorf("count %s: %d, not %d", query, n, len(want))
		}
	}
	if a := h.want(200, "@hang", "GET", base+"/tickets?assignee=me", ""); len(a.items()) != 1 {
		t.Errorf("me: %s", a.body)
	}
	if a := h.want(200, "power", "GET", base+"/tickets", ""); len(a.items()) != 1 || a.items()[0]["code"] != codes[0] {
		t.Errorf("an agency: %s", a.body)
	}
	h.turn(30 * 24 * time.Hour)
	if n := h.want(200, "all", "GET", base+"/tickets/count?overdue=true", "").num("count"); n != 7 {
		t.Errorf("overdue: %d", n)
	}
	var seen []string
	for next, pages := "", 0; ; pages++ {
		a := h.want(200, "all", "GET", base+"/tickets?limit=3&cursor="+next, "")
		for _, x := range a.items() {
			seen = append(seen, x["code"].(string))
		}
		if next = a.str("next"); next == "" {
			if pages != 2 {
				t.Errorf("%d pages", pages+1)
			}
			break
		}
	}
	slices.Reverse(seen)
	if !slices.Equal(seen, codes) {
		t.Errorf("pages give %v", seen)
	}
}

func TestReports(t *testing.T) {
	h := newHouse(t)
	code := h.hand("Cột điện nghiêng", `,"category":"dien"`)
	h.hand("Đường hỏng", `,"category":"duong"`)
	h.act("@hang", code, "route", `{"agency":"dien-luc"}`)
	a := h.want(200, "all", "GET", base+"/report?from=2026-11-01&to=2026-12-01T00:00:00%2B07:00&by=agency,category", "")
	rows := list(a.doc["rows"])
	total, _ := a.doc["total"].(map[string]any)
	if len(rows) != 2 || total["received"] != 2.0 || total["open"] != 2.0 || !strings.Contains(a.str("definition"), "2026-11-01") {
		t.Fatalf("%s", a.body)
	}
	first, _ := rows[0].(map[string]any)
	if first["agency"] != "dien-luc" || first["agency_name"] != "Điện lực" || first["category_name"] != "Điện" || first["received"] != 1.0 {
		t.Errorf("%v", first)
	}
	if a := h.want(200, "power", "GET", base+"/report?from=2026-11-01&to=2026-12-01&by=agency", "", "Accept-Language: en"); len(list(a.doc["rows"])) != 1 || !strings.Contains(a.str("definition"), "Received") {
		t.Errorf("an agency: %s", a.body)
	}
	if a := h.want(200, "building", "GET", base+"/report?from=2026-11-01&to=2026-12-01", ""); a.doc["total"].(map[string]any)["received"] != 0.0 {
		t.Errorf("another agency: %s", a.body)
	}
	if a := h.want(200, "all", "GET", base+"/report?from=2026-11-24&to=2026-12-01", ""); a.doc["total"].(map[string]any)["received"] != 0.0 {
		t.Errorf("after: %s", a.body)
	}
}

func TestLookUps(t *testing.T) {
	h := newHouse(t)
	names := func(path string) string {
		var out []string
		for _, x := range h.want(200, "none", "GET", base+path, "").items() {
			out = append(out, fmt.Sprint(x["name"]))
		}
		return strings.Join(out, ", ")
	}
	for path, want := range map[string]string{
		"/agencies": "Điện lực, Sở Xây dựng", "/categories": "Đường sá, Điện", "/areas?q=hai": "Hải Vân, Hải Châu", "/areas?q=hai&limit=1": "Hải Vân",
		"/areas?lat=16.05&lng=108.25": "Hải Châu", "/areas?lat=1&lng=1": "", "/areas": "Đà Nẵng, Hải Châu, Hải Vân",
	} {
		if got := names(path); got != want {
			t.Errorf("%s: %s, not %s", path, got, want)
		}
	}
	a := h.want(200, "none", "GET", base+"/areas?limit=2", "")
	b := h.want(200, "none", "GET", base+"/areas?limit=2&cursor="+a.str("next"), "")
	if len(a.items()) != 2 || len(b.items()) != 1 || b.str("next") != "" {
		t.Errorf("%s\n%s", a.body, b.body)
	}
}
