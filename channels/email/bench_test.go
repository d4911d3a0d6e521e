package email

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// letters are plain letters of 500 people.
func letters(n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = fmt.Appendf(nil, "Return-Path: <a%[1]d@example.vn>\r\nFrom: =?utf-8?Q?Nguy=E1=BB=85n_V=C4=83n_A?= <a%[1]d@example.vn>\r\nTo: 1022@example.vn\r\nSubject: =?utf-8?Q?=C4=90=C3=A8n_h=E1=BB=8Fng?=\r\nMessage-ID: <%[2]d@mail.example.vn>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C4=90=C3=A8n =C4=91=C6=B0=E1=BB=9Dng tr=C6=B0=E1=BB=9Bc nh=C3=A0 s=E1=BB=91 5 h=E1=BB=8Fng =C4=91=C3=A3 ba ng=C3=A0y.\r\n", i%500, i)
	}
	return out
}

// BenchmarkIMAP says how many letters a second become durable tickets out of a mailbox.
func BenchmarkIMAP(b *testing.B) {
	h := newHouse(b)
	for _, raw := range letters(b.N) {
		h.sim.Deliver(raw)
	}
	h.taken(b, h.ch)
}

// BenchmarkMaildir says the same of a folder.
func BenchmarkMaildir(b *testing.B) {
	h := newHouse(b)
	dir := filepath.Join(h.dir, "Maildir")
	for _, sub := range []string{"cur", "new"} {
		must(b, os.MkdirAll(filepath.Join(dir, sub), 0o700))
	}
	for i, raw := range letters(b.N) {
		must(b, os.WriteFile(filepath.Join(dir, "new", fmt.Sprintf("%08d.x", i)), raw, 0o600))
	}
	h.conf.IMAP, h.conf.Maildir = "", dir
	h.ch = h.process(h.store)
	h.taken(b, h.ch)
}

func (h *house) taken(b *testing.B, ch *Channel) {
	b.ResetTimer()
	began := time.Now()
	stop := h.work(ch.Run)
	for ch.Health().Counts["taken"] < int64(b.N) {
		time.Sleep(time.Millisecond)
	}
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "letters/s")
	b.StopTimer()
	stop()
}

// BenchmarkRead is the reading of one letter alone.
func BenchmarkRead(b *testing.B) {
	raw := letters(1)[0]
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		read(raw, office, "")
	}
}
