package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"hotline1022/ticketing"
)

func TestOnlyPublicAddressesAreConnectedTo(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1": false, "127.8.8.8": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false,
		"169.254.169.254": false, "100.64.0.1": false, "100.127.255.255": false, "0.0.0.0": false, "0.1.2.3": false,
		"224.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false, "::1": false, "::": false, "fe80::1": false,
		"fe80::1%eth0": false, "fd00::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false,
		"::ffff:100.64.0.1": false, "64:ff9b::7f00:1": false, "64:ff9b:1::1": false, "2002:7f00:1::": false,
		"2001:0:1::": false, "::127.0.0.1": false, "ff02::1": false, "fec0::1": false, "2001:db8::1": false,
		"113.161.10.20": true, "::ffff:113.161.10.20": true, "2405:4800::1": true, "100.128.0.1": true, "8.8.8.8": true,
	} {
		if got := Public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("Public(%s) = %v", addr, got)
		}
	}
}

func TestTheListOfHostsDecides(t *testing.T) {
	c := &Client{Hosts: []string{"zdn.vn"}, Trusted: []string{"127.0.0.1:9"}, Resolve: func(context.Context, string) ([]netip.Addr, error) {
		return nil, errors.New("asked")
	}}
	for address, asked := range map[string]bool{
		"https://photo-1.zdn.vn/a.jpg": true, "http://zdn.vn/a": true, "https://ZDN.vn./a": true, "https://a.zdn.vn:443/a": true,
		"https://evilzdn.vn/a": false, "https://zdn.vn.evil.example/a": false, "https://a.zdn.vn:8080/a": false,
		"ftp://zdn.vn/a": false, "file:///etc/passwd": false, "https://user:pass@zdn.vn/a": false, "//zdn.vn/a": false,
		"https://127.0.0.1/a": false, "http://[::ffff:127.0.0.1]/a": false, "http://127.0.0.1:8/": false, "http://zdn.vn@127.0.0.1/": false,
		"http://2130706433/": false, "": false, "::": false,
	} {
		_, err := c.Open(t.Context(), address)
		if got := !errors.Is(err, ticketing.ErrRefused); err == nil || got != asked {
			t.Errorf("%q: asked %v: %v", address, got, err)
		}
		if address != "" && err != nil && strings.Contains(err.Error(), "a.jpg") {
			t.Errorf("the error gives the address away: %v", err)
		}
	}
}

func TestANameThatLeadsInsideIsRefused(t *testing.T) {
	for _, addrs := range [][]string{{"127.0.0.1"}, {"10.0.0.5"}, {"::ffff:127.0.0.1"}, {"64:ff9b::a00:5"}, {"113.161.10.20", "192.168.0.1"}} {
		asked := 0
		c := &Client{Hosts: []string{"zdn.vn"}, Resolve: func(_ context.Context, host string) (out []netip.Addr, _ error) {
			asked++
			for _, a := range addrs {
				out = append(out, netip.MustParseAddr(a))
			}
			return out, nil
		}}
		if _, err := c.Open(t.Context(), "http://photo.zdn.vn/a.jpg"); !errors.Is(err, ticketing.ErrRefused) {
			t.Errorf("%v: %v", addrs, err)
		}
		if asked != 1 {
			t.Errorf("%v: resolved %d times", addrs, asked)
		}
	}
}

func serve(t *testing.T, h http.HandlerFunc) (base string, c *Client) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL, &Client{Hosts: []string{"zdn.vn"}, Trusted: []string{strings.TrimPrefix(s.URL, "http://")}}
}

func TestRedirectsAreLookedAtAgain(t *testing.T) {
	inside := false
	secret := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside = true }))
	t.Cleanup(secret.Close)
	var to string
	base, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			fmt.Fprint(w, "here")
			return
		}
		http.Redirect(w, r, to, http.StatusFound)
	})
	c.Resolve = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	for _, target := range []string{secret.URL, "http://169.254.169.254/latest/meta-data", "http://zdn.vn/", "ftp://zdn.vn/", "gopher://x/"} {
		to = target
		if _, err := c.Open(t.Context(), base+"/start"); !errors.Is(err, ticketing.ErrRefused) {
			t.Errorf("redirect to %s: %v", target, err)
		}
	}
	if inside {
		t.Error("the server inside was asked")
	}
	to = "/end"
	body, err := c.Open(t.Context(), base+"/start")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(body); string(got) != "here" {
		t.Errorf("got %q", got)
	}
	body.Close()
	to = "/start"
	if _, err := c.Open(t.Context(), base+"/start"); !errors.Is(err, ticketing.ErrRefused) {
		t.Errorf("a circle of redirects: %v", err)
	}
}

func TestSizeAndTimeAreBounded(t *testing.T) {
	stop := make(chan struct{})
	base, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/said":
			w.Header().Set("Content-Length", "1000")
			w.Write(make([]byte, 1000))
		case "/unsaid":
			for range 10 {
				w.Write(make([]byte, 100))
				w.(http.Flusher).Flush()
			}
		case "/slow":
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			select {
			case <-stop:
			case <-r.Context().Done():
			}
		case "/gone":
			w.WriteHeader(http.StatusGone)
		case "/ill":
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	defer close(stop)
	c.MaxBytes, c.Timeout = 500, 200*time.Millisecond
	read := func(path string) error {
		body, err := c.Open(t.Context(), base+path)
		if err != nil {
			return err
		}
		defer body.Close()
		_, err = io.ReadAll(body)
		return err
	}
	for path, refused := range map[string]bool{"/said": true, "/unsaid": true, "/slow": false, "/gone": true, "/ill": false} {
		if err := read(path); err == nil || errors.Is(err, ticketing.ErrRefused) != refused {
			t.Errorf("%s: %v", path, err)
		}
	}
}
