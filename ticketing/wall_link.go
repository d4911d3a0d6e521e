package ticketing

import (
	"context"
	"slices"
	"strings"
	"time"
)

// NewBoardLink makes the key of a wall board's link: it shows the board and nothing else. The key is shown once.
func (a *Accounts) NewBoardLink(ctx context.Context, name string, expires time.Time, by string) (key string, err error) {
	if name = strings.TrimSpace(name); name == "" {
		return "", invalid("name", "error.name")
	}
	if !expires.IsZero() && !expires.After(a.Now()) {
		return "", invalid("expires", "error.date")
	}
	return a.putToken(ctx, Token{Name: cut(name, maxName), Scopes: []string{ScopeBoard}, Expires: expires.UTC()}, by)
}

// BoardLink is whose link the key is. ErrNotFound for any other key, and for one that has ended.
func (a *Accounts) BoardLink(ctx context.Context, key string) (Actor, error) {
	by, err := a.Program(ctx, key)
	if err == nil && !slices.Equal(by.Scopes, []string{ScopeBoard}) {
		err = ErrNotFound
	}
	return by, err
}

// BoardLinks lists the links of wall boards, those that have ended too.
func (a *Accounts) BoardLinks(ctx context.Context) ([]Token, error) {
	all, err := a.Tokens(ctx)
	return slices.DeleteFunc(all, func(t Token) bool { return !slices.Equal(t.Scopes, []string{ScopeBoard}) }), err
}
