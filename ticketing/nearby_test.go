package ticketing_test

import (
	"encoding/json"
	"testing"

	"hotline1022/ticketing"
	"hotline1022/ticketing/places"
)

func TestWhatMayBeTheSameThing(t *testing.T) {
	o := open(t)
	put := func(kind, id string, v any) {
		t.Helper()
		doc, err := json.Marshal(v)
		if err == nil {
			err = o.store.Put(t.Context(), ticketing.Record{Kind: kind, ID: id, Version: 1, At: o.Now(), By: "test", Doc: doc})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put(ticketing.KindArea, "48", places.Unit{Code: "48", Name: "Đà Nẵng", Type: places.ThanhPho})
	put(ticketing.KindArea, "4801", places.Unit{Code: "4801", Name: "Hải Châu", Type: places.Phuong, Parent: "48"})
	if err := o.Desk.Catalog.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	report := func(words string, at *ticketing.Point) ticketing.Ticket {
		t.Helper()
		in := ticketing.Incoming{Channel: ticketing.Web, Kind: ticketing.Report, Text: words, Category: "chieu_sang", Location: at, Area: "4801"}
		r, err := o.Desk.Receive(t.Context(), citizen, in)
		if err != nil {
			t.Fatal(err)
		}
		return r.Ticket
	}
	one := report("Đèn đường trước số 12 Lê Lợi tắt ba đêm nay", &ticketing.Point{Lat: 16.05, Lng: 108.2})
	same := report("den duong truoc so 12 le loi tat", nil)
	close := report("Tối om chỗ ngã tư", &ticketing.Point{Lat: 16.0505, Lng: 108.2005})
	report("Tối om ở đầu cầu phía bên kia sông", &ticketing.Point{Lat: 16.08, Lng: 108.2})
	report("Ổ gà rất sâu giữa đường Nguyễn Huệ", nil)
	got, err := o.Desk.Nearby(t.Context(), operator, one, 5)
	if err != nil || len(got) != 2 || got[0].Code != same.Code || got[1].Code != close.Code || got[1].Metres < 60 || got[1].Metres > 90 {
		t.Errorf("%d found: %+v, %v", len(got), got, err)
	}
	if got, err = o.Desk.Nearby(t.Context(), stranger, one, 5); err != nil || len(got) != 0 {
		t.Errorf("an agency is shown what is not its: %d, %v", len(got), err)
	}
}
