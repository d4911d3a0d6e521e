package phone

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// The limits of what is read from the exchange. What is longer is passed over, not believed in part.
const (
	maxLine  = 4 << 10
	maxLines = 200
)

// message is one block of the manager's protocol: an event, or the answer to an action.
// https://docs.asterisk.org/Configuration/Interfaces/Asterisk-Manager-Interface-AMI/
type message []field

type field struct{ key, value string }

// get is the first value under the key, in whatever case; what Asterisk does not know counts as nothing.
func (m message) get(key string) string {
	for _, f := range m {
		if strings.EqualFold(f.key, key) {
			if f.value == "<unknown>" || f.value == "<null>" {
				return ""
			}
			return f.value
		}
	}
	return ""
}

func (m message) number(key string) int {
	n, err := strconv.Atoi(m.get(key))
	if err != nil {
		return 0
	}
	return n
}

// seconds is a whole number of seconds, bounded by a day: nobody waits longer.
func (m message) seconds(key string) time.Duration {
	return time.Duration(min(max(0, m.number(key)), 24*60*60)) * time.Second
}

// stamp is the time the exchange gave the event, in seconds with a fraction; only with timestampevents=yes.
func (m message) stamp() (time.Time, bool) {
	whole, fraction, _ := strings.Cut(m.get("Timestamp"), ".")
	s, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || s <= 0 || len(whole) > 11 {
		return time.Time{}, false
	}
	millis := 0
	if fraction != "" {
		fraction = (fraction + "000")[:3]
		if millis, err = strconv.Atoi(fraction); err != nil || millis < 0 {
			return time.Time{}, false
		}
	}
	return time.Unix(s, int64(millis)*int64(time.Millisecond)).UTC(), true
}

// reader reads blocks.
type reader struct {
	lines   *bufio.Reader
	skipped func() // a block was too large
}

func newReader(r io.Reader, skipped func()) *reader {
	return &reader{lines: bufio.NewReaderSize(r, maxLine), skipped: skipped}
}

// line is the next line without its end; cut says that it was too long and is not whole.
func (r *reader) line() (s string, cut bool, err error) {
	raw, err := r.lines.ReadSlice('\n')
	s = string(raw)
	for errors.Is(err, bufio.ErrBufferFull) {
		cut = true
		_, err = r.lines.ReadSlice('\n')
	}
	if err != nil {
		return "", cut, err
	}
	return strings.TrimRight(s, "\r\n"), cut, nil
}

// next is the next block that has anything in it.
func (r *reader) next() (message, error) {
	for {
		var m message
		bad := false
		for n := 0; ; n++ {
			line, cut, err := r.line()
			if err != nil {
				return nil, err // what has no empty line behind it is not whole
			}
			if line == "" && !cut {
				break
			}
			if cut || n >= maxLines {
				bad = true
			}
			key, value, ok := strings.Cut(line, ":")
			if ok && !bad {
				m = append(m, field{strings.TrimSpace(key), strings.ToValidUTF8(strings.TrimSpace(value), "")})
			}
		}
		if bad {
			r.skipped()
			continue
		}
		if len(m) > 0 {
			return m, nil
		}
	}
}

// greeting is the first line, before any block.
func (r *reader) greeting() error {
	line, _, err := r.line()
	if err != nil {
		return err
	}
	if !strings.Contains(line, "Call Manager") {
		return errors.New("what answers is no Asterisk manager")
	}
	return nil
}

// oneLine keeps a value from being several.
var oneLine = strings.NewReplacer("\r", "", "\n", "")

// action writes one action: its name, then keys and values in turn.
func action(w io.Writer, name, id string, pairs ...string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Action: %s\r\nActionID: %s\r\n", name, id)
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(&b, "%s: %s\r\n", pairs[i], oneLine.Replace(pairs[i+1]))
	}
	b.WriteString("\r\n")
	_, err := io.WriteString(w, b.String())
	return err
}
