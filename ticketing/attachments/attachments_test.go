package attachments

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hotline1022/ticketing"
)

func folder(t testing.TB) *Folder {
	f, err := Open(filepath.Join(t.TempDir(), "files"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// photo is a JPEG, red on the left half and blue on the right, with an EXIF segment that holds an orientation and a
// secret.
func photo(t testing.TB, w, h, orientation int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{200, 0, 0, 255}
			if x >= w/2 {
				c = color.RGBA{0, 0, 200, 255}
			}
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	tiff := []byte("II*\x00\x08\x00\x00\x00\x01\x00")
	tiff = binary.LittleEndian.AppendUint16(tiff, 0x0112)
	tiff = binary.LittleEndian.AppendUint16(tiff, 3)
	tiff = binary.LittleEndian.AppendUint32(tiff, 1)
	tiff = binary.LittleEndian.AppendUint32(tiff, uint32(orientation))
	exif := append([]byte("Exif\x00\x00"), tiff...)
	exif = append(exif, "SECRET-GPS-15.57,108.47"...)
	seg := binary.BigEndian.AppendUint16([]byte{0xFF, 0xE1}, uint16(len(exif)+2))
	seg = append(seg, exif...)
	return append(append(append([]byte{}, b.Bytes()[:2]...), seg...), b.Bytes()[2:]...)
}

func TestAPictureKeepsItsPixelsAndLosesItsSecrets(t *testing.T) {
	f := folder(t)
	raw := photo(t, 80, 40, 6) // taken with the camera on its side
	if !bytes.Contains(raw, []byte("SECRET-GPS")) {
		t.Fatal("the test's photo holds no secret")
	}
	file, err := f.Save(t.Context(), bytes.NewReader(raw), `C:\Users\lan\ảnh "đèn".jpg`)
	if err != nil {
		t.Fatal(err)
	}
	if file.Width != 40 || file.Height != 80 || !file.Picture() || file.Type != "image/jpeg" {
		t.Errorf("stored as %+v, want it upright", file)
	}
	if file.Name != "ảnh đèn.jpg" {
		t.Errorf("name %q", file.Name)
	}
	r, err := f.Open(t.Context(), file.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	stored, _ := io.ReadAll(r)
	if bytes.Contains(stored, []byte("SECRET-GPS")) || bytes.Contains(stored, []byte("Exif")) {
		t.Error("the metadata is still there")
	}
	img, err := jpeg.Decode(bytes.NewReader(stored))
	if err != nil {
		t.Fatal(err)
	}
	if r, _, b, _ := img.At(20, 10).RGBA(); r < b { // orientation 6: the left side becomes the top
		t.Error("the picture was not turned upright")
	}
	if int64(len(stored)) != file.Size {
		t.Errorf("size %d, stored %d", file.Size, len(stored))
	}
}

func TestABigPictureIsScaledDown(t *testing.T) {
	file, err := folder(t).Save(t.Context(), bytes.NewReader(photo(t, 4000, 1000, 0)), "a.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if file.Width != maxSide || file.Height != 640 {
		t.Errorf("%d × %d", file.Width, file.Height)
	}
}

func TestWhatIsNotAccepted(t *testing.T) {
	bomb := png1(t, 1, 1)
	binary.BigEndian.PutUint32(bomb[16:], 60_000) // the header claims 60,000 × 60,000
	binary.BigEndian.PutUint32(bomb[20:], 60_000)
	for name, raw := range map[string][]byte{
		"empty":        {},
		"html":         []byte("<!DOCTYPE html><script>alert(1)</script>"),
		"late html":    []byte("hello\n<script>alert(1)</script>"),
		"svg":          []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`),
		"program":      append([]byte("MZ\x90\x00"), bytes.Repeat([]byte{0}, 600)...),
		"broken jpeg":  photo(t, 20, 20, 0)[:300],
		"pixel bomb":   bomb,
		"zip":          zipOf(t, "a.txt"),
		"macros":       zipOf(t, "word/document.xml", "word/vbaProject.bin"),
		"too big text": bytes.Repeat([]byte("a "), MaxOther),
	} {
		f := folder(t)
		_, err := f.Save(t.Context(), bytes.NewReader(raw), name)
		var e *ticketing.Error
		if !errors.As(err, &e) || e.Class != ticketing.Invalid {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := filepath.Glob(filepath.Join(f.Dir, "*", "*")); len(left) > 0 {
			t.Errorf("%s left %v behind", name, left)
		}
	}
}

func TestWhatIsAccepted(t *testing.T) {
	f := folder(t)
	for want, raw := range map[string][]byte{
		"application/pdf": []byte("%PDF-1.7\n..."),
		"text/plain":      []byte("Kính gửi tổng đài"),
		"audio/amr":       []byte("#!AMR\n\x00\x01\x02\xff\xfe"),
		"image/png":       png1(t, 3, 3),
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document": zipOf(t, "word/document.xml"),
	} {
		file, err := f.Save(t.Context(), bytes.NewReader(raw), "x")
		if err != nil || file.Type != want {
			t.Errorf("%s: %+v, %v", want, file, err)
		}
		if file.Picture() != strings.HasPrefix(want, "image/") {
			t.Errorf("%s: Picture() = %v", want, file.Picture())
		}
	}
}

func TestOnlyNamesOfOursOpen(t *testing.T) {
	f := folder(t)
	if err := os.WriteFile(filepath.Join(f.Dir, "..", "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", "..", "../secret", strings.Repeat("a", 31) + "/", strings.Repeat("a", 32), "AA" + strings.Repeat("a", 30)} {
		if _, err := f.Open(t.Context(), id); !errors.Is(err, ticketing.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func FuzzSave(f *testing.F) {
	f.Add(photo(f, 8, 8, 3))
	f.Add([]byte("%PDF-1.7"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPVP8 "))
	folder := folder(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := folder.Save(t.Context(), bytes.NewReader(raw), string(raw))
		if err != nil {
			return
		}
		if strings.ContainsAny(file.Name, "/\\\n") || len(file.ID) != idLength {
			t.Errorf("%+v", file)
		}
		if r, err := folder.Open(t.Context(), file.ID); err != nil {
			t.Error(err)
		} else {
			r.Close()
		}
	})
}

func png1(t testing.TB, w, h int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipOf(t testing.TB, names ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, n := range names {
		w, err := z.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
