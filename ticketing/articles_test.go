package ticketing_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"hotline1022/ticketing"
)

var shelf = []ticketing.Article{
	{Canned: ticketing.Canned{ID: "khai-sinh", Name: "Đăng ký khai sinh cho con ở đâu, cần giấy tờ gì?", Text: "Tại Ủy ban nhân dân phường, xã nơi cư trú, không mất lệ phí."}, Asked: []string{"làm giấy khai sinh"}},
	{Canned: ticketing.Canned{ID: "hon-nhan", Name: "Xin giấy xác nhận tình trạng hôn nhân ở đâu?", Text: "Tại Ủy ban nhân dân phường, xã nơi thường trú."}, Asked: []string{"giấy độc thân"}},
	{Canned: ticketing.Canned{ID: "mat-dien", Name: "Mất điện thì gọi đâu, bao giờ có lại?", Text: "Gọi tổng đài điện lực. Chào {ten}.", Categories: []string{"chieu_sang"}}, Asked: []string{"cúp điện", "lịch cắt điện"}},
	{Canned: ticketing.Canned{ID: "mat-nuoc", Name: "Mất nước thì gọi đâu?", Text: "Gọi công ty cấp nước."}, Asked: []string{"nước yếu"}},
	{Canned: ticketing.Canned{ID: "ho-so", Name: "Tra cứu hồ sơ đã nộp đang ở bước nào?", Text: "Bằng mã hồ sơ trên giấy tiếp nhận."}, Asked: []string{"hồ sơ tới đâu rồi"}},
	{Canned: ticketing.Canned{ID: "cu", Name: "Đổi giấy phép lái xe mẫu cũ", Text: "Đã hết hiệu lực."}, To: "2026-01-01"},
	{Canned: ticketing.Canned{ID: "tat", Name: "Đăng ký tạm trú", Text: "Không dùng.", Off: true}},
}

func (o *office) shelve(articles ...ticketing.Article) {
	o.t.Helper()
	for _, a := range articles {
		doc, err := json.Marshal(a)
		if err != nil {
			o.t.Fatal(err)
		}
		admin := ticketing.Actor{ID: "admin", Role: ticketing.Administrator}
		if _, err := o.SaveSetting(o.t.Context(), admin, ticketing.KindArticle, a.ID, 0, doc); err != nil {
			o.t.Fatalf("%s: %v", a.ID, err)
		}
	}
	if err := o.Catalog.Refresh(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

func TestAnArticleIsFoundByWhatACitizenSays(t *testing.T) {
	o := open(t)
	o.shelve(shelf...)
	know := o.Catalog.Current().Knowledge
	for _, c := range []struct{ said, want string }{
		{"dang ky khai sinh", "khai-sinh"},
		{"Em mới sinh cháu đầu lòng, cho em hỏi muốn làm giấy khai sinh thì cần mang những giấy tờ gì và làm ở đâu ạ", "khai-sinh"},
		{"xin giay doc than de ket hon", "hon-nhan"},
		{"Khu phố em bị cúp điện từ 8 giờ sáng tới giờ", "mat-dien"},
		{"mat dien duong Tran Phu tu sang", "mat-dien"},
		{"nhà tôi mất nước hai ngày", "mat-nuoc"},
		{"hồ sơ đất đai của tôi nộp tháng trước tới đâu rồi", "ho-so"},
		// None is better than a wrong one.
		{"Đèn đường trước nhà số 12 tắt ba hôm nay", ""},
		{"Cho hỏi ở đâu cần gì bao giờ có ạ", ""},
		{"Nước mắm của cơ sở này có mùi lạ", ""},
		{"đổi giấy phép lái xe", ""}, // no longer holds
		{"đăng ký tạm trú", ""},      // switched off; "đăng ký" alone is another matter's
		{"", ""},
	} {
		found := know.Find(ticketing.KnowledgeQuery{Text: c.said, At: o.Now(), Most: 3})
		first := ""
		if len(found) > 0 {
			first = found[0].ID
		}
		if first != c.want {
			t.Errorf("%q finds %q, want %q", c.said, first, c.want)
		}
	}
	for _, typed := range []string{"khai si", "giấy độ", "mất đi", "điện", "cúp"} { // the last word is not finished, or is one only
		if found := know.Find(ticketing.KnowledgeQuery{Text: typed, At: o.Now(), Most: 3, Unfinished: true}); len(found) == 0 {
			t.Errorf("%q finds nothing while it is typed", typed)
		}
	}
	both := know.Find(ticketing.KnowledgeQuery{Text: "mất điện mất nước", At: o.Now(), Most: 3, Category: "chieu_sang"})
	if len(both) != 2 || both[0].ID != "mat-dien" {
		t.Errorf("the ticket's category comes first: %+v", both)
	}
}

func TestAnArticleIsOfferedAsItWouldBeSent(t *testing.T) {
	o := open(t)
	o.shelve(shelf...)
	tk := o.receive(ticketing.Incoming{Text: "Xóm em cúp điện", Name: "Lê Thị Bé", Phone: "0905123182"})
	all, err := o.Prepared(t.Context(), operator, tk.Code, "vi")
	if err != nil || len(all) != 1 || all[0].Kind != ticketing.KindArticle || !strings.Contains(all[0].Text, "Chào Lê Thị Bé.") {
		t.Fatalf("%+v, %v", all, err)
	}
	if err := o.CountUse(t.Context(), operator, tk.Code, ticketing.KindArticle, "mat-dien"); err != nil {
		t.Error(err)
	}
	uses, err := o.TextUses(t.Context(), supervisor)
	if err != nil || uses["article/mat-dien"].N != 1 {
		t.Errorf("%+v, %v", uses, err)
	}
	if err := o.CountUse(t.Context(), operator, tk.Code, ticketing.KindArticle, "no-such"); ticketing.ClassOf(err) != ticketing.NotFound {
		t.Errorf("one that is not there: %v", err)
	}
	secret := o.receive(ticketing.Incoming{Kind: ticketing.Denunciation, Text: "Xóm em cúp điện", Name: "Lê Thị Bé", Phone: "0905123182"})
	if got := o.Known(operator, secret, ticketing.Person{}); got != nil {
		t.Errorf("a denunciation is answered from no shelf: %+v", got)
	}
	if got := o.Asked(citizen, ticketing.KnowledgeQuery{Text: "cúp điện", Most: 1}); got != nil {
		t.Errorf("what staff know is not for everybody: %+v", got)
	}
}

func TestArticlesAreChecked(t *testing.T) {
	o := open(t)
	admin := ticketing.Actor{ID: "admin", Role: ticketing.Administrator}
	for field, doc := range map[string]string{
		"name":   `{"id":"x","text":"y"}`,
		"text":   `{"id":"x","name":"Hỏi","text":" "}`,
		"asked":  `{"id":"x","name":"Hỏi","text":"y","asked":["!!"]}`,
		"to":     `{"id":"x","name":"Hỏi","text":"y","from":"2026-02-01","to":"2026-01-01"}`,
		"":       `{"id":"x","name":"Hỏi","text":"y","channels":["zalo"]}`,
		"review": `{"id":"x","name":"Hỏi","text":"y","review":"mai"}`,
	} {
		_, err := o.SaveSetting(t.Context(), admin, ticketing.KindArticle, "x", 0, []byte(doc))
		if e, ok := err.(*ticketing.Error); !ok || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	o.shelve(ticketing.Article{Canned: ticketing.Canned{ID: "x", Name: "Đèn đường hỏng thì sao?", Text: "y", Categories: []string{"chieu_sang"}}, Review: "2026-04-24"})
	if got := o.Asked(operator, ticketing.KnowledgeQuery{Text: "đèn đường nhà em hỏng", Most: 1}); len(got) != 1 || !got[0].Stale {
		t.Errorf("it must be looked over today: %+v", got)
	}
}

func BenchmarkKnowledge(b *testing.B) {
	o := open(b)
	var all []ticketing.Article
	syllables := strings.Fields("đăng ký khai sinh hôn nhân hồ sơ đất đai giấy phép xây dựng lái xe mất điện nước rác đường cầu cống trường học bệnh viện thuế phí bảo hiểm")
	pick := func(i, n int) string {
		var s []string
		for k := range n {
			s = append(s, syllables[(i*7+k*k+k)%len(syllables)])
		}
		return strings.Join(s, " ")
	}
	for i := range 2000 {
		all = append(all, ticketing.Article{Canned: ticketing.Canned{ID: fmt.Sprint("a", i), Name: pick(i, 8), Text: pick(i+3, 80)}, Asked: []string{pick(i+1, 5), pick(i+2, 6)}})
	}
	know := ticketing.NewKnowledge(all)
	b.ReportAllocs()
	for b.Loop() {
		know.Find(ticketing.KnowledgeQuery{Text: pick(11, 120), At: o.Now(), Most: 3})
	}
}
