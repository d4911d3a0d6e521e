package places

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestReadUnitsNested(t *testing.T) {
	units, err := ReadUnits(strings.NewReader("\ufeff" + `[{"code":"48","name":"Đà Nẵng","full_name":"Thành phố Đà Nẵng","type":"Thành phố trực thuộc trung ương","wards":[
		{"code":"20333","name":"Hoàng Sa","full_name":"Đặc khu Hoàng Sa","type":"Đặc khu tại hải đảo"},
		{"code":"20341","name":"Tam Ky\u0300","type":"Phường","wards":[{"code":"t1","name":" Một ","type":"khối phố"}]}]}]`))
	if err == nil || !strings.Contains(err.Error(), `"khối phố"`) {
		t.Errorf("a local word was taken for a type: %v %v", units, err)
	}
	units, err = ReadUnits(strings.NewReader(`[{"code":"48","name":"Đà Nẵng","type":"Thành phố trực thuộc trung ương","wards":[
		{"code":"20333","name":"Hoàng Sa","type":"Đặc khu tại hải đảo"},{"code":"20341","name":" Tam Ky\u0300","type":"Phường"}]}]`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range units {
		got = append(got, u.Code+" "+u.Name+" "+u.Type+" in "+u.Parent)
	}
	want := "48 Đà Nẵng thanh_pho in |20333 Hoàng Sa dac_khu in 48|20341 Tam Kỳ phuong in 48"
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("got %s", s)
	}
}

func TestReadUnitsRefuses(t *testing.T) {
	for what, s := range map[string]string{
		"unknown field":       `[{"code":"1","name":"A","type":"xa","sucessors":["2"]}]`,
		"something follows":   `[] []`,
		"cannot unmarshal":    `{"code":"1"}`,
		"EOF":                 ``,
		`unknown type "city"`: `[{"code":"1","name":"A","type":"city"}]`,
		"and 10 more":         "[" + strings.Repeat(`{"type":"?"},`, 59) + `{"type":"?"}]`,
	} {
		if _, err := ReadUnits(strings.NewReader(s)); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// endless gives blanks for ever.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestReadingIsBounded(t *testing.T) {
	if _, err := ReadUnits(io.MultiReader(strings.NewReader("["), endless{})); err == nil || !strings.Contains(err.Error(), "more than 16 MB") {
		t.Errorf("units: %v", err)
	}
	if _, err := ReadBoundaries(endless{}); err == nil || !strings.Contains(err.Error(), "more than 64 MB") {
		t.Errorf("boundaries: %v", err)
	}
}

func TestReadBoundaries(t *testing.T) {
	feature := func(rest string) string {
		return `{"type":"FeatureCollection","features":[{"type":"Feature",` + rest + `}]}`
	}
	const line = `[[[1,2],[3,2],[3,4],[1,2]]]`
	for _, c := range []struct{ what, json, code, mistake string }{
		{"a code in the properties", feature(`"id":"x","properties":{"code":"20341"},"geometry":{"type":"Polygon","coordinates":` + line + `}`), "20341", ""},
		{"a code as number", feature(`"properties":{"code":20341},"geometry":{"type":"MultiPolygon","coordinates":[` + line + `]}`), "20341", ""},
		{"a code as id", feature(`"id":"20341","properties":null,"geometry":{"type":"Polygon","coordinates":` + line + `}`), "20341", ""},
		{"heights are left out", feature(`"id":"1","geometry":{"type":"Polygon","coordinates":[[[1,2,9],[3,2,9],[3,4,9],[1,2,9]]]}`), "1", ""},
		{"no code", feature(`"geometry":{"type":"Polygon","coordinates":` + line + `}`), "", "neither properties.code nor id"},
		{"no geometry", feature(`"id":"1","geometry":null`), "", `geometry ""`},
		{"a point", feature(`"id":"1","geometry":{"type":"Point","coordinates":[1,2]}`), "", "neither Polygon"},
		{"one number", feature(`"id":"1","geometry":{"type":"Polygon","coordinates":[[[1],[3,2],[3,4],[1,2]]]}`), "", "a position with 1 numbers"},
		{"not closed", feature(`"id":"1","geometry":{"type":"Polygon","coordinates":[[[1,2],[3,2],[3,4],[1,3]]]}`), "", "not closed"},
		{"latitude first", feature(`"id":"1","geometry":{"type":"Polygon","coordinates":[[[15,108],[16,108],[16,109],[15,108]]]}`), "", "not on the globe"},
		{"not a collection", `{"type":"Feature"}`, "", "not FeatureCollection"},
		{"not JSON", `<kml/>`, "", "invalid character"},
	} {
		got, err := ReadBoundaries(strings.NewReader(c.json))
		switch {
		case c.mistake != "":
			if err == nil || !strings.Contains(err.Error(), c.mistake) {
				t.Errorf("%s: got %v", c.what, err)
			}
		case err != nil || len(got) != 1 || got[0].Code != c.code:
			t.Errorf("%s: got %v %v", c.what, got, err)
		}
	}
}

func FuzzReadUnits(f *testing.F) {
	f.Add([]byte(`[{"code":"48","name":"Đà Nẵng","type":"Tỉnh","wards":[{"code":"1","name":"A","type":"xa","to":"2025-07-01","successors":["48"]}]}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		units, err := ReadUnits(bytes.NewReader(data))
		if err != nil {
			return
		}
		a, err := New(units, nil)
		if err != nil {
			return
		}
		for _, u := range units {
			a.Find(u.Name, now, 3)
			a.Lineage(u.Code, now)
			a.Present(u.Code, now)
			a.Narrow(a.Mentioned(u.FullName+" "+u.Name, now))
		}
	})
}

func FuzzReadBoundaries(f *testing.F) {
	f.Add([]byte(`{"type":"FeatureCollection","features":[{"id":1,"geometry":{"type":"Polygon","coordinates":[[[1,2],[3,2],[3,4],[1,2]]]}}]}`), 2.0, 2.0)
	f.Fuzz(func(t *testing.T, data []byte, lat, lng float64) {
		bs, err := ReadBoundaries(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, b := range bs {
			a, err := New([]Unit{{Code: b.Code, Name: "A", Type: Xa}}, []Boundary{b})
			if err != nil {
				t.Fatalf("read but refused: %v", err)
			}
			a.Locate(lat, lng)
		}
	})
}

func FuzzMentioned(f *testing.F) {
	a := smallProvince(f)
	f.Add("đường hư ở TP. Tam Kỳ, gần UBND xã Tam Xuân")
	f.Add("Ho\u0300a Kha\u0301nh \xff p.hai chau")
	f.Fuzz(func(t *testing.T, text string) {
		for _, m := range a.Narrow(a.Mentioned(text, now)) {
			if text[m.Start:m.End] != m.Text || len(m.Units) == 0 {
				t.Errorf("%q: mention %+v", text, m)
			}
		}
		a.Find(text, now, 5)
	})
}
