package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/attachments"
	"hotline1022/ticketing/store/mongo"
	"hotline1022/ticketing/store/sqlite"
)

// parts is what every command that touches the data needs.
type parts struct {
	store    ticketing.Store
	vault    *ticketing.Vault
	accounts *ticketing.Accounts
	catalogs *ticketing.Catalogs
	desk     *ticketing.Desk
	log      *slog.Logger
}

// assemble opens the store and puts the desk together. The caller closes the store.
func assemble(ctx context.Context, c *Config, log *slog.Logger) (*parts, error) {
	return assembled(ctx, c, log, sqlite.Options{})
}

func assembled(ctx context.Context, c *Config, log *slog.Logger, opt sqlite.Options) (*parts, error) {
	if db := sqliteFile(c); opt.ReadOnly && c.Store == "sqlite" {
		if _, err := os.Stat(db); err != nil {
			return nil, fmt.Errorf("there is no data in %s yet", c.Data)
		}
	}
	if err := os.MkdirAll(c.Data, 0o750); err != nil {
		return nil, fmt.Errorf("the data folder cannot be made (choose another with --data): %w", err)
	}
	key, err := vaultKey(c)
	if err != nil {
		return nil, err
	}
	store, err := openStore(ctx, c, opt)
	if err != nil {
		return nil, err
	}
	p := &parts{store: store, log: log}
	if err := p.build(ctx, c, key); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return p, nil
}

func (p *parts) build(ctx context.Context, c *Config, key []byte) error {
	files, err := attachments.Open(filepath.Join(c.Data, "files"))
	if err != nil {
		return err
	}
	if p.vault, err = ticketing.NewVault(p.store, key, time.Now); err != nil {
		return err
	}
	if err := p.vault.Check(ctx); err != nil {
		return err
	}
	p.catalogs = &ticketing.Catalogs{Records: p.store}
	p.accounts = &ticketing.Accounts{Records: p.store, Now: time.Now, Vault: p.vault, Catalog: p.catalogs}
	if err := p.catalogs.Refresh(ctx); err != nil {
		return err
	}
	p.desk = &ticketing.Desk{
		Store: p.store, Vault: p.vault, Files: files, Catalog: p.catalogs, Now: time.Now, Log: p.log,
		BaseURL: strings.TrimRight(c.PublicURL, "/"),
	}
	return nil
}

func sqliteFile(c *Config) string { return filepath.Join(c.Data, "hotline.db") }

func openStore(ctx context.Context, c *Config, opt sqlite.Options) (ticketing.Store, error) {
	if c.Store != "sqlite" {
		s, err := mongo.Open(ctx, c.Store, mongo.Options{})
		if err != nil {
			return nil, fmt.Errorf("is the server that HOTLINE_STORE names running, and may this user use it? %w", err)
		}
		return s, nil
	}
	return sqlite.Open(ctx, sqliteFile(c), opt)
}

// vaultKey is the key of names and numbers: given, or kept in a file that is made at the first start. It is never
// made anew where there is data already: that would lose every name.
func vaultKey(c *Config) ([]byte, error) {
	if c.VaultKey != "" {
		return parseKey(c.VaultKey)
	}
	path := filepath.Join(c.Data, "keys", "vault.key")
	raw, err := os.ReadFile(path)
	if err == nil {
		key, err := parseKey(strings.TrimSpace(string(raw)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return key, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the vault's key cannot be read: %w", err)
	}
	if c.Store != "sqlite" {
		return nil, errors.New("HOTLINE_VAULT_KEY is not set: every process on a shared store needs the same key (make one with: openssl rand -hex 32)")
	}
	if _, err := os.Stat(sqliteFile(c)); err == nil {
		return nil, fmt.Errorf("%s is missing but there is data: put the key back, a new one cannot open the names", path)
	}
	return newVaultKey(path)
}

// newVaultKey makes the key file whole and durable before anything is sealed with it. Of two processes that start
// at once on an empty folder the first gives its key a name; the other takes that one.
func newVaultKey(path string) ([]byte, error) {
	key := make([]byte, 32)
	rand.Read(key)
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the folder for keys cannot be made: %w", err)
	}
	aside, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return nil, fmt.Errorf("the vault's key cannot be written: %w", err)
	}
	defer os.Remove(aside.Name())
	_, err = aside.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, aside.Sync(), aside.Close()); err == nil {
		err = os.Link(aside.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		var raw []byte
		if raw, err = os.ReadFile(path); err == nil {
			return parseKey(strings.TrimSpace(string(raw)))
		}
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err == nil {
		err = syncDir(filepath.Dir(dir))
	}
	if err != nil {
		return nil, fmt.Errorf("the vault's key cannot be written: %w", err)
	}
	return key, nil
}

// syncDir makes the names in a folder durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func parseKey(s string) ([]byte, error) {
	key, err := hex.DecodeString(s)
	if err != nil || len(key) != 32 {
		return nil, errors.New("a key is 64 hex digits")
	}
	return key, nil
}

func newLog(c *Config) *slog.Logger {
	if c.Log == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, nil))
}

// withParts runs one command over the data.
func withParts(ctx context.Context, c *Config, do func(*parts) error) error {
	return with(ctx, c, sqlite.Options{}, do)
}

// reading runs one command that only reads: it may run beside a server on the same folder.
func reading(ctx context.Context, c *Config, do func(*parts) error) error {
	return with(ctx, c, sqlite.Options{ReadOnly: true}, do)
}

func with(ctx context.Context, c *Config, opt sqlite.Options, do func(*parts) error) error {
	p, err := assembled(ctx, c, newLog(c), opt)
	if err != nil {
		return err
	}
	return errors.Join(do(p), p.store.Close())
}
