package attachments

import (
	"bytes"
	"encoding/binary"
	"image"
	_ "image/gif" // decoders register themselves
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
)

type picture struct {
	data          []byte
	kind          string
	width, height int
}

// reencode turns a picture upright, scales it down to what is needed and encodes it anew. Only pixels survive.
func reencode(raw []byte) (picture, error) {
	head, format, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil || head.Width <= 0 || head.Height <= 0 {
		return picture{}, refuse("error.file_broken")
	}
	if head.Width > MaxPixels/head.Height {
		return picture{}, refuse("error.file_pixels")
	}
	img, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return picture{}, refuse("error.file_broken")
	}
	img = shrink(img)
	if format == "jpeg" {
		img = upright(img, orientation(raw))
	}
	var out bytes.Buffer
	kind := "image/jpeg"
	if opaque(img) {
		err = jpeg.Encode(&out, img, &jpeg.Options{Quality: 85})
	} else {
		kind = "image/png"
		err = png.Encode(&out, img)
	}
	if err != nil {
		return picture{}, refuse("error.file_broken")
	}
	b := img.Bounds()
	return picture{data: out.Bytes(), kind: kind, width: b.Dx(), height: b.Dy()}, nil
}

func opaque(img image.Image) bool {
	o, ok := img.(interface{ Opaque() bool })
	return ok && o.Opaque()
}

func shrink(img image.Image) image.Image {
	b := img.Bounds()
	side := max(b.Dx(), b.Dy())
	if side <= maxSide {
		return img
	}
	w, h := max(1, b.Dx()*maxSide/side), max(1, b.Dy()*maxSide/side)
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(small, small.Bounds(), img, b, draw.Src, nil)
	return small
}

// upright turns the picture as its camera noted (EXIF tag 0x0112, values 1–8).
func upright(img image.Image, orientation int) image.Image {
	if orientation < 2 || orientation > 8 {
		return img
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if orientation >= 5 {
		w, h = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			sx, sy := x, y
			switch orientation {
			case 2:
				sx = w - 1 - x
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sy = h - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, w-1-x
			case 7:
				sx, sy = h-1-y, w-1-x
			case 8:
				sx, sy = h-1-y, x
			}
			out.Set(x, y, img.At(b.Min.X+sx, b.Min.Y+sy))
		}
	}
	return out
}

// orientation reads the EXIF orientation of a JPEG; 0 when there is none. Source: EXIF 2.3, TIFF 6.0.
func orientation(raw []byte) int {
	for i := 2; i+4 <= len(raw) && raw[i] == 0xFF; {
		marker, size := raw[i+1], int(binary.BigEndian.Uint16(raw[i+2:]))
		if marker == 0xDA || size < 2 || i+2+size > len(raw) {
			return 0
		}
		if segment := raw[i+4 : i+2+size]; marker == 0xE1 && bytes.HasPrefix(segment, []byte("Exif\x00\x00")) {
			return tiffOrientation(segment[6:])
		}
		i += 2 + size
	}
	return 0
}

func tiffOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.LittleEndian
	if string(tiff[:2]) == "MM" {
		order = binary.BigEndian
	}
	at := int(order.Uint32(tiff[4:]))
	if at < 8 || at+2 > len(tiff) {
		return 0
	}
	for n := range int(order.Uint16(tiff[at:])) {
		entry := at + 2 + 12*n
		if entry+12 > len(tiff) {
			return 0
		}
		if order.Uint16(tiff[entry:]) == 0x0112 {
			return int(order.Uint16(tiff[entry+8:]))
		}
	}
	return 0
}
