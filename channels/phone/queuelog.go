package phone

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// logLine is one line of Asterisk's queue_log: TIME|CALL|QUEUE|AGENT|VERB|DATA…
// https://docs.asterisk.org/Configuration/Applications/Building-Queues/Queue-Logs/ and, for what stands where since
// version 12, main/logger.c, apps/app_queue.c.
type logLine struct {
	at    time.Time
	call  string // the caller's channel; NONE for what is of no call
	queue string
	agent string // the member's name, or its interface where it has none
	verb  string
	data  []string
}

const (
	maxLogLine = 4 << 10
	none       = "NONE"
)

// parseLog reads a line; false: it is none, or of a form nobody knows.
func parseLog(s string) (l logLine, ok bool) {
	if len(s) > maxLogLine {
		return logLine{}, false
	}
	parts := strings.Split(strings.ToValidUTF8(strings.TrimRight(s, "\r\n"), ""), "|")
	if len(parts) < 5 {
		return logLine{}, false
	}
	l.at, ok = logTime(parts[0])
	l.call, l.queue, l.agent, l.verb = parts[1], word(parts[2]), parts[3], strings.ToUpper(parts[4])
	l.data = parts[5:]
	if l.agent == none {
		l.agent = ""
	}
	return l, ok && l.verb != ""
}

// logTime reads seconds, with a fraction where there is one.
func logTime(s string) (time.Time, bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || f < 1 || f > 1e11 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(math.Round(f * 1000))).UTC(), true
}

// field is the i-th datum; "" where there is none.
func (l logLine) field(i int) string {
	if i < 0 || i >= len(l.data) {
		return ""
	}
	return l.data[i]
}

func (l logLine) seconds(i int) time.Duration {
	n, err := strconv.Atoi(l.field(i))
	if err != nil {
		return 0
	}
	return time.Duration(min(max(0, n), 24*60*60)) * time.Second
}

// callVerbs are the verbs of a call; of the others some are of people.
var callVerbs = []string{
	"ENTERQUEUE", "CONNECT", "ABANDON", "COMPLETECALLER", "COMPLETEAGENT", "EXITWITHTIMEOUT", "EXITEMPTY", "EXITWITHKEY",
	"BLINDTRANSFER", "ATTENDEDTRANSFER", "AGENTDUMP",
}

// told is what the line tells of its call: one leg, and the call's end where the line says it; false: nothing.
func (l logLine) told(agent string) (leg Leg, ended, ok bool) {
	leg = Leg{Queue: l.queue}
	switch l.verb {
	case "ENTERQUEUE":
		leg.Entered = l.at
	case "CONNECT": // hold, bridged channel, ring
		leg.Entered, leg.End, leg.Left, leg.Agent = l.at.Add(-l.seconds(0)), Connected, l.at, agent
	case "ABANDON": // position, first position, wait
		leg.Entered, leg.End, leg.Left, ended = l.at.Add(-l.seconds(2)), GaveUp, l.at, true
	case "EXITWITHTIMEOUT", "EXITEMPTY": // the same
		why := map[string]string{"EXITWITHTIMEOUT": "timeout", "EXITEMPTY": "empty"}[l.verb]
		leg.Entered, leg.End, leg.Left, leg.Why = l.at.Add(-l.seconds(2)), FlowedOut, l.at, why
	case "EXITWITHKEY": // key, position, first position, wait
		leg.Entered, leg.End, leg.Left, leg.Why = l.at.Add(-l.seconds(3)), FlowedOut, l.at, "sent_on"
	case "COMPLETECALLER", "COMPLETEAGENT": // hold, talk, first position
		leg, ended = l.conversation(agent, 0), true
		leg.By = map[string]Side{"COMPLETECALLER": ByCaller, "COMPLETEAGENT": ByAgent}[l.verb]
	case "BLINDTRANSFER": // extension, context, hold, talk, first position
		leg = l.conversation(agent, len(l.data)-3)
		leg.By, leg.Sent = ByTransfer, blind
	case "ATTENDEDTRANSFER": // what to, which one, perhaps more, hold, talk, first position
		leg = l.conversation(agent, len(l.data)-3)
		leg.By, leg.Sent = ByTransfer, attended
	case "AGENTDUMP":
		leg.Entered, leg.End, leg.Left, leg.Agent, leg.Done, leg.By = l.at, Connected, l.at, agent, l.at, ByAgent
	default:
		return Leg{}, false, false
	}
	return leg, ended, true
}

// conversation is a leg that is over, from the two durations that stand at i.
func (l logLine) conversation(agent string, i int) Leg {
	hold, talk := l.seconds(i), l.seconds(i+1)
	return Leg{Queue: l.queue, End: Connected, Entered: l.at.Add(-hold - talk), Left: l.at.Add(-talk), Done: l.at, Agent: agent}
}

// fill adds what the log tells to what was heard, and changes nothing that was heard: the log has whole seconds, and
// comes late. A repeat changes nothing. It says whether anything is new.
func fill(call Call, told Leg) (Call, bool) {
	i := slices.IndexFunc(call.Legs, func(l Leg) bool { return call.pushed() || sameLeg(l, told) })
	if i < 0 {
		i = slices.IndexFunc(call.Legs, func(l Leg) bool {
			about := l.End == Waiting && !told.Entered.Before(l.Entered.Add(-2*time.Second)) || !told.Left.IsZero() && l.Left.Sub(told.Left).Abs() <= 2*time.Second ||
				!told.Done.IsZero() && l.Done.Sub(told.Done).Abs() <= 2*time.Second
			return l.Queue == told.Queue && about
		})
	}
	legs := slices.Clone(call.Legs)
	if i < 0 {
		if len(legs) >= maxLegs {
			return call, false
		}
		legs = append(legs, told)
		slices.SortStableFunc(legs, func(a, b Leg) int { return a.Entered.Compare(b.Entered) })
		call.Legs, call.Began = legs, earliest(call.Began, told.Entered)
		return call, true
	}
	have := legs[i]
	now := have
	unsure := have.End == Waiting || have.End == LostSight || have.Guess
	if unsure && told.End != Waiting || have.End == GaveUp && told.End == FlowedOut && have.Left.Sub(told.Left).Abs() <= 10*time.Second {
		now.End, now.Left, now.Why, now.Agent, now.Guess = told.End, told.Left, told.Why, told.Agent, false
		if have.End == Waiting && have.Entered.After(now.Left) {
			now.Entered = now.Left
		}
	}
	if now.End == Connected && told.End == Connected {
		if now.Agent == "" {
			now.Agent = told.Agent
		}
		if now.Agent == told.Agent || told.Agent == "" {
			// A conversation whose end was not heard was ended by a snapshot, too late.
			if now.Done.IsZero() || !told.Done.IsZero() && now.Done.Sub(told.Done) > 2*time.Second {
				now.Done = told.Done
			}
			if now.By == "" {
				now.By = told.By
			}
			if now.Sent == "" {
				now.Sent = told.Sent
			}
		}
	}
	if now == have {
		return call, false
	}
	legs[i] = now
	call.Legs = legs
	return call, true
}
