package places

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/paulmach/orb"
)

func ringAt(lng, lat, size float64) orb.Ring {
	return orb.Ring{{lng, lat}, {lng + size, lat}, {lng + size, lat + size}, {lng, lat + size}, {lng, lat}}
}

func squareAt(lng, lat, size float64) orb.MultiPolygon {
	return orb.MultiPolygon{{ringAt(lng, lat, size)}}
}

func TestLocate(t *testing.T) {
	a, err := New([]Unit{
		{Code: "city", Name: "City", Type: ThanhPho},
		{Code: "ring", Name: "Ring", Type: Xa, Parent: "city"},
		{Code: "isles", Name: "Isles", Type: Xa, Parent: "city"},
		{Code: "east", Name: "East", Type: Xa, Parent: "city"},
		{Code: "old", Name: "Old", Type: Xa, Parent: "city", To: "2025-07-01"},
	}, []Boundary{
		{"city", squareAt(100, 10, 10)},
		{"ring", orb.MultiPolygon{{ringAt(101, 11, 4), ringAt(102, 12, 1)}}},
		{"isles", orb.MultiPolygon{{ringAt(108, 11, 1)}, {ringAt(108, 17, 1)}}},
		{"east", squareAt(105, 11, 2)},
		{"old", squareAt(95, 5, 30)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what     string
		lat, lng float64
		want     string
	}{
		{"inside", 11.5, 101.5, "ring"},
		{"in the hole the city answers", 12.5, 102.5, "city"},
		{"the first island", 11.5, 108.5, "isles"},
		{"the second island", 17.5, 108.5, "isles"},
		{"between the islands", 14.5, 108.5, "city"},
		{"on the line between two, the lower code", 12, 105, "east"},
		{"on a corner", 11, 101, "ring"},
		{"outside, where only a former unit was", 6, 96, "old"},
		{"nowhere", -11.5, 101.5, ""},
		{"latitude and longitude exchanged", 101.5, 11.5, ""},
		{"not a number", math.NaN(), 101.5, ""},
		{"not a number either", 11.5, math.NaN(), ""},
		{"no numbers", math.NaN(), math.NaN(), ""},
		{"beyond", 11.5, math.Inf(1), ""},
	} {
		if got, ok := a.Locate(c.lat, c.lng); got.Code != c.want || ok != (c.want != "") {
			t.Errorf("%s: got %q", c.what, got.Code)
		}
	}
}

func TestABoundaryIsARecord(t *testing.T) {
	b := Boundary{"20341", orb.MultiPolygon{{ringAt(108.48123, 15.5, 0.25), ringAt(108.5, 15.55, 0.125)}}}
	data, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var back Boundary
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(b, back) {
		t.Errorf("%s came back as %+v", data, back)
	}
	if err := json.Unmarshal([]byte(`{"code":"1","geometry":{"type":"MultiPolygon","coordinates":[[[[1,2],[3,4]]]]}}`), &back); err == nil {
		t.Error("a line was taken for land")
	}
}

func TestNewRefusesBadBoundaries(t *testing.T) {
	units := []Unit{{Code: "1", Name: "A B", Type: Xa}}
	for what, b := range map[string][]Boundary{
		"given twice":     {{"1", squareAt(1, 1, 1)}, {"1", squareAt(1, 1, 1)}},
		"no polygon":      {{"1", nil}},
		"without a ring":  {{"1", orb.MultiPolygon{{}}}},
		"ring of 0":       {{"1", orb.MultiPolygon{{{}}}}},
		"not on the glob": {{"1", squareAt(179.5, 1, 1)}},
	} {
		if _, err := New(units, b); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}
