// Package calendar answers questions about working time: is the office open,
// when does it open next, when are five working days or four working hours
// over, how much working time lies between two moments.
//
// It promises that the answers fit together. For any moment t and any working
// time d, Between(t, Add(t, d)) is d; Add is additive and never runs
// backwards. Every question is answered in a time that depends neither on the
// distance in years nor on the clock, without allocating, from any number of
// goroutines: New turns hours and days into a table of running totals, and
// both directions of the arithmetic are a search in that table. A calendar
// that would never open again is refused by New, so nothing can loop for ever.
//
// It does not know what time it is, which limits the law sets, or what the
// Prime Minister will announce next year: days off and working Saturdays are
// data (see [Holidays]), and an office adds its own. Shifts that stay open on
// public holidays need a working [Day] of their own for each of them. Working time
// is read off the wall clock; in a zone that changes its clocks during opening
// hours that day counts as its hours say. Vietnam does not change its clocks.
package calendar
