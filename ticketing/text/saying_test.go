package text

import "testing"

func TestASayingIsTheWholeMessage(t *testing.T) {
	thanks := NewSaying([]string{"cảm ơn", "cám ơn", "tks", "👍", "❤"}, []string{"ạ", "a", "anh", "chị", "anh chị", "tổng đài 1022", "con", "tôi", "nhiều", "nhieu", "🙂", "đã trả lời", "  ", "!!"})
	for _, s := range []string{
		"cảm ơn", "CẢM ƠN!!!", "cam on", "Cam on nhieu", "cảm  ơn…  ạ", "cảm ơnnnn", "Tks a", "👍🏽👍", "❤️", "<3", "cảm ơn :)",
		"cảm ơn anh chị", "cam on anh chi", "cảm ơn tổng đài 1022 đã trả lời", "cam on tong dai 1022 da tra loi", "ca\u0309m o\u031bn", "con cảm ơn",
	} {
		if !thanks.Is(s) {
			t.Errorf("%q does say it", s)
		}
	}
	for _, s := range []string{
		"", "  ", "!!", "anh chị ạ", "cấm ồn", "cảm ơn?", "cảm ơn？", "cảm ơn :(", "cảm ơn 😡", "cảm ơn nhưng chưa xong", "không cảm ơn",
		"con toi cam on", // còn tối: a lone bare syllable means too many things
		"còn cảm ơn", "cảm ơn tổng đài 1023", "cảm", "cảm ơn 1022", "👎",
	} {
		if thanks.Is(s) {
			t.Errorf("%q does not say it", s)
		}
	}
	if (Saying{}).Is("x") || NewSaying(nil, nil).Is("") {
		t.Error("nothing says something")
	}
}
