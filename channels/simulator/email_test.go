package simulator

import (
	"context"
	"net/smtp"
	"strings"
	"testing"
	"time"
)

// The mail server by itself, with the standard library as its client.
func TestTheMailServer(t *testing.T) {
	e, err := NewEmail(EmailSettings{Address: "1022@example.vn", User: "u", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	an := e.Citizen("An", "An@example.vn")
	addr := strings.TrimPrefix(e.SMTP(), "smtp://")
	auth := smtp.PlainAuth("", "u", "p", "127.0.0.1")
	letter := "From: 1022@example.vn\r\nTo: an@example.vn\r\nSubject: =?utf-8?q?Phi=E1=BA=BFu?=\r\nMessage-ID: <a@b>\r\n\r\nxin chao\r\n"
	if err := smtp.SendMail(addr, auth, "1022@example.vn", []string{"nobody@example.vn"}, []byte(letter)); err == nil || !strings.Contains(err.Error(), "550") {
		t.Errorf("to nobody: %v", err)
	}
	if err := smtp.SendMail(addr, nil, "1022@example.vn", []string{an}, []byte(letter)); err == nil {
		t.Error("without a sign-in")
	}
	if err := smtp.SendMail(addr, auth, "1022@example.vn", []string{an}, []byte(letter)); err != nil {
		t.Fatal(err)
	}
	ctx, done := context.WithTimeout(t.Context(), 10*time.Second)
	defer done()
	in, err := e.Await(ctx, an, 1)
	if err != nil || in[0].Subject != "Phiếu" || in[0].ID != "a@b" || strings.TrimSpace(in[0].Text) != "xin chao" {
		t.Errorf("%v %+v", err, in)
	}
	e.Fail(EmailFault{Call: "smtp data", Code: 451, Status: "4.3.0", Says: "later"})
	if err := smtp.SendMail(addr, auth, "1022@example.vn", []string{an}, []byte(letter)); err == nil || !strings.Contains(err.Error(), "451") || !strings.Contains(err.Error(), "4.3.0 later") {
		t.Errorf("with a fault: %v", err)
	}
	e.Bounces(an, "5.1.1")
	if err := smtp.SendMail(addr, auth, "1022@example.vn", []string{an}, []byte(letter)); err != nil {
		t.Error(err)
	}
	e.Bounces(an, "")
	e.Away(an, true)
	if err := smtp.SendMail(addr, auth, "1022@example.vn", []string{an}, []byte(letter)); err != nil {
		t.Error(err)
	}
	e.Reply(an, "dạ")
	if all, seen := e.Lies(); all != 3 || seen != 0 { // the report, the absence note, the answer
		t.Errorf("%d letters, %d read", all, seen)
	}
	for i, want := range []string{"Action: failed", "Auto-Submitted: auto-replied", "In-Reply-To: <a@b>"} {
		if !strings.Contains(string(e.office[i]), want) {
			t.Errorf("%s is not in\n%s", want, e.office[i])
		}
	}
	if len(e.Inbox(an)) != 2 || e.Faults() != 0 {
		t.Errorf("%d letters, %d faults", len(e.Inbox(an)), e.Faults())
	}
}
