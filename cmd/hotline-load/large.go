package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// large is what is measured with many tickets stored: they come in through `hotline import tickets`.
func large(ctx context.Context, p *program, o options, t *table) error {
	p.data = filepath.Join(p.dir, "large")
	token, err := p.token(ctx)
	if err != nil {
		return err
	}
	if err := load(ctx, p, o, t); err != nil {
		return err
	}
	began := time.Now()
	s, err := p.start(ctx)
	if err != nil {
		return err
	}
	defer s.stop()
	t.row(fmt.Sprintf("start with %d tickets stored", o.tickets), fmt.Sprintf("%d ms", time.Since(began).Milliseconds()), "1 s")
	raw, err := (&caller{client: http.DefaultClient, token: token}).get(ctx, s.url+"/api/v1/tickets/count")
	if err != nil {
		return err
	}
	if want := fmt.Sprintf(`{"count":%d}`, o.tickets); strings.TrimSpace(string(raw)) != want {
		return fmt.Errorf("%s tickets are stored, not %s", raw, want)
	}
	staff, err := signIn(s)
	if err != nil {
		return err
	}
	code, err := someCode(s, token)
	if err != nil {
		return err
	}
	// 200 tickets a second come in all the while.
	busy, calm := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var in result
	wg.Go(func() { in, _ = post(busy, s, []string{token}, 16, time.Hour, 200) })
	api := &caller{client: &http.Client{Timeout: 30 * time.Second}, token: token}
	page := &caller{client: staff}
	words := []string{"đèn đường", "rác", "ngập nước", "den duong nguyen", "ổ gà trần phú", "karaoke", "lê lợi cống", "mất nước hẻm"}
	for _, m := range []struct {
		what, want string
		by         *caller
		path       func(int) string
	}{
		{"queue of 50, API", "20 ms", api, func(int) string { return "/api/v1/tickets?status=new&sort=due&limit=50" }},
		{"queue of 50 of one agency, API", "20 ms", api, func(i int) string {
			return fmt.Sprintf("/api/v1/tickets?status=new,routed,working&agency=agency-%02d&limit=50", i%40)
		}},
		{"search, two words, API", "100 ms", api, func(i int) string { return "/api/v1/tickets?limit=50&q=" + url.QueryEscape(words[i%len(words)]) }},
		{"one ticket, API", "5 ms", api, func(int) string { return "/api/v1/tickets/" + code }},
		{"a year's figures by category", "50 ms", api, func(int) string { return "/api/v1/report?from=2025-01-01&to=2026-01-01&by=category" }},
		{"a year's figures by month", "50 ms", api, func(int) string { return "/api/v1/report?from=2025-01-01&to=2026-01-01&by=month" }},
		{"console page, whole, with a ticket", "", page, func(int) string { return "/console/t/" + code }},
	} {
		r, err := m.by.measure(ctx, s.url, m.path, o.length)
		if err != nil {
			calm()
			wg.Wait()
			return fmt.Errorf("%s: %w", m.what, err)
		}
		t.row(m.what+fmt.Sprintf(": p50 / p99 of %d", len(r.took)), fmt.Sprintf("%.1f / %.1f ms", ms(r.at(50)), ms(r.at(99))), m.want)
	}
	calm()
	wg.Wait()
	t.row("  meanwhile came in", fmt.Sprintf("%.0f/s, p99 %.0f ms", in.rate(), ms(in.at(99))), "200/s")
	t.row("memory at the end", fmt.Sprintf("%.0f MB", s.memory()), "")
	return nil
}

// load writes a file of made-up tickets and imports it.
func load(ctx context.Context, p *program, o options, t *table) error {
	file := filepath.Join(p.dir, "tickets.csv")
	if err := writeTickets(file, o.tickets); err != nil {
		return err
	}
	mapping := filepath.Join(p.dir, "tickets.yaml")
	if err := os.WriteFile(mapping, []byte(mappingText), 0o600); err != nil {
		return err
	}
	began := time.Now()
	if _, err := p.run(ctx, "import", "tickets", file, "--map", mapping); err != nil {
		return err
	}
	took := time.Since(began).Seconds()
	t.row(fmt.Sprintf("import of %d rows", o.tickets), fmt.Sprintf("%.0f rows/s", float64(o.tickets)/took), "5000 rows/s")
	return nil
}

const mappingText = `source: load
id: id
create: [category, agency]
fields:
  received_at: opened
  ended_at: closed
  category: category
  agency: agency
  subject: subject
  text: text
  address: address
constants:
  kind: report
  outcome: done
dates: [YYYY-MM-DD]
`

var (
	matters = []string{"Đèn đường không sáng", "Rác chưa thu gom", "Ngập nước sau mưa", "Ổ gà, mặt đường hư hỏng", "Tiếng ồn karaoke ban đêm", "Cây xanh nguy cơ ngã đổ", "Mất nước sinh hoạt", "Lấn chiếm vỉa hè", "Nắp cống hỏng", "Hồ sơ đất đai trễ hạn"}
	streets = []string{"Trần Phú", "Lê Lợi", "Nguyễn Văn Linh", "Phan Châu Trinh", "Hùng Vương", "Điện Biên Phủ", "Hoàng Diệu", "Núi Thành", "Ông Ích Khiêm", "Trưng Nữ Vương"}
)

func writeTickets(path string, n int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	fmt.Fprintln(w, "id,opened,closed,category,agency,subject,text,address")
	first := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		m := r.IntN(len(matters))
		opened := first.AddDate(0, 0, int(float64(i)/float64(n)*1000))
		closed := opened.AddDate(0, 0, r.IntN(9)).Format(time.DateOnly)
		if r.IntN(100) == 0 {
			closed = ""
		}
		street := streets[r.IntN(len(streets))]
		fmt.Fprintf(w, "L%07d,%s,%s,Linh vuc %02d,Agency %02d,\"%s\",\"%s ở hẻm %d đường %s, đã báo %d lần, đề nghị xử lý sớm\",%d %s\n",
			i, opened.Format(time.DateOnly), closed, m, r.IntN(40), matters[m], matters[m], r.IntN(300), street, r.IntN(5), r.IntN(900), street)
	}
	return flushAndClose(w, f)
}

func flushAndClose(w *bufio.Writer, f *os.File) error {
	if err := w.Flush(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// caller asks one address after another.
type caller struct {
	client *http.Client
	token  string
}

func (c *caller) get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %d: %.200s", address, resp.StatusCode, body)
	}
	return body, err
}

// measure asks 20 times a second: latency is of interest, not how much can be pressed through.
func (c *caller) measure(ctx context.Context, base string, path func(int) string, length time.Duration) (result, error) {
	var r result
	for i := range int(length.Seconds() * 20) {
		at := time.Now()
		if _, err := c.get(ctx, base+path(i)); err != nil {
			return r, err
		}
		r.took = append(r.took, time.Since(at))
		pause(ctx, 50*time.Millisecond-time.Since(at))
	}
	slices.Sort(r.took)
	return r, ctx.Err()
}

func signIn(s *server) (*http.Client, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Jar: jar, Timeout: 30 * time.Second}
	form := url.Values{"name": {"admin"}, "password": {"load test only"}}
	req, err := http.NewRequest(http.MethodPost, s.url+"/dang-nhap", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", s.url)
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	if resp.StatusCode >= 400 {
		return nil, fmt.Errorf("signing in answered %d", resp.StatusCode)
	}
	return client, nil
}

func someCode(s *server, token string) (string, error) {
	raw, err := (&caller{client: http.DefaultClient, token: token}).get(context.Background(), s.url+"/api/v1/tickets?limit=1")
	if err != nil {
		return "", err
	}
	var page struct {
		Items []struct{ Code string }
	}
	if err := json.Unmarshal(raw, &page); err != nil || len(page.Items) == 0 {
		return "", fmt.Errorf("no ticket is there (%v)", err)
	}
	return page.Items[0].Code, nil
}
