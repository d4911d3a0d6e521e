package open311

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fasthttp"

	"hotline1022/ticketing"
)

// forms as clients really send them, and what becomes of each. A new test is a new file: testdata/forms/NAME.form
// holds the body, without the key.
func TestForms(t *testing.T) {
	h := newHouse(t, func(h *house) { h.conf.MediaHosts = []string{"anh.example.vn"} })
	names, err := filepath.Glob("testdata/forms/*.form")
	h.must(err)
	if len(names) < 5 {
		t.Fatalf("%d forms", len(names))
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			raw, err := os.ReadFile(name)
			h.must(err)
			golden(t, strings.TrimSuffix(name, ".form")+".golden", []byte(h.read(strings.TrimSpace(string(raw)))))
		})
	}
}

// read is what the form becomes, or what is said against it.
func (h *house) read(raw string) string {
	h.Helper()
	app := fiber.New()
	f := app.AcquireCtx(&fasthttp.RequestCtx{})
	defer app.ReleaseCtx(f)
	body, err := parseForm(raw)
	if err != nil {
		return refusalOf(err).Error() + "\n"
	}
	r := &call{Ctx: f, ctx: context.Background(), lang: "vi", body: body, by: ticketing.Actor{ID: "token:TEST", Role: ticketing.Program}}
	in, err := h.ch.incoming(r)
	if err != nil {
		return strings.ReplaceAll(refusalOf(err).Error(), "; ", "\n") + "\n"
	}
	if strings.HasPrefix(in.Key, "open311:once:") {
		in.Key = "open311:once:…"
	}
	doc, err := json.MarshalIndent(in, "", " ")
	h.must(err)
	return string(doc) + "\n"
}

// Every answer in both formats, as the wire has it.
func TestAnswers(t *testing.T) {
	h := newHouse(t)
	a := h.taken("service_code", "mat-nuoc", "attribute[so_ho]", "12")
	h.clock.Advance(10 * time.Minute)
	h.answered(a, "Đã sửa đường ống. Gọi 0905 123 182 nếu còn.")
	h.do(moderator, a.Code, ticketing.Command{Verb: ticketing.Publish})
	b := h.taken("lat", "", "long", "", "address_string", "K12/3 Lê Lợi")
	h.do(operator, b.Code, ticketing.Command{Verb: ticketing.Route, Agency: "dien-luc"})
	h.clock.Advance(time.Hour)
	for name, path := range map[string]string{
		"discovery": "discovery", "services": "services", "definition": "services/mat-nuoc", "requests": "requests", "request": "requests/" + b.Number(),
		"token": "tokens/" + b.Number(), "updates": "servicerequestupdates", "not_found": "requests/26-999999", "two_faults": "requests",
		"english": "services",
	} {
		for _, format := range []string{"xml", "json"} {
			path := path + "." + format
			switch name {
			case "two_faults":
				path += "?status=done&start_date=2026"
			case "english":
				path += "?locale=en"
			}
			golden(t, "testdata/answers/"+name+"."+format, h.get(path).body)
		}
	}
	for _, format := range []string{"xml", "json"} {
		golden(t, "testdata/answers/created."+format, h.post("requests."+format, h.report()).body)
		golden(t, "testdata/answers/refused."+format, h.post("requests."+format, h.report("api_key", "")).body)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got): %s", name, diff)
	}
}
