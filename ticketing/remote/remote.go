// Package remote fetches what strangers point at: the pictures whose addresses a channel's messages carry.
//
// What it promises: only hosts on a list are asked; every name is resolved once, its addresses are looked at and the
// connection goes to an address that was looked at; no private, local or otherwise special address is ever connected
// to, also not after a redirect; size and time are bounded. What an error says holds no address, because addresses of
// citizens' pictures do not belong in logs.
//
// It does not know channels and keeps nothing.
package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing"
)

// Client fetches. The zero Client refuses everything.
type Client struct {
	// Hosts are names that may be asked, themselves and everything below: "zdn.vn" allows photo-1.zdn.vn. Only the
	// usual ports.
	Hosts []string
	// Trusted are HOST:PORT that may be asked wherever they are, also on this machine: a simulator.
	Trusted []string

	MaxBytes int64         // 0 is 20 MB
	Timeout  time.Duration // for all of it, redirects and body included; 0 is 15 s

	// Resolve is how names become addresses; nil is the machine's own way.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
}

const (
	maxBytes     = 20 << 20
	timeout      = 15 * time.Second
	maxRedirects = 3
)

// Open asks for the address and gives the body of a good answer. Errors wrap ticketing.ErrRefused where another try
// cannot help.
func (c *Client) Open(ctx context.Context, address string) (io.ReadCloser, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, refuse("the address cannot be read")
	}
	if err := c.allowed(u); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, orDefault(c.Timeout, timeout))
	transport := &http.Transport{
		Proxy: nil, DialContext: c.dial, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
		TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: 10 * time.Second,
	}
	client := &http.Client{Transport: transport, CheckRedirect: c.redirect}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		cancel()
		return nil, refuse("the address cannot be read")
	}
	resp, err := client.Do(req)
	if err != nil {
		cancel()
		return nil, silent(err)
	}
	body := &body{ReadCloser: resp.Body, left: orDefault(c.MaxBytes, maxBytes), cancel: cancel}
	switch {
	case resp.StatusCode == http.StatusOK && resp.ContentLength > body.left:
		err = refuse(fmt.Sprintf("it has %d bytes, more than %d", resp.ContentLength, body.left))
	case resp.StatusCode == http.StatusOK:
		return body, nil
	case resp.StatusCode >= 400 && resp.StatusCode < 500 && resp.StatusCode != 408 && resp.StatusCode != 429:
		err = refuse("the server says " + resp.Status)
	default:
		err = fmt.Errorf("the server says %s", resp.Status)
	}
	body.Close()
	return nil, err
}

// allowed says whether the address may be asked for, by its name alone.
func (c *Client) allowed(u *url.URL) error {
	port := u.Port()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return refuse("only http and https are fetched")
	case u.User != nil:
		return refuse("an address with a name and password is not fetched")
	case slices.Contains(c.Trusted, u.Host):
		return nil
	case port != "" && port != "80" && port != "443":
		return refuse("port " + port + " is not fetched from")
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	for _, h := range c.Hosts {
		if host == h || strings.HasSuffix(host, "."+h) {
			return nil
		}
	}
	return refuse("the host is not on the list")
}

func (c *Client) redirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return refuse("too many redirects")
	}
	req.Header.Del("Referer")
	return c.allowed(req.URL)
}

// dial connects to an address that it has looked at: between looking and connecting no name is resolved again.
func (c *Client) dial(ctx context.Context, network, hostport string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if slices.Contains(c.Trusted, hostport) {
		return dialer.DialContext(ctx, network, hostport)
	}
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, err
	}
	resolve := c.Resolve
	if resolve == nil {
		resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	addrs, err := resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, a := range addrs { // one bad address makes the name suspect
		if !Public(a) {
			return nil, refuse("the host's address is not public")
		}
	}
	err = errors.New("the host has no address")
	for _, a := range addrs {
		var conn net.Conn
		conn, err = dialer.DialContext(ctx, network, net.JoinHostPort(a.Unmap().String(), port))
		if err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// special is what the registries of special-purpose addresses hold over what netip knows itself (RFC 6890 and its
// updates). Addresses that carry an IPv4 address inside (NAT64, 6to4, Teredo) are refused whole.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("3fff::/20"), netip.MustParsePrefix("fec0::/10"),
}

// Public says whether the address is one of the open Internet.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// body ends with an error, not quietly, where there is more than may be.
type body struct {
	io.ReadCloser
	left   int64
	cancel context.CancelFunc
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, refuse("it is too large")
	}
	if err != nil && err != io.EOF {
		err = silent(err)
	}
	return n, err
}

func (b *body) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

func refuse(why string) error { return fmt.Errorf("%s: %w", why, ticketing.ErrRefused) }

// silent takes the address out of the client's error.
func silent(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return errors.New("the host's name cannot be resolved")
	}
	return err
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}
