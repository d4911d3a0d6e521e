package telegram

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/channels/simulator"
)

func (h *house) open() (n int) {
	h.Helper()
	all, err := h.store.All(h.Context(), kindErrand, "")
	must(h.T, err)
	for _, r := range all {
		var job errand
		must(h.T, json.Unmarshal(r.Doc, &job))
		if !job.Next.IsZero() {
			n++
		} else if job.Box != nil {
			h.Error("what was said is kept")
		}
	}
	return n
}

func TestAnAnswerToACommandSurvivesTheProcess(t *testing.T) {
	h := newHouse(t)
	an := h.sim.Citizen("An", "")
	h.sim.Say(an, "/help")
	h.settled()
	must(t, h.store.Close())
	h.openStore()
	h.ch = h.process(h.store)
	h.desk = h.ch.Desk
	h.sim.Fail(simulator.TelegramFault{Method: "sendMessage", Status: 502})
	h.errands()
	if len(h.sim.Inbox(an)) != 0 || h.open() != 1 {
		t.Fatal("it was answered, or forgotten")
	}
	h.errands()
	if len(h.sim.Inbox(an)) != 0 {
		t.Error("it did not wait before the next try")
	}
	h.clock.Advance(6 * time.Second)
	h.errands()
	if len(h.sim.Inbox(an)) != 1 || h.open() != 0 {
		t.Errorf("%d answers, %d open", len(h.sim.Inbox(an)), h.open())
	}
	h.clock.Advance(time.Hour)
	h.errands()
	if len(h.sim.Inbox(an)) != 1 {
		t.Error("it was answered again")
	}
	h.clock.Advance(errandKept)
	h.errands()
	if all, err := h.store.All(t.Context(), kindErrand, ""); err != nil || len(all) != 0 {
		t.Errorf("%d errands are kept for ever", len(all))
	}
}

func TestAnswersNobodyCanGetAreGivenUp(t *testing.T) {
	h := newHouse(t)
	an, binh := h.sim.Citizen("An", ""), h.sim.Citizen("Bình", "")
	h.sim.Say(an, "/help")
	h.settled()
	h.sim.Block(an)
	h.settled()
	h.errands()
	if h.open() != 0 || h.ch.Health().Counts["answers given up"] != 1 {
		t.Errorf("%v", h.ch.Health().Counts)
	}
	h.sim.Say(binh, "/help")
	h.settled()
	for range 40 {
		h.sim.Fail(simulator.TelegramFault{Method: "sendMessage", Code: 429, RetryAfter: 100})
		h.errands()
		h.clock.Advance(101 * time.Second)
		h.pace.Advance(101 * time.Second)
	}
	if h.open() != 0 || len(h.sim.Inbox(binh)) != 0 || h.ch.Health().Counts["answers given up"] != 2 {
		t.Errorf("%d open, %v", h.open(), h.ch.Health().Counts)
	}
}

func TestTwoProcessesAnswerOnce(t *testing.T) {
	h := newHouse(t)
	h.work(h.ch.doErrands)
	h.work(h.process(h.store).doErrands)
	var people []int64
	for range 20 {
		p := h.sim.Citizen("An", "")
		people = append(people, p)
		h.sim.Say(p, "/help")
	}
	h.settled()
	for _, p := range people {
		if _, err := h.sim.Await(h.soon(), p, 1); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range people {
		if n := len(h.sim.Inbox(p)); n != 1 {
			t.Errorf("%d answers", n)
		}
	}
}

func TestAnErrandIsOneWorkersAtATime(t *testing.T) {
	h := newHouse(t)
	other := h.process(h.store)
	an := h.sim.Citizen("An", "")
	h.sim.Say(an, "/help")
	h.settled()
	id := <-h.ch.toDo
	h.sim.Fail(simulator.TelegramFault{Method: "sendMessage", Then: func() {
		if err := other.runErrand(h.Context(), id); err != nil { // while it is being said
			t.Error(err)
		}
	}})
	must(t, h.ch.runErrand(t.Context(), id))
	must(t, other.runErrand(t.Context(), id)) // and after it was
	must(t, other.runErrand(t.Context(), "nobody's"))
	if n := len(h.sim.Inbox(an)); n != 1 {
		t.Errorf("said %d times", n)
	}
	if all, err := h.store.History(t.Context(), kindErrand, id); err != nil || len(all) != 1 {
		t.Errorf("%d versions are kept, with the chat's id in them", len(all))
	}
	for range 10 { // all at once
		h.clock.Advance(3 * time.Second)
		h.sim.Say(an, "/help")
		h.settled()
		id := <-h.ch.toDo
		before := h.sim.Calls("sendMessage")
		var all sync.WaitGroup
		for i := range 8 {
			ch := []*Channel{h.ch, other}[i%2]
			all.Go(func() { _ = ch.runErrand(h.Context(), id) })
		}
		all.Wait()
		if n := h.sim.Calls("sendMessage") - before; n != 1 {
			t.Fatalf("said %d times", n)
		}
	}
}

func TestWhoCommandsAllDayIsNotAnswered(t *testing.T) {
	h := newHouse(t)
	an := h.sim.Citizen("An", "")
	for range 50 {
		h.sim.Say(an, "/help")
	}
	h.settled()
	if all, err := h.store.All(t.Context(), kindErrand, ""); err != nil || len(all) != 20 {
		t.Errorf("%d answers to 50 commands at once", len(all))
	}
	if n := h.ch.Health().Counts["too many commands"]; n != 30 {
		t.Errorf("%d", n)
	}
}

// Whatever happens, the bot's token, the chat's id, her number and her name stand nowhere in the clear: not in the
// store's files, not in the log.
func TestWhatMustNotBeReadIsNowhere(t *testing.T) {
	h := newHouse(t)
	h.work(h.courier().Run)
	h.ch.wire.client.Timeout = time.Second
	an := h.sim.Citizen("Ngọc Trâm Anh", "Tôn Nữ")
	h.sim.Fail(
		simulator.TelegramFault{Method: "sendMessage", Drop: true}, simulator.TelegramFault{Method: "getFile", Status: 500},
		simulator.TelegramFault{Method: "file:", Status: 500}, simulator.TelegramFault{Method: "setMyCommands", Drop: true},
		simulator.TelegramFault{Method: "getMe", Code: 401, Says: "Unauthorized " + token},
	)
	_ = h.ch.present(t.Context())
	_ = h.ch.present(t.Context())
	h.sim.SetWebhook(h.listen(h.ch), secret)
	h.sim.SendPhoto(an, noise(20, 20), "Ổ gà")
	h.sim.SendContact(an, an, "+84905123183", "x")
	h.sim.Say(an, "/help")
	h.sim.Deliver(body(3, "x")[:60], secret)
	h.settled()
	for range 4 {
		h.errands()
		must(t, h.collector().Round(t.Context()))
		h.clock.Advance(time.Minute)
	}
	h.sim.Block(an)
	h.settled()
	if _, err := h.sim.Await(h.soon(), an, 1); err != nil {
		t.Fatal(err)
	}
	if len(h.only().Files) != 1 || h.sim.Faults() != 0 {
		t.Fatalf("it did not come so far: %d faults left", h.sim.Faults())
	}
	must(t, h.store.Close())
	looked := 0
	never := []string{token[10:], secret, strconv.FormatInt(an, 10), "905123183", "Ngọc Trâm", "AgACAgUAAxkB"}
	err := filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		looked += len(raw)
		for _, s := range never {
			if bytes.Contains(raw, []byte(s)) {
				t.Errorf("%q stands in %s", s, filepath.Base(path))
			}
		}
		return err
	})
	if err != nil || looked < 10_000 {
		t.Errorf("%d bytes looked at, %v", looked, err)
	}
	if log := h.log.String(); len(log) < 100 {
		t.Error("nothing was logged")
	} else {
		for _, s := range never {
			if strings.Contains(log, s) {
				t.Errorf("%q stands in the log:\n%s", s, log)
			}
		}
	}
}

func TestTheWebhookIsSetAndLookedAfter(t *testing.T) {
	h := emptyHouse(t, secret)
	h.ch.Desk.BaseURL = strings.TrimSuffix(h.listen(h.ch), "/webhooks/telegram")
	h.sim.Fail(simulator.TelegramFault{Method: "getMe", Status: 502})
	h.work(h.ch.Run) // tries again after a second
	an := h.sim.Citizen("An", "")
	h.sim.Say(an, "/start")
	if _, err := h.sim.Await(h.soon(), an, 1); err != nil {
		t.Fatal(err)
	}
	url, set := h.sim.Webhook()
	if url != h.ch.hook() || set != secret {
		t.Errorf("%s %s", url, set)
	}
	h.sim.SetWebhook("https://elsewhere.example", "x")
	must(t, h.ch.checkWebhook(t.Context()))
	if url, set := h.sim.Webhook(); url != h.ch.hook() || set != secret {
		t.Errorf("after somebody moved it: %s", url)
	}
	calls := h.sim.Calls("setWebhook")
	must(t, h.ch.checkWebhook(t.Context()))
	if h.sim.Calls("setWebhook") != calls {
		t.Error("it was set although it was right")
	}
	h.ch.Desk.BaseURL = "http://1022.example.vn"
	if err := h.ch.setWebhook(t.Context()); err == nil || len(h.ch.Health().Problems) != 1 {
		t.Errorf("%v", err)
	}
	if said := h.ch.Health().Problems[0].Text("vi"); !strings.Contains(said, "HTTPS") || strings.Contains(said, "{") {
		t.Error(said)
	}
}

func TestManyWaitingAtTelegramCallsPeople(t *testing.T) {
	h := newHouse(t)
	h.ch.Desk.BaseURL = "http://127.0.0.1:1"
	h.sim.SetWebhook(h.ch.hook(), secret) // nobody listens there
	an := h.sim.Citizen("An", "")
	for range tooMany {
		h.sim.Say(an, "x")
	}
	if err := h.sim.AwaitPushes(h.soon(), 1); err != nil {
		t.Fatal(err)
	}
	must(t, h.ch.checkWebhook(t.Context()))
	if hl := h.ch.Health(); hl.Pending != tooMany || len(hl.Problems) != 1 || hl.Problems[0].Key != "telegram.alarm.waiting" {
		t.Errorf("%+v", hl)
	}
	// After a day Telegram has forgotten them.
	h.clock.Advance(25 * time.Hour)
	if p := h.settled(); p.Lost != tooMany {
		t.Errorf("%+v", p)
	}
	must(t, h.ch.checkWebhook(t.Context()))
	if hl := h.ch.Health(); hl.Pending != 0 || len(hl.Problems) != 0 {
		t.Errorf("%+v", hl)
	}
}
