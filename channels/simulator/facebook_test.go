package simulator

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

func startFacebook(t *testing.T, set FacebookSettings) *Facebook {
	t.Helper()
	set.AppID, set.AppSecret, set.PageToken, set.PageID, set.VerifyToken, set.Scale = "1", "app", "token", "2", "verify", 1e6
	f, err := NewFacebook(set)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// heard is a webhook that keeps what comes and answers with status.
func heard(t *testing.T, status int) (url string, bodies func() []string) {
	t.Helper()
	var mu sync.Mutex
	var all []string
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if FacebookSignature(string(raw), "app") != r.Header.Get("X-Hub-Signature-256") || !strings.HasPrefix(r.Header.Get("X-Hub-Signature"), "sha1=") {
			t.Errorf("signatures %v", r.Header)
		}
		all = append(all, string(raw))
		w.WriteHeader(status)
	}))
	t.Cleanup(hook.Close)
	return hook.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

func TestFacebookRepeatsAndThenUnsubscribes(t *testing.T) {
	hook, bodies := heard(t, http.StatusInternalServerError)
	f := startFacebook(t, FacebookSettings{Webhook: hook})
	user := f.Citizen("Lê", "An")
	f.Say(user, "một")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	p, err := f.Settled(ctx)
	if err != nil || !p.Unsubscribed || p.Lost != 1 || p.Sent != 1+len(facebookLadder) {
		t.Errorf("%+v %v", p, err)
	}
	for _, raw := range bodies() {
		if raw != bodies()[0] {
			t.Error("a repeat has other bytes")
		}
	}
	f.Say(user, "hai")
	if p, _ := f.Settled(ctx); p.Lost != 2 || p.Sent != 1+len(facebookLadder) {
		t.Errorf("after that: %+v", p)
	}
}

func TestFacebooksBodiesAreASCIIAndMeanTheSame(t *testing.T) {
	said := "Đèn 50% <ở> a/b @c \"d\" 😀"
	raw := FacebookJSON(map[string]any{"text": said})
	if want := `{"text":"\u0110\u00e8n 50\u0025 \u003C\u1edf> a\/b \u0040c \"d\" \ud83d\ude00"}`; raw != want {
		t.Errorf("%s\nwant\n%s", raw, want)
	}
	var back map[string]string
	if err := json.Unmarshal([]byte(raw), &back); err != nil || back["text"] != said {
		t.Errorf("%q %v", back["text"], err)
	}
}

func TestABatchIsOnePost(t *testing.T) {
	hook, bodies := heard(t, http.StatusOK)
	f := startFacebook(t, FacebookSettings{Webhook: hook})
	user := f.Citizen("Lê", "An")
	f.Batch(func() { f.Say(user, "a"); f.Say(user, "b"); f.Comment(user, "1", "c"); f.Say(user, "d") })
	if _, err := f.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all := bodies(); len(all) != 1 || strings.Count(all[0], `"messaging":`) != 2 || strings.Count(all[0], `"mid"`) != 3 {
		t.Errorf("%q", all)
	}
}

func TestTheGraphWantsTokenAndProof(t *testing.T) {
	f := startFacebook(t, FacebookSettings{MediaLife: time.Minute})
	ask := func(token, proof string) string {
		req, _ := http.NewRequest(http.MethodGet, f.Graph()+"/2?fields=name&appsecret_proof="+proof, nil)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		raw, _ := io.ReadAll(resp.Body)
		return resp.Status + string(raw)
	}
	good := facebookProof("token", "app")
	if got := ask("token", good); !strings.Contains(got, "followers_count") {
		t.Error(got)
	}
	if got := ask("token", "0"); !strings.HasPrefix(got, "400") || !strings.Contains(got, `"code":100`) {
		t.Error(got)
	}
	if got := ask("other", good); !strings.Contains(got, `"code":190`) {
		t.Error(got)
	}
	f.ExpireToken()
	if got := ask("token", good); !strings.Contains(got, `"error_subcode":463`) {
		t.Error(got)
	}
}
