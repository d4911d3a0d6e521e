package text

import "testing"

func TestLanguage(t *testing.T) {
	for s, want := range map[string]string{
		"Đèn đường trước nhà tắt ba hôm nay":                          Vietnamese,
		"den duong truoc nha tat 3 hom nay chua ai sua":               Vietnamese,
		"ad oi nha e bi mat nc tu sang gio k biet khi nao co lai":     Vietnamese,
		"ko dc j het z ad, kt giup e vs":                              Vietnamese,
		"me toi 76 tuoi khong co luong huu duoc nhan tro cap gi":      Vietnamese,
		"Cho hỏi thủ tục online trên web có được không":               Vietnamese,
		"The street lamp in front of my house has been dark for days": English,
		"no water since this morning, please help":                    English,
		"There is a big hole in the road near Han market":             English,
		"Hello, where can I get the visa extension form?":             English,
		"我家门前的路灯坏了三天":                                                 Chinese,
		"街灯が三日間消えています Đà Nẵng":                                        Japanese,
		"가로등이 고장났어요":                                                  Korean,
		"Фонарь перед домом не горит":                                 Russian,
		"ok": "", "0905123182": "", "": "", "Nguyen Van A": "", "👍👍": "", "thanks": "",
	} {
		if got := Language(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func FuzzLanguage(f *testing.F) {
	for _, s := range []string{"Đèn tắt", "the lamp is dark", "街灯が", "\xff\xfe", "a\u0300\u0300"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Language(s)
		for _, l := range Languages {
			if got == l || got == "" {
				return
			}
		}
		t.Errorf("%q", got)
	})
}
