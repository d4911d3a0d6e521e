package ticketing

import (
	"errors"
	"fmt"

	"hotline1022/ticketing/words"
)

// Class is what kind of failure an Error is; it decides the HTTP status and whether another try can help.
type Class int

// The classes. Everything that is not an *Error counts as Internal.
const (
	Internal  Class = iota // ours to mend; the cause goes to the log only
	Invalid                // the request can never succeed as it is (422, or 400)
	NotFound               // not there, or not the asker's to know of (404)
	Forbidden              // seen, but may not do that (403)
	Conflict               // somebody else was first (409)
	Busy                   // not now: full or ill; try again (503 with Retry-After)
)

// Error is a failure a person may be told about. Key names the sentence in the catalogue (package words), Args fill
// its places; Err is the cause, for the log and never for a reader.
type Error struct {
	Class Class
	Key   string
	Args  []any
	Field string // the form field at fault, if one is
	Err   error
}

// Error is the sentence in English with its cause, for logs and tests.
func (e *Error) Error() string {
	text := words.T(words.English, e.Key, e.Args...)
	if e.Err != nil {
		return text + ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// Text is the sentence for a reader.
func (e *Error) Text(lang string) string { return words.T(lang, e.Key, e.Args...) }

// ClassOf is the class of err; Internal when it has none.
func ClassOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return Internal
}

// The outcomes of a Store that callers tell apart with errors.Is.
var (
	// ErrConflict: the ticket (or record) already has that version. Read again and decide again.
	ErrConflict = errors.New("conflict: that version is taken")
	// ErrDuplicate: an event with that key is already there; Append returns it. The repeat is harmless.
	ErrDuplicate = errors.New("duplicate: that key is taken")
	// ErrNotFound: no such ticket, event or record.
	ErrNotFound = errors.New("not found")
	// ErrBusy: the store's queue is full or the store is away; nothing was written, try again later.
	ErrBusy = errors.New("store is busy")
	// ErrUnknown: nobody knows whether it was written (the context ended, the server went away while it was being
	// written). Repeat with the same key.
	ErrUnknown = errors.New("unknown whether it was stored")
	// ErrRefused: a channel will never take this message (blocked, window closed, bad address).
	ErrRefused = errors.New("refused for good")
)

func invalid(field, key string, args ...any) *Error {
	return &Error{Class: Invalid, Field: field, Key: key, Args: args}
}

func notFound() *Error { return &Error{Class: NotFound, Key: "error.not_found"} }

func forbidden(key string, args ...any) *Error {
	return &Error{Class: Forbidden, Key: key, Args: args}
}

// storeError gives a store's error the class a reader needs.
func storeError(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.As(err, new(*Error)):
		return err
	case errors.Is(err, ErrNotFound):
		return notFound()
	case errors.Is(err, ErrConflict):
		return &Error{Class: Conflict, Key: "error.conflict", Err: err}
	case errors.Is(err, ErrBusy), errors.Is(err, ErrUnknown):
		return &Error{Class: Busy, Key: "error.busy", Err: fmt.Errorf("%s: %w", doing, err)}
	}
	return fmt.Errorf("%s: %w", doing, err)
}
