package province

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/paulmach/orb/planar"
	"golang.org/x/sync/errgroup"

	"hotline1022/ticketing"
	"hotline1022/ticketing/places"
	"hotline1022/ticketing/text"
)

// world is the weeks that pass: all lives, in the order of their next moments.
type world struct {
	ctx     context.Context
	desk    *ticketing.Desk
	now     time.Time
	matters []matter
	wards   map[string]string // as people call a place → unit
	places  []string
	middles map[string]ticketing.Point
	contact func(ticketing.Channel, string) string
}

// Past is some weeks that have passed.
type Past struct {
	Weeks, Matters int
	// Contact is how a channel knows a person, for those that really carry answers; nil makes ids up.
	Contact func(channel ticketing.Channel, name string) string
}

// SeedTickets lets so many weeks with n matters pass at the desk, up to now: see Past.Seed.
func SeedTickets(ctx context.Context, desk *ticketing.Desk, now time.Time, weeks, n int) error {
	return Past{Weeks: weeks, Matters: n}.Seed(ctx, desk, now)
}

// Seed lets the weeks pass at the desk, up to now: through Receive and Do as any caller, with each ticket's clock set
// to its moments. The same arguments give the same matters. It is for an empty hotline.
//
// What is due in one hour of those weeks is done side by side, so that the store can write it together.
func (p Past) Seed(ctx context.Context, desk *ticketing.Desk, now time.Time) error {
	w, err := newWorld(ctx, desk, now)
	if err != nil {
		return err
	}
	w.contact = p.Contact
	var lives []*sleeper
	defer func() {
		for _, s := range lives {
			s.stop()
		}
	}()
	r := rand.New(rand.NewPCG(1022, 2026))
	for i, at := range arrivals(r, now, p.Weeks, p.Matters) {
		l := w.newLife(uint64(i), at)
		lives = append(lives, l.start(l.live))
	}
	for i, days := range []int{2, 16} { // two evenings on which the power failed
		at := now.In(ticketing.Zone).AddDate(0, 0, -days)
		at = time.Date(at.Year(), at.Month(), at.Day(), 18, 10, 0, 0, ticketing.Zone)
		if p.Weeks*7 > days {
			lives = append(lives, w.powerCut(uint64(100_000+100*i), at))
		}
	}
	return w.pass(lives)
}

func newWorld(ctx context.Context, desk *ticketing.Desk, now time.Time) (*world, error) {
	matters, err := read[matter]("matters.json")
	if err != nil {
		return nil, err
	}
	w := &world{ctx: ctx, desk: desk, now: now, matters: matters, wards: map[string]string{}, middles: map[string]ticketing.Point{}}
	units, err := read[places.Unit]("areas.json")
	if err != nil {
		return nil, err
	}
	for _, u := range units {
		label := map[string]string{"phuong": "phường ", "xa": "xã ", "dac_khu": "đặc khu "}[u.Type]
		if u.Parent == "QH" && u.To == "" {
			w.wards[label+u.Name] = u.Code
			w.places = append(w.places, label+u.Name)
		}
	}
	raw, err := data.ReadFile("data/boundaries.geojson")
	if err != nil {
		return nil, err
	}
	lands, err := places.ReadBoundaries(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	for _, b := range lands {
		p, _ := planar.CentroidArea(b.Geometry)
		w.middles[b.Code] = ticketing.Point{Lat: p.Lat(), Lng: p.Lon()}
	}
	return w, nil
}

// arrivals are the moments n citizens write: more by day, most in the morning and after supper, fewer on Sundays.
func arrivals(r *rand.Rand, now time.Time, weeks, n int) []time.Time {
	hours := []int{1, 0, 0, 0, 0, 2, 5, 9, 12, 12, 11, 7, 4, 6, 9, 9, 9, 8, 6, 7, 8, 6, 4, 2}
	total := 0
	for _, h := range hours {
		total += h
	}
	begin := now.AddDate(0, 0, -7*weeks)
	var out []time.Time
	for len(out) < n {
		day := begin.AddDate(0, 0, r.IntN(7*weeks+1)).In(ticketing.Zone)
		if day.Weekday() == time.Sunday && r.IntN(3) > 0 {
			continue
		}
		k, hour := r.IntN(total), 0
		for ; k >= hours[hour]; hour++ {
			k -= hours[hour]
		}
		at := time.Date(day.Year(), day.Month(), day.Day(), hour, r.IntN(60), r.IntN(60), 0, ticketing.Zone)
		if at.After(begin) && at.Before(now) {
			out = append(out, at)
		}
	}
	for i := range n / 40 { // somebody has always just written
		out[i*40] = now.Add(-time.Duration(20+r.IntN(1200)) * time.Second)
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}

// newLife is a citizen with a matter, a place, a voice and a door.
func (w *world) newLife(seed uint64, at time.Time) *life {
	l := &life{world: w, r: rand.New(rand.NewPCG(seed, 7)), at: at}
	d := *w.desk
	d.Now = func() time.Time { return l.at }
	l.desk = &d
	l.operator = operatorOf(l.r)
	l.matter = w.someMatter(l.r)
	l.scene = scene{house: fmt.Sprint(1 + l.r.IntN(320)), street: pick(l.r, streets), place: pick(l.r, w.places), when: pick(l.r, times)}
	l.in = ticketing.Incoming{Kind: ticketing.Kind(l.matter.Kind), Text: say(l.r, l.scene.fill(pick(l.r, l.matter.Texts)))}
	w.odd(l)
	w.throughADoor(l, seed)
	return l
}

func (w *world) someMatter(r *rand.Rand) matter {
	total := 0
	for _, m := range w.matters {
		total += m.Weight
	}
	k := r.IntN(total)
	for _, m := range w.matters {
		if k -= m.Weight; k < 0 {
			return m
		}
	}
	return w.matters[0]
}

// odd makes a few something the hotline does not handle as a report.
func (w *world) odd(l *life) {
	switch k := l.r.IntN(100); {
	case k < 3:
		l.in.Kind = ticketing.Spam
		l.in.Text = pick(l.r, []string{"Vay nhanh 24/7 không cần thế chấp, inbox ngay!!!", "Chúc mừng bạn đã trúng thưởng xe SH, bấm vào đường dẫn để nhận", "test test 123", "Bán đất nền giá rẻ 300tr/lô"})
	case k < 5:
		l.in.Kind = ticketing.Complaint
		l.in.Text = "Tôi khiếu nại quyết định xử phạt số 123 của UBND " + l.scene.place + " vì không đúng người, đề nghị huỷ quyết định."
	case k < 6:
		l.in.Kind = ticketing.Denunciation
		l.in.Text = "Tôi tố cáo một cán bộ địa chính " + l.scene.place + " nhận tiền để làm sai lệch hồ sơ đất, tôi có bằng chứng."
	}
}

// throughADoor chooses the channel and gives what it asks for.
func (w *world) throughADoor(l *life, seed uint64) {
	in := &l.in
	in.Name = fullName(l.r)
	in.Consent = "v1"
	if l.matter.Public && l.chance(70) {
		in.Visibility = ticketing.Public
	}
	switch k := l.r.IntN(100); {
	case k < 30:
		in.Channel = ticketing.Zalo
	case k < 52:
		in.Channel, in.Phone, in.Subject = ticketing.Phone, number(l.r), l.matter.Subject
	case k < 74:
		in.Channel, in.Phone, in.Subject = ticketing.Web, number(l.r), l.matter.Subject
	case k < 84:
		in.Channel = ticketing.Facebook
	case k < 91:
		in.Channel = ticketing.Chat
	case k < 95:
		in.Channel, in.Phone = ticketing.App, number(l.r)
	case k < 97:
		in.Channel, in.Email = ticketing.Email, fmt.Sprintf("%s%d@example.vn", slug(strings.Fields(in.Name)[2]), l.r.IntN(100))
	case k < 98:
		in.Channel = ticketing.Telegram
	default:
		in.Channel = ticketing.SMS
	}
	if in.Channel.Conversation() {
		in.From = ticketing.Contact{Channel: in.Channel, ID: fmt.Sprintf("demo-%s-%d", in.Channel, seed)}
		if w.contact != nil {
			in.From.ID = cmp.Or(w.contact(in.Channel, in.Name), in.From.ID)
		}
		return
	}
	in.Address = strings.TrimSpace(l.scene.house + " " + l.scene.street + ", " + l.scene.place)
	if in.Kind.OwnLaw() || in.Kind == ticketing.Spam {
		return
	}
	in.Category = l.matter.Category
	if in.Channel == ticketing.Web || in.Channel == ticketing.App {
		in.Location = w.near(l)
	}
}

// near is a point in the ward of the scene.
func (w *world) near(l *life) *ticketing.Point {
	code := w.wards[l.scene.place]
	p := w.middles[code]
	moved := ticketing.Point{Lat: p.Lat + l.r.Float64()*.03 - .015, Lng: p.Lng + l.r.Float64()*.03 - .015}
	if u, ok := w.desk.Catalog.Current().Atlas.Locate(moved.Lat, moved.Lng); ok && u.Code == code {
		return &moved
	}
	return &p
}

// powerCut is an incident with six reports beside the first.
func (w *world) powerCut(seed uint64, at time.Time) *sleeper {
	i := slices.IndexFunc(w.matters, func(m matter) bool { return m.ID == "mat-dien" })
	texts := []string{"Mất điện cả khu {noi} rồi tổng đài ơi", "mat dien nua roi, {noi}", "{noi} cúp điện đột ngột, nghe tiếng nổ ở trạm biến áp",
		"Nhà em ở {noi} mất điện, có con nhỏ, khi nào có lại ạ?", "Điện {noi} tắt từ 6h tối tới giờ", "CÚP ĐIỆN HOÀI CHỊU SAO NỔI, {noi}", "ad oi o {noi} cup dien ha"}
	lives := make([]*life, len(texts))
	for k, t := range texts {
		l := w.newLife(seed+uint64(k), at)
		l.matter, l.scene.place = w.matters[i], "phường Bến Đình"
		l.in.Kind, l.in.Category, l.in.Text, l.in.Location = ticketing.Report, "", l.scene.fill(t), nil
		lives[k] = l
	}
	lead := lives[0]
	s := lead.start(func() { lead.incident(lives[1:]) })
	for _, o := range lives[1:] {
		o.sleep = lead.sleep
	}
	return s
}

// sleeper is a life that waits for its next moment.
type sleeper struct {
	*life
	wake func() (time.Time, bool)
	stop func()
	next time.Time
	done bool
}

// start puts the life to sleep until it begins.
func (l *life) start(story func()) *sleeper {
	s := &sleeper{life: l, next: l.at}
	s.wake, s.stop = iter.Pull(func(yield func(time.Time) bool) {
		l.sleep = func(at time.Time) bool { return !at.After(l.world.now) && yield(at) }
		story()
	})
	return s
}

// pass lets the time go by, hour after hour, and rings the alarms on the way.
func (w *world) pass(all []*sleeper) error {
	lives := slices.Clone(all)
	for {
		lives = slices.DeleteFunc(lives, func(s *sleeper) bool { return s.done })
		if len(lives) == 0 {
			return w.sweep(w.now)
		}
		first := slices.MinFunc(lives, func(a, b *sleeper) int { return a.next.Compare(b.next) }).next
		hour := first.Truncate(time.Hour).Add(time.Hour)
		if err := w.sweep(first); err != nil {
			return err
		}
		if err := w.hour(lives, hour); err != nil {
			return err
		}
	}
}

// hour wakes every life whose moment lies before its end, until none does.
func (w *world) hour(lives []*sleeper, end time.Time) error {
	crew, ctx := errgroup.WithContext(w.ctx)
	crew.SetLimit(64)
	var mu sync.Mutex
	var first error
	for _, s := range lives {
		if !s.next.Before(end) {
			continue
		}
		crew.Go(func() error {
			for s.next.Before(end) && !s.done && ctx.Err() == nil {
				next, more := s.wake()
				s.next, s.done = next, !more
			}
			mu.Lock()
			first = cmp.Or(first, s.err)
			mu.Unlock()
			return nil
		})
	}
	return cmp.Or(crew.Wait(), first, w.ctx.Err())
}

func (w *world) sweep(at time.Time) error {
	d := *w.desk
	d.Now = func() time.Time { return at }
	_, err := d.Sweep(w.ctx)
	return err
}

// slug is a name as an id has it.
func slug(s string) string {
	for _, label := range []string{"phường ", "xã ", "đặc khu "} {
		s = strings.TrimPrefix(s, label)
	}
	return strings.ReplaceAll(text.Fold(s), " ", "-")
}
