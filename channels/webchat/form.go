package webchat

import (
	"strconv"
	"time"
)

// A form says when its page was made. Who writes sooner than a person can is told to wait a moment, which the window
// does by itself and most machines do not.
const (
	formSeal     = "webchat form"
	fastestHuman = 2 * time.Second
	formLife     = 48 * time.Hour
)

func (c *Channel) newForm() string {
	return b64.EncodeToString(c.Desk.Vault.Seal(formSeal, strconv.AppendInt(nil, c.now().UnixMilli(), 10)))
}

// formAge refuses a form that is too young, too old or none of ours; the window is given what it needs to go on.
func (c *Channel) formAge(form string) error {
	fresh := &mending{code: "form", wait: int(fastestHuman.Seconds()) + 1}
	box, err := b64.DecodeString(form)
	if err == nil {
		box, err = c.Desk.Vault.Unseal(formSeal, box)
	}
	made, notNumber := strconv.ParseInt(string(box), 10, 64)
	age := c.now().Sub(time.UnixMilli(made))
	switch {
	case err != nil, notNumber != nil, age > formLife, age < -time.Minute: // another process's clock may be a little ahead
		c.health.count("strange form", c.now())
		fresh.form = c.newForm()
		return fresh
	case age < fastestHuman:
		c.health.count("too soon", c.now())
		return &mending{code: "soon", wait: int((fastestHuman - age).Seconds()) + 1}
	}
	return nil
}
