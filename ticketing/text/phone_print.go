package text

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

var (
	_ fmt.Formatter  = Phone{}
	_ fmt.GoStringer = Phone{}
	_ slog.LogValuer = Phone{}
	_ json.Marshaler = Phone{}
)

const hidden = "•••"

// String gives the masked number, 090•••182. Of a foreign number only the end
// is shown, for a short one would have nothing left to hide. Short codes are
// public and shown whole.
func (p Phone) String() string {
	d := p.National()
	switch {
	case p.IsZero() || p.Short():
		return d
	case d[0] == '+':
		return "+" + hidden + d[len(d)-3:]
	}
	return d[:3] + hidden + d[len(d)-3:]
}

// GoString is what %#v prints.
func (p Phone) GoString() string { return "text.Phone(" + p.String() + ")" }

// Format prints the masked number for every verb.
func (p Phone) Format(f fmt.State, verb rune) {
	switch {
	case verb == 'v' && f.Flag('#'):
		fmt.Fprint(f, p.GoString())
	case verb == 'q':
		fmt.Fprintf(f, fmt.FormatString(f, 'q'), p.String())
	default:
		fmt.Fprintf(f, fmt.FormatString(f, 's'), p.String())
	}
}

// LogValue is what slog writes.
func (p Phone) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalJSON encodes the masked number; there is no way back.
func (p Phone) MarshalJSON() ([]byte, error) { return json.Marshal(p.String()) }
