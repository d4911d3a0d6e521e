package attachments

import (
	"archive/zip"
	"bytes"
	"net/http"
	"strings"
	"unicode/utf8"
)

// sniff is the type the bytes show, or "" for what is not accepted. Nothing a browser could run is: no HTML, no SVG,
// no XML, no program.
func sniff(raw []byte) string {
	switch kind, _, _ := strings.Cut(http.DetectContentType(raw), ";"); kind {
	case "image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf", "audio/mpeg", "video/mp4", "video/webm":
		return kind
	case "audio/wave":
		return "audio/wav"
	case "application/ogg":
		return "audio/ogg"
	case "application/zip":
		return office(raw)
	case "text/plain":
		if utf8.Valid(raw) && !looksLikeMarkup(raw) {
			return kind
		}
	}
	switch {
	case bytes.HasPrefix(raw, []byte("#!AMR")):
		return "audio/amr"
	case len(raw) > 12 && string(raw[4:8]) == "ftyp" && strings.HasPrefix(string(raw[8:12]), "M4A"):
		return "audio/mp4"
	case len(raw) > 12 && string(raw[4:8]) == "ftyp" && isVideoBrand(string(raw[8:12])):
		return "video/mp4"
	}
	return ""
}

func isVideoBrand(b string) bool {
	switch b {
	case "isom", "iso2", "iso4", "iso5", "iso6", "mp41", "mp42", "avc1", "3gp4", "3gp5", "3gp6", "MSNV", "qt  ":
		return true
	}
	return false
}

// looksLikeMarkup refuses text that some program might take for a page.
func looksLikeMarkup(raw []byte) bool {
	head := bytes.ToLower(bytes.TrimLeft(raw[:min(len(raw), 1024)], " \t\r\n\ufeff"))
	for _, mark := range []string{"<html", "<!doctype", "<svg", "<?xml", "<script", "<body", "<head", "#!/"} {
		if bytes.Contains(head, []byte(mark)) {
			return true
		}
	}
	return false
}

// office tells documents from other archives by what lies in them, and refuses bombs: an archive whose parts claim
// more than 200 MB unpacked.
func office(raw []byte) string {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil || len(z.File) > 5000 {
		return ""
	}
	kind, total := "", uint64(0)
	for _, f := range z.File {
		if total += f.UncompressedSize64; total > 200<<20 {
			return ""
		}
		switch {
		case strings.EqualFold(f.Name, "word/vbaProject.bin"), strings.EqualFold(f.Name, "xl/vbaProject.bin"):
			return "" // macros
		case f.Name == "word/document.xml":
			kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
		case f.Name == "xl/workbook.xml":
			kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		}
	}
	return kind
}
