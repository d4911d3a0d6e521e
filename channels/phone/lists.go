package phone

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing"
)

// dayLine is the call's line in the list of its day: by citizen, so that hers of one day are found at once.
func dayLine(call Call) string {
	who := string(call.Citizen)
	if who == "" {
		who = "-"
	}
	return dayOf(call.Began) + "/" + who + "/" + call.ID
}

func dayOf(t time.Time) string { return t.In(ticketing.Zone).Format(time.DateOnly) }

// callsOf reads a citizen's calls that were listed on the days from one moment to another.
func (c *Channel) callsOf(ctx context.Context, citizen ticketing.CitizenID, from, to time.Time) ([]Call, error) {
	return c.listed(ctx, from, to, string(citizen)+"/")
}

// listed reads the calls listed on the days from one moment to another, a day on either side included, because a call
// may be listed on the day on which its first event came.
func (c *Channel) listed(ctx context.Context, from, to time.Time, prefix string) ([]Call, error) {
	var ids []string
	for day := from.AddDate(0, 0, -1); dayOf(day) <= dayOf(to.AddDate(0, 0, 1)); day = day.AddDate(0, 0, 1) {
		lines, err := c.Desk.Store.All(ctx, kindDay, dayOf(day)+"/"+prefix)
		if err != nil {
			return nil, fmt.Errorf("listing calls: %w", err)
		}
		for _, r := range lines {
			if parts := strings.SplitN(r.ID, "/", 3); len(parts) == 3 {
				ids = append(ids, parts[2])
			}
		}
	}
	slices.Sort(ids)
	records, err := c.Desk.Store.GetAll(ctx, kindCall, slices.Compact(ids))
	if err != nil {
		return nil, fmt.Errorf("reading calls: %w", err)
	}
	calls := make([]Call, 0, len(records))
	for _, r := range records {
		var call Call
		if err := json.Unmarshal(r.Doc, &call); err != nil {
			return nil, fmt.Errorf("the record of call %s: %w", r.ID, err)
		}
		calls = append(calls, call.settledTimes())
	}
	slices.SortFunc(calls, func(a, b Call) int { return strings.Compare(a.ID, b.ID) })
	return calls, nil
}
