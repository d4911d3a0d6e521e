package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"

	"hotline1022/ticketing"
)

// kindExtensions is one record for all: whose telephone is which. So one person has one extension and one extension
// one person, whoever changes it at the same moment; its versions are its history.
const (
	kindExtensions = "phone_extensions"
	allExtensions  = "all"
)

var extensionForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,31}$`)

// readExtensions gives extension → sign-in name, and the record's version.
func (c *Channel) readExtensions(ctx context.Context) (map[string]string, int, error) {
	all := map[string]string{}
	r, err := c.Desk.Store.Get(ctx, kindExtensions, allExtensions)
	if errors.Is(err, ticketing.ErrNotFound) || err == nil && r.Deleted() {
		return all, r.Version, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("reading the extensions: %w", err)
	}
	if err := json.Unmarshal(r.Doc, &all); err != nil {
		return nil, 0, fmt.Errorf("the record of extensions: %w", err)
	}
	return all, r.Version, nil
}

// Extensions is extension → sign-in name.
func (c *Channel) Extensions(ctx context.Context) (map[string]string, error) {
	all, _, err := c.readExtensions(ctx)
	return all, err
}

// SetExtension says which telephone is the person's; "" takes it away. Supervisors and administrators may. An *Error
// of class Conflict: the extension is somebody else's.
func (c *Channel) SetExtension(ctx context.Context, actor ticketing.Actor, staff, extension string) error {
	if actor.Role != ticketing.Supervisor && actor.Role != ticketing.Administrator {
		return &ticketing.Error{Class: ticketing.Forbidden, Key: "error.page_role"}
	}
	staff, extension = strings.ToLower(strings.TrimSpace(staff)), strings.ToLower(strings.TrimSpace(extension))
	if staff == "" {
		return &ticketing.Error{Class: ticketing.Invalid, Field: "staff", Key: "phone.error.staff"}
	}
	if extension != "" && !extensionForm.MatchString(extension) {
		return &ticketing.Error{Class: ticketing.Invalid, Field: "extension", Key: "phone.error.extension"}
	}
	for {
		all, version, err := c.readExtensions(ctx)
		if err != nil {
			return err
		}
		if owner := all[extension]; extension != "" && owner != "" {
			if owner == staff {
				return nil
			}
			return &ticketing.Error{Class: ticketing.Conflict, Field: "extension", Key: "phone.error.extension_taken", Args: []any{extension, owner}}
		}
		maps.DeleteFunc(all, func(_, s string) bool { return s == staff })
		if extension != "" {
			all[extension] = staff
		}
		doc, err := json.Marshal(all)
		if err != nil {
			return err
		}
		err = c.Desk.Store.Put(ctx, ticketing.Record{
			Kind: kindExtensions, ID: allExtensions, Version: version + 1, At: c.now(), By: actor.ID, Doc: doc,
		})
		if errors.Is(err, ticketing.ErrConflict) {
			continue
		}
		if err != nil {
			return fmt.Errorf("storing the extensions: %w", err)
		}
		c.mu.Lock()
		c.extensions = all
		c.mu.Unlock()
		c.bell.Ring()
		return nil
	}
}

// extensionOf is the telephone behind an interface of a queue: PJSIP/agent101, Local/101@agents/n.
func extensionOf(iface string) string {
	if _, rest, ok := strings.Cut(iface, "/"); ok {
		iface = rest
	}
	iface, _, _ = strings.Cut(iface, "@")
	iface, _, _ = strings.Cut(iface, "/")
	return word(iface)
}

// extensionOfChannel is the telephone of a channel, which is its interface with a counter: PJSIP/agent101-00000003,
// Local/101@agents-00000001;1.
func extensionOfChannel(channel string) string {
	channel, _, _ = strings.Cut(channel, ";")
	if i := strings.LastIndexByte(channel, '-'); i > 0 {
		channel = channel[:i]
	}
	return extensionOf(channel)
}
