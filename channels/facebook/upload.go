package facebook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// maxUpload is what Facebook takes.
const maxUpload = 25 << 20

// upload gives a file to Facebook and says how a message refers to it. A *refusal means that Facebook does not take
// it. The file is sent from here and not by its address: nobody outside may fetch it there. The upload lives for
// ninety days and is used at once, so it is not kept
// (https://developers.facebook.com/docs/messenger-platform/reference/attachment-upload-api).
func (c *Channel) upload(ctx context.Context, f ticketing.File) (*attach, error) {
	if f.Size > maxUpload {
		return nil, &refusal{said: f.Type}
	}
	file, err := c.Desk.Files.Open(ctx, f.ID)
	if errors.Is(err, ticketing.ErrNotFound) {
		return nil, &refusal{said: "the file is gone"}
	}
	if err != nil {
		return nil, fmt.Errorf("opening a file to be sent: %w", err)
	}
	raw, err := io.ReadAll(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("reading a file to be sent: %w", err)
	}
	kind := attachmentKind(f)
	form, contentType, err := uploadForm(kind, f, raw)
	if err != nil {
		return nil, err
	}
	var got struct {
		ID loose `json:"attachment_id"`
	}
	r := request{
		method: http.MethodPost, path: "/" + c.PageID + "/message_attachments", kind: contentType, body: form, patience: c.uploadPatience,
	}
	if err := c.call(ctx, r, &got); err != nil {
		var unsure *unsureError
		if errors.As(err, &unsure) { // an upload made twice hurts nobody
			return nil, fmt.Errorf("%s: %w", words.T(words.Vietnamese, "facebook.code.upload"), unsure.err)
		}
		return nil, err
	}
	if got.ID == "" {
		return nil, errors.New(words.T(words.Vietnamese, "facebook.code.upload"))
	}
	return &attach{Type: kind, Payload: map[string]any{"attachment_id": string(got.ID)}}, nil
}

// attachmentKind is Facebook's word for such a file.
func attachmentKind(f ticketing.File) string {
	switch {
	case f.Picture():
		return "image"
	case strings.HasPrefix(f.Type, "video/"):
		return "video"
	case strings.HasPrefix(f.Type, "audio/"):
		return "audio"
	}
	return "file"
}

func uploadForm(kind string, f ticketing.File, raw []byte) (form []byte, contentType string, err error) {
	message, err := json.Marshal(map[string]any{"attachment": attach{Type: kind, Payload: map[string]any{"is_reusable": true}}})
	if err != nil {
		return nil, "", err
	}
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	if err := w.WriteField("message", string(message)); err != nil {
		return nil, "", err
	}
	head := textproto.MIMEHeader{}
	head.Set("Content-Disposition", multipart.FileContentDisposition("filedata", f.Name))
	head.Set("Content-Type", f.Type)
	part, err := w.CreatePart(head)
	if err != nil {
		return nil, "", err
	}
	if _, err := part.Write(raw); err != nil {
		return nil, "", err
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return out.Bytes(), w.FormDataContentType(), nil
}
