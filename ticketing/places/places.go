// Package places knows the administrative units a citizen may name: provinces,
// wards, communes, hamlets, the ones of today and the ones of yesterday.
//
// What it is for. A citizen says "Tam Kỳ" or "huyện Thăng Bình"; a phone sends
// two numbers; a clerk types "hai ch". Each must become present units, because
// only present units have an agency. The district level ended on 1 July 2025 and
// most communes were redrawn on the same day, yet the old names stay in speech and
// on documents, so a unit has dates and successors, and an old name answers with
// the units that took its land over.
//
// What it promises. An Atlas never changes after New and may be read by any number
// of goroutines. Results are in a fixed order. A name that means several units
// keeps them all: asking back is better than guessing. Names are never keys: plans
// and names change, codes stay.
//
// What it does not know. Streets, houses, distances; which part of an old unit went
// to which successor; the land of a unit without a boundary; whether "Hải Vân" in a
// sentence is a ward or a person, beyond a few signs (see Atlas.Mentioned). A unit
// has one parent: when the parent changes, the unit ends and a successor begins,
// under a code of its own even where the statistics office used the old one again.
package places

import (
	"slices"
	"time"
)

// The types of unit. The district level (huyen, thi_xa, quan, thanh_pho under a
// province) and thi_tran ended on 1 July 2025. thon and to_dan_pho are self-governing
// neighbourhoods, not a level of government (NĐ 185/2026).
const (
	Tinh     = "tinh"
	ThanhPho = "thanh_pho"
	Huyen    = "huyen"
	ThiXa    = "thi_xa"
	Quan     = "quan"
	Xa       = "xa"
	Phuong   = "phuong"
	ThiTran  = "thi_tran"
	DacKhu   = "dac_khu"
	Thon     = "thon"
	ToDanPho = "to_dan_pho"
)

// Unit is one administrative unit during one span of time.
type Unit struct {
	Code     string `json:"code"`                // unique over all time
	Name     string `json:"name"`                // without its type: "Tam Kỳ"
	FullName string `json:"full_name,omitempty"` // "Phường Tam Kỳ"; New makes it when empty
	Type     string `json:"type"`
	Parent   string `json:"parent,omitempty"`

	From string `json:"from,omitempty"` // first day, YYYY-MM-DD; empty = always was
	To   string `json:"to,omitempty"`   // first day it no longer existed; empty = exists

	// Successors are the units that took over its land. A former province that
	// was merged whole may name its former communes' successors here rather than
	// the new province, so that what holds for its land does not spread.
	Successors []string `json:"successors,omitempty"`
	Aliases    []string `json:"aliases,omitempty"` // spoken names, abbreviations
}

// On reports whether the unit existed on the Vietnamese date of t.
func (u Unit) On(t time.Time) bool { return u.on(dayOf(t)) }

func (u Unit) on(day string) bool {
	return (u.From == "" || u.From <= day) && (u.To == "" || day < u.To)
}

// ended reports whether the unit had ceased to exist by day.
func (u Unit) ended(day string) bool { return u.To != "" && u.To <= day }

// clone keeps what a caller does to a Unit's lists away from the atlas.
func (u Unit) clone() Unit {
	u.Successors = slices.Clone(u.Successors)
	u.Aliases = slices.Clone(u.Aliases)
	return u
}

// dayOf gives the date in Vietnam, where the instruments take effect, whatever zone t is in.
func dayOf(t time.Time) string {
	return t.In(time.FixedZone("+07", 7*60*60)).Format(time.DateOnly)
}

// kind is a type with the words people put before a name of that type.
type kind struct {
	typ    string
	label  string   // begins a full name
	spoken []string // besides the label
}

// kinds lists the types, once, for reading, printing and recognising.
func kinds() []kind {
	return []kind{
		{Tinh, "Tỉnh", nil},
		{ThanhPho, "Thành phố", []string{"tp"}},
		{Huyen, "Huyện", []string{"h", "huyện đảo"}},
		{ThiXa, "Thị xã", []string{"tx"}},
		{Quan, "Quận", []string{"q"}},
		{Xa, "Xã", []string{"x"}},
		{Phuong, "Phường", []string{"p", "f"}},
		{ThiTran, "Thị trấn", []string{"tt"}},
		{DacKhu, "Đặc khu", []string{"đk"}},
		// Local words for a neighbourhood are allowed beside the two official ones.
		{Thon, "Thôn", []string{"xóm", "bản", "ấp", "làng", "buôn"}},
		{ToDanPho, "Tổ dân phố", []string{"tdp", "khối phố", "khu phố", "khối", "tổ"}},
	}
}

func labelOf(typ string) (string, bool) {
	for _, k := range kinds() {
		if k.typ == typ {
			return k.label, true
		}
	}
	return "", false
}
