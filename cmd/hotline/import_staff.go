package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"hotline1022/ticketing"
)

// staff makes accounts. A new one gets a first password, which stands in FILE.passwords.csv, readable by its owner
// only, and must be changed at the first sign-in. Of one that is there, name, role and agency are brought up to date;
// its password stays.
func (im *importer) staff(ctx context.Context) error {
	agencies := im.desk.Catalog.Current().Agencies
	accounts := im.parts.accounts
	keys := &passwords{path: im.cmd.File + ".passwords.csv"}
	err := scan(ctx, im.cmd.File, im.meter, func(r row) error {
		if r.bad != "" {
			return im.reject(r, r.bad)
		}
		it, err := itemOf(r, ticketing.KindStaff, func(s ticketing.Staff) string { return s.ID })
		if err != nil {
			return im.reject(r, strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		s := it.doc.(ticketing.Staff)
		s.ID = strings.ToLower(strings.TrimSpace(s.ID))
		if s.Password != "" {
			return im.reject(r, "passwords are given out, not imported")
		}
		if err := ticketing.CheckStaff(s); err != nil {
			return im.reject(r, err.Error())
		}
		if _, ok := agencies[s.Agency]; !ok && s.Agency != "" {
			return im.reject(r, fmt.Sprintf("agency %q is not there", s.Agency))
		}
		was, err := accounts.Staff(ctx, s.ID)
		switch {
		case err == nil && was.Name == s.Name && was.Role == s.Role && was.Agency == s.Agency && was.Lang == s.Lang && was.Off == s.Off:
			im.meter.there.Add(1)
			return nil
		case err == nil:
			im.meter.changed.Add(1)
		case errors.Is(err, ticketing.ErrNotFound):
			im.meter.added.Add(1)
		default:
			return err
		}
		if im.cmd.DryRun {
			return nil
		}
		if err == nil {
			return accounts.Change(ctx, s.ID, importActor.ID, func(a *ticketing.Staff) error {
				a.Name, a.Role, a.Agency, a.Lang, a.Off = s.Name, s.Role, s.Agency, s.Lang, s.Off
				return nil
			})
		}
		password := newPassword()
		// Written first: a password without an account does no harm, an account without a password needs help.
		if err := keys.add(s.ID, s.Name, password); err != nil {
			return err
		}
		s.Change = true
		return accounts.Add(ctx, s, password, importActor.ID)
	})
	if keys.file != nil {
		fmt.Fprintf(im.out, "first passwords: %s (hand them out and delete the file)\n", keys.path)
		err = errors.Join(err, keys.file.Close())
	}
	return err
}

// passwords is a file only its owner can read. One that is there is added to.
type passwords struct {
	path string
	file *os.File
}

func (p *passwords) add(cells ...string) error {
	if p.file == nil {
		f, err := os.OpenFile(p.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			p.path = filepath.Base(p.path)
			if f, err = os.OpenFile(p.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
				return fmt.Errorf("the first passwords cannot be written: %w", err)
			}
		}
		p.file = f
		if err := f.Chmod(0o600); err != nil {
			return fmt.Errorf("the first passwords cannot be kept from others: %w", err)
		}
		if info, err := f.Stat(); err == nil && info.Size() == 0 {
			if err := p.write("id", "name", "password"); err != nil {
				return err
			}
		}
	}
	return p.write(cells...)
}

func (p *passwords) write(cells ...string) error {
	w := csv.NewWriter(p.file)
	if err := w.Write(cells); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}
