package telegram

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"hotline1022/ticketing"
)

// What Telegram takes from a bot (https://core.telegram.org/bots/api#sending-files, #sendphoto).
const (
	maxPhoto      = 10 << 20
	maxPhotoSides = 10_000 // width and height together
	maxPhotoRatio = 20
	maxUp         = 50 << 20
)

// Keyboards of the bot's own messages.
const (
	contactKeyboard = "contact" // a button that shares her own number
	noKeyboard      = "remove"
)

// The buttons, ours and not the library's: its InlineKeyboardButton puts an empty copy_text into every button, and
// Telegram wants exactly one thing a button does.
type (
	inlineKeyboard struct {
		Rows [][]inlineButton `json:"inline_keyboard"`
	}
	inlineButton struct {
		Text string `json:"text"`
		Data string `json:"callback_data"`
	}
)

// keyboard is what stands below a message; nil for nothing.
func keyboard(choices []ticketing.Choice, kind string) any {
	switch {
	case len(choices) > 0:
		k := inlineKeyboard{}
		for _, choice := range choices { // each in a row of its own: labels are sentences
			k.Rows = append(k.Rows, []inlineButton{{choice.Label, choice.Data}})
		}
		return k
	case kind == contactKeyboard:
		return models.ReplyKeyboardMarkup{
			Keyboard:       [][]models.KeyboardButton{{{Text: vi("telegram.phone.button"), RequestContact: true}}},
			ResizeKeyboard: true, OneTimeKeyboard: true,
		}
	case kind == noKeyboard:
		return models.ReplyKeyboardRemove{RemoveKeyboard: true}
	}
	return nil
}

// sendPiece makes one call when it is the chat's turn, and gives the message's id. A chat that has become another is
// written to under its new id.
func (c *Channel) sendPiece(ctx context.Context, chat int64, p piece) (string, error) {
	if err := c.pace.turn(ctx, chat); err != nil {
		return "", err
	}
	id, err := c.sendTo(ctx, chat, p)
	var moved *bot.MigrateError
	if errors.As(err, &moved) {
		chat = int64(moved.MigrateToChatID)
		if err := c.pace.turn(ctx, chat); err != nil {
			return "", err
		}
		id, err = c.sendTo(ctx, chat, p)
	}
	if err = c.sort(chat, err); err != nil && !errors.Is(err, errShape) {
		return "", err
	}
	c.sent()
	return id, nil
}

func (c *Channel) sendTo(ctx context.Context, chat int64, p piece) (string, error) {
	if p.file != nil {
		return c.sendFile(ctx, chat, p)
	}
	ctx, cancel := patient(ctx)
	defer cancel()
	off := true // Telegram would fetch the citizen's page to show a picture of it
	m, err := c.bot.SendMessage(ctx, &bot.SendMessageParams{
		ChatID: chat, Text: p.text, ReplyMarkup: p.markup, LinkPreviewOptions: &models.LinkPreviewOptions{IsDisabled: &off},
	})
	return messageID(m), err
}

func messageID(m *models.Message) string {
	if m == nil || m.ID == 0 {
		return ""
	}
	return strconv.Itoa(m.ID)
}

// sendFile sends a picture as a picture and everything else as a document. What Telegram does not take becomes a line
// that says where it can be had.
func (c *Channel) sendFile(ctx context.Context, chat int64, p piece) (string, error) {
	raw, err := c.read(ctx, *p.file)
	if err != nil {
		return "", err
	}
	asLink := piece{text: vi("telegram.link", p.file.Name, c.Desk.TrackURL(p.ticket)), markup: p.markup}
	if raw == nil || len(raw) > maxUp {
		return c.sendTo(ctx, chat, asLink)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fileTimeout)
	defer cancel()
	if photo(*p.file, len(raw)) {
		m, err := c.bot.SendPhoto(ctx, &bot.SendPhotoParams{ChatID: chat, Photo: upload(p.file.Name, raw), ReplyMarkup: p.markup})
		if !errors.Is(err, bot.ErrorBadRequest) || gone(err) {
			return messageID(m), err
		}
		// Telegram could not make a picture of it (IMAGE_PROCESS_FAILED, PHOTO_INVALID_DIMENSIONS): then as a file.
	}
	m, err := c.bot.SendDocument(ctx, &bot.SendDocumentParams{ChatID: chat, Document: upload(p.file.Name, raw), ReplyMarkup: p.markup})
	return messageID(m), err
}

// gone says that a bad request is about the chat, not about the picture.
func gone(err error) bool {
	var moved *bot.MigrateError
	return errors.As(err, &moved) || strings.Contains(err.Error(), "chat not found")
}

// read is the file's content; nil if it is not there any more.
func (c *Channel) read(ctx context.Context, f ticketing.File) ([]byte, error) {
	file, err := c.Desk.Files.Open(ctx, f.ID)
	if errors.Is(err, ticketing.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening a file to be sent: %w", err)
	}
	raw, err := io.ReadAll(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("reading a file to be sent: %w", err)
	}
	return raw, nil
}

func photo(f ticketing.File, size int) bool {
	w, h := f.Width, f.Height
	return f.Picture() && size <= maxPhoto && w+h <= maxPhotoSides && max(w, h) <= maxPhotoRatio*min(w, h)
}

func upload(name string, raw []byte) *models.InputFileUpload {
	if name == "" {
		name = "tep"
	}
	return &models.InputFileUpload{Filename: name, Data: bytes.NewReader(raw)}
}

// answerCallback stops the clock her app shows on the button.
func (c *Channel) answerCallback(ctx context.Context, query, toast string) error {
	ctx, cancel := patient(ctx)
	defer cancel()
	_, err := c.bot.AnswerCallbackQuery(ctx, &bot.AnswerCallbackQueryParams{CallbackQueryID: query, Text: toast})
	if err = c.sort(0, err); errors.Is(err, errShape) {
		return nil
	}
	return err
}

// Source opens attachments; for ticketing.Collector. Their address is Telegram's file id: where the file is to be had
// is asked for at the time, since that address lives an hour and holds the token.
func (c *Channel) Source() ticketing.Source {
	return func(ctx context.Context, fileID string) (io.ReadCloser, error) {
		f, err := c.bot.GetFile(ctx, &bot.GetFileParams{FileID: fileID})
		err = c.sort(0, err)
		var unsure *unsureError
		switch {
		case errors.As(err, &unsure): // to ask twice hurts nobody
			return nil, fmt.Errorf("%s: %w", vi("telegram.unreachable"), unsure.err)
		case err != nil:
			return nil, err
		}
		if f.FilePath == "" || strings.ContainsAny(f.FilePath, "?#%\\") || strings.Contains(f.FilePath, "..") || strings.HasPrefix(f.FilePath, "/") {
			return nil, &refusal{vi("telegram.no.no_file")}
		}
		return c.media.Open(ctx, c.bot.FileDownloadLink(f))
	}
}
