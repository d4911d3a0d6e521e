package telegram

import (
	"context"
	"regexp"
	"strings"

	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// command is a text that begins with a slash and a word (https://core.telegram.org/bots/features#commands).
type command struct {
	name string // lower case, without the slash
	to   string // the bot it names, without the @; "" names none
	rest string // what stands behind it
}

var commandForm = regexp.MustCompile(`^/([A-Za-z][A-Za-z0-9_]{0,31})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+|$)`)

// parseCommand reads a command. “/12 Lê Lợi mất nước” is none, and a citizen's message.
func parseCommand(s string) (command, bool) {
	m := commandForm.FindStringSubmatch(s)
	if m == nil {
		return command{}, false
	}
	return command{name: strings.ToLower(m[1]), to: m[2], rest: strings.TrimSpace(s[len(m[0]):])}, true
}

// The commands, as the menu shows them; help is Telegram's own, and trogiup the same.
var menu = [...]string{"tracuu", "danhgia", "help"}

// payload is what a link to the bot may carry (https://core.telegram.org/bots/features#deep-linking).
var payload = regexp.MustCompile(`^[A-Za-z0-9_-]{0,64}$`)

// known says that the bot answers. Words behind a command that takes none are a citizen's, and for the desk.
func (cmd command) known() bool {
	switch cmd.name {
	case "start":
		return payload.MatchString(cmd.rest)
	case "tracuu":
		return true
	}
	return cmd.rest == ""
}

// meant says whether the command calls this bot; as long as Telegram has not told our name, one without a name does.
func (cmd command) meant(me string) bool {
	return cmd.to == "" || me != "" && strings.EqualFold(cmd.to, me)
}

// command answers one.
func (c *Channel) command(ctx context.Context, u update, m message, cmd command) error {
	chat := m.Chat.v.ID.int()
	if !c.guards.command(chat, c.now()) {
		c.health.count("too many commands", c.now())
		return nil
	}
	answer := reply{Chat: chat}
	var err error
	switch cmd.name {
	case "start":
		answer.Text, answer.Keyboard = words.T(words.Vietnamese, "telegram.start"), contactKeyboard
		if code, ok := text.ParseCode(cmd.rest); ok { // the link on a receipt, or a QR code
			answer.Keyboard = ""
			answer.Text, err = c.track(ctx, chat, code)
		}
	case "tracuu":
		answer.Text, err = c.track(ctx, chat, cmd.rest)
	case "danhgia":
		answer.Text, answer.Choices, err = c.askVerdict(ctx, string(m.Chat.v.ID))
	case "help", "trogiup":
		answer.Text, answer.Keyboard = words.T(words.Vietnamese, "telegram.help"), contactKeyboard
	default:
		answer.Text = words.T(words.Vietnamese, "telegram.unknown_command")
	}
	if err != nil {
		return err
	}
	return c.promise(ctx, u, m.print(u), answer)
}
