package email

import (
	"regexp"
	"strings"

	"github.com/emersion/go-message"
)

// robots are local parts that no person reads.
var robots = regexp.MustCompile(`^(mailer-daemon|postmaster|daemon|(no|do-?not|khong)[-_.]?(reply|tra-?loi)|noreply|donotreply|bounces?|auto-?reply|notifications?)([-+._].*)?$`)

// machine says why a letter must not be answered by a machine (RFC 3834 section 2), and whether it is itself an
// automatic answer. "" is a person.
func machine(h message.Header, from, own string) (why string, reply bool) {
	auto := first(h.Get("Auto-Submitted"))
	if auto == "auto-replied" || h.Has("X-Autoreply") || h.Has("X-Autorespond") || first(h.Get("Precedence")) == "auto_reply" || h.Has("X-Autoreply-From") {
		return "auto-reply", true
	}
	local, _, _ := strings.Cut(from, "@")
	switch {
	case auto != "" && auto != "no":
		return "auto-submitted", false
	case suppressed(h.Get("X-Auto-Response-Suppress")):
		return "suppressed", false
	case bulk(first(h.Get("Precedence"))):
		return "bulk", false
	case h.Has("List-Id"), h.Has("List-Unsubscribe"):
		return "list", false
	case h.Has("Return-Path") && strings.Trim(h.Get("Return-Path"), " <>") == "":
		return "no return path", false
	case from == "":
		return "no sender", false
	case strings.EqualFold(from, own):
		return "ourselves", false
	case robots.MatchString(local):
		return "robot", false
	}
	if kind, _, _ := h.ContentType(); kind == "multipart/report" {
		return "report", false
	}
	return "", false
}

func first(v string) string {
	v, _, _ = strings.Cut(v, ";")
	v, _, _ = strings.Cut(v, "(")
	return strings.ToLower(strings.TrimSpace(v))
}

func bulk(precedence string) bool {
	return precedence == "bulk" || precedence == "junk" || precedence == "list"
}

// suppressed: [MS-OXCMAIL] 2.1.3.2.21.
func suppressed(v string) bool {
	for word := range strings.SplitSeq(strings.ToLower(v), ",") {
		switch strings.TrimSpace(word) {
		case "all", "autoreply", "oof":
			return true
		}
	}
	return false
}

var (
	dmarcVerdict = regexp.MustCompile(`(?i)\bdmarc\s*=\s*([a-z]+)`)
	spfVerdict   = regexp.MustCompile(`(?i)\bspf\s*=\s*([a-z]+)`)
	dkimVerdict  = regexp.MustCompile(`(?i)\bdkim\s*=\s*([a-z]+)`)
)

// doubted reads what our own mail server thinks of the sender's address (RFC 8601). Only the uppermost field of that
// name counts: lower ones may have come with the letter.
func doubted(h message.Header, authserv string) bool {
	if authserv == "" {
		return false
	}
	for fields := h.FieldsByKey("Authentication-Results"); fields.Next(); {
		id, results, _ := strings.Cut(fields.Value(), ";")
		if id, _, _ = strings.Cut(strings.TrimSpace(id), " "); !strings.EqualFold(id, authserv) {
			continue
		}
		if v := verdict(dmarcVerdict, results); v != "" && v != "none" {
			return v == "fail" || v == "permerror"
		}
		return verdict(spfVerdict, results) == "fail" && verdict(dkimVerdict, results) != "pass"
	}
	return false
}

func verdict(of *regexp.Regexp, results string) string {
	if m := of.FindStringSubmatch(results); m != nil {
		return strings.ToLower(m[1])
	}
	return ""
}
