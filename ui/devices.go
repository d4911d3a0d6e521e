package ui

import (
	"net/netip"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// device is one session as its owner sees it, or who looks after her account.
type device struct {
	ticketing.Session
	Browser string
	Network string // it comes from; where that is nobody here knows
	This    bool
}

func devices(v *visit, all []ticketing.Session) []device {
	out := make([]device, len(all))
	for i, one := range all {
		out[i] = device{one, browserName(v.lang, one.Browser), networkOf(one.IP), one.ID == v.session.ID}
	}
	return out
}

type accountPage struct {
	Page
	Role    string
	Agency  string
	Devices []device
}

func (s *Server) accountPage(v *visit) error {
	all, err := s.Accounts.Sessions(v.ctx(), v.staff.ID)
	if err != nil {
		return err
	}
	p := accountPage{Page: s.page(v, v.t("account.title")), Role: v.t("role." + string(v.staff.Role)), Agency: s.agencyName(v.lang, v.staff.Agency)}
	p.Devices = devices(v, all)
	return s.ok(v, "account", p)
}

// endSession signs one of the reader's own devices out.
func (s *Server) endSession(v *visit) error {
	if err := s.Accounts.EndSession(v.ctx(), v.actor(), v.staff.ID, v.FormValue("session")); err != nil {
		return err
	}
	return v.seeOther("/tai-khoan")
}

func (s *Server) endSessions(v *visit) error {
	if err := s.Accounts.EndSessions(v.ctx(), v.actor(), v.staff.ID); err != nil {
		return err
	}
	return s.outside(v)
}

// endDevice signs one device of somebody else's out, endDevices all of them.
func (s *Server) endDevice(v *visit) error {
	_, id, err := settingOf(v, ticketing.KindStaff)
	if err != nil {
		return err
	}
	if err := s.Accounts.EndSession(v.ctx(), v.actor(), id, v.FormValue("session")); err != nil {
		return err
	}
	return v.seeOther(settingPath(ticketing.KindStaff, id) + "?ok=device")
}

func (s *Server) endDevices(v *visit) error {
	_, id, err := settingOf(v, ticketing.KindStaff)
	if err != nil {
		return err
	}
	if err := s.Accounts.EndSessions(v.ctx(), v.actor(), id); err != nil {
		return err
	}
	return v.seeOther(settingPath(ticketing.KindStaff, id) + "?ok=sign-out")
}

// networkOf is the network an address belongs to, which is as much as it tells honestly.
func networkOf(ip string) string {
	at, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	bits := 24
	if at = at.Unmap(); at.Is6() {
		bits = 48
	}
	p, err := at.WithZone("").Prefix(bits)
	if err != nil {
		return ""
	}
	if at.Is4() {
		return strings.TrimSuffix(p.Addr().String(), ".0") + ".x"
	}
	return p.String()
}

// browserName says in short what a User-Agent claims to be.
func browserName(lang, agent string) string {
	first := func(names ...[2]string) string {
		for _, n := range names {
			if strings.Contains(agent, n[0]) {
				return n[1]
			}
		}
		return ""
	}
	name := first([2]string{"coc_coc", "Cốc Cốc"}, [2]string{"Edg", "Edge"}, [2]string{"OPR", "Opera"}, [2]string{"Firefox", "Firefox"}, [2]string{"Chrom", "Chrome"}, [2]string{"Safari", "Safari"})
	system := first([2]string{"Android", "Android"}, [2]string{"iPhone", "iPhone"}, [2]string{"iPad", "iPad"}, [2]string{"Windows", "Windows"}, [2]string{"Mac OS", "macOS"}, [2]string{"Linux", "Linux"})
	switch {
	case name == "":
		return words.T(lang, "account.unknown_browser")
	case system == "":
		return name
	}
	return words.T(lang, "account.browser_on", name, system)
}
