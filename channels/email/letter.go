package email

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime"
	"net/mail"
	"path"
	"regexp"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"

	"hotline1022/ticketing/text"
)

// The most of one letter that is read. What is beyond stays in the mailbox.
const (
	maxLetter  = 36 << 20  // bytes; 26 MB of files, as base64 makes them
	maxBody    = 256 << 10 // bytes of one text part
	maxWords   = 512 << 10 // and of all together
	maxSubject = 2 << 10   // bytes looked at
	maxNesting = 8         // parts in parts
	maxLeaves  = 100       // parts looked at
	maxRefs    = 60        // message ids of References looked at
	maxHeader  = 256 << 10
)

// letter is one message as read. Reading never fails: what cannot be read is not there.
type letter struct {
	Key     string // of the message: the same for the same message, wherever it lies
	ID      string // Message-ID without brackets; "" if it has none
	Refs    []string
	From    mail.Address
	Subject string // without Re: and Fwd:
	Forward bool
	Text    string // everything that was written, quoted words too
	Parts   []part
	Lost    int // parts that were too many or could not be read

	Machine string // why a machine must have written it or nobody may answer it; "" is a person
	Reply   bool   // an automatic reply to something
	Report  *report
	Unsure  bool // our own mail server doubts the sender's address
}

// part is an attachment, or a picture within the text.
type part struct {
	Name   string
	Inline bool
	Data   []byte
}

// read takes a message apart. own is our address, authserv the name under which our mail server writes what it
// thinks of the sender ("" none).
func read(raw []byte, own, authserv string) letter {
	head, body := splitHead(raw)
	h := message.Header{Header: parseHead(head)}
	l := letter{ID: firstID(h.Get("Message-Id")), From: sender(h)}
	l.Key = keyOf(l.ID, l.From.Address, raw)
	l.Subject, l.Forward = bareSubject(decodeWords(h.Get("Subject")))
	l.Refs = references(h)
	w := walker{l: &l}
	entity, err := message.New(h, body)
	if entity != nil && (err == nil || message.IsUnknownCharset(err) || message.IsUnknownEncoding(err)) {
		w.walk(entity, 0)
	}
	l.Text = text.NFC(strings.Join(w.texts, "\n\n"))
	l.Report = w.report
	l.Machine, l.Reply = machine(h, l.From.Address, own)
	l.Unsure = doubted(h, authserv)
	return l
}

// keyOf makes a repeat harmless. A Message-ID is chosen by the sender: with her address in the key nobody can spend
// a stranger's.
func keyOf(id, from string, raw []byte) string {
	h := sha256.New()
	if id != "" {
		io.WriteString(h, "id\n"+id+"\n"+strings.ToLower(from))
	} else {
		io.WriteString(h, "bytes\n")
		h.Write(raw)
	}
	return "email:" + hex.EncodeToString(h.Sum(nil)[:20])
}

// splitHead parts header and body at the first empty line.
func splitHead(raw []byte) (head, body *bytes.Reader) {
	rest := raw
	for len(rest) > 0 {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		if len(bytes.TrimRight(line, "\r")) == 0 {
			return bytes.NewReader(raw[:len(raw)-len(rest)]), bytes.NewReader(after)
		}
		rest = after
	}
	return bytes.NewReader(raw), bytes.NewReader(nil)
}

var fieldLine = regexp.MustCompile(`^[!-9;-~]+[ \t]*:`)

// parseHead reads header fields and passes over lines that are none: one bad line must not cost the letter.
func parseHead(r io.Reader) textproto.Header {
	var clean bytes.Buffer
	lines := bufio.NewScanner(io.LimitReader(r, maxHeader))
	lines.Buffer(nil, maxHeader)
	kept := false
	for lines.Scan() {
		line := bytes.TrimRight(lines.Bytes(), "\r")
		switch {
		case fieldLine.Match(line):
			kept = true
		case kept && len(line) > 0 && (line[0] == ' ' || line[0] == '\t') && len(bytes.TrimSpace(line)) > 0:
		default:
			kept = false
			continue
		}
		clean.Write(line)
		clean.WriteString("\r\n")
	}
	clean.WriteString("\r\n")
	h, err := textproto.ReadHeader(bufio.NewReader(&clean))
	if err != nil {
		return textproto.Header{}
	}
	return h
}

// walker collects the texts and files of a letter's parts.
type walker struct {
	l      *letter
	texts  []string
	leaves int
	said   int // bytes of texts, also of those that are not kept
	report *report
}

func (w *walker) walk(e *message.Entity, depth int) {
	kind, params, err := e.Header.ContentType()
	if err != nil && kind == "" {
		kind = "text/plain"
	}
	kind = strings.ToLower(kind)
	switch w.leaves++; {
	case depth > maxNesting || w.leaves > maxLeaves:
		w.l.Lost++
	case kind == "multipart/alternative":
		w.alternative(e, depth)
	case strings.HasPrefix(kind, "multipart/"):
		if kind == "multipart/report" {
			w.report = &report{kind: strings.ToLower(params["report-type"])}
		}
		w.each(e, func(p *message.Entity) { w.walk(p, depth+1) })
	case w.report != nil && (kind == "message/delivery-status" || kind == "message/rfc822" || kind == "text/rfc822-headers" || kind == "message/rfc822-headers"):
		w.report.read(kind, limited(e.Body, maxBody))
	case kind == "message/rfc822":
		w.enclosed(e, depth)
	case attachment(e, kind):
		w.file(e, kind, params)
	case kind == "text/html":
		w.say(htmlText(decode(params["charset"], limited(e.Body, maxBody))))
	case strings.HasPrefix(kind, "text/"):
		w.say(decode(params["charset"], limited(e.Body, maxBody)))
	default:
		w.file(e, kind, params)
	}
}

func (w *walker) say(s string) {
	if s = strings.TrimSpace(s); s == "" {
		return
	}
	if w.said += len(s); w.said > maxWords {
		w.l.Lost++
		return
	}
	w.texts = append(w.texts, s)
}

// each reads the parts up to the first that is broken.
func (w *walker) each(e *message.Entity, do func(*message.Entity)) {
	parts := e.MultipartReader()
	if parts == nil {
		return
	}
	for w.leaves <= maxLeaves {
		p, err := parts.NextPart()
		if p == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
			if err != nil && err != io.EOF {
				w.l.Lost++
			}
			return
		}
		do(p)
	}
}

// alternative takes of several forms of the same words the plain one; files that stand among them are taken too.
func (w *walker) alternative(e *message.Entity, depth int) {
	before := w.texts
	var plain, rich []string
	w.each(e, func(p *message.Entity) {
		kind, _, _ := p.Header.ContentType()
		w.texts = nil
		w.walk(p, depth+1)
		if strings.EqualFold(kind, "text/plain") {
			plain = append(plain, w.texts...)
		} else if len(w.texts) > 0 {
			rich = w.texts
		}
	})
	if len(plain) == 0 {
		plain = rich
	}
	w.texts = append(before, plain...)
}

// enclosed is a letter sent along: its words belong to what the citizen wants to say.
func (w *walker) enclosed(e *message.Entity, depth int) {
	head, body := splitHead(limited(e.Body, maxLetter))
	inner, err := message.New(message.Header{Header: parseHead(head)}, body)
	if inner == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		w.l.Lost++
		return
	}
	w.say(decodeWords(inner.Header.Get("Subject")))
	w.walk(inner, depth+1)
}

// attachment says whether a part is a file rather than words of the letter.
func attachment(e *message.Entity, kind string) bool {
	disp, params, _ := e.Header.ContentDisposition()
	if strings.EqualFold(disp, "attachment") {
		return true
	}
	return !strings.HasPrefix(kind, "text/") || params["filename"] != "" && kind != "text/plain" && kind != "text/html"
}

// file keeps a part's bytes. What only says something about the letter itself is passed over.
func (w *walker) file(e *message.Entity, kind string, params map[string]string) {
	switch kind {
	case "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature", "message/delivery-status",
		"message/disposition-notification", "text/rfc822-headers", "message/rfc822-headers":
		return
	}
	disp, more, _ := e.Header.ContentDisposition()
	name := more["filename"]
	if name == "" {
		name = params["name"]
	}
	data, err := io.ReadAll(io.LimitReader(e.Body, maxLetter))
	if err != nil { // half a file is none
		w.l.Lost++
		return
	}
	p := part{Name: path.Base(strings.ReplaceAll(decodeWords(name), `\`, "/")), Data: data}
	p.Inline = strings.EqualFold(disp, "inline") || e.Header.Get("Content-Id") != ""
	if p.Name == "." || p.Name == "/" {
		p.Name = ""
	}
	if p.Name == "" && strings.HasPrefix(kind, "image/") {
		p.Name = strings.Replace(kind, "/", ".", 1)
	}
	const pixel = 600 // bytes: a picture of that size within the text counts who reads, or draws a line
	if len(p.Data) == 0 || p.Inline && len(p.Data) < pixel && strings.HasPrefix(kind, "image/") {
		return
	}
	w.l.Parts = append(w.l.Parts, p)
}

// limited reads at most so much; what a broken encoding lets through is kept.
func limited(r io.Reader, most int64) []byte {
	b, _ := io.ReadAll(io.LimitReader(r, most)) // an error only means that no more can be read
	return b
}

var addressLike = regexp.MustCompile(`[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+`)

var bracketed = regexp.MustCompile(`<([^<>\s]+@[^<>\s]+)>`)

// likeliest is the address in a field that breaks the rules: the last in brackets, else the first at all.
func likeliest(from string) string {
	if all := bracketed.FindAllStringSubmatch(from, -1); len(all) > 0 {
		return addressLike.FindString(all[len(all)-1][1])
	}
	return addressLike.FindString(from)
}

// sender is who says to have written; the address is "" if there is none that could be answered.
func sender(h message.Header) mail.Address {
	from := h.Get("From")
	parser := mail.AddressParser{WordDecoder: &wordDecoder}
	var a mail.Address
	if all, err := parser.ParseList(from); err == nil && len(all) > 0 {
		a = *all[0]
	} else if found := likeliest(from); found != "" {
		a.Address = found
		name, _, _ := strings.Cut(from, found)
		a.Name = decodeWords(strings.Trim(name, " \t<\"'"))
	}
	a.Address = strings.ToLower(a.Address)
	if len(a.Address) > 254 || addressLike.FindString(a.Address) != a.Address || strings.HasSuffix(a.Address, ".") {
		a.Address = ""
	}
	a.Name = strings.ReplaceAll(text.NFC(a.Name), "\n", " ")
	if strings.EqualFold(a.Name, a.Address) {
		a.Name = ""
	}
	return a
}

var idLike = regexp.MustCompile(`<([!-;=?-~]{1,250})>`)

func firstID(s string) string {
	if m := idLike.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	if m := idLike.FindStringSubmatch("<" + strings.TrimSpace(s) + ">"); m != nil {
		return m[1]
	}
	return ""
}

// references are the ids of the messages this one follows, the nearest last.
func references(h message.Header) []string {
	var out []string
	for _, field := range []string{"References", "In-Reply-To"} {
		for _, m := range idLike.FindAllStringSubmatch(h.Get(field), -1) {
			out = append(out, m[1])
		}
	}
	if len(out) > maxRefs {
		out = out[len(out)-maxRefs:]
	}
	return out
}

var (
	repliedTo = regexp.MustCompile(`(?i)^(re|aw|sv|tr|trả lời|tra loi|tl|phản hồi|v/v trả lời)\s*(\[\d+\])?\s*[:：]\s*`)
	forwarded = regexp.MustCompile(`(?i)^(fwd?|wg|chuyển tiếp|chuyen tiep|ct)\s*[:：]\s*`)
)

// bareSubject takes off what mail programs put before a subject.
func bareSubject(s string) (bare string, forward bool) {
	s = strings.Join(strings.Fields(text.NFC(s[:min(len(s), maxSubject)])), " ")
	for {
		switch {
		case repliedTo.MatchString(s):
			s = repliedTo.ReplaceAllString(s, "")
		case forwarded.MatchString(s):
			s, forward = forwarded.ReplaceAllString(s, ""), true
		default:
			return s, forward
		}
	}
}

var wordDecoder = mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
	b, err := io.ReadAll(r)
	return strings.NewReader(decode(charset, b)), err
}}

// decodeWords is a header field's text (RFC 2047), or what is there where it breaks the rules.
func decodeWords(s string) string {
	if out, err := wordDecoder.DecodeHeader(s); err == nil {
		return decode("", []byte(out))
	}
	return decode("", []byte(s))
}
