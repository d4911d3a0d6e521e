package ticketing_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/attachments"
	"hotline1022/ticketing/store/sqlite"
)

// postOffice is a desk on a real store, with time that tests move.
type postOffice struct {
	*testing.T
	desk *ticketing.Desk
	mu   sync.Mutex
	now  time.Time
}

func newPostOffice(t *testing.T) *postOffice {
	t.Helper()
	o := &postOffice{T: t, now: time.Date(2026, 11, 23, 9, 0, 0, 0, ticketing.Zone)}
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "hotline.db"), sqlite.Options{})
	o.must(err)
	t.Cleanup(func() { store.Close() })
	vault, err := ticketing.NewVault(store, bytes.Repeat([]byte{1}, 32), o.Now)
	o.must(err)
	catalogs := &ticketing.Catalogs{Records: store}
	o.must(catalogs.Refresh(t.Context()))
	files, err := attachments.Open(filepath.Join(dir, "files"))
	o.must(err)
	o.desk = &ticketing.Desk{
		Store: store, Vault: vault, Files: files, Catalog: catalogs, Now: o.Now,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), BaseURL: "https://1022.example.vn",
	}
	return o
}

func (o *postOffice) Now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now
}

func (o *postOffice) advance(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(d)
}

func (o *postOffice) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

// hear is a citizen's message by the conversation's channel.
func (o *postOffice) hear(key, text string, fetch ...ticketing.Fetch) ticketing.Receipt {
	o.Helper()
	r, err := o.desk.Receive(o.Context(), ticketing.Actor{Role: ticketing.Citizen}, ticketing.Incoming{
		Key: key, Channel: ticketing.Zalo, From: ticketing.Contact{Channel: ticketing.Zalo, ID: "u1"}, Text: text, Fetch: fetch,
	})
	o.must(err)
	return r
}

func (o *postOffice) ticket(code ticketing.Code) ticketing.Ticket {
	o.Helper()
	t, err := o.desk.Store.Ticket(o.Context(), code)
	o.must(err)
	return t
}

// script is a channel that does as it is told, one answer a call; then it takes everything.
type script struct {
	mu      sync.Mutex
	answers []error
	taken   []string
	calls   chan struct{}
}

func (s *script) Send(_ context.Context, m ticketing.Outbound) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.calls <- struct{}{} }()
	if len(s.answers) > 0 {
		err := s.answers[0]
		if s.answers = s.answers[1:]; err != nil {
			return "", err
		}
	}
	s.taken = append(s.taken, m.Text)
	return fmt.Sprintf("r%d", len(s.taken)), nil
}

// run lets a courier work until the ticket is as ok says, and moves time over every pause.
func (o *postOffice) run(s *script, code ticketing.Code, ok func(ticketing.Ticket) bool) ticketing.Ticket {
	o.Helper()
	ctx, cancel := context.WithTimeout(o.Context(), 20*time.Second)
	ended := make(chan error, 1)
	courier := &ticketing.Courier{Desk: o.desk, Senders: map[ticketing.Channel]ticketing.Sender{ticketing.Zalo: s}, Log: o.desk.Log}
	go func() { ended <- courier.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	for {
		bell := o.desk.Store.Bell()
		t := o.ticket(code)
		if ok(t) {
			return t
		}
		i := slices.IndexFunc(t.Sending, func(d ticketing.Delivery) bool { return !d.Settled() })
		if i >= 0 && t.Sending[i].State == ticketing.Retry && t.Sending[i].Next.After(o.Now()) {
			o.advance(t.Sending[i].Next.Sub(o.Now()))
			o.ring()
			continue
		}
		select {
		case <-bell:
		case <-s.calls:
		case <-ctx.Done():
			o.Fatalf("it never came so far: %+v", t.Sending)
		}
	}
}

// ring wakes the courier, as any other citizen's matter does.
func (o *postOffice) ring() {
	o.Helper()
	_, err := o.desk.Receive(o.Context(), ticketing.Actor{Role: ticketing.Citizen}, ticketing.Incoming{Channel: ticketing.Web, Text: "x"})
	o.must(err)
}

func settled(t ticketing.Ticket) bool { return t.NextSend().IsZero() }

func (o *postOffice) message(code ticketing.Code, text string) {
	o.Helper()
	_, err := o.desk.Do(o.Context(), ticketing.Actor{ID: "lan", Role: ticketing.Operator}, code, ticketing.Command{Verb: ticketing.Message, Text: text})
	o.must(err)
}

func TestAMessageThatMustWaitHoldsUpThoseAfterIt(t *testing.T) {
	o := newPostOffice(t)
	r := o.hear("k1", "Đèn hỏng")
	o.message(r.Ticket.Code, "một")
	o.message(r.Ticket.Code, "hai")
	s := &script{calls: make(chan struct{}, 100), answers: []error{nil, errors.New("away"), &ticketing.LaterError{After: time.Hour, Err: errors.New("tired")}}}
	tk := o.run(s, r.Ticket.Code, settled)
	if len(s.taken) != 3 || !slices.Equal(s.taken[1:], []string{"một", "hai"}) {
		t.Errorf("order: %q", s.taken)
	}
	if tk.Sending[1].Try != 3 || tk.Sending[2].Try != 1 {
		t.Errorf("%+v", tk.Sending)
	}
}

func TestAChannelsLaterDoesNotUseUpTheTries(t *testing.T) {
	o := newPostOffice(t)
	r := o.hear("k1", "Đèn hỏng")
	s := &script{calls: make(chan struct{}, 100)}
	for range 15 {
		s.answers = append(s.answers, &ticketing.LaterError{After: time.Minute, Err: errors.New("over the minute's limit")})
	}
	tk := o.run(s, r.Ticket.Code, settled)
	if tk.Sending[0].State != ticketing.Delivered || len(s.taken) != 1 {
		t.Errorf("%+v", tk.Sending)
	}
	events, err := o.desk.Store.Timeline(t.Context(), r.Ticket.Code, 0)
	o.must(err)
	for _, e := range events {
		if e.Kind == ticketing.SendFailed && e.Reason != "over the minute's limit" {
			t.Errorf("told as %q", e.Reason)
		}
	}
}

func TestARefusalEndsAMessageAndTheNextGoes(t *testing.T) {
	o := newPostOffice(t)
	r := o.hear("k1", "Đèn hỏng")
	o.message(r.Ticket.Code, "một")
	s := &script{calls: make(chan struct{}, 100), answers: []error{fmt.Errorf("blocked: %w", ticketing.ErrRefused)}}
	tk := o.run(s, r.Ticket.Code, settled)
	if tk.Sending[0].State != ticketing.Failed || !slices.Equal(s.taken, []string{"một"}) {
		t.Errorf("%+v %q", tk.Sending, s.taken)
	}
}

func TestTriesEnd(t *testing.T) {
	o := newPostOffice(t)
	r := o.hear("k1", "Đèn hỏng")
	s := &script{calls: make(chan struct{}, 100)}
	for range 30 {
		s.answers = append(s.answers, errors.New("away"))
	}
	tk := o.run(s, r.Ticket.Code, settled)
	if d := tk.Sending[0]; d.State != ticketing.Failed || d.Try != 12 {
		t.Errorf("%+v", d)
	}
}

// source gives the bytes it is told to.
func source(give func(address string) (io.ReadCloser, error)) map[ticketing.Channel]ticketing.Source {
	return map[ticketing.Channel]ticketing.Source{
		ticketing.Zalo: func(_ context.Context, address string) (io.ReadCloser, error) { return give(address) },
	}
}

func TestAnAttachmentIsFetchedUntilItIsThereOrHopeless(t *testing.T) {
	o := newPostOffice(t)
	r := o.hear("k1", "[Tệp]", ticketing.Fetch{Address: "a", Name: "đơn.pdf"}, ticketing.Fetch{Address: "b"}, ticketing.Fetch{Address: "c"})
	if again := o.hear("k1", "[Tệp]", ticketing.Fetch{Address: "a"}); !again.Repeated {
		t.Error("the repeat is none")
	}
	asked := map[string]int{}
	c := &ticketing.Collector{Desk: o.desk, Log: o.desk.Log, Sources: source(func(address string) (io.ReadCloser, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		asked[address]++
		switch {
		case address == "a" && asked["a"] < 3:
			return nil, errors.New("away")
		case address == "a":
			return io.NopCloser(strings.NewReader("%PDF-1.7")), nil
		case address == "b":
			return nil, fmt.Errorf("gone: %w", ticketing.ErrRefused)
		}
		return nil, errors.New("never")
	})}
	for i := range 40 {
		o.must(c.Round(t.Context()))
		if pending, err := o.desk.Pending(t.Context(), r.Event); err != nil || pending != (asked["c"] < 10) {
			t.Fatalf("round %d: pending %v, %v", i, pending, err)
		}
		o.advance(5 * time.Hour)
	}
	if asked["a"] != 3 || asked["b"] != 1 || asked["c"] != 10 {
		t.Errorf("asked %v", asked)
	}
	tk := o.ticket(r.Ticket.Code)
	if len(tk.Files) != 1 || tk.Files[0].Name != "đơn.pdf" || tk.Loud != 1 {
		t.Errorf("%+v", tk)
	}
	events, err := o.desk.Store.Timeline(t.Context(), tk.Code, 1)
	o.must(err)
	said := 0
	for _, e := range events {
		if e.Kind == ticketing.Attached && e.Ref == 1 && e.Reason != "" {
			said++
		}
	}
	if said != 2 {
		t.Errorf("%d failures are told", said)
	}
	if _, err := o.desk.Receive(t.Context(), ticketing.Actor{Role: ticketing.Citizen}, ticketing.Incoming{
		Channel: ticketing.Zalo, From: ticketing.Contact{Channel: ticketing.Zalo, ID: "u1"}, Text: "x", Fetch: []ticketing.Fetch{{Address: "a"}},
	}); err == nil {
		t.Error("attachments without a key would be fetched for nobody")
	}
}

// forgetful loses the first erasure: a process that died just before it.
type forgetful struct {
	ticketing.Store
	lost bool
}

func (f *forgetful) Erase(ctx context.Context, kind, id string, below int) error {
	if !f.lost {
		f.lost = true
		return ticketing.ErrBusy
	}
	return f.Store.Erase(ctx, kind, id, below)
}

func TestAFileIsAttachedOnceAlthoughTheErrandWasNotForgotten(t *testing.T) {
	o := newPostOffice(t)
	o.desk.Store = &forgetful{Store: o.desk.Store}
	r := o.hear("k1", "[Tệp]", ticketing.Fetch{Address: "a"})
	c := &ticketing.Collector{Desk: o.desk, Log: o.desk.Log, Sources: source(func(string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("%PDF-1.7")), nil
	})}
	for range 3 {
		o.must(c.Round(t.Context()))
		o.advance(time.Hour)
	}
	if tk := o.ticket(r.Ticket.Code); len(tk.Files) != 1 {
		t.Errorf("%d files", len(tk.Files))
	}
	if pending, err := o.desk.Pending(t.Context(), r.Event); err != nil || pending {
		t.Errorf("still pending: %v %v", pending, err)
	}
}

func TestSecretsOpenOnlyUnderTheirName(t *testing.T) {
	o := newPostOffice(t)
	box := o.desk.Vault.Seal("one", []byte("token"))
	if got, err := o.desk.Vault.Unseal("one", box); err != nil || string(got) != "token" {
		t.Errorf("%q %v", got, err)
	}
	if bytes.Contains(box, []byte("token")) {
		t.Error("readable")
	}
	for _, bad := range [][]byte{nil, box[:5], box[:len(box)-1], append(slices.Clone(box), 0)} {
		if _, err := o.desk.Vault.Unseal("one", bad); err == nil {
			t.Errorf("%d bytes open", len(bad))
		}
	}
	if _, err := o.desk.Vault.Unseal("two", box); err == nil {
		t.Error("it opens under another name")
	}
}
