package ticketing

import (
	"fmt"
)

// OrderError says that an event may not follow on a ticket as it stands.
type OrderError struct {
	Kind   EventKind
	Status Status
}

func (e *OrderError) Error() string {
	return fmt.Sprintf("%q may not follow on a ticket that is %q", e.Kind, e.Status)
}

// follows is the order of things: in which statuses an event may happen, and the status it leads to ("" stays).
// testdata/apply.golden shows the same as a table for people. What one cell cannot say is in Apply.
var follows = map[EventKind]struct {
	from []Status
	to   Status
}{
	Received:         {from: []Status{""}, to: New},
	Imported:         {from: []Status{""}, to: New},
	Said:             {from: Statuses[:]},
	Chatted:          {from: []Status{"", Closed}, to: Closed},
	Prompted:         {from: []Status{New}},
	Claimed:          {from: []Status{New, Routed, Working, Waiting, Drafted, Review}},
	Triaged:          {from: []Status{New, Routed, Working, Waiting, Drafted, Review}},
	RoutedTo:         {from: []Status{New, Routed, Working, Review}, to: Routed},
	Accepted:         {from: []Status{Routed}, to: Working},
	Returned:         {from: []Status{Routed, Working}, to: New},
	Asked:            {from: []Status{New, Working}, to: Waiting},
	ExtensionAsked:   {from: []Status{Working, Waiting, Drafted}},
	ExtensionDecided: {from: []Status{Working, Waiting, Drafted}},
	DraftWritten:     {from: []Status{Working, Drafted}, to: Drafted},
	DraftApproved:    {from: []Status{Drafted}, to: Review},
	DraftRejected:    {from: []Status{Drafted, Review}, to: Working},
	AnsweredBy:       {from: []Status{New, Review, Answered, Closed}, to: Answered}, // the last two: an incident's answer
	Noted:            {from: Statuses[:]},
	Attached:         {from: Statuses[:]},
	Messaged:         {from: Statuses[:]},
	MergedInto:       {from: []Status{New, Routed, Working, Waiting}, to: Closed},
	Absorbing:        {from: Statuses[:]},
	Unmerged:         {from: []Status{Closed}, to: New},
	SplitOff:         {from: []Status{New, Routed, Working, Waiting, Drafted, Review, Answered}},
	VerdictGiven:     {from: []Status{Answered, Closed}},
	Reopened:         {from: []Status{Answered, Closed}, to: New},
	ClosedBy:         {from: []Status{New, Waiting, Review, Answered}, to: Closed},
	Published:        {from: []Status{Answered, Closed}},
	Unpublished:      {from: []Status{Answered, Closed, New, Routed, Working, Waiting, Drafted, Review}},
	Revealed:         {from: Statuses[:]},
	Snoozed:          {from: []Status{New, Routed, Working, Drafted, Review}},
	Tagged:           {from: Statuses[:]},
	Linked:           {from: Statuses[:]},
	AlarmRang:        {from: []Status{New, Routed, Working, Drafted, Review, Answered}},
	SendAttempted:    {from: Statuses[:]},
	SendDelivered:    {from: Statuses[:]},
	SendFailed:       {from: Statuses[:]},
	SendConfirmed:    {from: Statuses[:]},
	SendRequeued:     {from: Statuses[:]},
}
