package ui_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"hotline1022/ui"
)

// provider is an OpenID Connect provider as small as one can be: discovery, keys, authorization code with PKCE. Who
// comes by is signed in as its subject. It lies on demand.
type provider struct {
	*httptest.Server
	h   *house
	key *rsa.PrivateKey

	mu      sync.Mutex
	subject string
	lie     func(header, claims map[string]any)
	forge   *rsa.PrivateKey // signs instead of key
	bare    bool            // no signature at all
	down    bool            // its token endpoint is ill
	codes   map[string]url.Values
	asked   url.Values // the last request for a code
	wrong   []string   // what the hotline did that no relying party may
}

const (
	clientID     = "hotline"
	clientSecret = "a secret of ours & theirs"
)

var signingKey = sync.OnceValue(func() *rsa.PrivateKey { return newKey() })

func newKey() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
}

// withProvider is a house whose staff can sign in elsewhere.
func withProvider(t *testing.T) (*house, *provider) {
	t.Helper()
	p := &provider{key: signingKey(), subject: "17", codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	h := newHouse(t, func(s *ui.Server) {
		s.OIDC = &ui.OIDC{Issuer: p.URL, ClientID: clientID, ClientSecret: clientSecret, Name: "Cổng cán bộ"}
	})
	p.h = h
	t.Cleanup(func() {
		for _, w := range p.wrong {
			t.Errorf("the provider: %s", w)
		}
	})
	return h, p
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (p *provider) discovery(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, 200, map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256", "none", "HS256"}, "code_challenge_methods_supported": []string{"S256"},
	})
}

func (p *provider) keys(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, 200, map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": raw64(p.key.N.Bytes()), "e": raw64(big.NewInt(int64(p.key.E)).Bytes()),
	}}})
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	p.asked = q
	for name, want := range map[string]string{"client_id": clientID, "response_type": "code", "scope": "openid", "code_challenge_method": "S256", "redirect_uri": p.h.base + "/dang-nhap/ngoai/ve"} {
		if q.Get(name) != want {
			p.wrong = append(p.wrong, name+" is "+q.Get(name))
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(q.Get(name)) < 20 {
			p.wrong = append(p.wrong, name+" is "+q.Get(name))
		}
	}
	code := rand.Text()
	p.codes[code] = q
	back := url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.URL}}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		answerJSON(w, 503, map[string]any{"error": "temporarily_unavailable"})
		return
	}
	_ = r.ParseForm()
	asked, ok := p.codes[r.Form.Get("code")]
	delete(p.codes, r.Form.Get("code"))
	id, secret, _ := r.BasicAuth()
	if id == "" {
		id, secret = r.Form.Get("client_id"), r.Form.Get("client_secret")
	} else {
		secret, _ = url.QueryUnescape(secret)
	}
	sum := sha256.Sum256([]byte(r.Form.Get("code_verifier")))
	if !ok || id != clientID || secret != clientSecret || raw64(sum[:]) != asked.Get("code_challenge") || r.Form.Get("redirect_uri") != asked.Get("redirect_uri") {
		answerJSON(w, 400, map[string]any{"error": "invalid_grant"})
		return
	}
	now := p.h.Now().Unix()
	header := map[string]any{"alg": "RS256", "kid": "1", "typ": "JWT"}
	claims := map[string]any{"iss": p.URL, "sub": p.subject, "aud": clientID, "iat": now, "exp": now + 300, "nonce": asked.Get("nonce"), "email": "hang@example.vn", "email_verified": true}
	if p.lie != nil {
		p.lie(header, claims)
	}
	answerJSON(w, 200, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 300, "id_token": p.sign(header, claims)})
}

func (p *provider) sign(header, claims map[string]any) string {
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return raw64(raw)
	}
	body := part(header) + "." + part(claims)
	if p.bare {
		return body + "."
	}
	key := p.key
	if p.forge != nil {
		key = p.forge
	}
	sum := sha256.Sum256([]byte(body))
	sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return body + "." + raw64(sig)
}

func raw64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// goes is where a browser is sent; the provider's answer is the address it comes back to.
func (p *provider) goes(address string) string {
	p.h.Helper()
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Get(address)
	p.h.must(err)
	defer resp.Body.Close()
	u, err := resp.Location()
	if err != nil {
		p.h.Fatalf("the provider at %s answers %d: %v", address, resp.StatusCode, err)
	}
	return u.RequestURI()
}

// away starts at a path of ours and comes to the address the provider sends back to.
func (b *browser) away(p *provider, path string) string {
	b.h.Helper()
	return p.goes(b.get(path).wants(b.h, 303).Header.Get("Location"))
}

// lies has the provider answer so from now on; nil: honestly.
func (p *provider) lies(f func(header, claims map[string]any)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lie, p.forge, p.bare, p.down = f, nil, false, false
}

func (p *provider) is(subject string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.subject = subject
}
