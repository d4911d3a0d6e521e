package main

import (
	"net"
	"net/url"

	"hotline1022/ui"
)

// oidc is the other service staff may sign in with; nil without its settings.
func (c *Config) oidc() *ui.OIDC {
	if c.OIDCIssuer == "" {
		return nil
	}
	return &ui.OIDC{Issuer: c.OIDCIssuer, ClientID: c.OIDCClientID, ClientSecret: c.OIDCClientSecret, Name: c.OIDCName}
}

func (c *Config) checkOIDC(bad func(name, format string, args ...any)) {
	given := []string{c.OIDCIssuer, c.OIDCClientID, c.OIDCClientSecret}
	if anyOf(append(given, c.OIDCName)) && !allOf(given) {
		bad("OIDC_ISSUER, _CLIENT_ID, _CLIENT_SECRET", "give all of them or none")
	}
	if c.OIDCIssuer == "" {
		return
	}
	u, err := url.Parse(c.OIDCIssuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		bad("OIDC_ISSUER", "%q is not like https://id.example.vn", c.OIDCIssuer)
		return
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme != "https" && !(u.Scheme == "http" && ip != nil && ip.IsLoopback()) {
		bad("OIDC_ISSUER", "%q must begin with https://", c.OIDCIssuer)
	}
}
