package ticketing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// kindSame: id is a CitizenID, doc the other ids of the same person. Who writes by two doors is two citizens until
// somebody who knows says otherwise. Ids stay what they are, in the journal and for conversations: being one person is
// a thing said of them beside, and can be taken back.
const kindSame = "same"

// mostSame is how many doors one person may have: as many as there are channels, and some to spare.
const mostSame = 16

// Same is all ids of the person, the one asked for first.
func (v *Vault) Same(ctx context.Context, id CitizenID) ([]CitizenID, error) {
	ids, _, err := v.same(ctx, id)
	return ids, err
}

func (v *Vault) same(ctx context.Context, id CitizenID) ([]CitizenID, int, error) {
	r, err := v.records.Get(ctx, kindSame, string(id))
	switch {
	case errors.Is(err, ErrNotFound):
		return []CitizenID{id}, 0, nil
	case err != nil:
		return nil, 0, err
	case r.Deleted():
		return []CitizenID{id}, r.Version, nil
	}
	var others []CitizenID
	if err := json.Unmarshal(r.Doc, &others); err != nil {
		return nil, 0, fmt.Errorf("record of the person %s: %w", id, err)
	}
	return append([]CitizenID{id}, others...), r.Version, nil
}

// Unite says that two ids, with all that are one with either, are one person. A repeat changes nothing.
func (v *Vault) Unite(ctx context.Context, a, b CitizenID, by string) error {
	return v.regroup(ctx, func(same reads) (map[CitizenID][]CitizenID, error) {
		first, err := same(a)
		if err != nil {
			return nil, err
		}
		second, err := same(b)
		if err != nil {
			return nil, err
		}
		all := slices.Clone(first)
		for _, id := range second {
			if !slices.Contains(all, id) {
				all = append(all, id)
			}
		}
		if len(all) > mostSame {
			return nil, invalid("other", "same.too_many", mostSame)
		}
		groups := map[CitizenID][]CitizenID{}
		for _, id := range all {
			groups[id] = all
		}
		return groups, nil
	}, by)
}

// Part takes the id out of the person it was said to be.
func (v *Vault) Part(ctx context.Context, id CitizenID, by string) error {
	return v.regroup(ctx, func(same reads) (map[CitizenID][]CitizenID, error) {
		all, err := same(id)
		if err != nil {
			return nil, err
		}
		groups := map[CitizenID][]CitizenID{id: {id}}
		for _, other := range all[1:] {
			groups[other] = all[1:]
		}
		return groups, nil
	}, by)
}

// reads is whom an id is one with, read once: what is decided by it is written over the version that was read.
type reads func(CitizenID) ([]CitizenID, error)

// regroup writes who belongs together. Another's writing in between makes it look again.
func (v *Vault) regroup(ctx context.Context, groups func(reads) (map[CitizenID][]CitizenID, error), by string) error {
	for range 100 {
		ids, versions := map[CitizenID][]CitizenID{}, map[CitizenID]int{}
		same := func(id CitizenID) ([]CitizenID, error) {
			var err error
			if ids[id] == nil {
				ids[id], versions[id], err = v.same(ctx, id)
			}
			return ids[id], err
		}
		want, err := groups(same)
		if err != nil {
			return err
		}
		var records []Record
		stale := false
		for id, all := range want {
			have, err := same(id)
			if err != nil {
				return err
			}
			others := slices.DeleteFunc(slices.Clone(all), func(o CitizenID) bool { return o == id })
			slices.Sort(others)
			if slices.Equal(have[1:], others) {
				continue
			}
			if slices.ContainsFunc(have[1:], func(o CitizenID) bool { _, in := want[o]; return !in }) {
				stale = true // it has joined somebody since: look again
				break
			}
			doc := []byte("null")
			if len(others) > 0 {
				if doc, err = json.Marshal(others); err != nil {
					return err
				}
			}
			records = append(records, Record{Kind: kindSame, ID: string(id), Version: versions[id] + 1, At: v.Now().UTC().Truncate(time.Millisecond), By: by, Doc: doc})
		}
		switch {
		case stale:
			continue
		case len(records) == 0:
			return nil
		}
		if err := v.records.Put(ctx, records...); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("grouping a person: %w", ErrBusy)
}

// Whole is the citizen with what is known of her by her other doors; her own goes first. ErrNotFound.
func (v *Vault) Whole(ctx context.Context, id CitizenID) (Person, error) {
	ids, err := v.Same(ctx, id)
	if err != nil {
		return Person{}, err
	}
	return v.all(ctx, ids)
}

// all is what is known of one person by all her ids, the first before the others. ErrNotFound.
func (v *Vault) all(ctx context.Context, ids []CitizenID) (Person, error) {
	people, err := v.People(ctx, ids)
	if err != nil {
		return Person{}, err
	}
	var p Person
	for _, one := range ids {
		if other, ok := people[one]; ok {
			p.learn(other)
		}
	}
	if len(people) == 0 {
		return p, ErrNotFound
	}
	return p, nil
}
