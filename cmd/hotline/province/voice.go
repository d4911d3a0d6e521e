package province

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode"
	"unicode/utf8"

	"hotline1022/ticketing/text"
)

// matter is one thing citizens write about, with what is asked, replied and answered. {so}, {duong}, {noi} and {luc}
// are a house, a street, a place and a time.
type matter struct {
	ID       string   `json:"id"`
	Category string   `json:"category"`
	Kind     string   `json:"kind"`
	Weight   int      `json:"weight"`
	Public   bool     `json:"public"`
	Subject  string   `json:"subject"`
	Texts    []string `json:"texts"`
	Ask      string   `json:"ask"`
	Reply    string   `json:"reply"`
	Answers  []string `json:"answers"`
}

var (
	streets = []string{"đường Trần Phú", "Nguyễn Huệ", "đường Lê Lợi", "Phan Bội Châu", "đường Hùng Vương", "đường 24 Tháng 3", "Huỳnh Thúc Kháng", "đường Bạch Đằng", "Nguyễn Văn Trỗi", "đường Trưng Nữ Vương"}
	times   = []string{"từ tối qua", "mấy bữa nay", "ba đêm liền", "cả tuần nay", "từ sáng tới giờ", "hơn 10 ngày rồi", "từ hôm thứ Hai"}
	family  = []string{"Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Phan", "Võ", "Đặng", "Bùi", "Ngô", "Hồ", "Trương"}
	middle  = []string{"Văn", "Thị", "Minh", "Thanh", "Ngọc", "Đình", "Quốc", "Thu", "Hữu", "Kim"}
	given   = []string{"Bình", "Hoa", "Sơn", "Lan", "Tuấn", "Hương", "Phúc", "Yến", "Dũng", "Nga", "Khánh", "Thảo", "Vinh", "Tý", "Sen", "Ánh", "Đông", "Út"}
)

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// fullName of somebody who does not exist.
func fullName(r *rand.Rand) string {
	return pick(r, family) + " " + pick(r, middle) + " " + pick(r, given)
}

// number is of a block that is not given out to subscribers.
func number(r *rand.Rand) string { return fmt.Sprintf("090000%04d", 1000+r.IntN(9000)) }

// scene fills the places of a text.
type scene struct{ house, street, place, when string }

func (s scene) fill(t string) string {
	return strings.NewReplacer("{so}", s.house, "{duong}", s.street, "{noi}", s.place, "{luc}", s.when).Replace(t)
}

// say puts a text into one of the voices people write in.
func say(r *rand.Rand, t string) string {
	switch r.IntN(12) {
	case 0, 1:
		return strings.ToLower(text.Fold(t)) // no marks, no stops, as typed in a hurry
	case 2:
		return text.Fold(chat(t))
	case 3:
		return chat(t)
	case 4:
		return dialect(t)
	case 5:
		return text.Fold(dialect(t))
	case 6:
		return typos(r, t)
	case 7:
		return strings.ToUpper(t)
	case 8:
		return "Kính gửi Tổng đài 1022. Tôi là người dân sống ở đây đã hơn hai mươi năm. " + t +
			" Chúng tôi đã nhiều lần góp ý với tổ dân phố nhưng chưa thấy chuyển biến. Rất mong các cơ quan chức năng sớm xem xét, giải quyết cho bà con. Xin trân trọng cảm ơn!"
	case 9:
		first, size := utf8.DecodeRuneInString(t)
		return "Alo tổng đài ơi, " + string(unicode.ToLower(first)) + t[size:] + " 😥"
	}
	return t
}

// chat writes as on a telephone: ko, dc, j, ng …
func chat(t string) string {
	return replaceWords(t, "không", "ko", "được", "dc", "gì", "j", "người", "ng", "rồi", "r", "vậy", "z", "bây giờ", "bh",
		"như thế nào", "ntn", "biết", "bít", "hồ sơ", "hs", "Cho em hỏi", "ad cho e hỏi", "đường", "đg", "nhiều", "nhìu", "với", "vs")
}

// dialect is how the province speaks: chi, mô, ni, rứa, răng.
func dialect(t string) string {
	return replaceWords(t, "gì", "chi", "đâu", "mô", "này", "ni", "nay", "ni", "vậy", "rứa", "sao", "răng", "không", "khôn", "rất", "dữ lắm,", "nữa", "nựa", "tôi", "tui", "Tôi", "Tui", "kia", "tê")
}

// replaceWords replaces whole words only.
func replaceWords(t string, pairs ...string) string {
	t = " " + t + " "
	for i := 0; i+1 < len(pairs); i += 2 {
		for _, end := range []string{" ", ",", ".", "?"} {
			t = strings.ReplaceAll(t, " "+pairs[i]+end, " "+pairs[i+1]+end)
		}
	}
	return strings.TrimSpace(t)
}

// typos swaps and doubles letters here and there.
func typos(r *rand.Rand, t string) string {
	letters := []rune(t)
	for range 1 + len(letters)/40 {
		i := 1 + r.IntN(max(1, len(letters)-2))
		if letters[i] != ' ' && i+1 < len(letters) && letters[i+1] != ' ' {
			letters[i], letters[i+1] = letters[i+1], letters[i]
		}
	}
	return string(letters)
}
