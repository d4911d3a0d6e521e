// Package keyboard presses keys in the browser of a test as a keyboard does.
package keyboard

import (
	"context"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// Modifiers of a key, as the browser's protocol has them.
const (
	Alt   = 1
	Ctrl  = 2
	Shift = 8
)

// Press presses and lets go a key in the page of ctx: its name ("Enter", "c"), its key code (229 is what an input method
// reports), the modifiers held and the character it types, if any. The character comes in the same event, as from a
// keyboard: sent by itself (chromedp.KeyEvent) it can reach a page that has already taken the key, and then sends its form
// or stands in a field.
func Press(ctx context.Context, name string, code, modifiers int64, character string) error {
	for _, p := range []input.DispatchKeyEventParams{
		{Type: input.DispatchKeyEventTypeKeyDown, Text: character},
		{Type: input.DispatchKeyEventTypeKeyUp},
	} {
		p.Key, p.WindowsVirtualKeyCode, p.Modifiers = name, code, modifiers
		if _, err := chromedp.Call(ctx, input.DispatchKeyEvent, p); err != nil {
			return err
		}
	}
	return nil
}
