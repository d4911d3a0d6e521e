package ticketing_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"hotline1022/ticketing"
)

// The key of an agency's endpoint is typed once, stored sealed, kept by a save that does not type it, and never goes
// to another address than the one it was typed for.
func TestAnAgencysKey(t *testing.T) {
	r := newCityHall(t)
	var err error
	if r.Vault, err = ticketing.NewVault(r.Store, bytes.Repeat([]byte{7}, 32), r.Now); err != nil {
		t.Fatal(err)
	}
	version := 0
	save := func(open311, key string) (ticketing.Record, error) {
		doc, err := json.Marshal(map[string]string{"id": "nuoc", "name": "Cấp nước", "open311": open311, "open311_key": key})
		if err != nil {
			t.Fatal(err)
		}
		rec, err := r.SaveSetting(t.Context(), administrator, ticketing.KindAgency, "nuoc", version, doc)
		if err == nil {
			version = rec.Version
		}
		return rec, err
	}
	key := func() string {
		t.Helper()
		k, err := r.Vault.EndpointKey(r.Catalog.Current().Agencies["nuoc"])
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	for _, bad := range []string{"nuoc.example", "ftp://nuoc.example", "https://a:b@nuoc.example", "https://nuoc.example/?x=1"} {
		if _, err := save(bad, "k"); ticketing.ClassOf(err) != ticketing.Invalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
	rec, err := save("https://nuoc.example/v2/", "mật khẩu")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(rec.Doc, []byte("mật khẩu")) || !strings.Contains(string(rec.Doc), `"open311":"https://nuoc.example/v2"`) {
		t.Errorf("stored: %s", rec.Doc)
	}
	if key() != "mật khẩu" {
		t.Errorf("key %q", key())
	}
	if _, err := save("https://nuoc.example/v2", ""); err != nil || key() != "mật khẩu" {
		t.Errorf("a save without the key: %v, key %q", err, key())
	}
	if _, err := save("https://ke-trom.example/v2", ""); err != nil || key() != "" {
		t.Errorf("another address has got the key: %v", err)
	}
	// nor does whoever writes the record by hand
	moved := ticketing.Agency{ID: "nuoc", Open311: "https://ke-trom.example/v2"}
	var first ticketing.Agency
	if err := json.Unmarshal(rec.Doc, &first); err != nil {
		t.Fatal(err)
	}
	moved.Open311Sealed = first.Open311Sealed
	if k, err := r.Vault.EndpointKey(moved); err == nil {
		t.Errorf("the key opens under another address: %q", k)
	}
}

// Questions of a category survive a form that does not show them, and bad ones are refused.
func TestACategorysQuestions(t *testing.T) {
	r := newCityHall(t)
	version := 0
	save := func(doc string) error {
		rec, err := r.SaveSetting(t.Context(), administrator, ticketing.KindCategory, "cay", version, []byte(doc))
		if err == nil {
			version = rec.Version
		}
		return err
	}
	const ask = `,"details":[{"code":"so","name":"Mấy cây?","type":"number"}]`
	if err := save(`{"id":"cay","name":"Cây"` + ask + `}`); err != nil {
		t.Fatal(err)
	}
	if err := save(`{"id":"cay","name":"Cây xanh"}`); err != nil {
		t.Fatal(err)
	}
	if got := r.Catalog.Current().Categories["cay"]; len(got.Details) != 1 || got.Name != "Cây xanh" {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{
		`{"code":"A B","name":"x","type":"string"}`, `{"code":"a","name":"","type":"string"}`, `{"code":"a","name":"x","type":"blob"}`,
		`{"code":"a","name":"x","type":"singlevaluelist"}`, `{"code":"a","name":"x","type":"string","values":[{"key":"1","name":"một"}]}`,
		`{"code":"a","name":"x","info":true,"required":true}`, `{"code":"a","name":"x","type":"string"},{"code":"a","name":"y","type":"string"}`,
	} {
		if err := save(`{"id":"cay","name":"Cây","details":[` + bad + `]}`); ticketing.ClassOf(err) != ticketing.Invalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if err := save(`{"id":"cay","name":"Cây","details":[]}`); err != nil || len(r.Catalog.Current().Categories["cay"].Details) != 0 {
		t.Errorf("taking them away: %v", err)
	}
}
