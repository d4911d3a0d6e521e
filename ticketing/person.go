package ticketing

import (
	"slices"
	"strings"

	"hotline1022/ticketing/text"
)

// Person is what the vault holds of one citizen. It must not be logged or stored elsewhere.
type Person struct {
	Name    string
	Also    []string // other names given with the same contact, the latest last
	Phone   string   // E.164
	Email   string
	Address string             // as she gave it
	At      map[Channel]string // ids on channels
	Lang    string
}

// Card is what staff see of a person without asking for more.
type Card struct {
	Name   string
	Phone  string // masked: 090•••182
	Email  string // masked: t•••@gmail.com
	Linked []Channel
}

// Card masks the person.
func (p Person) Card() Card {
	c := Card{Name: p.Name, Email: maskEmail(p.Email)}
	if ph, err := text.ParsePhone(p.Phone); err == nil && p.Phone != "" {
		c.Phone = ph.String()
	}
	for _, ch := range Channels {
		if p.At[ch] != "" {
			c.Linked = append(c.Linked, ch)
		}
	}
	return c
}

// Last4 is the end of her number; what a citizen must know to see her ticket's details.
func (p Person) Last4() string {
	if len(p.Phone) < 4 {
		return ""
	}
	return p.Phone[len(p.Phone)-4:]
}

func maskEmail(s string) string {
	name, host, ok := strings.Cut(s, "@")
	if !ok || name == "" {
		return ""
	}
	return string([]rune(name)[:1]) + "•••@" + host
}

// learn takes over what is new and says whether anything was. A name that differs does not replace the first one:
// whoever types a stranger's number must not rename the stranger.
func (p *Person) learn(n Person) bool {
	changed := false
	set := func(have *string, got string) {
		if *have == "" && got != "" {
			*have, changed = got, true
		}
	}
	set(&p.Name, n.Name)
	set(&p.Phone, n.Phone)
	set(&p.Email, n.Email)
	set(&p.Address, n.Address)
	set(&p.Lang, n.Lang)
	if n.Name != "" && n.Name != p.Name && !slices.Contains(p.Also, n.Name) && len(p.Also) < 8 {
		p.Also, changed = append(p.Also, n.Name), true
	}
	for ch, id := range n.At {
		if p.At[ch] == "" {
			if p.At == nil {
				p.At = map[Channel]string{}
			}
			p.At[ch], changed = id, true
		}
	}
	return changed
}
