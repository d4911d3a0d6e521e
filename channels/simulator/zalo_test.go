package simulator

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func start(t *testing.T, set ZaloSettings) *Zalo {
	t.Helper()
	set.AppID, set.AppSecret, set.OASecretKey, set.OAID, set.Scale = "1", "app", "oa", "2", 1e6
	z, err := NewZalo(set)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { z.Close() })
	return z
}

func TestAnEventIsRepeatedAndThenTheAppIsUnsubscribed(t *testing.T) {
	var mu sync.Mutex
	var tries, macs []string
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		tries, macs = append(tries, r.Header.Get("num_retry")), append(macs, r.Header.Get("X-ZEvent-Signature"))
		w.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(hook.Close)
	z := start(t, ZaloSettings{Webhook: hook.URL})
	user := z.Citizen("An")
	z.Say(user, "một")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	p, err := z.Settled(ctx)
	if err != nil || !p.Unsubscribed || p.Lost != 1 {
		t.Errorf("%+v %v", p, err)
	}
	if want := []string{"", "1", "2", "3", "4", "5"}; !slices.Equal(tries, want) {
		t.Errorf("tries %v", tries)
	}
	if len(slices.Compact(macs)) != 1 || len(macs[0]) != len("mac=")+64 {
		t.Errorf("macs %v", macs)
	}
	z.Say(user, "hai")
	if p, _ := z.Settled(ctx); p.Lost != 2 || p.Sent != 6 {
		t.Errorf("after that: %+v", p)
	}
}

func TestARefreshTokenWorksOnceAndErrorsAre200(t *testing.T) {
	z := start(t, ZaloSettings{})
	ask := func(token, secret string) string {
		form := url.Values{"refresh_token": {token}, "app_id": {"1"}, "grant_type": {"refresh_token"}}
		req, _ := http.NewRequest(http.MethodPost, z.URL()+"/v4/oa/access_token", strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("secret_key", secret)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		raw, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("status %d", resp.StatusCode)
		}
		return string(raw)
	}
	token := z.Grant()
	if got := ask(token, "wrong"); !strings.Contains(got, "-14004") {
		t.Error(got)
	}
	if got := ask(token, "app"); !strings.Contains(got, `"expires_in":"90000"`) {
		t.Error(got)
	}
	if got := ask(token, "app"); !strings.Contains(got, "-14014") {
		t.Error(got)
	}
}
