package phone

import (
	"context"
	"maps"
	"slices"
	"time"

	"hotline1022/ticketing"
)

// Terms are what the figures call quick and short, and which service level is shown.
type Terms struct {
	Target  time.Duration // a call taken within it is in time (T)
	Short   time.Duration // who hangs up within it hardly meant to wait
	Formula int           // 1–5: see ServiceLevel
}

// usualTerms are 80/20's 20 seconds, and the formula most recommended.
var usualTerms = Terms{Target: 20 * time.Second, Short: 5 * time.Second, Formula: 4}

func (t Terms) orUsual() Terms {
	if t.Target <= 0 {
		t.Target = usualTerms.Target
	}
	if t.Short <= 0 {
		t.Short = usualTerms.Short
	}
	if t.Formula < 1 || t.Formula > 5 {
		t.Formula = usualTerms.Formula
	}
	return t
}

// Figures are the counts of one interval. A leg belongs to the interval in which it was offered, with everything that
// came of it later. What is counted are legs, entries into a queue, but for Calls; only incoming ones, but for the
// last two.
type Figures struct {
	From time.Time `json:"from"` // the interval's beginning, in the office's zone

	Calls   int `json:"calls"`   // linked ids
	Offered int `json:"offered"` // in open hours: the sum of the six that follow

	Answered  int `json:"answered"`
	Abandoned int `json:"abandoned"` // the caller hung up; short ones included
	FlowedOut int `json:"flowed_out"`
	Failed    int `json:"failed"`
	Lost      int `json:"lost"`
	Waiting   int `json:"waiting"`

	Short           int `json:"short"`             // abandoned within Terms.Short
	InTime          int `json:"in_time"`           // answered within Terms.Target
	AbandonedInTime int `json:"abandoned_in_time"` // abandoned within Terms.Target
	Outside         int `json:"outside"`           // out of hours: in nothing above but Calls

	Waited     time.Duration   `json:"waited"`      // Σ of the answered ones' waits
	Waits      []time.Duration `json:"-"`           // each of them, ascending
	Patience   time.Duration   `json:"patience"`    // Σ of the abandoned ones' waits
	Talked     time.Duration   `json:"talked"`      // Σ talk of those that are over, holding included
	AfterCalls time.Duration   `json:"after_calls"` // Σ of work after them
	Handled    int             `json:"handled"`     // answered and over: what Talked and AfterCalls are of

	Blind    int            `json:"blind"`              // answered, then given on unannounced
	Attended int            `json:"attended"`           // answered, then given on to somebody who had been asked
	Coded    int            `json:"coded"`              // handled, and their agents have said what became of them
	Outcomes map[string]int `json:"outcomes,omitempty"` // what they have said

	Placed  int `json:"placed"`  // calls we made
	Reached int `json:"reached"` // of those, taken by the other side
}

// Share is a part of a whole. Without a whole there is no share: it is shown as a dash, never as 0 % or 100 %.
type Share struct {
	Num int `json:"num"`
	Den int `json:"den"`
}

// Percent is the share in per cent; false where there is none.
func (s Share) Percent() (float64, bool) {
	if s.Den <= 0 {
		return 0, false
	}
	return 100 * float64(s.Num) / float64(s.Den), true
}

// ServiceLevel is the share of callers served in time, by one of the five formulas in use. T is Terms.Target:
//
//	1  (answered ≤ T + abandoned ≤ T) ÷ (answered + abandoned)
//	2  answered ≤ T ÷ answered
//	3  answered ≤ T ÷ (answered + abandoned)
//	4  answered ≤ T ÷ (answered + abandoned > T)
//	5  answered ≤ T ÷ (answered + abandoned − short abandoned)
//
// Its number belongs beside it wherever it is shown. Asterisk's ServicelevelPerf is 2 and ServicelevelPerf2 is 1, both
// with the queue's own time-outs among the abandoned.
func (f Figures) ServiceLevel(formula int) Share {
	switch formula {
	case 1:
		return Share{f.InTime + f.AbandonedInTime, f.Answered + f.Abandoned}
	case 2:
		return Share{f.InTime, f.Answered}
	case 3:
		return Share{f.InTime, f.Answered + f.Abandoned}
	case 4:
		return Share{f.InTime, f.Answered + f.Abandoned - f.AbandonedInTime}
	case 5:
		return Share{f.InTime, f.Answered + f.Abandoned - f.Short}
	}
	return Share{}
}

// AbandonRate leaves the short ones out on both sides; RawAbandonRate does not.
func (f Figures) AbandonRate() Share { return Share{f.Abandoned - f.Short, f.Offered - f.Short} }

// RawAbandonRate is abandoned ÷ offered.
func (f Figures) RawAbandonRate() Share { return Share{f.Abandoned, f.Offered} }

// TransferRate is answered legs given on ÷ answered; Blind and Attended are its two parts.
func (f Figures) TransferRate() Share { return Share{f.Blind + f.Attended, f.Answered} }

// Uncoded is the share of handled legs of which nobody has said what became of them.
func (f Figures) Uncoded() Share { return Share{f.Handled - f.Coded, f.Handled} }

// SpeedOfAnswer is Σ wait ÷ answered, over those whose wait is known; false where there are none.
func (f Figures) SpeedOfAnswer() (time.Duration, bool) { return mean(f.Waited, len(f.Waits)) }

// WaitQuantile is the wait that a share of the answered did not exceed (nearest rank): 0.5 is the median.
func (f Figures) WaitQuantile(q float64) (time.Duration, bool) {
	n := len(f.Waits)
	if n == 0 {
		return 0, false
	}
	rank := int(q * float64(n))
	if float64(rank) < q*float64(n) {
		rank++
	}
	return f.Waits[min(n, max(1, rank))-1], true
}

// HandleTime is Σ (talk + work after) ÷ handled. Holding is part of the talk.
func (f Figures) HandleTime() (time.Duration, bool) {
	return mean(f.Talked+f.AfterCalls, f.Handled)
}

func mean(sum time.Duration, n int) (time.Duration, bool) {
	if n == 0 {
		return 0, false
	}
	return sum / time.Duration(n), true
}

// Add sums two: means of a day are Σ ÷ Σ, never means of means.
func (f Figures) Add(o Figures) Figures {
	for _, p := range [][2]*int{
		{&f.Calls, &o.Calls}, {&f.Offered, &o.Offered}, {&f.Answered, &o.Answered}, {&f.Abandoned, &o.Abandoned},
		{&f.FlowedOut, &o.FlowedOut}, {&f.Failed, &o.Failed}, {&f.Lost, &o.Lost}, {&f.Waiting, &o.Waiting}, {&f.Short, &o.Short},
		{&f.InTime, &o.InTime}, {&f.AbandonedInTime, &o.AbandonedInTime}, {&f.Outside, &o.Outside}, {&f.Handled, &o.Handled},
		{&f.Placed, &o.Placed}, {&f.Reached, &o.Reached},
		{&f.Blind, &o.Blind}, {&f.Attended, &o.Attended}, {&f.Coded, &o.Coded},
	} {
		*p[0] += *p[1]
	}
	f.Waited, f.Patience = f.Waited+o.Waited, f.Patience+o.Patience
	f.Talked, f.AfterCalls = f.Talked+o.Talked, f.AfterCalls+o.AfterCalls
	f.Waits = append(slices.Clone(f.Waits), o.Waits...)
	slices.Sort(f.Waits)
	f.Outcomes = maps.Clone(f.Outcomes)
	for outcome, n := range o.Outcomes {
		f.said(outcome, n)
	}
	return f
}

func (f *Figures) said(outcome string, n int) {
	if f.Outcomes == nil {
		f.Outcomes = map[string]int{}
	}
	f.Outcomes[outcome] += n
}

// Interval is how figures are cut.
type Interval string

// The intervals: of the office's zone.
const (
	ByHour Interval = "hour"
	ByDay  Interval = "day"
)

func (i Interval) begin(t time.Time) time.Time {
	t = t.In(ticketing.Zone)
	hour := t.Hour()
	if i == ByDay {
		hour = 0
	}
	return time.Date(t.Year(), t.Month(), t.Day(), hour, 0, 0, 0, ticketing.Zone)
}

// Measure counts calls into the intervals of [from, to), the empty ones left out. queue "" is all queues.
func Measure(calls []Call, from, to time.Time, cut Interval, queue string, terms Terms) []Figures {
	terms = terms.orUsual()
	cells := map[time.Time]*Figures{}
	cell := func(at time.Time) *Figures {
		if at.Before(from) || !at.Before(to) {
			return nil
		}
		begin := cut.begin(at)
		if cells[begin] == nil {
			cells[begin] = &Figures{From: begin}
		}
		return cells[begin]
	}
	for _, call := range calls {
		first := call.Direction == In // a call is counted where its first leg was offered
		for _, l := range call.Legs {
			if queue != "" && l.Queue != queue {
				continue
			}
			if f := cell(earliest(l.Entered, l.Left)); f != nil {
				f.leg(call.Direction, l, terms)
				if first {
					f.Calls++
				}
			}
			first = false
		}
	}
	out := make([]Figures, 0, len(cells))
	for _, f := range cells {
		slices.Sort(f.Waits)
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b Figures) int { return a.From.Compare(b.From) })
	return out
}

// leg counts one leg.
func (f *Figures) leg(direction Direction, l Leg, terms Terms) {
	if direction == Out {
		f.Placed++
		if l.End == Connected {
			f.Reached++
		}
		return
	}
	if l.Outside {
		f.Outside++
		return
	}
	f.Offered++
	wait, known := l.Wait()
	switch l.End {
	case Connected:
		f.Answered++
		switch l.Sent {
		case blind:
			f.Blind++
		case attended:
			f.Attended++
		}
		if known {
			f.Waited += wait
			f.Waits = append(f.Waits, wait)
		}
		if known && wait <= terms.Target {
			f.InTime++
		}
		if talk, over := l.Talk(); over {
			f.Handled++
			f.Talked += talk
			f.AfterCalls += l.After()
			if l.Outcome != "" {
				f.Coded++
				f.said(l.Outcome, 1)
			}
		}
	case GaveUp:
		f.Abandoned++
		f.Patience += wait
		if known && wait <= terms.Short {
			f.Short++
		}
		if known && wait <= terms.Target {
			f.AbandonedInTime++
		}
	case FlowedOut:
		f.FlowedOut++
	case Failed:
		f.Failed++
	case LostSight:
		f.Lost++
	case Waiting:
		f.Waiting++
	}
}

// maxSpan bounds what one question reads.
const maxSpan = 93 * 24 * time.Hour

// Figures counts the calls offered in [from, to), at most three months at once.
func (c *Channel) Figures(ctx context.Context, from, to time.Time, cut Interval, queue string) ([]Figures, error) {
	if !from.Before(to) || to.Sub(from) > maxSpan {
		return nil, &ticketing.Error{Class: ticketing.Invalid, Field: "to", Key: "phone.error.span"}
	}
	calls, err := c.listed(ctx, from, to, "")
	if err != nil {
		return nil, err
	}
	return Measure(calls, from, to, cut, word(queue), c.Terms), nil
}
