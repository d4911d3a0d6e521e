package zalo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	_ "image/png" // our own pictures are JPEG or PNG
	"io"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"strings"

	"golang.org/x/image/draw"

	"hotline1022/ticketing"
)

// What Zalo takes.
const (
	maxPicture = 1 << 20
	maxFile    = 5 << 20
)

// endings are the files Zalo takes besides pictures, with the ending it knows them by.
var endings = map[string]string{
	"application/pdf": ".pdf",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}

// upload gives a file to Zalo and says how a message refers to it. A *refusal means that Zalo does not take it. The
// asset lives for seven days and is used at once, so it is not kept.
func (c *Channel) upload(ctx context.Context, f ticketing.File) (*attach, error) {
	ending, isFile := endings[f.Type]
	if !f.Picture() && (!isFile || f.Size > maxFile) {
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
	path, name := pathUploadFile, strings.TrimSuffix(f.Name, filepath.Ext(f.Name))+ending
	if f.Picture() {
		path, name = pathUploadImage, "anh.jpg"
		if f.Type == "image/png" {
			name = "anh.png"
		}
		if len(raw) > maxPicture {
			if raw, err = smaller(raw); err != nil {
				return nil, &refusal{said: err.Error()}
			}
			name = "anh.jpg"
		}
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		return nil, err
	}
	if _, err := part.Write(raw); err != nil {
		return nil, err
	}
	if err := form.Close(); err != nil {
		return nil, err
	}
	var got struct {
		ID    loose `json:"attachment_id"`
		Token loose `json:"token"`
	}
	r := request{method: http.MethodPost, path: path, kind: form.FormDataContentType(), body: body.String()}
	if err := c.call(ctx, r, &got); err != nil {
		var unsure *unsureError
		if errors.As(err, &unsure) {
			err = unsure.err // an upload made twice hurts nobody
		}
		return nil, err
	}
	if f.Picture() {
		return &attach{Type: "template", Payload: map[string]any{
			"template_type": "media",
			"elements":      []any{map[string]string{"media_type": "image", "attachment_id": string(got.ID)}},
		}}, nil
	}
	return &attach{Type: "file", Payload: map[string]string{"token": string(got.Token)}}, nil
}

// smaller makes a picture small enough for Zalo.
func smaller(raw []byte) ([]byte, error) {
	img, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	for _, side := range []int{1920, 1440, 1080, 720} {
		b := img.Bounds()
		scale := min(1, float64(side)/float64(max(b.Dx(), b.Dy())))
		small := image.NewRGBA(image.Rect(0, 0, max(1, int(float64(b.Dx())*scale)), max(1, int(float64(b.Dy())*scale))))
		draw.Draw(small, small.Bounds(), image.White, image.Point{}, draw.Src) // under what is transparent
		draw.ApproxBiLinear.Scale(small, small.Bounds(), img, b, draw.Over, nil)
		var out bytes.Buffer
		if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: 80}); err != nil {
			return nil, err
		}
		if out.Len() <= maxPicture {
			return out.Bytes(), nil
		}
	}
	return nil, errors.New("the picture cannot be made small enough")
}
