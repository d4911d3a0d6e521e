package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing"
)

// Maker makes events as a province's centre sees them. It is not safe for concurrent use; two makers of different
// seeds do not make the same code or key.
type Maker struct {
	Rand *rand.Rand
	Now  time.Time // the time of the next event; every event moves it by 0–30 minutes, to the millisecond
	seed uint64
	n    int
}

// NewMaker is a Maker whose first matter comes in late in 2025, so that a year's end lies on its way.
func NewMaker(seed uint64) *Maker {
	return &Maker{Rand: seeded(seed), Now: time.Date(2025, 12, 20, 1, 0, 0, 0, time.UTC), seed: seed}
}

// What the matters are made of.
var (
	Agencies   = []string{"dien-luc", "cap-nuoc", "giao-thong", "moi-truong", "ubnd-hai-chau", "cong-an"}
	Categories = []string{"chieu-sang", "rac-thai", "o-ga", "tieng-on", "cap-nuoc", "thu-tuc", ""}
	Areas      = []string{"20194", "20195", "20197", "20200", "20203", ""}
	staff      = []string{"lan", "minh", "tuan", "hoa"}
	citizens   = []ticketing.CitizenID{"c1", "c2", "c3", "c4", "c5", ""}
	subjects   = []string{"Đèn đường hỏng", "Rác chưa thu gom", "Ổ gà trên đường", "Karaoke ồn ào ban đêm", "Mất nước sinh hoạt", "Thủ tục cấp lại thẻ căn cước"}
	sentences  = []string{
		"Đèn đường trước nhà số 45 không sáng đã ba đêm liền.", "Xe rác không vào hẻm từ thứ hai.",
		"Mặt đường lún sụt rất nguy hiểm cho người đi xe máy.", "Quán bên cạnh hát karaoke quá 23 giờ.",
		"Nước yếu và có màu đục vào buổi sáng.", "Tôi cần biết hồ sơ gồm những giấy tờ gì.",
		"Cây xanh ngã đổ chắn ngang lối đi của trường học.", "Đề nghị cơ quan chức năng kiểm tra và xử lý sớm.",
		"Cống thoát nước bị nghẹt, mưa là ngập.", "Cột điện nghiêng sát mái nhà dân.",
	}
	streets = []string{"45 Lê Duẩn", "12 Hoàng Diệu", "kiệt 8 Nguyễn Văn Linh", "300 Điện Biên Phủ", "77 Đường 2 Tháng 9"}
	wards   = map[string]string{"20194": "Phường Hải Châu", "20195": "Phường Thanh Khê", "20197": "Phường Sơn Trà", "20200": "Phường Ngũ Hành Sơn", "20203": "Xã Hòa Vang"}
)

func pick[T any](m *Maker, from []T) T { return from[m.Rand.IntN(len(from))] }

// Code is a code no other Maker of another seed makes: ten characters count, two are chance.
func (m *Maker) Code() ticketing.Code {
	const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	m.n++
	code := make([]byte, 12)
	n := m.seed<<24 | uint64(m.n)
	for i := range 10 {
		code[i] = letters[n>>(5*i)&31]
	}
	code[10], code[11] = letters[m.Rand.IntN(32)], letters[m.Rand.IntN(32)]
	return ticketing.Code(code)
}

// Key is a key no other Maker of another seed makes.
func (m *Maker) Key() string {
	m.n++
	return fmt.Sprintf("zalo:%d:%d", m.seed, m.n)
}

func (m *Maker) at() time.Time {
	if m.Rand.IntN(8) > 0 { // now and then two at one moment
		m.Now = m.Now.Add(time.Duration(m.Rand.IntN(30*60*1000)) * time.Millisecond)
	}
	return m.Now
}

func (m *Maker) text() string {
	var b strings.Builder
	for range 1 + m.Rand.IntN(3) {
		b.WriteString(pick(m, sentences))
		b.WriteByte(' ')
	}
	return strings.TrimSpace(b.String())
}

// Matter is the first event of a new ticket.
func (m *Maker) Matter() ticketing.Event {
	at := m.at()
	e := ticketing.Event{
		Ticket: m.Code(), N: 1, At: at, By: ticketing.Actor{Role: ticketing.Citizen}, Kind: ticketing.Received, Key: m.Key(),
		MatterKind: pick(m, ticketing.Kinds[:]), Category: pick(m, Categories), Area: pick(m, Areas),
		Priority: pick(m, ticketing.Priorities[:]), Visibility: pick(m, []ticketing.Visibility{ticketing.Private, ticketing.Public}),
		Channel: pick(m, ticketing.Channels[:]), Citizen: pick(m, citizens),
		Subject: pick(m, subjects), Text: m.text(), Address: pick(m, streets),
	}
	e.Place = wards[e.Area]
	if m.Rand.IntN(3) == 0 {
		e.Location = &ticketing.Point{Lat: 16 + m.Rand.Float64()/10, Lng: 108 + m.Rand.Float64()/10}
	}
	if m.Rand.IntN(4) == 0 {
		e.Files = []ticketing.File{m.file()}
	}
	if m.Rand.IntN(3) > 0 {
		e.Out = &ticketing.Outgoing{Text: "Tổng đài 1022 đã nhận phản ánh của bạn."}
	}
	if m.Rand.IntN(6) > 0 {
		m.dates(&e)
	}
	if m.Rand.IntN(10) == 0 {
		e.Kind, e.External = ticketing.Imported, fmt.Sprintf("CU-%d", m.n)
		if m.Rand.IntN(2) == 0 {
			e.Outcome, e.Ended = pick(m, ticketing.Outcomes[:]), at.Add(time.Duration(m.Rand.IntN(300))*time.Hour)
		}
	}
	return e
}

func (m *Maker) file() ticketing.File {
	m.n++
	return ticketing.File{ID: fmt.Sprintf("f%d-%d", m.seed, m.n), Name: "ảnh hiện trường.jpg", Type: "image/jpeg", Size: 120_000, Width: 1280, Height: 960}
}

// dates sets a limit between one hour and ten days, with its alarms.
func (m *Maker) dates(e *ticketing.Event) {
	e.Due = e.At.Add(time.Duration(1+m.Rand.IntN(240)) * time.Hour)
	e.Step, e.StepDue = ticketing.Classify, e.At.Add(time.Hour)
	e.Alarms = []ticketing.Alarm{} // takes all alarms away, where nil leaves them
	if m.Rand.IntN(5) > 0 {
		e.Alarms = []ticketing.Alarm{{At: e.At.Add(time.Hour), What: ticketing.StepLate}, {At: e.Due, What: ticketing.Late}}
	}
}

// following are the kinds that follow by chance. What conversations add is no more to a store than these are, and
// would change every sequence that a test knows by its seed.
var following = slices.DeleteFunc(slices.Clone(ticketing.EventKinds[2:]), func(k ticketing.EventKind) bool {
	return k == ticketing.Chatted || k == ticketing.Prompted || k == ticketing.SendRequeued || k == ticketing.Snoozed || k == ticketing.Tagged || k == ticketing.Linked
})

// Next is an event that may follow on t. Which one is left to chance.
func (m *Maker) Next(t ticketing.Ticket) ticketing.Event {
	for {
		e := m.try(t, pick(m, following))
		if _, err := t.Apply(e); err == nil {
			return e
		}
	}
}

// Then is an event of the kind that may follow on t; it panics if none may.
func (m *Maker) Then(t ticketing.Ticket, kind ticketing.EventKind) ticketing.Event {
	e := m.try(t, kind)
	if _, err := t.Apply(e); err != nil {
		panic(err)
	}
	return e
}

// try is an event of the kind, filled as if it might follow on t.
func (m *Maker) try(t ticketing.Ticket, kind ticketing.EventKind) ticketing.Event {
	e := ticketing.Event{Ticket: t.Code, N: t.Version + 1, At: m.at(), Kind: kind}
	e.By = ticketing.Actor{ID: pick(m, staff), Role: ticketing.Operator}
	if m.Rand.IntN(2) == 0 {
		e.Key = m.Key()
	}
	switch kind {
	case ticketing.Said:
		e.By = ticketing.Actor{Role: ticketing.Citizen}
		e.Text = m.text()
	case ticketing.Claimed, ticketing.Accepted:
		e.Assignee = pick(m, staff)
	case ticketing.Triaged:
		e.MatterKind, e.Category, e.Area = pick(m, ticketing.Kinds[:]), pick(m, Categories), pick(m, Areas)
		e.Place, e.Priority, e.Visibility = wards[e.Area], pick(m, ticketing.Priorities[:]), t.Visibility
		m.dates(&e)
	case ticketing.RoutedTo:
		e.Agency, e.Reason = pick(m, Agencies), "đúng lĩnh vực"
		if m.Rand.IntN(3) == 0 {
			e.Cooperating = []string{pick(m, Agencies), pick(m, Agencies)}
		}
	case ticketing.Returned, ticketing.DraftRejected, ticketing.Unpublished, ticketing.Revealed:
		e.Reason = "không thuộc thẩm quyền"
	case ticketing.Asked, ticketing.Messaged:
		e.Text = "Xin cho biết số nhà cụ thể."
		e.Out = &ticketing.Outgoing{Channel: pick(m, []ticketing.Channel{"", ticketing.Email}), Text: e.Text}
	case ticketing.Snoozed:
		e.Until = m.Now.Add(time.Duration(1+m.Rand.IntN(48)) * time.Hour)
	case ticketing.Tagged:
		e.Tags = []string{pick(m, []string{"mưa bão", "điểm nóng", "đường dây nóng"})}
	case ticketing.Linked:
		if e.Into, e.OK = m.Code(), true; len(t.Related) > 0 && m.Rand.IntN(2) == 0 {
			e.Into, e.OK = pick(m, t.Related), false
		}
	case ticketing.ExtensionAsked:
		e.Until, e.Reason = m.Now.Add(72*time.Hour), "chờ vật tư"
	case ticketing.ExtensionDecided, ticketing.VerdictGiven, ticketing.Reopened:
		e.OK = m.Rand.IntN(2) == 0
		m.dates(&e)
	case ticketing.DraftWritten:
		e.Text, e.Outcome = "Đã cử đội kỹ thuật sửa chữa. "+m.text(), pick(m, ticketing.Outcomes[:])
	case ticketing.AnsweredBy, ticketing.ClosedBy:
		e.Text, e.Outcome = "Đơn vị đã xử lý xong. "+m.text(), pick(m, ticketing.Outcomes[:])
		e.Out = &ticketing.Outgoing{Text: e.Text}
		if kind == ticketing.AnsweredBy {
			e.Into = t.Into
		}
	case ticketing.Noted:
		e.Text = "Đã gọi lại, người dân không nghe máy."
		e.Files = []ticketing.File{m.file()}
	case ticketing.MergedInto, ticketing.Absorbing, ticketing.SplitOff:
		e.Into, e.OK = m.Code(), kind != ticketing.MergedInto || m.Rand.IntN(4) > 0 // false: as journals before 2026-11-26 have it
	case ticketing.Unmerged:
		e.Into = t.Into
		m.dates(&e)
	case ticketing.AlarmRang:
		if len(t.Alarms) > 0 {
			alarm := t.Alarms[0]
			e.Alarm = &alarm
		}
	case ticketing.SendAttempted, ticketing.SendDelivered, ticketing.SendFailed, ticketing.SendConfirmed:
		m.send(t, &e)
	}
	return e
}

// send fills an event of the courier for some message of the ticket.
func (m *Maker) send(t ticketing.Ticket, e *ticketing.Event) {
	e.By = ticketing.Actor{Role: ticketing.System}
	if len(t.Sending) == 0 {
		return
	}
	d := pick(m, t.Sending)
	e.Ref, e.Try = d.N, d.Try
	switch e.Kind {
	case ticketing.SendAttempted:
		e.Try++
		e.Next = m.Now.Add(2 * time.Minute)
	case ticketing.SendDelivered:
		e.Receipt = fmt.Sprintf("r-%d", m.n)
	case ticketing.SendConfirmed:
		e.Field = string(pick(m, []ticketing.DeliveryState{ticketing.Arrived, ticketing.Read}))
	case ticketing.SendFailed:
		e.Reason = "hộp thư đầy"
		if m.Rand.IntN(2) == 0 {
			e.Next = m.Now.Add(10 * time.Minute)
		}
	}
}
