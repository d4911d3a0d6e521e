package simulator

import (
	"net/http"
	"slices"
	"time"
)

const (
	zaloAccessLife  = 25 * time.Hour
	zaloRefreshLife = 90 * 24 * time.Hour
)

// zaloTokens is the account's grant: one access token, one refresh token that works once.
type zaloTokens struct {
	access, refresh       string
	accessFrom, refreshed time.Time
	used                  []string
	exchanges, refused    int
}

// Grant is what the administrator copies out of the console: a first refresh token. What was granted before ends.
func (z *Zalo) Grant() (refreshToken string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.tokens.used = append(z.tokens.used, z.tokens.refresh)
	z.tokens.access, z.tokens.refresh, z.tokens.refreshed = "", "refresh-"+hexID(), z.set.Now()
	return z.tokens.refresh
}

// Exchanges is how often a refresh token was exchanged, and how often that was refused.
func (z *Zalo) Exchanges() (good, refused int) {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.tokens.exchanges, z.tokens.refused
}

// Expire ends the access token before its time.
func (z *Zalo) Expire() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.tokens.access = ""
}

// exchange is POST /v4/oa/access_token.
func (z *Zalo) exchange(r *http.Request) any {
	z.mu.Lock()
	defer z.mu.Unlock()
	no := func(code int, name string) any {
		z.tokens.refused++
		return map[string]any{"error": code, "error_name": name, "error_reason": name, "ref_doc": "https://developers.zalo.me"}
	}
	t, now, given := &z.tokens, z.set.Now(), r.PostFormValue("refresh_token")
	switch {
	case r.Method != http.MethodPost || r.PostFormValue("grant_type") != "refresh_token":
		return no(-14001, "invalid grant type")
	case r.Header.Get("secret_key") != z.set.AppSecret || r.PostFormValue("app_id") != z.set.AppID:
		return no(-14004, "invalid app or secret")
	case given == "" || slices.Contains(t.used, given) || given != t.refresh:
		return no(-14014, "invalid refresh token")
	case now.Sub(t.refreshed) > zaloRefreshLife:
		return no(-14020, "refresh token expired")
	}
	t.used = append(t.used, t.refresh)
	t.access, t.refresh = "access-"+hexID(), "refresh-"+hexID()
	t.accessFrom, t.refreshed = now, now
	t.exchanges++
	return map[string]any{"access_token": t.access, "refresh_token": t.refresh, "expires_in": "90000"}
}

// holds says whether the request brings the access token. z.mu is held.
func (t *zaloTokens) holds(r *http.Request, now time.Time) int {
	got := r.Header.Get("access_token")
	switch {
	case got == "" || got != t.access:
		return -216
	case now.Sub(t.accessFrom) > zaloAccessLife:
		return -220
	}
	return 0
}
