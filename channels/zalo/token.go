package zalo

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// kindToken: id is the Official Account; the content is a sealed grant.
const kindToken = "zalo_token"

const (
	refreshAge   = 20 * time.Hour // of 25
	claimLost    = time.Minute    // longer than an exchange and the storing of its answer may take
	keptGrants   = 8              // versions of the record
	afterTrouble = time.Minute
)

// grant is our right to call. The refresh token can be exchanged once; the exchange gives the next one and ends the
// access token before. So an exchange is claimed in the store first: two processes write the next version, one gets to.
//
// A process that dies between Zalo's answer and our write takes the new pair with it. Then the claim lies there, a
// minute later the old refresh token is tried again, Zalo refuses it, and people are called: they get a new one from
// the console. Nothing we could write would save it; we keep that gap short and do not give up writing early.
type grant struct {
	Access  string    `json:"access,omitempty"`
	Refresh string    `json:"refresh,omitempty"`
	Got     time.Time `json:"got,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Claimed time.Time `json:"claimed,omitzero"` // somebody is exchanging Refresh since then
	Nonce   string    `json:"nonce,omitempty"`  // whose claim: tells a lost answer of the store from another's claim
	Refused string    `json:"refused,omitempty"`
	Seeds   []string  `json:"seeds,omitempty"` // hashes of the tokens from the settings that were taken over already
}

// load reads the grant; a refresh token in the settings that was never seen before replaces what is there.
func (c *Channel) load(ctx context.Context) (grant, int, error) {
	for {
		var g grant
		r, err := c.Desk.Store.Get(ctx, kindToken, c.OAID)
		if err != nil && !errors.Is(err, ticketing.ErrNotFound) {
			return g, 0, fmt.Errorf("reading the token: %w", err)
		}
		if err == nil && !r.Deleted() {
			if g, err = c.unseal(r); err != nil {
				return g, 0, err
			}
		}
		seed := fingerprint(c.RefreshToken)
		if c.RefreshToken == "" || slices.Contains(g.Seeds, seed) {
			c.tokenIs(g.Got)
			return g, r.Version, nil
		}
		g = grant{Refresh: c.RefreshToken, Seeds: append(g.Seeds, seed)}
		if err := c.store(ctx, g, r.Version+1); err != nil && !errors.Is(err, ticketing.ErrConflict) {
			return g, 0, err
		}
	}
}

func fingerprint(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:8])
}

func (c *Channel) unseal(r ticketing.Record) (g grant, err error) {
	var box []byte
	if err := json.Unmarshal(r.Doc, &box); err != nil {
		return g, fmt.Errorf("the token's record cannot be read: %w", err)
	}
	plain, err := c.Desk.Vault.Unseal(kindToken+"/"+r.ID, box)
	if err != nil {
		return g, err
	}
	return g, json.Unmarshal(plain, &g)
}

func (c *Channel) store(ctx context.Context, g grant, version int) error {
	plain, err := json.Marshal(g)
	if err != nil {
		return err
	}
	doc, err := json.Marshal(c.Desk.Vault.Seal(kindToken+"/"+c.OAID, plain))
	if err != nil {
		return err
	}
	return c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindToken, ID: c.OAID, Version: version, At: c.now(), By: by.ID, Doc: doc})
}

// token is an access token that should work.
func (c *Channel) token(ctx context.Context) (string, error) {
	g, _, err := c.load(ctx)
	if err != nil {
		return "", err
	}
	if g.Access != "" && c.now().Before(g.Until) {
		return g.Access, nil
	}
	return c.renew(ctx, g.Access)
}

// renew exchanges the refresh token, unless somebody has since the access token `seen` was read.
func (c *Channel) renew(ctx context.Context, seen string) (string, error) {
	for {
		g, version, err := c.load(ctx)
		switch {
		case err != nil:
			return "", err
		case g.Access != seen && g.Access != "":
			return g.Access, nil
		case g.Refused != "" || g.Refresh == "":
			return "", c.noToken(g)
		case c.now().Sub(g.Claimed) < claimLost:
			return "", soon(5*time.Second, "zalo.token.busy")
		}
		if !g.Claimed.IsZero() {
			c.Log.Warn("an exchange of the token was begun and never ended; it is tried again")
		}
		g.Claimed, g.Nonce = c.now(), rand.Text()
		err = c.store(ctx, g, version+1)
		if errors.Is(err, ticketing.ErrConflict) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("claiming the exchange of the token: %w", err)
		}
		// From here on a shutdown must not interrupt.
		return c.trade(context.WithoutCancel(ctx), g, version+1)
	}
}

// trade spends the claimed refresh token and stores what it brings, before anybody uses it.
func (c *Channel) trade(ctx context.Context, g grant, version int) (string, error) {
	fresh, err := c.refresh(ctx, g)
	var no *apiError
	switch {
	case errors.As(err, &no) && no.Code <= -14000 && no.Code > -15000: // its sign-in's codes; others are passing trouble
		return c.refused(ctx, g, version, no)
	case err != nil:
		// Nobody knows whether the token is spent. The claim stays, and ends by itself.
		c.alarm("zalo.alarm.token_unsure")
		c.Log.Error("the token could not be exchanged", "err", err)
		return "", soon(afterTrouble, "zalo.token.trouble")
	}
	ctx, cancel := context.WithTimeout(ctx, c.keepTrying)
	defer cancel()
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := c.store(ctx, fresh, version+1)
		if err == nil {
			break
		}
		now, v, e := c.load(ctx)
		if e == nil && now.Refresh != g.Refresh {
			fresh = now // only the store's answer was lost; or people brought another token meanwhile
			break
		}
		if e == nil {
			version = v // if another took the claim over it cannot have got anything: ours is the pair
		}
		select {
		case <-ctx.Done():
			c.alarm("zalo.alarm.token_lost")
			c.Log.Error("a new token could not be stored and is lost", "err", err)
			return "", soon(afterTrouble, "zalo.token.trouble")
		case <-time.After(pause):
		}
	}
	c.tokenIs(fresh.Got)
	c.allClear("zalo.alarm.token_refused", "zalo.alarm.token_unsure", "zalo.alarm.token_lost", "zalo.alarm.token_none")
	if version > keptGrants {
		_ = c.Desk.Store.Erase(ctx, kindToken, c.OAID, version-keptGrants) // old pairs are of no use to anybody
	}
	return fresh.Access, nil
}

// refused writes down that the token is no longer taken, so that nobody tries it again until people bring another.
func (c *Channel) refused(ctx context.Context, g grant, version int, no *apiError) (string, error) {
	now, v, err := c.load(ctx)
	if err == nil && now.Refresh != g.Refresh {
		return now.Access, nil // somebody else's exchange was the good one
	}
	if err == nil && v == version {
		g.Refused, g.Claimed = no.Error(), time.Time{}
		err = c.store(ctx, g, version+1)
	}
	if err != nil && !errors.Is(err, ticketing.ErrConflict) {
		c.Log.Error("that the token was refused could not be written down", "err", err)
	}
	g.Refused = no.Error()
	return "", c.noToken(g)
}

func (c *Channel) noToken(g grant) error {
	if g.Refresh == "" {
		c.alarm("zalo.alarm.token_none")
	} else {
		c.alarm("zalo.alarm.token_refused", g.Refused)
	}
	return soon(15*time.Minute, "zalo.token.none")
}

func soon(after time.Duration, key string) error {
	return &ticketing.LaterError{After: after, Err: errors.New(words.T(words.Vietnamese, key))}
}

// refresh asks Zalo for the next pair (https://developers.zalo.me/docs/official-account/bat-dau/xac-thuc-va-uy-quyen).
func (c *Channel) refresh(ctx context.Context, g grant) (grant, error) {
	ctx, cancel := patient(ctx)
	defer cancel()
	form := url.Values{"refresh_token": {g.Refresh}, "app_id": {c.AppID}, "grant_type": {"refresh_token"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(c.OAuth, "/")+pathToken, strings.NewReader(form.Encode()))
	if err != nil {
		return grant{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("secret_key", c.AppSecret)
	at := c.now()
	raw, err := c.exchange(req)
	if err != nil {
		return grant{}, err
	}
	var a struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Life    loose  `json:"expires_in"` // seconds, as text
		Error   int    `json:"error"`
		Name    string `json:"error_name"`
		Reason  string `json:"error_reason"`
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return grant{}, &unsureError{errors.New("the answer is not JSON")}
	}
	if a.Error != 0 {
		return grant{}, &apiError{Code: a.Error, Message: a.Name + " " + a.Reason}
	}
	if a.Access == "" || a.Refresh == "" {
		return grant{}, &unsureError{errors.New("the answer holds no tokens")}
	}
	life, err := strconv.Atoi(string(a.Life))
	if err != nil || life < 60 {
		life = 25 * 60 * 60
	}
	return grant{Access: a.Access, Refresh: a.Refresh, Got: at, Until: at.Add(time.Duration(life) * time.Second), Seeds: g.Seeds}, nil
}

// keepToken renews the token in good time, so that no message has to wait for it.
func (c *Channel) keepToken(ctx context.Context) error {
	for {
		c.freshen(ctx)
		timer := time.NewTimer(afterTrouble)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// freshen renews the token if it is old.
func (c *Channel) freshen(ctx context.Context) {
	g, _, err := c.load(ctx)
	if err == nil && (g.Access == "" || c.now().Sub(g.Got) >= refreshAge) {
		_, err = c.renew(ctx, g.Access)
	}
	if err != nil && ctx.Err() == nil {
		c.Log.Debug("the token is not fresh", "err", err) // people were called where they can help
	}
}
