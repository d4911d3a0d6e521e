package ticketing

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// kindMention: id is STAFF/TICKET/N of an internal note that names somebody. It is stored with the note and erased when
// the named person has opened the ticket.
const kindMention = "mention"

// mentionSign is @ and a sign-in name at the beginning of a word: what stands inside an e-mail address is none.
var mentionSign = regexp.MustCompile(`(?:^|[\s(\[,;:])@([A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9])`)

const mostMentions = 20 // people named in one note

// Mentioned are the sign-in names a note names, each once.
func Mentioned(note string) (ids []string) {
	for _, m := range mentionSign.FindAllStringSubmatch(note, -1) {
		if id := strings.ToLower(m[1]); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// mayRead says whether a member of staff may read a note that by writes on the ticket. Whoever sees the ticket but not
// the note (an agency does not read the hotline's) would be called to something that is not there for her.
func mayRead(s Staff, t Ticket, by Actor) bool {
	a := s.Actor()
	return !s.Off && a.Sees(t) && a.SeesEvent(t, Event{Kind: Noted, By: by})
}

// mentions are the records of a note that names people. A name that is nobody's is a word like others; somebody who may
// not read the note is refused with the reason, before anything is written.
func (d *Desk) mentions(ctx context.Context, t Ticket, e Event) ([]Record, error) {
	if e.Kind != Noted || !e.By.Role.Staff() || !strings.Contains(e.Text, "@") {
		return nil, nil
	}
	ids := Mentioned(e.Text)
	if len(ids) > mostMentions {
		return nil, invalid("text", "mention.too_many", mostMentions)
	}
	rs, err := d.Store.GetAll(ctx, KindStaff, ids)
	if err != nil {
		return nil, storeError("looking for who is named", err)
	}
	var out []Record
	for _, id := range ids {
		r, ok := rs[id]
		if !ok || id == e.By.ID {
			continue
		}
		var s Staff
		if err := json.Unmarshal(r.Doc, &s); err != nil {
			return nil, fmt.Errorf("account %q: %w", id, err)
		}
		if !mayRead(s, t, e.By) {
			return nil, invalid("text", "mention.may_not", id)
		}
		doc, err := json.Marshal(map[string]any{"by": e.By.ID})
		if err != nil {
			return nil, err
		}
		out = append(out, Record{Kind: kindMention, ID: fmt.Sprintf("%s/%s/%d", id, t.Code, e.N), Version: 1, At: e.At, By: e.By.ID, Doc: doc})
	}
	return out, nil
}

// Nameable are the members of staff whom the actor may name in a note on the ticket, without herself, by id. They carry
// a name, a role and an agency and nothing else.
func (d *Desk) Nameable(ctx context.Context, by Actor, code Code) ([]Staff, error) {
	t, err := d.Ticket(ctx, by, code)
	if err != nil {
		return nil, err
	}
	rs, err := d.Store.All(ctx, KindStaff, "")
	if err != nil {
		return nil, storeError("listing staff", err)
	}
	var out []Staff
	for _, r := range rs {
		if err := decodeInto(r.Doc, func(s Staff) {
			if s.ID != by.ID && mayRead(s, t, by) {
				out = append(out, Staff{ID: s.ID, Name: s.Name, Role: s.Role, Agency: s.Agency})
			}
		}); err != nil {
			return nil, fmt.Errorf("account %q: %w", r.ID, err)
		}
	}
	return out, nil
}

// MentionedIn are the tickets on which the actor was named and which she has not opened since, the latest first.
func (d *Desk) MentionedIn(ctx context.Context, by Actor) ([]Ticket, error) {
	if by.ID == "" {
		return nil, nil
	}
	rs, err := d.Store.All(ctx, kindMention, by.ID+"/")
	if err != nil {
		return nil, storeError("listing who was named", err)
	}
	slices.SortStableFunc(rs, func(a, b Record) int { return b.At.Compare(a.At) })
	codes := make([]Code, 0, len(rs))
	for _, r := range rs {
		if parts := strings.Split(r.ID, "/"); len(parts) == 3 {
			codes = append(codes, Code(parts[1]))
		}
	}
	return d.seen(ctx, by, codes)
}

// IsMentioned says whether the ticket calls the actor.
func (d *Desk) IsMentioned(ctx context.Context, by Actor, code Code) (bool, error) {
	if by.ID == "" {
		return false, nil
	}
	rs, err := d.Store.All(ctx, kindMention, by.ID+"/"+string(code)+"/")
	return len(rs) > 0, storeError("looking for who was named", err)
}

// MentionSeen takes the ticket off the actor's list: she has opened it.
func (d *Desk) MentionSeen(ctx context.Context, by Actor, code Code) error {
	if _, err := d.Ticket(ctx, by, code); err != nil {
		return err
	}
	rs, err := d.Store.All(ctx, kindMention, by.ID+"/"+string(code)+"/")
	for _, r := range rs {
		if err == nil {
			err = d.Store.Erase(ctx, kindMention, r.ID, 0)
		}
	}
	return storeError("noting that a mention was seen", err)
}
