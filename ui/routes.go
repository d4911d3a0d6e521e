package ui

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// route is one address: who may use it, how often, how much it takes, and what it does.
type route struct {
	method string
	path   string
	who    who
	rate   rateClass
	size   int64          // most bytes of a body; 0 is smallBody
	chat   bool           // its page carries the web chat's button, where that is on
	pays   ticketing.Owed // what may be owed here: what must be done before any other page
	do     func(*Server, *visit) error
}

// who may use a route. The zero who is nobody.
type who struct {
	open  bool
	roles []ticketing.Role
}

// anyone: no sign-in. Pages of one ticket ask for more themselves, by the cookie that its last four digits earn.
var anyone = who{open: true}

func staff(roles ...ticketing.Role) who { return who{roles: roles} }

func (w who) admits(r ticketing.Role) bool { return w.open || slices.Contains(w.roles, r) }

const (
	get  = fiber.MethodGet
	post = fiber.MethodPost

	smallBody  = 256 << 10
	uploadBody = 60 << 20 // five photographs from a telephone
)

// routes are all addresses of this package. From this table come the router, the checks and the access test.
func (s *Server) routes() []route {
	everyStaff := staff(ticketing.StaffRoles[:]...)
	hotline := staff(ticketing.Operator, ticketing.Supervisor, ticketing.Moderator, ticketing.Auditor, ticketing.Administrator)
	agency := staff(ticketing.Officer, ticketing.Leader)
	answers := staff(ticketing.Operator, ticketing.Supervisor)
	acts := staff(ticketing.Operator, ticketing.Supervisor, ticketing.Moderator)
	watches := staff(ticketing.Operator, ticketing.Supervisor, ticketing.Auditor, ticketing.Administrator)
	oversees := staff(ticketing.Administrator, ticketing.Supervisor, ticketing.Auditor)
	administers := staff(ticketing.Administrator)
	supervises := staff(ticketing.Supervisor)
	return []route{
		{method: get, path: "/healthz", who: anyone, do: (*Server).healthz},

		// Citizens.
		{method: get, path: "/", who: anyone, chat: true, do: (*Server).home},
		{method: get, path: "/gui", who: anyone, chat: true, do: (*Server).sendEmpty},
		{method: post, path: "/gui", who: anyone, rate: rateIntake, size: uploadBody, chat: true, do: (*Server).send},
		{method: get, path: "/gui/areas", who: anyone, do: (*Server).findAreas},
		{method: get, path: "/tra-cuu", who: anyone, chat: true, do: (*Server).lookUpPage},
		{method: post, path: "/tra-cuu", who: anyone, chat: true, do: (*Server).lookUp},
		{method: get, path: "/t/:code", who: anyone, chat: true, do: (*Server).track},
		{method: get, path: "/t/:code/da-gui", who: anyone, do: (*Server).sent},
		{method: get, path: "/t/:code/files/:id", who: anyone, do: (*Server).trackFile},
		{method: post, path: "/t/:code/so-dien-thoai", who: anyone, chat: true, do: (*Server).showDigits},
		{method: post, path: "/t/:code/noi-them", who: anyone, rate: rateIntake, size: uploadBody, chat: true, do: (*Server).say},
		{method: post, path: "/t/:code/danh-gia", who: anyone, rate: rateIntake, chat: true, do: (*Server).judge},
		{method: post, path: "/giao-dien", who: anyone, do: (*Server).setTheme},

		// An agency's people without an account.
		{method: get, path: "/viec/:token", who: anyone, do: (*Server).workLink},
		{method: get, path: "/viec/:token/files/:id", who: anyone, do: (*Server).workLinkFile},
		{method: post, path: "/viec/:token/:verb", who: anyone, rate: rateLink, size: uploadBody, do: (*Server).workLinkAct},

		// Sign-in.
		{method: get, path: "/dang-nhap", who: anyone, do: (*Server).signInPage},
		{method: post, path: "/dang-nhap", who: anyone, rate: rateSignIn, do: (*Server).signIn},
		{method: post, path: "/dang-xuat", who: anyone, do: (*Server).signOut},
		{method: get, path: codePath, who: anyone, do: (*Server).codePage},
		{method: post, path: codePath, who: anyone, rate: rateSignIn, do: (*Server).giveCode},
		{method: get, path: oidcPath, who: anyone, rate: rateSignIn, do: (*Server).oidcStart},
		{method: get, path: oidcPath + "/ve", who: anyone, rate: rateSignIn, do: (*Server).oidcBack},
		{method: get, path: invitedPath + ":key", who: anyone, rate: rateSignIn, do: (*Server).invitedPage},
		{method: get, path: invitedPath + ":key/tiep", who: anyone, rate: rateSignIn, do: (*Server).oidcInvited},

		// One's own account.
		{method: get, path: passwordPath, who: everyStaff, pays: ticketing.OwesPassword, do: (*Server).passwordPage},
		{method: post, path: passwordPath, who: everyStaff, pays: ticketing.OwesPassword, rate: rateSignIn, do: (*Server).setPassword},
		{method: get, path: securityPath, who: everyStaff, do: (*Server).securityPage},
		{method: get, path: secondPath, who: everyStaff, pays: ticketing.OwesSecond, do: (*Server).secondPage},
		{method: post, path: secondPath, who: everyStaff, pays: ticketing.OwesSecond, rate: rateSignIn, do: (*Server).confirmSecond},
		{method: post, path: secondPath + "/tat", who: everyStaff, rate: rateSignIn, do: (*Server).dropSecond},
		{method: post, path: securityPath + "/ma-khoi-phuc", who: everyStaff, rate: rateSignIn, do: (*Server).newRecovery},
		{method: post, path: securityPath + "/lien-ket", who: everyStaff, rate: rateSignIn, do: (*Server).linkStart},
		{method: post, path: securityPath + "/bo-lien-ket", who: everyStaff, rate: rateSignIn, do: (*Server).unlink},
		{method: get, path: "/tai-khoan", who: everyStaff, do: (*Server).accountPage},
		{method: post, path: "/tai-khoan/dang-xuat", who: everyStaff, do: (*Server).endSession},
		{method: post, path: "/tai-khoan/dang-xuat-het", who: everyStaff, do: (*Server).endSessions},
		{method: get, path: articlesPath, who: everyStaff, do: (*Server).articles},
		{method: get, path: articlesPath + "/:id", who: everyStaff, do: (*Server).article},
		{method: post, path: "/tai-khoan/ngon-ngu", who: everyStaff, do: (*Server).setStaffLang},

		// The hotline's console. What each role may do to a ticket is asked of the desk.
		{method: get, path: "/console", who: hotline, do: (*Server).consolePage},
		{method: get, path: "/console/list", who: hotline, do: (*Server).workList},
		{method: post, path: "/console/ke-tiep", who: answers, do: (*Server).next},
		{method: post, path: "/console/bulk", who: answers, do: (*Server).bulk},
		{method: post, path: "/console/loc", who: hotline, do: (*Server).saveView},
		{method: get, path: ledgerPath, who: watches, do: (*Server).ledger},
		{method: post, path: ledgerPath + "/:code/:n", who: answers, do: (*Server).sendAgain},
		{method: get, path: "/console/new", who: answers, do: (*Server).callPage},
		{method: get, path: "/console/new/gan", who: answers, do: (*Server).callNear},
		{method: post, path: "/console/new", who: answers, do: (*Server).call},
		{method: get, path: "/console/t/:code", who: hotline, do: (*Server).consoleTicket},
		{method: get, path: "/console/t/:code/files/:id", who: hotline, do: (*Server).staffFile},
		{method: get, path: "/console/t/:code/su-viec", who: hotline, do: (*Server).incident},
		{method: post, path: "/console/t/:code/lien-ket", who: answers, do: (*Server).makeWorkLink},
		{method: get, path: "/console/soat", who: hotline, do: (*Server).plainRules},
		{method: get, path: "/console/cua-toi", who: hotline, do: (*Server).mine},
		{method: get, path: "/console/t/:code/unsent", who: acts, do: (*Server).unsentOf},
		{method: post, path: "/console/t/:code/unsent/:verb", who: acts, do: (*Server).keepUnsent},
		{method: get, path: "/console/t/:code/mau", who: acts, do: (*Server).texts},
		{method: post, path: "/console/t/:code/mau/:kind/:id", who: acts, do: (*Server).usedText},
		{method: post, path: "/console/t/:code/macro", who: answers, do: (*Server).runMacro},
		{method: get, path: "/console/t/:code/nguoi", who: acts, do: (*Server).nameable},
		{method: post, path: "/console/t/:code/da-xem", who: hotline, do: (*Server).mentionSeen},
		{method: post, path: "/console/t/:code/cung-nguoi", who: answers, do: (*Server).samePerson},
		{method: post, path: "/console/t/:code/:verb", who: acts, size: uploadBody, do: (*Server).act},

		// The room: its wall board, and the supervisor's screen.
		{method: get, path: "/board", who: hotline, do: (*Server).board},
		{method: get, path: "/board/so-lieu", who: hotline, do: (*Server).boardPart},
		{method: get, path: kioskPath + ":key", who: anyone, do: (*Server).kiosk},
		{method: get, path: kioskPath + ":key/so-lieu", who: anyone, do: (*Server).kioskPart},
		{method: get, path: linksPath, who: administers, do: (*Server).boardLinks},
		{method: post, path: linksPath, who: administers, do: (*Server).addBoardLink},
		{method: post, path: linksPath + "/:id", who: administers, do: (*Server).revokeBoardLink},
		{method: get, path: supervisePath, who: supervises, do: (*Server).supervise},
		{method: get, path: supervisePath + "/so-lieu", who: supervises, do: (*Server).supervisePart},
		{method: post, path: supervisePath + "/giao", who: supervises, do: (*Server).moveTickets},
		{method: post, path: supervisePath + "/nhac/:code", who: supervises, do: (*Server).whisper},

		// An agency's desk.
		{method: get, path: "/desk", who: agency, do: (*Server).deskPage},
		{method: get, path: "/desk/list", who: agency, do: (*Server).workList},
		{method: post, path: "/desk/loc", who: agency, do: (*Server).saveView},
		{method: get, path: "/desk/t/:code", who: agency, do: (*Server).deskTicket},
		{method: get, path: "/desk/t/:code/files/:id", who: agency, do: (*Server).staffFile},
		{method: post, path: "/desk/t/:code/lien-ket", who: staff(ticketing.Leader), do: (*Server).makeWorkLink},
		{method: get, path: "/desk/soat", who: agency, do: (*Server).plainRules},
		{method: get, path: "/desk/cua-toi", who: agency, do: (*Server).mine},
		{method: get, path: "/desk/t/:code/unsent", who: agency, do: (*Server).unsentOf},
		{method: post, path: "/desk/t/:code/unsent/:verb", who: agency, do: (*Server).keepUnsent},
		{method: get, path: "/desk/t/:code/mau", who: agency, do: (*Server).texts},
		{method: post, path: "/desk/t/:code/mau/:kind/:id", who: agency, do: (*Server).usedText},
		{method: get, path: "/desk/t/:code/nguoi", who: agency, do: (*Server).nameable},
		{method: post, path: "/desk/t/:code/da-xem", who: agency, do: (*Server).mentionSeen},
		{method: post, path: "/desk/t/:code/:verb", who: agency, size: uploadBody, do: (*Server).act},

		// Administration.
		{method: get, path: "/admin", who: oversees, do: (*Server).adminOverview},
		{method: get, path: "/admin/audit", who: oversees, do: (*Server).adminAudit},
		{method: get, path: "/admin/channels", who: oversees, do: (*Server).adminChannels},
		{method: post, path: "/admin/channels", who: staff(ticketing.Administrator, ticketing.Supervisor), do: (*Server).setExtension},
		{method: get, path: "/admin/answers", who: oversees, do: (*Server).adminAnswers},
		{method: get, path: "/admin/tester", who: oversees, do: (*Server).adminTester},
		{method: post, path: "/admin/tester", who: oversees, do: (*Server).adminTest},
		{method: get, path: "/admin/:kind", who: oversees, do: (*Server).adminList},
		{method: get, path: "/admin/:kind/new", who: administers, do: (*Server).adminNew},
		{method: post, path: "/admin/:kind/new", who: administers, do: (*Server).adminAdd},
		{method: post, path: "/admin/staff/:id/thiet-bi/dang-xuat", who: staff(ticketing.Administrator, ticketing.Supervisor), do: (*Server).endDevice},
		{method: post, path: "/admin/staff/:id/thiet-bi/dang-xuat-het", who: staff(ticketing.Administrator, ticketing.Supervisor), do: (*Server).endDevices},
		{method: get, path: "/admin/:kind/:id", who: oversees, do: (*Server).adminEdit},
		{method: post, path: "/admin/:kind/:id", who: administers, do: (*Server).adminSave},
		{method: post, path: "/admin/:kind/:id/:act", who: administers, do: (*Server).adminDo},
	}
}

// homeOf is the screen a role works at.
func homeOf(r ticketing.Role) string {
	switch r {
	case ticketing.Officer, ticketing.Leader:
		return "/desk"
	case ticketing.Administrator:
		return "/admin"
	}
	return "/console"
}

// navItem is one entry of the staff's top bar.
type navItem struct {
	Path, Key, Icon string
	roles           []ticketing.Role
}

// nav is the screens of the staff's top bar, in order; each role sees its own.
var nav = []navItem{
	{"/console", "nav.console", "headphones", []ticketing.Role{ticketing.Operator, ticketing.Supervisor, ticketing.Auditor, ticketing.Moderator, ticketing.Administrator}},
	{ledgerPath, "nav.ledger", "send", []ticketing.Role{ticketing.Operator, ticketing.Supervisor, ticketing.Auditor, ticketing.Administrator}},
	{supervisePath, "nav.supervise", "users", []ticketing.Role{ticketing.Supervisor}},
	{"/board", "nav.board", "monitor", []ticketing.Role{ticketing.Operator, ticketing.Supervisor, ticketing.Auditor, ticketing.Moderator, ticketing.Administrator}},
	{"/desk", "nav.desk", "inbox", []ticketing.Role{ticketing.Officer, ticketing.Leader}},
	{articlesPath, "nav.articles", "book-open", ticketing.StaffRoles[:]},
	{"/admin", "nav.admin", "settings", []ticketing.Role{ticketing.Administrator, ticketing.Supervisor, ticketing.Auditor}},
}

// RouteInfo is a line of the table for those outside who check or describe it.
type RouteInfo struct {
	Method, Path string
	Open         bool
	Roles        []ticketing.Role
}

// Admits says whether the role may use the route.
func (r RouteInfo) Admits(role ticketing.Role) bool { return r.Open || slices.Contains(r.Roles, role) }

// Table is every route and who may use it.
func (s *Server) Table() []RouteInfo {
	var out []RouteInfo
	for _, r := range s.routes() {
		out = append(out, RouteInfo{Method: r.method, Path: r.path, Open: r.who.open, Roles: r.who.roles})
	}
	return out
}
