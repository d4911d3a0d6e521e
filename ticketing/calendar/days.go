package calendar

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// The two states of a Day. An expected day changes nothing until it is confirmed.
const (
	Confirmed = "confirmed"
	Expected  = "expected"
)

// Day is an exception from the week: a day off, or a Saturday on which people
// work. Agency "" means everybody; a Day of an agency goes before one for
// everybody.
type Day struct {
	Date    Date          `json:"date"`
	Working bool          `json:"working,omitempty"`
	Like    *time.Weekday `json:"like,omitempty"` // whose hours a working day keeps; nil is Monday
	Name    string        `json:"name"`
	NameEN  string        `json:"name_en,omitempty"`
	Status  string        `json:"status,omitempty"` // Confirmed or Expected; empty is Confirmed
	Agency  string        `json:"agency,omitempty"`
}

func (d Day) like() time.Weekday {
	if d.Like == nil {
		return time.Monday
	}
	return *d.Like
}

//go:embed holidays.json
var holidaysJSON []byte

// Holidays are the days off and working Saturdays shipped with the product,
// oldest first, expected ones among them. The slice is the caller's own.
func Holidays() []Day {
	var file struct {
		Years []struct {
			Days []struct {
				Day
				For Date `json:"for"`
			} `json:"days"`
		} `json:"years"`
	}
	if err := json.Unmarshal(holidaysJSON, &file); err != nil {
		panic("calendar: holidays.json: " + err.Error()) // part of the program, tested with it
	}
	var days []Day
	for _, year := range file.Years {
		for _, d := range year.Days {
			if !d.For.IsZero() {
				like := d.For.Weekday()
				d.Like = &like
			}
			days = append(days, d.Day)
		}
	}
	return days
}

// Confirm returns days with those that fall on the given dates confirmed: the
// switch for a day that has become law. A date without a day is an error,
// since somebody has mistyped it.
func Confirm(days []Day, dates ...Date) ([]Day, error) {
	days = slices.Clone(days)
	for _, date := range dates {
		found := false
		for i := range days {
			if days[i].Date == date {
				days[i].Status, found = Confirmed, true
			}
		}
		if !found {
			return nil, fmt.Errorf("no day to confirm on %s", date)
		}
	}
	return days, nil
}
