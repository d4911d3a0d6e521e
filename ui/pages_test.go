package ui_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
	"hotline1022/ui"
)

// noPages are the routes of GET that are no page of their own, or are looked at by another test, with the reason.
var noPages = map[string]string{
	"/healthz":                   "for machines",
	"/gui/areas":                 "JSON",
	"/t/:code/files/:id":         "a file",
	"/viec/:token/files/:id":     "a file",
	"/dang-nhap/ngoai":           "a redirect",
	"/dang-nhap/ngoai/ve":        "a redirect",
	"/lien-ket/:key":             "needs another sign-in service: TestTwoStepsInABrowser and oidc_test.go",
	"/lien-ket/:key/tiep":        "a redirect",
	"/dang-nhap/ma":              "stands between two steps: TestTwoStepsInABrowser",
	"/console/list":              "a part",
	"/console/new/gan":           "a part, seen in the call form",
	"/console/t/:code/files/:id": "a file",
	"/console/t/:code/unsent":    "JSON",
	"/console/t/:code/mau":       "JSON",
	"/console/t/:code/nguoi":     "JSON",
	"/console/soat":              "JSON",
	"/console/cua-toi":           "JSON",
	"/board/so-lieu":             "a part",
	"/board/k/:key/so-lieu":      "a part",
	"/console/truong-ca/so-lieu": "a part",
	"/desk/list":                 "a part",
	"/desk/t/:code/files/:id":    "a file",
	"/desk/t/:code/unsent":       "JSON",
	"/desk/t/:code/mau":          "JSON",
	"/desk/t/:code/nguoi":        "JSON",
	"/desk/soat":                 "JSON",
	"/desk/cua-toi":              "JSON",
}

// province is a house in which something of everything is there; the codes are of a ticket in that state.
func province(t *testing.T) (h *house, at map[string]ticketing.Code, kiosk, work string) {
	h = newOffice(t)
	h.server.Present = func() map[string]int { return map[string]int{"hang": 2} }
	h.server.Seats = func() map[string]ui.Seat { return map[string]ui.Seat{"hang": {State: "break", Reason: "meal"}} }
	h.shelves(birth, ticketing.Article{Canned: ticketing.Canned{ID: "den", Name: "Đèn đường tắt thì báo ai?", Text: "Báo 1022, đơn vị chiếu sáng tới trong 24 giờ.", Categories: []string{"chieu-sang"}, Agency: "so-xd"}, Review: "2020-01-01"})
	at = map[string]ticketing.Code{}
	ward := "4801"
	officer, leader := ticketing.Actor{ID: "uyen", Role: ticketing.Officer, Agency: "so-xd"}, ticketing.Actor{ID: "diep", Role: ticketing.Leader, Agency: "so-xd"}
	for i, text := range []string{"Đèn đường trước số 12 Lê Lợi tắt ba đêm nay, trẻ em đi học về rất tối", "Ổ gà sâu ở ngã ba", "Đèn đường trước số 14 Lê Lợi tắt ba đêm nay", "Rác chưa dọn", "Nắp cống mất", "Đường ngập"} {
		one := h.matter(ticketing.Incoming{Category: []string{"chieu-sang", "giao-thong", "chieu-sang", "moi-truong", "giao-thong", "giao-thong"}[i], Text: text, Area: ward, Address: "12 Lê Lợi", Name: "Lê Thị Hoa", Phone: fmt.Sprintf("090512318%d", i)})
		at[[]string{"new", "drafted", "near", "mine", "disputed", "review"}[i]] = one.Code
	}
	at["foreign"] = h.chats("u9", "The street lamp in front of my house is dark for days").Ticket.Code
	h.do(at["near"], operator, ticketing.Command{Verb: ticketing.Merge, Into: at["new"]})
	h.do(at["new"], operator, ticketing.Command{Verb: ticketing.Link, Into: at["mine"]})
	h.do(at["new"], operator, ticketing.Command{Verb: ticketing.Tag, Tags: []string{"mưa bão"}})
	h.do(at["new"], operator, ticketing.Command{Verb: ticketing.Note, Text: "Đã gọi điện lực, @toan xem giúp"})
	h.employs("hang")
	h.do(at["mine"], ticketing.Actor{ID: "hang", Role: ticketing.Operator}, ticketing.Command{Verb: ticketing.Claim})
	for _, name := range []string{"drafted", "review"} {
		h.do(at[name], operator, ticketing.Command{Verb: ticketing.Route, Agency: "so-xd", Reason: "đúng việc"})
		h.do(at[name], officer, ticketing.Command{Verb: ticketing.AcceptIt})
		h.do(at[name], officer, ticketing.Command{Verb: ticketing.WriteDraft, Text: "Đội duy tu đã vá ổ gà ngày 25/11.", Outcome: ticketing.Done})
	}
	h.do(at["review"], leader, ticketing.Command{Verb: ticketing.Approve})
	for range 2 {
		h.do(at["disputed"], operator, ticketing.Command{Verb: ticketing.Route, Agency: "so-xd", Reason: "đúng việc"})
		h.do(at["disputed"], officer, ticketing.Command{Verb: ticketing.Return, Reason: "không thuộc"})
	}
	at["answered"] = h.browser().sent(map[string]string{"visibility": "public"})
	h.answered(at["answered"], "Đã vá xong ngày 25/11.")
	h.do(at["answered"], ticketing.Actor{ID: "nghia", Role: ticketing.Moderator}, ticketing.Command{Verb: ticketing.Publish})
	key, err := h.server.Accounts.NewBoardLink(t.Context(), "Tầng 2", time.Time{}, "test")
	h.must(err)
	b := h.browser().signIn("toan")
	h.matter(ticketing.Incoming{})
	b.post("/console/t/"+string(at["disputed"])+"/route", "agency", "so-xd", "reason", "giao lại").wants(h, 303)
	work = h.link(b, "/console/t/"+string(at["disputed"]), "Anh Nam", "officer")
	h.browser().post(work+"/ten", "name", "Nguyễn Văn Nam").wants(h, 303)
	h.employs("admin")
	h.browser().signIn("admin").post("/admin/token/new", "name", "Cổng dịch vụ công", "scopes", "tickets:read").wants(h, 201)
	return h, at, key, work
}

// walk is the pages one person sees, by the route each stands for.
type walk struct {
	who   string // "": nobody is signed in
	pages [][2]string
}

func walks(h *house, at map[string]ticketing.Code, kiosk, work string) []walk {
	h.Helper()
	t := func(base, name string) string { return base + "/t/" + string(at[name]) }
	var admin [][2]string
	for _, kind := range allKinds {
		rs, err := h.desk.Settings(h.Context(), ticketing.Actor{ID: "admin", Role: ticketing.Administrator}, kind)
		h.must(err)
		admin = append(admin, [2]string{"/admin/:kind", "/admin/" + kind}, [2]string{"/admin/:kind/new", "/admin/" + kind + "/new"})
		if len(rs) > 0 {
			admin = append(admin, [2]string{"/admin/:kind/:id", "/admin/" + kind + "/" + rs[0].ID})
		}
	}
	return []walk{
		{"", [][2]string{
			{"/", "/"}, {"/gui", "/gui"}, {"/tra-cuu", "/tra-cuu"}, {"/t/:code", t("", "answered")}, {"/t/:code", t("", "near")}, {"/t/:code", t("", "drafted")},
			{"/t/:code/da-gui", t("", "answered") + "/da-gui"}, {"/viec/:token", work}, {"/board/k/:key", "/board/k/" + kiosk}, {"/dang-nhap", "/dang-nhap"}}},
		{"hang", [][2]string{
			{"/console", "/console"}, {"/console", "/console?view=mine&chon=1"}, {"/console", "/console?view=late&q=khong-co"}, {"/console", "/console?view=incidents"}, {"/console/t/:code", t("/console", "new")}, {"/console/t/:code", t("/console", "near")},
			{"/console/t/:code", t("/console", "review")}, {"/console/t/:code", t("/console", "foreign")}, {"/console/t/:code/su-viec", t("/console", "new") + "/su-viec"}, {"/console/new", "/console/new"},
			{"/console/gui-di", "/console/gui-di?state=waiting"}, {"/console/gui-di", "/console/gui-di"}, {"/board", "/board"}, {"/bai-viet", "/bai-viet"}, {"/bai-viet", "/bai-viet?q=karaoke"}, {"/bai-viet/:id", "/bai-viet/den"},
			{"/tai-khoan", "/tai-khoan"}, {"/bao-mat", "/bao-mat"}, {"/bao-mat/ung-dung", "/bao-mat/ung-dung"}, {"/mat-khau", "/mat-khau"}}},
		{"toan", [][2]string{{"/console/truong-ca", "/console/truong-ca"}, {"/console/truong-ca", "/console/truong-ca?nguoi=hang"}, {"/console", "/console?view=disputed"}}},
		{"uyen", [][2]string{{"/desk", "/desk"}, {"/desk", "/desk?view=working"}, {"/desk/t/:code", t("/desk", "drafted")}, {"/desk/t/:code", t("/desk", "disputed")}}},
		{"diep", [][2]string{{"/desk/t/:code", t("/desk", "drafted")}}},
		{"admin", append(admin, [2]string{"/admin", "/admin"}, [2]string{"/admin/audit", "/admin/audit"}, [2]string{"/admin/channels", "/admin/channels"}, [2]string{"/admin/answers", "/admin/answers"},
			[2]string{"/admin/tester", "/admin/tester"}, [2]string{"/board/man-hinh", "/board/man-hinh"})},
	}
}

// Every page, taken from the table of routes, in both languages, both colours, on a desk and on a telephone: nothing
// hangs over the side, no word is missing, the console is silent, nothing keeps people with disabilities out. With
// HOTLINE_SHOTS every one of them is kept as a picture.
func TestEveryPageInBothLanguagesColoursAndSizes(t *testing.T) {
	h, at, kiosk, work := province(t)
	script, err := os.ReadFile("testdata/vendor/axe-core/axe.min.js")
	h.must(err)
	missing, idle := map[string]bool{}, maps.Clone(noPages)
	for _, r := range h.server.Table() {
		if r.Method == "GET" && noPages[r.Path] == "" {
			missing[r.Path] = true
		}
		delete(idle, r.Path)
	}
	if len(idle) > 0 {
		t.Errorf("no such routes: %v", idle)
	}
	seen, pictures := 0, 0
	for _, w := range walks(h, at, kiosk, work) {
		b := h.tab()
		if w.who != "" {
			b.enter(w.who)
		}
		for _, page := range w.pages {
			delete(missing, page[0])
			name := fmt.Sprintf("%s-%s", strings.Trim(strings.NewReplacer("/", "-", "?", "-", "=", "-", "&", "-").Replace(page[0]+"-"+page[1]), "-"), w.who)
			for state, c := range at {
				name = strings.ReplaceAll(name, string(c), state)
			}
			name = strings.NewReplacer(kiosk, "key", strings.TrimPrefix(work, "/viec/"), "token").Replace(name)
			for _, lang := range words.Languages {
				b.walked(page[1], lang, name, string(script), &pictures)
			}
			seen++
		}
	}
	for path := range missing {
		t.Errorf("%s is a page nobody walks: give it a line in walks, or say in noPages why not", path)
	}
	t.Logf("%d pages × 2 languages × 2 colours × 2 sizes, %d pictures kept", seen, pictures)
}

// walked looks at one page in one language.
func (b *tab) walked(path, lang, name, script string, pictures *int) {
	b.Helper()
	query := "?"
	if strings.Contains(path, "?") {
		query = "&"
	}
	b.do(chromedp.EmulateViewport(1366, 800), chromedp.Navigate(b.base+path+query+"lang="+lang))
	b.do(chromedp.Evaluate[chromedp.Void](script + ";undefined"))
	if got := eval[string](b, `document.documentElement.lang + " " + (document.body.innerText.includes("⟦") ? "a word is missing" : "") + (document.querySelector("h1") ? "" : "no heading")`); got != lang+" " {
		b.Errorf("%s in %s: %q", path, lang, got)
	}
	for _, scheme := range []string{"light", "dark"} {
		_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
		b.must(err)
		for _, width := range []int64{1366, 360} {
			b.do(chromedp.EmulateViewport(width, 800))
			where := fmt.Sprintf("%s in %s, %s, %d px", path, lang, scheme, width)
			if over := eval[string](b, `document.documentElement.scrollWidth <= document.documentElement.clientWidth ? "" : [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".trap, .skip, .sr")).map(e => e.tagName + "." + e.className).slice(0, 5).join(" ") || "wider than the window"`); over != "" {
				b.Errorf("%s: over the side: %s", where, over)
			}
			// What axe finds hangs on colours and widths, hardly on the language: English pages are asked once in each.
			if lang == "vi" || (scheme == "dark") == (width == 360) {
				if faults := eval[string](b, axe); faults != "" {
					b.Errorf("%s: %s", where, faults)
				}
			}
			if shots == "" {
				continue
			}
			b.must(os.MkdirAll(shots, 0o755))
			png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			b.must(err)
			b.must(os.WriteFile(filepath.Join(shots, fmt.Sprintf("page-%s-%s-%d-%s.png", name, lang, width, scheme)), png, 0o644))
			*pictures++
		}
	}
}
