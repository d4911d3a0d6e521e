package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const telegramToken = "42:secret"

func startTelegram(t *testing.T, set TelegramSettings) *Telegram {
	t.Helper()
	set.Token, set.Scale = telegramToken, 1e4
	g, err := NewTelegram(set)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

// call makes one as the library does: everything is multipart/form-data.
func call(t *testing.T, g *Telegram, token, method string, fields map[string]string) (status int, answer map[string]any) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for k, v := range fields {
		if err := form.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	form.Close()
	resp, err := http.Post(g.URL()+"/bot"+token+"/"+method, form.FormDataContentType(), &b)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

func TestTheTokenIsAskedForEverywhere(t *testing.T) {
	g := startTelegram(t, TelegramSettings{})
	if status, a := call(t, g, "42:other", "getMe", nil); status != 401 || a["ok"] != false {
		t.Errorf("%d %v", status, a)
	}
	if status, a := call(t, g, telegramToken, "getMe", nil); status != 200 || a["result"].(map[string]any)["username"] != "tongdai1022_bot" {
		t.Errorf("%d %v", status, a)
	}
	id := g.keep("photos", ".jpg", []byte("data"), false)
	_, a := call(t, g, telegramToken, "getFile", map[string]string{"file_id": id})
	path := a["result"].(map[string]any)["file_path"].(string)
	for token, want := range map[string]int{telegramToken: 200, "42:other": 404} {
		resp, err := http.Get(g.URL() + "/file/bot" + token + "/" + path)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want || want == 200 && string(raw) != "data" {
			t.Errorf("%s: %d %q", token, resp.StatusCode, raw)
		}
	}
}

func TestAWebhookAndAPollExcludeEachOther(t *testing.T) {
	g := startTelegram(t, TelegramSettings{})
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) }))
	t.Cleanup(hook.Close)
	if status, _ := call(t, g, telegramToken, "setWebhook", map[string]string{"url": "http://1022.example.vn/x"}); status != 400 {
		t.Errorf("without https: %d", status)
	}
	if status, _ := call(t, g, telegramToken, "setWebhook", map[string]string{"url": hook.URL, "secret_token": "ô"}); status != 400 {
		t.Errorf("a secret with an accent: %d", status)
	}
	if status, _ := call(t, g, telegramToken, "setWebhook", map[string]string{"url": hook.URL, "secret_token": "s", "allowed_updates": `["message"]`}); status != 200 {
		t.Errorf("%d", status)
	}
	if status, a := call(t, g, telegramToken, "getUpdates", nil); status != 409 || !strings.Contains(a["description"].(string), "webhook is active") {
		t.Errorf("%d %v", status, a)
	}
	g.Block(g.Citizen("An", "")) // not among what was asked for
	g.Say(g.Citizen("An", ""), "x")
	_, a := call(t, g, telegramToken, "getWebhookInfo", nil)
	if info := a["result"].(map[string]any); info["pending_update_count"] != 1.0 {
		t.Errorf("%v", info)
	}
	call(t, g, telegramToken, "deleteWebhook", nil)
	status, a := call(t, g, telegramToken, "getUpdates", nil)
	updates := a["result"].([]any)
	if status != 200 || len(updates) != 1 {
		t.Fatalf("%d %v", status, a)
	}
	id := updates[0].(map[string]any)["update_id"].(float64)
	_, a = call(t, g, telegramToken, "getUpdates", map[string]string{"offset": fmt.Sprint(int64(id)), "timeout": "1"})
	if len(a["result"].([]any)) != 1 {
		t.Error("confirmed too early")
	}
	_, a = call(t, g, telegramToken, "getUpdates", map[string]string{"offset": fmt.Sprint(int64(id) + 1), "timeout": "1"})
	if len(a["result"].([]any)) != 0 || g.Pushes().Accepted != 1 {
		t.Error("never confirmed")
	}
}

func TestTheOlderOfTwoPollsIsEnded(t *testing.T) {
	g, err := NewTelegram(TelegramSettings{Token: telegramToken})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	first := make(chan int, 1)
	go func() {
		status, _ := call(t, g, telegramToken, "getUpdates", map[string]string{"timeout": "50"})
		first <- status
	}()
	ctx := t.Context()
	if err := g.await(ctx, func() bool { return g.poll != nil }); err != nil {
		t.Fatal(err)
	}
	second := make(chan int, 1)
	go func() {
		status, _ := call(t, g, telegramToken, "getUpdates", map[string]string{"timeout": "50"})
		second <- status
	}()
	if got := <-first; got != 409 {
		t.Errorf("the older: %d", got)
	}
	g.Say(g.Citizen("An", ""), "x")
	if got := <-second; got != 200 {
		t.Errorf("the newer: %d", got)
	}
}

func TestAnUpdateIsPostedUntilItIsAcceptedAndWhatIsBehindWaits(t *testing.T) {
	var mu sync.Mutex
	var got []string
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		raw, _ := io.ReadAll(r.Body)
		var u struct {
			Message struct{ Text string }
		}
		_ = json.Unmarshal(raw, &u)
		got = append(got, u.Message.Text+r.Header.Get("X-Telegram-Bot-Api-Secret-Token"))
		if len(got) < 4 {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	t.Cleanup(hook.Close)
	g := startTelegram(t, TelegramSettings{})
	an := g.Citizen("An", "")
	g.Say(an, "một")
	g.Say(an, "hai")
	g.SetWebhook(hook.URL, "!")
	p, err := g.Settled(t.Context())
	if err != nil || p.Accepted != 2 || p.Sent != 5 || p.Statuses[418] != 3 {
		t.Errorf("%+v %v", p, err)
	}
	if want := []string{"một!", "một!", "một!", "một!", "hai!"}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestItsLimitsAreTelegrams(t *testing.T) {
	now := time.Unix(1, 0)
	g := startTelegram(t, TelegramSettings{Pace: func() time.Time { return now }, PerSecond: 3})
	send := func(chat int64, text string, more ...string) int {
		fields := map[string]string{"chat_id": fmt.Sprint(chat), "text": text}
		for i := 0; i+1 < len(more); i += 2 {
			fields[more[i]] = more[i+1]
		}
		status, a := call(t, g, telegramToken, "sendMessage", fields)
		if status == 429 && a["parameters"].(map[string]any)["retry_after"] != 3.0 {
			t.Errorf("%v", a)
		}
		return status
	}
	var people []int64
	for range 5 {
		people = append(people, g.Citizen("An", ""))
	}
	for i, want := range []int{200, 200, 200, 429, 429} {
		if got := send(people[i], "x"); got != want {
			t.Errorf("%d: %d, want %d", i, got, want)
		}
	}
	now = now.Add(time.Second)
	if a, b := send(people[0], "x"), send(people[0], "x"); a != 200 || b != 429 {
		t.Errorf("one chat: %d %d", a, b)
	}
	now = now.Add(time.Second)
	for text, want := range map[string]int{strings.Repeat("😀", 2049): 400, " ": 400} {
		if got := send(people[1], text); got != want {
			t.Errorf("%.10q: %d", text, got)
		}
	}
	if got := send(people[1], "x", "reply_markup", `{"inline_keyboard":[[{"text":"a","callback_data":"`+strings.Repeat("đ", 33)+`"}]]}`); got != 400 {
		t.Errorf("65 bytes on a button: %d", got)
	}
	if got := send(people[1], strings.Repeat("😀", 2048), "reply_markup", `{"inline_keyboard":[[{"text":"a","callback_data":"`+strings.Repeat("đ", 32)+`"}]]}`); got != 200 {
		t.Errorf("just within: %d", got)
	}
	if got := send(g.Stranger(), "x"); got != 403 {
		t.Errorf("who never wrote: %d", got)
	}
}
