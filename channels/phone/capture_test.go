package phone

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline1022/ticketing/testenv"
)

// captured reads what a real Asterisk said, from beside the project; it is not ours to keep in it.
func captured(t *testing.T, section string) []message {
	t.Helper()
	raw, err := os.ReadFile("../../../shared/data/ami-capture.json")
	if err != nil {
		testenv.Missing(t, "ami-capture", "put the capture of a real Asterisk beside the project, in ../shared/data")
	}
	var all map[string]json.RawMessage
	must(t, json.Unmarshal(raw, &all))
	var blocks []map[string]any
	must(t, json.Unmarshal(all[section], &blocks))
	var out []message
	for _, b := range blocks {
		var keys []string
		for k := range b {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		var m message
		for _, k := range keys {
			m = append(m, field{k, fmt.Sprint(b[k])})
		}
		out = append(out, m)
	}
	if len(out) < 10 {
		t.Fatalf("only %d blocks", len(out))
	}
	return out
}

// replay plays a section to a channel over a real connection and gives the calls that came of it.
func replay(t *testing.T, section string, twice bool) (*house, map[string]Call) {
	t.Helper()
	blocks := captured(t, section)
	h := newHouse(t)
	at, _ := time.Parse(time.RFC3339, "2026-11-23T08:45:00Z")
	h.clock.now = at
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nActionID: login\r\n\r\n")
		for range 2 {
			for _, m := range blocks {
				for _, f := range m {
					fmt.Fprintf(conn, "%s: %s\r\n", f.key, f.value)
				}
				fmt.Fprint(conn, "\r\n")
			}
			if !twice {
				break
			}
		}
		fmt.Fprint(conn, "Event: QueueMemberAdded\r\nInterface: mark/end\r\nQueue: mark\r\n\r\n")
		<-t.Context().Done()
	}()
	h.ch.AMIAddr = l.Addr().String()
	must(t, h.ch.SetExtension(t.Context(), supervisor, lan, "agent101"))
	h.work(h.ch.Run)
	h.until(func() bool {
		h.ch.mu.Lock()
		defer h.ch.mu.Unlock()
		return h.ch.agents["mark/end"] != nil
	})
	h.ch.flush(t.Context())
	out := map[string]Call{}
	for id, c := range h.stored() {
		_, linked, _ := strings.Cut(strings.TrimPrefix(id, "127.0.0.1:"), ":")
		out[linked] = told(c)
	}
	return h, out
}

func epochOf(s string) time.Time {
	at, ok := message{{"Timestamp", s}}.stamp()
	if !ok {
		panic(s)
	}
	return at
}

func TestWhatARealAsteriskSaid(t *testing.T) {
	want := map[string]map[string]Call{
		"queue_local_channels": {
			"1795423183.0": {
				Direction: In, Began: epochOf("1795423183.771"), Ended: epochOf("1795423188.278"), By: ByAgent,
				Legs: []Leg{{
					Queue: queue, Entered: epochOf("1795423183.771"), End: Connected, Left: epochOf("1795423184.775"), Agent: "101",
					Done: epochOf("1795423188.278"), By: ByAgent,
				}},
			},
			"1795423194.6": {
				Direction: In, Began: epochOf("1795423194.983"), Ended: epochOf("1795423196.980"),
				Legs: []Leg{{Queue: queue, Entered: epochOf("1795423194.983"), End: GaveUp, Left: epochOf("1795423196.980")}},
			},
		},
		"queue_pjsip_caller_hangs_up": {
			"1795423625.10": {
				Direction: In, Began: epochOf("1795423625.520"), Ended: epochOf("1795423628.026"), By: ByCaller,
				Legs: []Leg{{
					Queue: queue, Entered: epochOf("1795423625.520"), End: Connected, Left: epochOf("1795423625.526"), Agent: "agent101",
					Done: epochOf("1795423628.024"), By: ByCaller,
				}},
			},
		},
		"queue_pjsip_agent_hangs_up": {
			"1795423677.14": {
				Direction: In, Began: epochOf("1795423677.929"), Ended: epochOf("1795423680.130"),
				Legs: []Leg{{
					Queue: queue, Entered: epochOf("1795423677.929"), End: Connected, Left: epochOf("1795423677.999"), Agent: "agent101",
					Done: epochOf("1795423680.128"), By: ByAgent,
				}},
			},
		},
		"direct_pjsip_call": {
			"1795423416.8": {
				Direction: In, Began: epochOf("1795423417.470"), Ended: epochOf("1795423419.967"), By: ByCaller,
				Legs: []Leg{{
					Entered: epochOf("1795423417.470"), End: Connected, Left: epochOf("1795423417.472"), Agent: "agent101",
					Done: epochOf("1795423419.967"),
				}},
			},
		},
	}
	for section, calls := range want {
		for _, twice := range []bool{false, true} {
			_, got := replay(t, section, twice)
			if d := cmp.Diff(calls, got); d != "" {
				t.Errorf("%s, twice %v (-want +got):\n%s", section, twice, d)
			}
		}
	}
}

func TestWhatARealAsteriskSaidOfItsAgents(t *testing.T) {
	h, _ := replay(t, "queue_local_channels", false)
	if got, _ := h.state("101"); got != Ready {
		t.Errorf("101 is %s", got)
	}
	if b := h.book(); len(b) != 1 || b[0].Why != GaveUp || b[0].Citizen != h.citizen("0987654321") {
		t.Errorf("%+v", b)
	}
}
