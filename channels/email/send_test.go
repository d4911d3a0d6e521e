package email

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

const code ticketing.Code = "AAAABBBBCCCC"

func outbound(text string, files ...ticketing.File) ticketing.Outbound {
	return ticketing.Outbound{To: man, Ticket: code, N: 3, Try: 1, Subject: "Đèn đường hỏng", Text: text, Files: files, Human: true}
}

func TestALetterGoesOut(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("Mận", man)
	f, err := h.desk.Files.Save(t.Context(), strings.NewReader("biên bản kiểm tra"), "Biên bản.txt")
	must(t, err)
	receipt, err := h.ch.Send(t.Context(), outbound("Đèn đã sửa xong.", f))
	must(t, err)
	m := h.mail(man, 1)[0]
	if c, n, ok := h.ch.resolve(m.ID); !ok || c != code || n != 3 || m.ID != receipt+"@example.vn" {
		t.Errorf("id %q, receipt %q", m.ID, receipt)
	}
	from, err := mail.ParseAddress(m.Header.Get("From"))
	must(t, err)
	if from.Address != office || from.Name != "Tổng đài 1022" || m.Header.Get("To") != "<"+man+">" || m.Subject != "Đèn đường hỏng" {
		t.Errorf("%q %q %q", from, m.Header.Get("To"), m.Subject)
	}
	if !strings.HasPrefix(m.Text, "Đèn đã sửa xong.\n\n-- \nTổng đài 1022\n") || !strings.Contains(m.Text, "https://1022.example.vn/t/AAAABBBBCCCC") {
		t.Errorf("%q", m.Text)
	}
	if string(m.Files["Biên bản.txt"]) != "biên bản kiểm tra" {
		t.Errorf("%q", m.Files)
	}
	for _, r := range m.Raw {
		if r > 126 {
			t.Fatal("a byte beyond ASCII: not every server takes those")
		}
	}
	if m.Header.Get("Auto-Submitted") != "" {
		t.Error("what a person wrote is no automatic answer")
	}
	if strings.Contains(string(m.Raw), string(code)) && strings.Contains(m.ID, string(code)) {
		t.Error("the code stands in the id")
	}
	if !h.ch.Health().Speaks || h.ch.Health().LastSent.IsZero() || h.ch.Health().Counts["sent"] != 1 {
		t.Errorf("%+v", h.ch.Health())
	}
}

func TestWhatTheProgramWritesSaysSo(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("Mận", man)
	for n, want := range map[int]string{1: "auto-replied", 4: "auto-generated"} {
		m := outbound("Đã nhận.")
		m.N, m.Human = n, false
		_, err := h.ch.Send(t.Context(), m)
		must(t, err)
		in := h.sim.Inbox(man)
		if got := in[len(in)-1].Header.Get("Auto-Submitted"); got != want {
			t.Errorf("event %d: %q, want %q", n, got, want)
		}
	}
}

// Line ends in what others chose must not begin a field of ours.
func TestNoFieldCanBeSmuggledIn(t *testing.T) {
	evil := "x\r\nBcc: evil@example.com\r\n\r\nbody"
	h := newHouse(t)
	h.sim.Citizen("Mận", man)
	h.conf.Name = evil
	h.ch = h.process(h.store)
	f, err := h.desk.Files.Save(t.Context(), strings.NewReader("abc"), "a.txt")
	must(t, err)
	f.Name = evil + ".txt"
	m := outbound("chữ", f)
	m.Subject = evil
	_, err = h.ch.Send(t.Context(), m)
	must(t, err)
	got := h.mail(man, 1)[0]
	if got.Header.Get("Bcc") != "" || strings.Contains(string(got.Raw), "\nBcc:") || got.Subject != "x Bcc: evil@example.com body" {
		t.Errorf("%q\n%s", got.Subject, got.Raw)
	}
	for _, to := range []string{"a@example.vn\r\nRCPT TO:<evil@example.com>", "a@example.vn, evil@example.com", "evil@example.com\nBcc: x@y.z", "no address", "<a@example.vn>\r\nDATA"} {
		m := outbound("chữ")
		m.To = to
		if _, err := h.ch.Send(t.Context(), m); !errors.Is(err, ticketing.ErrRefused) {
			t.Errorf("%q: %v", to, err)
		}
	}
}

// A citizen's Message-ID comes back in our letters: it must not be able to do so with a field of its own.
func TestIDsOfStrangersAreHarmless(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("Mận", man)
	raw := "From: " + man + "\r\nSubject: =?utf-8?Q?a=0D=0ABcc:_evil@example.com?=\r\nMessage-ID: <a\r\n Bcc:evil@example.com\x00 \xff>\r\nReferences: <ok@mail> <x\r\n\tBcc:y@z> <\x01@b>\r\n\r\nĐèn hỏng.\r\n"
	h.work(h.ch.Run)
	h.work(h.courier().Run)
	h.sim.Deliver([]byte(raw))
	m := h.mail(man, 1)[0]
	if m.Header.Get("Bcc") != "" || m.InReplyTo != "" {
		t.Errorf("%s", m.Raw)
	}
}

func TestWhatComesOfEachReply(t *testing.T) {
	const again, later, never = "again", "later", "never"
	type f = simulator.EmailFault
	for name, c := range map[string]struct {
		fault f
		want  string
		says  string
		alarm string
	}{
		"greylisted":          {f{Call: "smtp rcpt", Code: 451, Status: "4.7.1"}, again, "chưa nhận", ""},
		"try later":           {f{Call: "smtp mail", Code: 421, Status: "4.3.2"}, again, "chưa nhận", ""},
		"full for now":        {f{Call: "smtp rcpt", Code: 452, Status: "4.2.2"}, later, "đã đầy", ""},
		"no such user":        {f{Call: "smtp rcpt", Code: 550, Status: "5.1.1"}, never, "không tồn tại", ""},
		"no such user, plain": {f{Call: "smtp rcpt", Code: 550}, never, "không tồn tại", ""},
		"full for good":       {f{Call: "smtp rcpt", Code: 552, Status: "5.2.2"}, never, "đã đầy", ""},
		"too large":           {f{Call: "smtp data", Code: 552, Status: "5.3.4"}, never, "quá lớn", ""},
		"policy":              {f{Call: "smtp data", Code: 554, Status: "5.7.1"}, never, "quy định", ""},
		"our sender":          {f{Call: "smtp mail", Code: 553, Status: "5.7.1"}, later, "không cho", "email.alarm.smtp_sender"},
		"sign-in":             {f{Call: "smtp auth", Code: 535, Status: "5.7.8"}, later, "mật khẩu", "email.alarm.smtp_signin"},
		"no service":          {f{Call: "smtp connect", Code: 554}, later, "mật khẩu", "email.alarm.smtp_signin"},
		"dropped at once":     {f{Call: "smtp connect", Drop: true}, again, "Không kết nối", "email.alarm.smtp_away"},
		"dropped at MAIL":     {f{Call: "smtp mail", Drop: true}, again, "", ""},
		"dropped at the end":  {f{Call: "smtp data", Drop: true, Done: true}, again, "hai lần", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.sim.Citizen("Mận", man)
			h.sim.Fail(c.fault)
			_, err := h.ch.Send(t.Context(), outbound("chữ"))
			if err == nil {
				t.Fatal("it went out")
			}
			got := again
			var wait *ticketing.LaterError
			switch {
			case errors.Is(err, ticketing.ErrRefused):
				got = never
			case errors.As(err, &wait):
				got = later
			}
			if got != c.want || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "@") {
				t.Errorf("%s, %v", got, err)
			}
			if c.alarm != "" != !h.ch.Health().Speaks || c.alarm != "" && !hasProblem(h.ch, c.alarm) {
				t.Errorf("problems %v", h.ch.Health().Problems)
			}
			// The server is well again: the same letter goes out under the same name.
			m := outbound("chữ")
			m.Try = 2
			receipt, err := h.ch.Send(t.Context(), m)
			must(t, err)
			for _, m := range h.sim.Inbox(man) {
				if m.ID != receipt+"@example.vn" {
					t.Errorf("another name: %q", m.ID)
				}
			}
			if !h.ch.Health().Speaks || len(h.ch.Health().Problems) > 0 {
				t.Errorf("still %v", h.ch.Health().Problems)
			}
		})
	}
}

func TestAServerThatSaysNothing(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("Mận", man)
	h.sim.Fail(simulator.EmailFault{Call: "smtp connect", Slow: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := h.ch.Send(ctx, outbound("chữ")); err == nil || errors.Is(err, ticketing.ErrRefused) {
		t.Errorf("%v", err)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("it took %s", d)
	}
}

func TestALetterToNobodyOrOfNothing(t *testing.T) {
	h := newHouse(t)
	empty, unknown := outbound(" "), outbound("chữ")
	unknown.To = "nobody@example.vn"
	for _, m := range []ticketing.Outbound{empty, unknown} {
		if _, err := h.ch.Send(t.Context(), m); !errors.Is(err, ticketing.ErrRefused) {
			t.Errorf("%v", err)
		}
	}
}

// Both servers in TLS, with an authority of our own; without it nothing is said to them.
func TestSecureConnections(t *testing.T) {
	server, client := certificates(t)
	h := newHouse(t, func(s *simulator.EmailSettings) { s.TLS = server })
	h.sim.Citizen("Mận", man)
	if _, err := h.ch.Send(t.Context(), outbound("chữ")); err == nil || len(h.sim.Inbox(man)) > 0 {
		t.Fatalf("an unknown certificate was believed: %v", err)
	}
	if _, err := h.ch.connect(t.Context()); err == nil || h.sim.SignIns() > 0 {
		t.Fatalf("an unknown certificate was believed: %v", err)
	}
	h.conf.TLS = client
	h.ch = h.process(h.store)
	_, err := h.ch.Send(t.Context(), outbound("chữ"))
	must(t, err)
	h.work(h.ch.Run)
	h.sim.Say(man, "x", "Đèn hỏng.")
	h.untilTickets(1)
}

func certificates(t *testing.T) (server, client *tls.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	must(t, err)
	c, err = x509.ParseCertificate(der)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(c)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: pool}
}

func TestSettings(t *testing.T) {
	good := Config{Address: office, IMAP: "imaps://mail.example.vn", SMTP: "smtps://mail.example.vn", User: "u", Password: "geheim"}
	for name, c := range map[string]struct {
		change func(*Config)
		want   string // settings with mistakes
	}{
		"good":                {func(*Config) {}, ""},
		"off":                 {func(c *Config) { *c = Config{} }, ""},
		"no address":          {func(c *Config) { c.Address = "" }, "ADDRESS"},
		"bad address":         {func(c *Config) { c.Address = "Tổng đài <1022@example.vn>" }, "ADDRESS"},
		"both ways in":        {func(c *Config) { c.Maildir = "/x" }, "IMAP, _MAILDIR"},
		"no way in":           {func(c *Config) { c.IMAP = "" }, "IMAP, _MAILDIR"},
		"folder":              {func(c *Config) { c.IMAP, c.Maildir, c.User, c.Password = "", "/x", "", "" }, ""},
		"password in clear":   {func(c *Config) { c.IMAP = "imap://mail.example.vn" }, "IMAP"},
		"on this machine":     {func(c *Config) { c.IMAP = "imap://127.0.0.1:1143" }, ""},
		"password in address": {func(c *Config) { c.IMAP = "imaps://u:geheim@mail.example.vn" }, "IMAP"},
		"no password":         {func(c *Config) { c.Password = "" }, "USER, _PASSWORD USER, _PASSWORD"},
		"no way out":          {func(c *Config) { c.SMTP = "" }, "SMTP"},
		"starttls":            {func(c *Config) { c.SMTP = "smtp://mail.example.vn:587" }, ""},
		"not smtp":            {func(c *Config) { c.SMTP = "https://mail.example.vn" }, "SMTP"},
		"pace":                {func(c *Config) { c.Pace = -1 }, "PACE"},
	} {
		conf := good
		c.change(&conf)
		var got []string
		for _, m := range conf.Mistakes() {
			got = append(got, m.Setting)
			if strings.Contains(m.Text, "geheim") {
				t.Errorf("%s: the password is repeated", name)
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %q, want %q", name, s, c.want)
		}
	}
}

func TestReferences(t *testing.T) {
	h := newHouse(t)
	seen := map[string]bool{}
	for _, n := range []int{0, 1, 2, 1 << 20} {
		for _, c := range []ticketing.Code{code, "ZZZZZZZZZZZZ"} {
			ref := h.ch.reference(c, n)
			if gotCode, gotN, ok := h.ch.resolve(ref + "@example.vn"); !ok || gotCode != c || gotN != n {
				t.Errorf("%s %d: %s %d %v", c, n, gotCode, gotN, ok)
			}
			if _, _, ok := h.ch.resolve(strings.ToUpper(ref) + "@EXAMPLE.VN"); !ok {
				t.Error("in capitals it is lost")
			}
			if seen[ref] || len(ref) != 52 || strings.Contains(strings.ToUpper(ref), string(c)) {
				t.Errorf("%q", ref)
			}
			seen[ref] = true
			for i := range ref {
				other := []byte(ref)
				other[i] = 'a'
				if ref[i] == 'a' {
					other[i] = 'b'
				}
				// The last character holds one bit; what is beyond it says nothing.
				if _, _, ok := h.ch.resolve(string(other)); ok && i < len(ref)-1 {
					t.Errorf("altered at %d it is believed", i)
				}
			}
		}
	}
	other, err := ticketing.NewVault(h.store, bytes.Repeat([]byte{8}, 32), h.clock.Now)
	must(t, err)
	ref := h.ch.reference(code, 1)
	h.desk.Vault = other
	if _, _, ok := h.ch.resolve(ref); ok {
		t.Error("another key believes it")
	}
	if slices.Contains([]string{h.ch.reference("short", 1), h.ch.reference(code, -1)}, ref) {
		t.Error("a name for nothing")
	}
}

func FuzzReference(f *testing.F) {
	f.Add("0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjk@example.vn")
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, id string) {
		if _, _, ok := h.ch.resolve(id); ok {
			t.Errorf("%q is believed", id)
		}
		h.ch.mentioned(id)
	})
}
