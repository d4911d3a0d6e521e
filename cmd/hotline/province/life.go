package province

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/routing"
	"hotline1022/ticketing/words"
)

// life is one matter from the citizen's first word to its end, or to the present. It is written as a story; between
// two steps it sleeps, and the world (seed.go) wakes it when its time has come. Its chances are its own, so that
// lives running side by side do not change one another.
type life struct {
	world *world
	desk  *ticketing.Desk // with this life's clock
	r     *rand.Rand
	at    time.Time
	sleep func(time.Time) bool // false: the present was reached, or the world ends
	err   error

	matter   matter
	scene    scene
	in       ticketing.Incoming
	code     ticketing.Code
	ticket   ticketing.Ticket
	agency   string
	operator ticketing.Actor
}

// then lets time pass; with the office closed it goes on when it opens. false: there is no more time.
func (l *life) then(least, most time.Duration) bool {
	l.at = l.desk.Catalog.Current().Calendar.NextOpen("", l.at.Add(l.between(least, most)))
	return l.err == nil && l.sleep(l.at)
}

// later lets time pass for somebody who keeps no office hours, though she sleeps at night.
func (l *life) later(least, most time.Duration) bool {
	l.at = l.at.Add(l.between(least, most))
	if h := l.at.In(ticketing.Zone).Hour(); h < 6 {
		l.at = l.at.Add(time.Duration(6-h) * time.Hour)
	}
	return l.err == nil && l.sleep(l.at)
}

func (l *life) between(least, most time.Duration) time.Duration {
	d := least + time.Duration(l.r.Int64N(int64(most-least)+1))
	return d.Truncate(time.Second)
}

func (l *life) chance(percent int) bool { return l.r.IntN(100) < percent }

// do is a verb at the desk. A verb that may not follow ends the life: something else happened to the ticket.
func (l *life) do(by ticketing.Actor, cmd ticketing.Command) bool {
	if l.err != nil {
		return false
	}
	t, err := l.desk.Do(l.world.ctx, by, l.code, cmd)
	if err != nil {
		l.err = fmt.Errorf("%s by %s on %s (%s, %s): %w", cmd.Verb, by.ID, l.code, l.ticket.Status, l.matter.ID, err)
		return false
	}
	l.ticket = t
	l.deliver()
	return l.err == nil
}

// arrive is the citizen's first word.
func (l *life) arrive() bool {
	receipt, err := l.desk.Receive(l.world.ctx, l.door(), l.in)
	if err != nil {
		l.err = fmt.Errorf("receiving %q: %w", l.in.Text, err)
		return false
	}
	l.code, l.ticket = receipt.Ticket.Code, receipt.Ticket
	l.deliver()
	return l.err == nil
}

// door is who writes the citizen's words down: an operator on the telephone, else the channel.
func (l *life) door() ticketing.Actor {
	if l.in.Channel == ticketing.Phone {
		return l.operator
	}
	return ticketing.Actor{ID: string(l.in.Channel), Role: ticketing.Citizen}
}

// say is a later word of the citizen.
func (l *life) say(text string) bool {
	if l.err != nil {
		return false
	}
	if l.in.From != (ticketing.Contact{}) {
		in := ticketing.Incoming{Channel: l.in.Channel, From: l.in.From, Text: text}
		receipt, err := l.desk.Receive(l.world.ctx, l.door(), in)
		l.ticket, l.err = receipt.Ticket, err
	} else {
		l.ticket, l.err = l.desk.Say(l.world.ctx, l.code, "", text, nil)
	}
	l.deliver()
	return l.err == nil
}

// judge is the citizen's verdict.
func (l *life) judge(good bool, comment string) bool {
	if l.err == nil {
		l.ticket, l.err = l.desk.Judge(l.world.ctx, l.code, good, comment)
	}
	return l.err == nil
}

// deliver writes down that what was sent has arrived, as a courier does, a few seconds later.
func (l *life) deliver() {
	for _, s := range l.ticket.Sending {
		if s.Settled() || l.err != nil {
			continue
		}
		for i, kind := range []ticketing.EventKind{ticketing.SendAttempted, ticketing.SendDelivered} {
			at := l.at.Add(time.Duration(2+i) * time.Second).UTC()
			e := ticketing.Event{
				Ticket: l.code, N: l.ticket.Version + 1, At: at, By: ticketing.Actor{ID: "hotline", Role: ticketing.System}, Kind: kind,
				Key: fmt.Sprintf("%s:%s:%d:1", []string{"send", "sent"}[i], l.code, s.N), Ref: s.N, Try: 1,
			}
			if i == 0 {
				e.Next = at.Add(2 * time.Minute)
			} else {
				e.Receipt = "demo"
			}
			after, err := l.ticket.Apply(e)
			if err == nil {
				_, err = l.desk.Store.Append(l.world.ctx, e, after)
			}
			if err != nil {
				l.err = fmt.Errorf("delivering: %w", err)
				return
			}
			l.ticket = after
		}
	}
}

// live is the usual story.
func (l *life) live() {
	if !l.arrive() || !l.then(2*time.Minute, 25*time.Minute) {
		return
	}
	if l.chance(60) {
		l.do(l.operator, ticketing.Command{Verb: ticketing.Claim})
	}
	if l.chance(12) {
		l.do(l.operator, ticketing.Command{Verb: ticketing.Tag, Tags: []string{pick(l.r, []string{"mưa bão", "điểm nóng", "báo chí nêu", "hộ neo đơn", "lặp lại"})}})
	}
	if l.chance(4) && l.ticket.Due.After(l.at.Add(2*time.Hour)) {
		l.do(l.operator, ticketing.Command{Verb: ticketing.Snooze, Until: l.at.Add(90 * time.Minute), Reason: "Chờ người dân gọi lại"})
	}
	switch l.in.Kind {
	case ticketing.Spam:
		l.spam()
		return
	case ticketing.Complaint, ticketing.Denunciation:
		l.lawful(l.in.Kind)
		return
	}
	if !l.triage(ticketing.Kind(l.matter.Kind)) {
		return
	}
	if l.matter.Kind == string(ticketing.Question) && l.chance(55) || l.matter.Kind == string(ticketing.Opinion) {
		if l.then(time.Minute, 20*time.Minute) && l.do(l.operator, l.answer()) {
			l.after()
		}
		return
	}
	if !l.route() {
		return
	}
	l.handle()
}

func (l *life) spam() {
	if l.triage(ticketing.Spam) {
		l.do(l.operator, ticketing.Command{Verb: ticketing.Close})
	}
}

// lawful: a complaint or denunciation is never handled as a report; the citizen is told where it must go.
func (l *life) lawful(kind ticketing.Kind) {
	if !l.triage(kind) || !l.then(5*time.Minute, time.Hour) {
		return
	}
	l.do(l.operator, ticketing.Command{Verb: ticketing.Close, Outcome: ticketing.NotOurs, Reason: words.T(words.Vietnamese, ticketing.LawfulPath(kind))})
}

func (l *life) triage(kind ticketing.Kind) bool {
	category := l.matter.Category
	cmd := ticketing.Command{Verb: ticketing.Triage, Kind: kind, Category: &category}
	if area := l.world.wards[l.scene.place]; area != "" && l.ticket.Area == "" {
		cmd.Area = &area
	}
	if l.ticket.Priority == ticketing.Normal && l.chance(5) {
		complex := ticketing.Complex
		cmd.Priority = &complex
	}
	return l.do(l.operator, cmd)
}

// route takes what the rules propose; now and then the wrong agency first.
func (l *life) route() bool {
	cat := l.desk.Catalog.Current()
	match, ok := cat.Router.Match(routing.Question{
		Kind: string(l.ticket.Kind), Category: l.ticket.Category, Area: l.ticket.Area, Text: l.ticket.Subject + "\n" + l.ticket.Text, On: l.at,
	})
	l.agency = cmp.Or(match.Agency, "van-phong-ubnd")
	if !l.then(time.Minute, 12*time.Minute) {
		return false
	}
	if l.chance(7) {
		wrong := pick(l.r, []string{"trung-tam-pvhcc", "so-xay-dung", "cong-ich", "so-nnmt"})
		if wrong != l.agency {
			sent := l.do(l.operator, ticketing.Command{Verb: ticketing.Route, Agency: wrong})
			if !sent || !l.then(20*time.Minute, 3*time.Hour) {
				return false
			}
			back := ticketing.Command{Verb: ticketing.Return, Agency: l.agency, Reason: "Nội dung không thuộc phạm vi quản lý của đơn vị theo bảng phân công; đề nghị chuyển đúng cơ quan."}
			if !l.do(officer(wrong), back) || !l.then(3*time.Minute, 30*time.Minute) {
				return false
			}
		}
	}
	cmd := ticketing.Command{Verb: ticketing.Route, Agency: l.agency}
	if ok {
		cmd.Rule = match.Rule.ID
	}
	if ward := "ubnd-" + slug(l.scene.place); l.chance(8) && ward != l.agency {
		if _, ok := cat.Agencies[ward]; ok {
			cmd.Cooperating = []string{ward}
		}
	}
	return l.do(l.operator, cmd)
}

// handle is the agency's part, and the answer.
func (l *life) handle() {
	slow := time.Duration(1)
	if l.chance(14) {
		slow = 12 // these come late
	}
	if !l.then(10*time.Minute, 3*time.Hour*slow/2) || !l.do(officer(l.agency), ticketing.Command{Verb: ticketing.AcceptIt}) {
		return
	}
	if l.matter.Ask != "" && l.chance(13) && !l.askCitizen() {
		return
	}
	if !l.then(2*time.Hour, 14*time.Hour*slow) {
		return
	}
	if l.chance(7) && !l.extend() {
		return
	}
	if l.chance(20) {
		l.do(officer(l.agency), ticketing.Command{Verb: ticketing.Note, Text: "Đã cử tổ kỹ thuật xuống hiện trường, hẹn báo kết quả trong ngày."})
	}
	if !l.then(time.Hour, 20*time.Hour) || !l.draft() || !l.then(10*time.Minute, 5*time.Hour) {
		return
	}
	if l.chance(8) {
		back := l.do(leader(l.agency), ticketing.Command{Verb: ticketing.RejectDraft, Reason: "Nêu rõ thời gian hoàn thành và người liên hệ."})
		if !back || !l.then(30*time.Minute, 4*time.Hour) || !l.draft() || !l.then(10*time.Minute, 3*time.Hour) {
			return
		}
	}
	if !l.do(leader(l.agency), ticketing.Command{Verb: ticketing.Approve}) || !l.then(4*time.Minute, 70*time.Minute) {
		return
	}
	if l.do(l.operator, l.answer()) {
		l.after()
	}
}

func (l *life) askCitizen() bool {
	if !l.then(20*time.Minute, 4*time.Hour) || !l.do(officer(l.agency), ticketing.Command{Verb: ticketing.Ask, Text: l.matter.Ask}) {
		return false
	}
	if l.chance(15) {
		return false // she never comes back to it
	}
	return l.later(10*time.Minute, 20*time.Hour) && l.say(say(l.r, l.scene.fill(l.matter.Reply)))
}

func (l *life) extend() bool {
	due := l.ticket.Due
	if due.Before(l.at) || l.ticket.Extensions > 0 {
		return true
	}
	until := l.desk.Catalog.Current().Calendar.AddDays("", due, 2+l.r.IntN(3))
	if !l.do(officer(l.agency), ticketing.Command{Verb: ticketing.Extend, Until: until, Reason: "Phải chờ vật tư thay thế về kho, dự kiến đầu tuần sau."}) {
		return false
	}
	if l.chance(20) {
		return true // nobody has decided yet
	}
	ok := l.chance(80)
	cmd := ticketing.Command{Verb: ticketing.ExtensionDecide, OK: ok}
	if !ok {
		cmd.Reason = "Đề nghị xử lý tạm thời trong hạn, phần còn lại báo sau."
	}
	return l.then(15*time.Minute, 4*time.Hour) && l.do(supervisor(), cmd)
}

func (l *life) draft() bool {
	cmd := l.answer()
	cmd.Verb, cmd.Publish = ticketing.WriteDraft, false
	return l.do(officer(l.agency), cmd)
}

// answer is the draft's words if there is one, else the matter's.
func (l *life) answer() ticketing.Command {
	cmd := ticketing.Command{Verb: ticketing.AnswerIt, Outcome: ticketing.Done, Publish: l.chance(60)}
	switch d := l.ticket.Draft; {
	case d != nil && l.ticket.Status == ticketing.Review:
		cmd.Text, cmd.Outcome, cmd.Reason = d.Text, d.Outcome, d.Reason
		return cmd
	case l.chance(5) && l.agency != "":
		cmd.Outcome, cmd.Reason = ticketing.Cannot, "Luật Đầu tư công: chưa bố trí vốn trong kế hoạch năm"
		cmd.Text = "Chúng tôi đã kiểm tra và ghi nhận kiến nghị. Năm nay chưa có vốn để làm; công trình được đưa vào kế hoạch năm sau. Trước mắt đơn vị đặt biển cảnh báo và kiểm tra hằng tuần."
		return cmd
	}
	if k := l.matter.Kind; k == string(ticketing.Question) || k == string(ticketing.Opinion) || k == string(ticketing.Proposal) {
		cmd.Outcome = ticketing.GaveAnswer
	}
	cmd.Text = "Chào ông/bà, " + l.scene.fill(pick(l.r, l.matter.Answers))
	return cmd
}

// after is what follows an answer: publication, thanks, a verdict, or the whole way again.
func (l *life) after() {
	if tasks := l.ticket.Undelivered(); len(tasks) > 0 && tasks[0].Call() && l.then(10*time.Minute, 5*time.Hour) {
		l.do(l.operator, ticketing.Command{Verb: ticketing.Note, Ref: tasks[0].N, Text: "Đã gọi báo cho người dân."})
	}
	if l.ticket.Visibility == ticketing.Public && !l.ticket.Published && l.chance(55) && l.then(time.Hour, 30*time.Hour) {
		l.do(moderator(), ticketing.Command{Verb: ticketing.Publish})
	}
	if !l.chance(62) || !l.later(20*time.Minute, 40*time.Hour) {
		return
	}
	if l.chance(84) || l.ticket.Reopened > 0 {
		l.judge(true, pick(l.r, []string{"", "Cảm ơn tổng đài nhiều!", "Xử lý nhanh, bà con rất vui.", "ok cam on ad", "Tốt."}))
		return
	}
	if !l.judge(false, pick(l.r, []string{"Mới sửa hôm qua nay hư lại rồi.", "Trả lời vậy chứ chưa thấy ai xuống làm.", "Chỗ tui vẫn như cũ", "chua dc giai quyet"})) {
		return
	}
	if !l.then(5*time.Minute, time.Hour) {
		return
	}
	if l.agency == "" {
		if l.do(l.operator, l.answer()) {
			l.after()
		}
		return
	}
	if l.do(l.operator, ticketing.Command{Verb: ticketing.Route, Agency: l.agency, Reason: "Người dân phản ánh chưa được, đề nghị kiểm tra lại."}) {
		l.handle()
	}
}

func staffed(id string, role ticketing.Role, agency string) ticketing.Actor {
	return ticketing.Actor{ID: id, Role: role, Agency: agency}
}

func supervisor() ticketing.Actor { return staffed("truongca", ticketing.Supervisor, "") }
func moderator() ticketing.Actor  { return staffed("kiemduyet", ticketing.Moderator, "") }

// officer and leader are the accounts every agency has (see Staff).
func officer(agency string) ticketing.Actor {
	return staffed(account(agency, "cb"), ticketing.Officer, agency)
}

func leader(agency string) ticketing.Actor {
	return staffed(account(agency, "ld"), ticketing.Leader, agency)
}

func account(agency, post string) string {
	return strings.TrimPrefix(strings.TrimPrefix(agency, "ubnd-"), "trung-tam-") + "." + post
}

// operators work the room by turns.
var operators = []string{"hanh", "quang", "thuy"}

func operatorOf(r *rand.Rand) ticketing.Actor {
	return staffed(pick(r, operators), ticketing.Operator, "")
}
