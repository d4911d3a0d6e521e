package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/fasthttp/websocket"

	"hotline1022/ticketing"
)

// How long it takes from before an event is written to the row of an operator's console showing it, in a real
// browser, while 199 further sockets hear the same. The clock is the machine's, to a millisecond.
func BenchmarkEventToDOM(b *testing.B) {
	r := start(b)
	made, err := r.desk.Receive(b.Context(), ticketing.Actor{Role: ticketing.Citizen}, ticketing.Incoming{Channel: ticketing.Web, Text: "Ngập nước sau mưa"})
	if err != nil {
		b.Fatal(err)
	}
	code := made.Ticket.Code
	const others, perKey = 199, 16
	key := ""
	for i := range others {
		if i%perKey == 0 {
			if key, err = r.accounts.NewToken(b.Context(), ticketing.Token{Name: fmt.Sprint(i), Scopes: []string{ticketing.ScopeEvents}}, "bench"); err != nil {
				b.Fatal(err)
			}
		}
		conn, _, err := websocket.DefaultDialer.DialContext(b.Context(), strings.Replace(r.url, "http", "ws", 1)+"/live", http.Header{"Authorization": {"Bearer " + key}})
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		go func() {
			for {
				if _, _, err := conn.ReadMessage(); err != nil {
					return
				}
			}
		}()
	}
	w := r.window("operator").signIn("hanh")
	w.until("the row", `!!document.getElementById("row-`+string(code)+`")`)
	w.sees("Trực tuyến")
	w.do(chromedp.Evaluate[chromedp.Void](`window.seen = {}; new MutationObserver(() => {
		const v = document.getElementById("row-` + string(code) + `").dataset.version;
		if (!(v in seen)) seen[v] = Date.now();
	}).observe(document.getElementById("rows"), {subtree: true, childList: true, attributes: true}); undefined`))
	began := map[int]int64{}
	b.ResetTimer()
	for i := range b.N {
		at := time.Now().UnixMilli()
		t, err := r.desk.Do(b.Context(), ticketing.Actor{ID: "quang", Role: ticketing.Operator}, code, ticketing.Command{Verb: ticketing.Note, Text: fmt.Sprint("ghi chú ", i)})
		if err != nil {
			b.Fatal(err)
		}
		began[t.Version] = at
		time.Sleep(50 * time.Millisecond) // 20 events a second, as a busy console gets
	}
	b.StopTimer()
	last := made.Ticket.Version + b.N
	w.until("the last event", fmt.Sprintf(`%q in seen`, fmt.Sprint(last)))
	var took []int64
	for version, at := range js[map[int]int64](w, "seen") {
		if began[version] > 0 {
			took = append(took, at-began[version])
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2]), "p50-ms")
	b.ReportMetric(float64(took[min(len(took)-1, len(took)*99/100)]), "p99-ms")
	b.ReportMetric(float64(len(took)), "seen")
	b.ReportMetric(0, "ns/op")
}
