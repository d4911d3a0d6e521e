package ticketing

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// agencyForm is an agency as an administrator types it: with the key of its endpoint in the clear, which is sealed
// before anything is stored. An empty key keeps the one that is there.
type agencyForm struct {
	Agency
	Open311Key string `json:"open311_key,omitempty"`
}

func (a agencySetting) checkEndpoint() error {
	if a.Open311 == "" {
		return nil
	}
	u, err := url.Parse(a.Open311)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return invalid("open311", "settings.open311_url")
	}
	return nil
}

// kept is the setting as it will be stored: secrets sealed, and what the form does not show taken over from before.
func (d *Desk) kept(s, before setting) setting {
	switch s := s.(type) {
	case agencySetting:
		was, _ := before.(agencySetting)
		s.Open311 = strings.TrimRight(s.Open311, "/")
		s.Open311Sealed = ""
		switch {
		case s.Open311 == "":
		case s.Open311Key != "":
			box := d.Vault.Seal(endpointName(s.ID, s.Open311), []byte(s.Open311Key))
			s.Open311Sealed = base64.StdEncoding.EncodeToString(box)
		case s.Open311 == was.Open311:
			s.Open311Sealed = was.Open311Sealed
		}
		return s
	case categorySetting:
		if was, ok := before.(categorySetting); ok && s.Details == nil {
			s.Details = was.Details // an empty list takes them away
		}
		return s
	}
	return s
}

// endpointName binds a key to the address it was given for: whoever changes the address does not get the key sent
// there, but must type it anew.
func endpointName(agency, address string) string { return "open311-agency:" + agency + " " + address }

// EndpointKey is the key of the agency's Open311 endpoint in the clear; "" where it has none.
func (v *Vault) EndpointKey(a Agency) (string, error) {
	if a.Open311Sealed == "" {
		return "", nil
	}
	box, err := base64.StdEncoding.DecodeString(a.Open311Sealed)
	if err != nil {
		return "", fmt.Errorf("the key of %s's endpoint: %w", a.ID, err)
	}
	plain, err := v.Unseal(endpointName(a.ID, a.Open311), box)
	return string(plain), err
}

// CheckDetails says what is wrong with them: codes are unique and fit into an address, lists have answers
// and others none, what is only told is never demanded.
func CheckDetails(all []Detail) error {
	seen := map[string]bool{}
	for _, x := range all {
		bad := func(why string) error { return invalid("details", "settings.detail."+why, x.Code) }
		switch {
		case !goodID(x.Code) || seen[x.Code]:
			return bad("code")
		case strings.TrimSpace(x.Name) == "":
			return bad("name")
		case x.Info && x.Required:
			return bad("info")
		case x.Info:
		case !slices.Contains(DetailTypes[:], x.Type):
			return bad("type")
		case x.List() != (len(x.Values) > 0):
			return bad("values")
		}
		seen[x.Code] = true
		keys := map[string]bool{}
		for _, v := range x.Values {
			if v.Key == "" || v.Name == "" || keys[v.Key] {
				return bad("values")
			}
			keys[v.Key] = true
		}
	}
	return nil
}
