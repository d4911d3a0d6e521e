package main

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"hotline1022/ticketing"
)

// UserCmd looks after accounts.
type UserCmd struct {
	Add     UserAddCmd     `cmd:"" help:"Make an account; prints a first password."`
	List    UserListCmd    `cmd:"" help:"List the accounts."`
	Disable UserDisableCmd `cmd:"" help:"Switch an account off and end its sessions."`
	Reset   UserResetCmd   `cmd:"" help:"Give an account a new first password; prints it."`
}

// UserAddCmd makes one.
type UserAddCmd struct {
	ID     string `arg:"" help:"sign-in name"`
	Name   string `required:"" help:"the person's name"`
	Role   string `required:"" help:"operator, supervisor, officer, leader, moderator, administrator or auditor"`
	Agency string `help:"of an officer or leader"`
}

// Run prints the first password once; it must be changed at the first sign-in.
func (u UserAddCmd) Run(ctx context.Context, c *Config) error {
	return withParts(ctx, c, func(p *parts) error {
		if u.Agency != "" {
			if _, ok := p.catalogs.Current().Agencies[u.Agency]; !ok {
				return fmt.Errorf("there is no agency %q", u.Agency)
			}
		}
		password := newPassword()
		s := ticketing.Staff{ID: u.ID, Name: u.Name, Role: ticketing.Role(u.Role), Agency: u.Agency, Change: true}
		if err := p.accounts.Add(ctx, s, password, "hotline user"); err != nil {
			return err
		}
		fmt.Printf("%s may sign in with the password %s and must change it then.\n", strings.ToLower(u.ID), password)
		return nil
	})
}

// UserListCmd lists.
type UserListCmd struct{}

// Run prints a table.
func (UserListCmd) Run(ctx context.Context, c *Config) error {
	return reading(ctx, c, func(p *parts) error {
		all, err := p.accounts.AllStaff(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(os.Stdout, 2, 4, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tNAME\tROLE\tAGENCY\tSTATE")
		for _, s := range all {
			state := "on"
			if s.Off {
				state = "off"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.ID, s.Name, s.Role, s.Agency, state)
		}
		return w.Flush()
	})
}

// UserDisableCmd switches off.
type UserDisableCmd struct {
	ID string `arg:""`
}

// Run ends the sessions too.
func (u UserDisableCmd) Run(ctx context.Context, c *Config) error {
	return withParts(ctx, c, func(p *parts) error {
		return there("account", u.ID, p.accounts.Change(ctx, u.ID, "hotline user", func(s *ticketing.Staff) error { s.Off = true; s.Epoch++; return nil }))
	})
}

// UserResetCmd gives a new password.
type UserResetCmd struct {
	ID           string `arg:""`
	SecondFactor bool   `help:"also take the second factor away: its owner has lost telephone and recovery codes"`
}

// Run prints it once.
func (u UserResetCmd) Run(ctx context.Context, c *Config) error {
	return withParts(ctx, c, func(p *parts) error {
		password := newPassword()
		if err := there("account", u.ID, p.accounts.SetPassword(ctx, u.ID, "hotline user", password, true)); err != nil {
			return err
		}
		fmt.Printf("%s may sign in with the password %s and must change it then.\n", u.ID, password)
		if u.SecondFactor {
			return p.accounts.ResetSecond(ctx, ticketing.Actor{ID: "hotline user", Role: ticketing.Administrator}, u.ID)
		}
		return nil
	})
}

// TokenCmd looks after programs' keys.
type TokenCmd struct {
	Add    TokenAddCmd    `cmd:"" help:"Make a token; prints it once."`
	List   TokenListCmd   `cmd:"" help:"List the tokens."`
	Revoke TokenRevokeCmd `cmd:"" help:"End a token."`
}

// TokenAddCmd makes one.
type TokenAddCmd struct {
	Name   string   `required:"" help:"which program"`
	Scopes []string `required:"" help:"tickets:read, tickets:write, tickets:act, events:read, report:read"`
	Agency string   `help:"narrow it to one agency"`
	Days   int      `help:"valid so many days; 0 for ever" default:"365"`
}

// Run prints the key once.
func (t TokenAddCmd) Run(ctx context.Context, c *Config) error {
	return withParts(ctx, c, func(p *parts) error {
		tok := ticketing.Token{Name: t.Name, Scopes: t.Scopes, Agency: t.Agency}
		if t.Days > 0 {
			tok.Expires = time.Now().AddDate(0, 0, t.Days).UTC()
		}
		key, err := p.accounts.NewToken(ctx, tok, "hotline token")
		if err == nil {
			fmt.Println(key)
		}
		return err
	})
}

// TokenListCmd lists.
type TokenListCmd struct{}

// Run prints a table.
func (TokenListCmd) Run(ctx context.Context, c *Config) error {
	return reading(ctx, c, func(p *parts) error {
		all, err := p.accounts.Tokens(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(os.Stdout, 2, 4, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tNAME\tSCOPES\tAGENCY\tEXPIRES\tSTATE")
		for _, t := range all {
			state, expires := "on", "never"
			if t.Off {
				state = "revoked"
			}
			if !t.Expires.IsZero() {
				expires = t.Expires.Format(time.DateOnly)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.Name, strings.Join(t.Scopes, ","), t.Agency, expires, state)
		}
		return w.Flush()
	})
}

// TokenRevokeCmd ends one.
type TokenRevokeCmd struct {
	ID string `arg:""`
}

// Run ends it at once.
func (t TokenRevokeCmd) Run(ctx context.Context, c *Config) error {
	return withParts(ctx, c, func(p *parts) error {
		return there("token", t.ID, p.accounts.RevokeToken(ctx, t.ID, "hotline token"))
	})
}

// there says of what is not there what it is, and where to look.
func there(what, id string, err error) error {
	if errors.Is(err, ticketing.ErrNotFound) || ticketing.ClassOf(err) == ticketing.NotFound {
		return fmt.Errorf("there is no %s %q; `hotline %s list` shows those there are", what, id, map[string]string{"account": "user", "token": "token"}[what])
	}
	return err
}

// newPassword is easy to read out: four groups of four letters and digits, 80 random bits.
func newPassword() string {
	var raw [10]byte
	rand.Read(raw[:])
	s := strings.ToLower(base32.StdEncoding.EncodeToString(raw[:]))
	return s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:]
}
