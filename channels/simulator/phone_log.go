package simulator

import (
	"os"
	"strconv"
	"strings"
)

// log writes a line of queue_log, as Asterisk does whether anybody is connected to its manager or not. p.mu is held.
func (p *Phone) log(call, queue, agent, verb string, data ...string) {
	if p.set.QueueLog == "" {
		return
	}
	line := strings.Join(append([]string{strconv.FormatInt(p.set.Now().Unix(), 10), call, queue, agent, verb}, data...), "|") + "\n"
	f, err := os.OpenFile(p.set.QueueLog, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err) // the test's own folder
	}
	defer f.Close()
	if _, err := f.WriteString(line); err != nil {
		panic(err)
	}
}

// memberName is what queue_log calls the interface.
func (p *Phone) memberName(iface string) string {
	for _, m := range p.members {
		if m.iface == iface && m.name != "" {
			return m.name
		}
	}
	return iface
}

// RotateLog puts queue_log aside as logrotate does; the next line begins a new one.
func (p *Phone) RotateLog() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return os.Rename(p.set.QueueLog, p.set.QueueLog+".1")
}
