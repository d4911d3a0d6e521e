package text

import "strings"

// thanks are the folded phrases and the signs that say thanks by themselves.
// Folded hands do not: they also beg.
var thanks = phrases(`
	cam on, camon, cam ta, da ta, tri an, cmon, tks, thks, thx, thank, thanks, thank you, thank u, thankyou,
	👍, ❤, ♥, 👏, 💐, 🌹, 🌷`)

// courtesies are what may stand around thanks without asking for anything. A
// word that can carry a wish, a doubt or news does not belong here.
var courtesies = phrases(`
	ok, oke, okay, okie, oki, okela, da, vang, u, um, uh, roi, xin, chan thanh, tran trong, thanh that,
	nhieu, rat, rat nhieu, lam, a, ah, nhe, nha, nhen, ne, so much, very much, a lot,
	em, anh, chi, co, chu, bac, ong, ba, ban, minh, toi, tui, con, chau, e, c, ad, admin, cac, quy, moi nguoi,
	tong dai, 1022, tong dai 1022, trung tam, can bo, tong dai vien,
	da ho tro, da giup, da giup do, da tra loi, da phan hoi, da quan tam, da tu van, da nhiet tinh, vi,
	🙏, 😊, 🙂, 🥰, 😍, 😘, 👌, 🤝, 💕`)

// longestPhrase is the most words that a phrase above has.
const longestPhrase = 3

func phrases(list string) map[string]bool {
	m := make(map[string]bool)
	for _, phrase := range strings.Split(list, ",") {
		m[strings.TrimSpace(phrase)] = true
	}
	return m
}

// IsThanks says whether a message does nothing but thank, so that it need not
// open a closed ticket again. When in doubt it is false: a question mark, a
// sad face or one unknown word is doubt enough.
func IsThanks(s string) bool {
	if len(s) > 300 || strings.ContainsAny(s, "?？") || strings.Contains(s, ":(") {
		return false
	}
	words := strings.Fields(spacedSigns(Fold(s)))
	said := false
	for len(words) > 0 {
		n := min(longestPhrase, len(words))
		for ; n > 0; n-- {
			phrase := strings.Join(words[:n], " ")
			if thanks[phrase] {
				said = true
				break
			}
			if courtesies[phrase] {
				break
			}
		}
		if n == 0 {
			return false
		}
		words = words[n:]
	}
	return said
}

// spacedSigns sets emoji apart and leaves out the colours of their skin.
func spacedSigns(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case 0x1F3FB <= r && r <= 0x1F3FF:
		case r >= 0x2190: // arrows, signs and emoji; letters of our languages lie below
			b.WriteString(" " + string(r) + " ")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
