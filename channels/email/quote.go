package email

import (
	"regexp"
	"strings"
)

// What mail programs put before the words they repeat. Each begins a line.
var (
	// "Vào Th 2, 23 thg 11, 2026 vào lúc 09:15 Nguyễn Văn A <a@b.vn> đã viết:", which is often broken into lines.
	saidBy = regexp.MustCompile(`(?i)^[>* ]*(vào|ngày|lúc|on|am|le)\s.{5,300}\s(đã viết|viết|wrote|schrieb|a écrit)\s*:\s*$`)
	began  = regexp.MustCompile(`(?i)^[* ]*(vào|ngày|lúc|on|am|le)\s`)
	// Outlook's block.
	headFrom = regexp.MustCompile(`(?i)^[* ]*(từ|người gửi|from|von|de)\s*[:：]\**\s*\S`)
	headMore = regexp.MustCompile(`(?i)^[* ]*(gửi|đã gửi|ngày gửi|ngày|sent|date|đến|tới|người nhận|to|cc|chủ đề|tiêu đề|subject)\s*[:：]`)
	rule     = regexp.MustCompile(`^\s*_{8,}\s*$`)
	original = regexp.MustCompile(`(?i)^[\s>]*-{2,}\s*(original message|original appointment|tin nhắn gốc|tin gốc|thư gốc|thông điệp gốc)\s*-{2,}\s*$`)
	// What stands below a letter.
	signature = regexp.MustCompile(`^-- ?$`)
	sentFrom  = regexp.MustCompile(`(?i)^(sent from my |sent from outlook|get outlook for |được gửi từ |đã gửi từ |gửi từ |sent via |tải outlook cho )\S.{0,80}$`)
)

// own is what the sender of a letter wrote now: without the words it repeats and without the signature. Where nothing
// would be left, it is all of it.
func own(all string) string {
	lines := strings.Split(all, "\n")
	kept := unquote(lines)
	kept = unsign(kept)
	if s := strings.TrimSpace(strings.Join(kept, "\n")); s != "" {
		return s
	}
	return all
}

// unquote takes off what is repeated. An answer written between or below quoted lines stays; repeated words that
// nothing marks go to the end.
func unquote(lines []string) []string {
	var kept []string
	fields := make([]bool, len(lines)) // each line is asked once
	for i, line := range lines {
		fields[i] = strings.ContainsAny(line, ":：") && headMore.MatchString(line)
	}
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if strings.HasPrefix(strings.TrimSpace(line), ">") {
			continue
		}
		if original.MatchString(line) || outlookHead(line, fields[i+1:]) {
			return untail(kept)
		}
		if n := saidLines(lines[i:]); n > 0 {
			if !marked(lines[i+n:]) {
				return untail(kept)
			}
			i += n - 1
			continue
		}
		kept = append(kept, line)
	}
	return kept
}

// untail takes off the rule that Outlook draws above its block.
func untail(kept []string) []string {
	for len(kept) > 0 && (strings.TrimSpace(kept[len(kept)-1]) == "" || rule.MatchString(kept[len(kept)-1])) {
		kept = kept[:len(kept)-1]
	}
	return kept
}

// saidLines is how many lines the words "… wrote:" take at the beginning of these; 0 if they are none.
func saidLines(lines []string) int {
	if !began.MatchString(lines[0]) {
		return 0
	}
	joined := ""
	for n := range min(4, len(lines)) {
		joined = strings.TrimSpace(joined + " " + strings.TrimSpace(lines[n]))
		if strings.HasSuffix(joined, ":") && saidBy.MatchString(joined) {
			return n + 1
		}
		if strings.TrimSpace(lines[n]) == "" || len(joined) > 400 {
			return 0
		}
	}
	return 0
}

// marked says that what follows is quoted line by line.
func marked(lines []string) bool {
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" {
			return strings.HasPrefix(line, ">")
		}
	}
	return false
}

// outlookHead: "Từ:" and, among the next lines, two more fields of a letter's head.
func outlookHead(line string, next []bool) bool {
	more := 0
	for _, field := range next[:min(len(next), 6)] {
		if field {
			more++
		}
	}
	return more >= 2 && headFrom.MatchString(line)
}

func unsign(lines []string) []string {
	for i, line := range lines {
		if i > 0 && signature.MatchString(line) {
			lines = lines[:i]
			break
		}
	}
	for n := len(lines); n > 1; n-- {
		last := strings.TrimSpace(lines[n-1])
		if last != "" && !sentFrom.MatchString(last) {
			break
		}
		lines = lines[:n-1]
	}
	return lines
}
