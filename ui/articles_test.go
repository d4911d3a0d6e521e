package ui_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"hotline1022/ticketing"
)

func (h *house) shelves(articles ...ticketing.Article) {
	h.Helper()
	admin := ticketing.Actor{ID: "admin", Role: ticketing.Administrator}
	for _, a := range articles {
		doc, err := json.Marshal(a)
		h.must(err)
		_, err = h.desk.SaveSetting(h.Context(), admin, ticketing.KindArticle, a.ID, 0, doc)
		h.must(err)
	}
	h.must(h.desk.Catalog.Refresh(h.Context()))
}

var birth = ticketing.Article{Canned: ticketing.Canned{ID: "khai-sinh", Name: "Đăng ký khai sinh ở đâu?", Text: "Tại Ủy ban nhân dân phường, xã."}, Asked: []string{"làm giấy khai sinh"}, More: "Trẻ bị bỏ rơi: mời tới phường.", Source: "Luật Hộ tịch"}

func TestKnowledgeIsReadSearchedAndOffered(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	b.get("/bai-viet").wants(h, 200, "Chưa có bài nào").lacks(h, "Thêm bài viết")
	h.shelves(birth, ticketing.Article{Canned: ticketing.Canned{ID: "cu", Name: "Việc cũ", Text: "x"}, To: "2020-01-01"})
	b.get("/bai-viet").wants(h, 200, "Đăng ký khai sinh ở đâu?", "Tại Ủy ban nhân dân phường, xã.").lacks(h, "Việc cũ")
	b.get("/bai-viet?q=lam+giay+khai+sinh").wants(h, 200, "Đăng ký khai sinh ở đâu?")
	b.get("/bai-viet?q=karaoke").wants(h, 200, "Chưa có bài nào trả lời “karaoke”")
	b.get("/bai-viet/khai-sinh").wants(h, 200, "Trẻ bị bỏ rơi", "Luật Hộ tịch").lacks(h, "Sửa bài này")
	b.get("/bai-viet/cu").wants(h, 404)
	b.get("/bai-viet/nothing").wants(h, 404)
	h.browser().get("/bai-viet/khai-sinh").wants(h, 303).lacks(h, "Trẻ bị bỏ rơi")

	one, other := h.form("Cho hỏi làm giấy khai sinh cần gì", "giao-thong"), h.form("Đèn đường tắt", "chieu-sang")
	b.get("/console/t/"+string(one.Code)).wants(h, 200, "Kho tri thức", "Tại Ủy ban nhân dân phường, xã.", `data-put="khai-sinh"`)
	b.get("/console/t/"+string(other.Code)).wants(h, 200).lacks(h, `data-put="khai-sinh"`)
	b.headers.Set("HX-Request", "true")
	b.get("/console/new/gan?text=lam+giay+khai+si").wants(h, 200, "Tại Ủy ban nhân dân phường, xã.").lacks(h, "data-put")
}

func TestAnArticleIsPutIntoTheBoxInABrowser(t *testing.T) {
	h := newHouse(t)
	h.shelves(birth)
	one := h.form("Cho hỏi làm giấy khai sinh cần gì", "giao-thong")
	b := h.tab().enter("hang")
	b.opens("/console/t/" + string(one.Code))
	b.types("Dạ. ")
	b.do(chromedp.Click(chromedp.CSS(".known summary")), chromedp.Click(chromedp.CSS("[data-put]")))
	b.until("the answer in the box", `document.getElementById("text").value === "Dạ. Tại Ủy ban nhân dân phường, xã."`)
	b.until("saving", saved)
	admin := ticketing.Actor{ID: "admin", Role: ticketing.Administrator}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		uses, err := h.desk.TextUses(t.Context(), admin)
		h.must(err)
		if uses["article/khai-sinh"].N == 1 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the use is not counted: %+v", uses)
		}
	}
}
