package phone

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func readAll(in io.Reader) (out []message, skipped int, err error) {
	r := newReader(in, func() { skipped++ })
	for {
		m, err := r.next()
		if err != nil {
			return out, skipped, err
		}
		out = append(out, m)
	}
}

func TestBlocks(t *testing.T) {
	long := strings.Repeat("x", 3*maxLine)
	many := strings.Repeat("K: v\r\n", maxLines+5)
	for name, c := range map[string]struct {
		in      string
		want    []message
		skipped int
	}{
		"two":                             {"A: 1\r\nB: x: y\r\n\r\nC:3\r\n\r\n", []message{{{"A", "1"}, {"B", "x: y"}}, {{"C", "3"}}}, 0},
		"bare line feeds":                 {"A: 1\n\nB: 2\n\n", []message{{{"A", "1"}}, {{"B", "2"}}}, 0},
		"empty lines between":             {"\r\n\r\n\r\nA: 1\r\n\r\n\r\n", []message{{{"A", "1"}}}, 0},
		"a key twice":                     {"A: 1\r\nA: 2\r\n\r\n", []message{{{"A", "1"}, {"A", "2"}}}, 0},
		"a line without a key":            {"A: 1\r\nnoise\r\n\r\n", []message{{{"A", "1"}}}, 0},
		"torn":                            {"A: 1\r\n\r\nB: 2\r\nC: ", []message{{{"A", "1"}}}, 0},
		"a line too long":                 {"A: " + long + "\r\nB: 2\r\n\r\nC: 3\r\n\r\n", []message{{{"C", "3"}}}, 1},
		"too many lines":                  {many + "\r\nC: 3\r\n\r\n", []message{{{"C", "3"}}}, 1},
		"no UTF-8":                        {"A: a\xffb\r\n\r\n", []message{{{"A", "ab"}}}, 0},
		"a long line is no end of blocks": {"A: 1\r\n" + long + "\r\nB: 2\r\n\r\n", nil, 1},
	} {
		for _, in := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
			got, skipped, err := readAll(in)
			if d := cmp.Diff(c.want, got, cmp.AllowUnexported(field{})); d != "" || skipped != c.skipped || !errors.Is(err, io.EOF) {
				t.Errorf("%s: %d skipped, %v\n%s", name, skipped, err, d)
			}
		}
	}
	m := message{{"Event", "x"}, {"CallerIDNum", "<unknown>"}, {"HoldTime", "-5"}, {"TalkTime", "99999999"}, {"Timestamp", "1795423183.77"}}
	at, ok := m.stamp()
	if m.get("calleridnum") != "" || m.get("EVENT") != "x" || m.seconds("HoldTime") != 0 || m.seconds("TalkTime") != 24*time.Hour || !ok || at.UnixMilli() != 1795423183770 {
		t.Errorf("%v %v", at, ok)
	}
}

func TestAnActionIsOneBlock(t *testing.T) {
	var b bytes.Buffer
	must(t, action(&b, "Login", "1", "Username", "a", "Secret", "x\r\n\r\nAction: Originate"))
	if got := b.String(); got != "Action: Login\r\nActionID: 1\r\nUsername: a\r\nSecret: xAction: Originate\r\n\r\n" {
		t.Errorf("%q", got)
	}
}

func TestWhatAnswersMustBeAManager(t *testing.T) {
	for _, in := range []string{"SSH-2.0-OpenSSH\r\n", "", strings.Repeat("x", 1<<20)} {
		if newReader(strings.NewReader(in), func() {}).greeting() == nil {
			t.Errorf("%.20q is taken for a manager", in)
		}
	}
}

// Whatever the exchange says, nothing breaks: no panic, no leg that never ends after its call, no negative time, and
// no more memory than the limits allow.
func FuzzExchange(f *testing.F) {
	story := func(more string) string {
		head := func(event string, at float64) string {
			return fmt.Sprintf("Event: %s\r\nTimestamp: %f\r\nUniqueid: 1795572000.1\r\nLinkedid: 1795572000.1\r\nCallerIDNum: 0905123182\r\nQueue: q\r\nInterface: PJSIP/101\r\n", event, at)
		}
		return head("QueueCallerJoin", 1795572000) + "\r\n" + head("AgentCalled", 1795572001) + "\r\n" + head("AgentConnect", 1795572005) + more + "\r\n" +
			head("AgentComplete", 1795572030) + "TalkTime: 25\r\nReason: caller\r\n\r\n" + head("Hangup", 1795572031) + "\r\n"
	}
	f.Add([]byte(story("")))
	f.Add([]byte(story("HoldTime: 99999999999999999999\r\n")))
	f.Add([]byte("Event: QueueCallerAbandon\r\nUniqueid: 1.2\r\nHoldTime: 5\r\n\r\nEvent: VarSet\r\nVariable: QUEUESTATUS\r\nValue: TIMEOUT\r\nUniqueid: 1.2\r\n\r\n"))
	f.Add([]byte("Event: DialBegin\r\nChannel: PJSIP/101-1\r\nDestChannel: PJSIP/trunk-2\r\nUniqueid: 1.3\r\nExten: 0905123182\r\n\r\nEvent: DialEnd\r\nUniqueid: 1.3\r\nDialStatus: ANSWER\r\n\r\n"))
	f.Add([]byte("Event: QueueMember\r\nActionID: QueueStatus-1\r\nLocation: PJSIP/101\r\nQueue: q\r\nStatus: 1\r\n\r\nEvent: QueueEntry\r\nActionID: QueueStatus-1\r\nUniqueid: 9.9\r\nWait: 3\r\nQueue: q\r\n\r\nEvent: QueueStatusComplete\r\nActionID: QueueStatus-1\r\n\r\nEvent: CoreShowChannelsComplete\r\nActionID: CoreShowChannels-2\r\n\r\n"))
	f.Add([]byte("Response: Error\r\nActionID: CoreShowChannels-2\r\n\r\nResponse: Success\r\nPing: Pong\r\nTimestamp: 1.5\r\n\r\n"))
	h := newFuzzHouse(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := h.blank()
		s := &session{snapshot: &snapshot{channelsKnown: true, queuesID: "QueueStatus-1", channelsID: "CoreShowChannels-2"}}
		c.conn = s
		blocks, _, _ := readAll(bytes.NewReader(raw))
		for range 2 {
			for _, m := range blocks {
				for _, f := range m {
					if len(f.key)+len(f.value) > maxLine {
						t.Fatalf("a field of %d bytes", len(f.key)+len(f.value))
					}
				}
				if err := c.hearExchange(s, m); err != nil {
					t.Fatal(err)
				}
			}
			c.settle()
		}
		for _, tr := range c.calls {
			if len(tr.call.Legs) > maxLegs {
				t.Errorf("%d legs", len(tr.call.Legs))
			}
			for _, l := range tr.call.Legs {
				wait, _ := l.Wait()
				talk, _ := l.Talk()
				if wait < 0 || talk < 0 || l.End.rank() < 0 {
					t.Errorf("%+v", l)
				}
				if l.End == Waiting && !tr.call.Ended.IsZero() {
					t.Errorf("she waits after the call has ended: %+v", tr.call)
				}
			}
			if tr.call.State() == "" {
				t.Errorf("%+v", tr.call)
			}
		}
	})
}

// Whatever is posted, reading it does not panic, and what is kept of it is bounded.
func FuzzPush(f *testing.F) {
	for ext, kind := range kinds {
		names, _ := filepath.Glob("testdata/*" + ext)
		for _, name := range names {
			raw, err := os.ReadFile(name)
			must(f, err)
			f.Add(kind, raw)
		}
	}
	f.Fuzz(func(t *testing.T, kind string, raw []byte) {
		e, err := parsePush(kind, raw)
		if err != nil {
			return
		}
		c := e.call("push:x", time.Unix(1795572000, 0), nil)
		if len(c.Offered) > maxOffered || len(c.Legs) != 1 || len(c.Legs[0].Queue) > 300 || len(c.Legs[0].Agent) > 300 {
			t.Errorf("%+v", c)
		}
		if c.Began.IsZero() || c.State() == "" {
			t.Errorf("%+v", c)
		}
		for _, who := range c.Offered {
			if !citizenNumber(who).IsZero() {
				t.Errorf("a citizen's number is kept: %q", who)
			}
		}
		e.number()
	})
}
