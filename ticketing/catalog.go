package ticketing

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"hotline1022/ticketing/calendar"
	"hotline1022/ticketing/places"
	"hotline1022/ticketing/routing"
)

// The kinds of record an administrator edits. Each is a list of versioned records; the id is the thing's own.
const (
	KindAgency   = "agency"
	KindCategory = "category"
	KindArea     = "area"     // places.Unit
	KindBoundary = "boundary" // places.Boundary
	KindRule     = "rule"     // routing.Rule
	KindLimit    = "limit"
	KindHours    = "hours" // calendar.Hours
	KindDay      = "day"   // calendar.Day
	KindConsent  = "consent"
	KindStaff    = "staff"
	KindToken    = "token"
)

// catalogKinds are those a Catalog is made of.
var catalogKinds = []string{KindAgency, KindCategory, KindArea, KindBoundary, KindRule, KindLimit, KindHours, KindDay, KindConsent, KindSaying, KindChat, KindSignIn, KindCanned, KindMacro, KindArticle, KindSpike, KindDuty}

// Catalog is everything administrators edit, as it stood at one moment: read-only, shared by all requests.
type Catalog struct {
	Agencies   map[string]Agency
	Categories map[string]Category
	Limits     []Limit
	Calendar   *calendar.Calendar
	Atlas      *places.Atlas
	Router     *routing.Router
	Rules      []routing.Rule
	Consent    Consent // the present one
	SignIn     SignInRules
	Knowledge  *Knowledge

	agencyOrder, categoryOrder []string
	sayings                    []saying
	chats                      map[Channel]ChatRules
	texts                      []Macro // canned texts and macros, in Vietnamese order
	spikes                     []SpikeRule
	duties                     map[string]Duty
	raising                    *routing.Router // of the rules that set a priority: what intake asks
}

// AgencyList is the agencies in Vietnamese order.
func (c *Catalog) AgencyList() []Agency {
	out := make([]Agency, len(c.agencyOrder))
	for i, id := range c.agencyOrder {
		out[i] = c.Agencies[id]
	}
	return out
}

// CategoryList is the categories in the administrators' order.
func (c *Catalog) CategoryList() []Category {
	out := make([]Category, len(c.categoryOrder))
	for i, id := range c.categoryOrder {
		out[i] = c.Categories[id]
	}
	return out
}

// limit is the most specific limit for the step; without any, 5 working days for the answer, 4 working hours to
// accept, 30 minutes to classify.
func (c *Catalog) limit(step Step, t Ticket) calendar.Limit {
	on := t.Received.In(Zone).Format(time.DateOnly)
	best, score := calendar.Limit{}, -1
	for _, l := range c.Limits {
		s := 0
		switch {
		case l.Step != step, l.From != "" && on < l.From, l.To != "" && on >= l.To:
			continue
		case l.Kind != "" && l.Kind != t.Kind, l.Category != "" && l.Category != t.Category, l.Priority != "" && l.Priority != t.Priority:
			continue
		}
		if l.Priority != "" {
			s += 4
		}
		if l.Category != "" {
			s += 2
		}
		if l.Kind != "" {
			s++
		}
		if s > score {
			best, score = l.Limit, s
		}
	}
	if score >= 0 {
		return best
	}
	switch step {
	case Classify:
		return calendar.Limit{Minutes: 30}
	case Accept:
		return calendar.Limit{Minutes: 4 * 60}
	}
	return calendar.Limit{Days: 5}
}

// NewCatalog makes a catalog of the present records. All that is wrong with them is told together.
func NewCatalog(ctx context.Context, records Records) (*Catalog, error) {
	var errs []error
	load := func(kind string, each func(json.RawMessage) error) {
		rs, err := records.All(ctx, kind, "")
		if err != nil {
			errs = append(errs, fmt.Errorf("reading %s records: %w", kind, err))
			return
		}
		for _, r := range rs {
			if err := each(r.Doc); err != nil {
				errs = append(errs, fmt.Errorf("%s %q: %w", kind, r.ID, err))
			}
		}
	}
	c := &Catalog{Agencies: map[string]Agency{}, Categories: map[string]Category{}}
	var units []places.Unit
	var boundaries []places.Boundary
	var hours []calendar.Hours
	var days []calendar.Day
	var sayings []Saying
	var chats []ChatRules
	load(KindAgency, func(d json.RawMessage) error { return decodeInto(d, func(a Agency) { c.Agencies[a.ID] = a }) })
	load(KindCategory, func(d json.RawMessage) error {
		return decodeInto(d, func(k Category) { c.Categories[k.ID] = k })
	})
	load(KindArea, func(d json.RawMessage) error { return decodeInto(d, func(u places.Unit) { units = append(units, u) }) })
	load(KindBoundary, func(d json.RawMessage) error {
		return decodeInto(d, func(b places.Boundary) { boundaries = append(boundaries, b) })
	})
	load(KindRule, func(d json.RawMessage) error {
		return decodeInto(d, func(r routing.Rule) { c.Rules = append(c.Rules, r) })
	})
	load(KindLimit, func(d json.RawMessage) error { return decodeInto(d, func(l Limit) { c.Limits = append(c.Limits, l) }) })
	load(KindHours, func(d json.RawMessage) error {
		return decodeInto(d, func(h Hours) { hours = append(hours, h.Hours) })
	})
	load(KindDay, func(d json.RawMessage) error { return decodeInto(d, func(x calendar.Day) { days = append(days, x) }) })
	load(KindConsent, func(d json.RawMessage) error {
		return decodeInto(d, func(x Consent) {
			if x.ID > c.Consent.ID {
				c.Consent = x
			}
		})
	})
	load(KindSaying, func(d json.RawMessage) error { return decodeInto(d, func(x Saying) { sayings = append(sayings, x) }) })
	load(KindChat, func(d json.RawMessage) error { return decodeInto(d, func(x ChatRules) { chats = append(chats, x) }) })
	load(KindSignIn, func(d json.RawMessage) error { return decodeInto(d, func(x SignInRules) { c.SignIn = x }) })
	errs = append(errs, c.converse(sayings, chats)...)
	load(KindCanned, func(d json.RawMessage) error {
		return decodeInto(d, func(x Canned) { c.texts = append(c.texts, Macro{Canned: x, kind: KindCanned}) })
	})
	load(KindMacro, func(d json.RawMessage) error {
		return decodeInto(d, func(x Macro) { x.kind = KindMacro; c.texts = append(c.texts, x) })
	})
	c.loadArticles(load)
	c.duties = map[string]Duty{dutyAll: shippedDuty()}
	load(KindDuty, func(d json.RawMessage) error { return decodeInto(d, func(x Duty) { c.duties[x.ID] = x }) })
	load(KindSpike, func(d json.RawMessage) error {
		return decodeInto(d, func(x SpikeRule) { c.spikes = append(c.spikes, x) })
	})
	errs = append(errs, c.watchFor()...)
	if len(hours) == 0 {
		hours = calendar.DefaultHours()
	}
	if len(days) == 0 {
		days = calendar.Holidays()
	}
	var err error
	if c.Calendar, err = calendar.New(Zone, hours, days); err != nil {
		errs = append(errs, err)
	}
	if c.Atlas, err = places.New(units, boundaries); err != nil {
		errs = append(errs, err)
	} else if c.Router, err = routing.New(c.Rules, c.Atlas); err != nil {
		errs = append(errs, err)
	} else {
		raising := slices.DeleteFunc(slices.Clone(c.Rules), func(r routing.Rule) bool { return r.Priority == "" })
		c.raising, err = routing.New(raising, c.Atlas)
		errs = append(errs, err)
	}
	for _, r := range c.Rules {
		if _, ok := c.Agencies[r.Agency]; !ok && r.Agency != "" {
			errs = append(errs, fmt.Errorf("rule %q names agency %q, which is not there", r.ID, r.Agency))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	c.order()
	return c, nil
}

func (c *Catalog) order() {
	vietnamese := collate.New(language.Vietnamese)
	for id := range c.Agencies {
		c.agencyOrder = append(c.agencyOrder, id)
	}
	slices.SortFunc(c.agencyOrder, func(a, b string) int {
		return cmp.Or(vietnamese.CompareString(c.Agencies[a].Name, c.Agencies[b].Name), cmp.Compare(a, b))
	})
	for id := range c.Categories {
		c.categoryOrder = append(c.categoryOrder, id)
	}
	c.orderTexts(vietnamese)
	slices.SortFunc(c.categoryOrder, func(a, b string) int {
		x, y := c.Categories[a], c.Categories[b]
		return cmp.Or(cmp.Compare(x.Order, y.Order), vietnamese.CompareString(x.Name, y.Name), cmp.Compare(a, b))
	})
}

func (c *Catalog) orderTexts(vietnamese *collate.Collator) {
	slices.SortFunc(c.texts, func(a, b Macro) int {
		return cmp.Or(vietnamese.CompareString(a.Name, b.Name), cmp.Compare(a.kind+a.ID, b.kind+b.ID))
	})
}

func decodeInto[T any](doc json.RawMessage, take func(T)) error {
	var v T
	if err := json.Unmarshal(doc, &v); err != nil {
		return err
	}
	take(v)
	return nil
}

// Catalogs keeps the present Catalog, and makes a new one when its records have changed, here or in another process.
type Catalogs struct {
	Records Records

	mu      sync.Mutex
	seen    map[string]int64
	current atomic.Pointer[Catalog]
}

// Current is the catalog as of the last Refresh. Refresh must have succeeded once.
func (c *Catalogs) Current() *Catalog { return c.current.Load() }

// Refresh looks whether records changed and if so makes the catalog anew. A catalog that cannot be made leaves the
// old one in use.
func (c *Catalogs) Refresh(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	revs, err := c.Records.Revisions(ctx, catalogKinds...)
	if err != nil {
		return fmt.Errorf("looking for changed settings: %w", err)
	}
	if c.current.Load() != nil && equalRevisions(revs, c.seen) {
		return nil
	}
	fresh, err := NewCatalog(ctx, c.Records)
	if err != nil {
		return fmt.Errorf("the stored settings do not fit together: %w", err)
	}
	c.current.Store(fresh)
	c.seen = revs
	return nil
}

func equalRevisions(a, b map[string]int64) bool {
	for _, kind := range catalogKinds {
		if a[kind] != b[kind] {
			return false
		}
	}
	return true
}
