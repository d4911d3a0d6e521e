package ticketing

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// NewToken makes a program's key; it is shown once.
func (a *Accounts) NewToken(ctx context.Context, t Token, by string) (key string, err error) {
	for _, s := range t.Scopes {
		if !slices.Contains(TokenScopes[:], s) {
			return "", invalid("scopes", "error.scope_unknown", s)
		}
	}
	if len(t.Scopes) == 0 || strings.TrimSpace(t.Name) == "" {
		return "", invalid("scopes", "error.scope_none")
	}
	return a.putToken(ctx, t, by)
}

func (a *Accounts) putToken(ctx context.Context, t Token, by string) (key string, err error) {
	raw := make([]byte, 32)
	for t.ID = "-"; t.ID[0] == '-'; t.ID = base64.RawURLEncoding.EncodeToString(raw[:6]) { // it is typed behind a command
		rand.Read(raw)
	}
	secret := base64.RawURLEncoding.EncodeToString(raw[6:])
	sum := sha256.Sum256([]byte(secret))
	t.Hash = sum[:]
	doc, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	err = a.Records.Put(ctx, Record{Kind: KindToken, ID: t.ID, Version: 1, At: a.Now().UTC(), By: by, Doc: doc})
	return "h1022_" + t.ID + "_" + secret, storeError("adding the token", err)
}

// Program is who the key belongs to. ErrNotFound for a key that is unknown, expired or revoked.
func (a *Accounts) Program(ctx context.Context, key string) (Actor, error) {
	rest, ok := strings.CutPrefix(key, "h1022_")
	if !ok || len(rest) < 10 || len(rest) > 100 || rest[8] != '_' {
		return Actor{}, ErrNotFound
	}
	r, err := a.Records.Get(ctx, KindToken, rest[:8])
	if err != nil {
		return Actor{}, err
	}
	var t Token
	if r.Deleted() {
		return Actor{}, ErrNotFound
	}
	if err := json.Unmarshal(r.Doc, &t); err != nil {
		return Actor{}, fmt.Errorf("token record: %w", err)
	}
	sum := sha256.Sum256([]byte(rest[9:]))
	if subtle.ConstantTimeCompare(sum[:], t.Hash) != 1 || t.Off || !t.Expires.IsZero() && a.Now().After(t.Expires) {
		return Actor{}, ErrNotFound
	}
	return Actor{ID: "token:" + t.ID, Role: Program, Agency: t.Agency, Name: t.Name, Scopes: t.Scopes}, nil
}

// Tokens lists the programs' keys, without their secrets.
func (a *Accounts) Tokens(ctx context.Context) ([]Token, error) {
	rs, err := a.Records.All(ctx, KindToken, "")
	if err != nil {
		return nil, err
	}
	out := make([]Token, 0, len(rs))
	for _, r := range rs {
		if err := decodeInto(r.Doc, func(t Token) { t.Hash = nil; out = append(out, t) }); err != nil {
			return nil, fmt.Errorf("token %q: %w", r.ID, err)
		}
	}
	return out, nil
}

// RevokeToken ends a program's key, or the link of a wall board: whoever is connected by it is looked at again.
func (a *Accounts) RevokeToken(ctx context.Context, id, by string) error {
	r, err := a.Records.Get(ctx, KindToken, id)
	if err != nil {
		return storeError("reading the token", err)
	}
	var t Token
	if err := json.Unmarshal(r.Doc, &t); err != nil {
		return err
	}
	t.Off = true
	doc, err := json.Marshal(t)
	if err != nil {
		return err
	}
	err = a.Records.Put(ctx, Record{Kind: KindToken, ID: id, Version: r.Version + 1, At: a.Now().UTC(), By: by, Doc: doc})
	if err == nil {
		a.tell("", "")
	}
	return storeError("revoking the token", err)
}
