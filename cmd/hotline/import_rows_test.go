package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"
)

func readAllRows(t testing.TB, content string) []row {
	t.Helper()
	rows, err := rowsOf(bufio.NewReader(strings.NewReader(content)))
	if err != nil {
		t.Fatal(err)
	}
	var all []row
	for {
		r, err := rows.next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
}

func TestABadLineCostsOnlyItself(t *testing.T) {
	all := readAllRows(t, "id,text\n1,one\n2,\"an open quote\n3,three\n4\n\n5,\"two\nlines\"\n6,\"x\"y\n7,in \"the\" middle\n8,\xff\n9,\"\"\"quoted\"\"\"")
	type want struct {
		line      int
		text, bad string
	}
	wants := []want{
		{2, "one", ""}, {3, "", "a quote is never closed"}, {4, "three", ""}, {5, "", "1 cells, the header has 2"}, {7, "two\nlines", ""},
		{9, "", "a quoted cell goes on behind its quote"}, {10, `in "the" middle`, ""}, {11, "", "not UTF-8"}, {12, `"quoted"`, ""},
	}
	// The quote opened in line 3 is closed by the one of line 7: what stands behind it gives it away.
	wants[1].bad = "a quoted cell goes on behind its quote"
	if len(all) != len(wants) {
		t.Fatalf("%d rows, not %d: %+v", len(all), len(wants), all)
	}
	for i, w := range wants {
		if all[i].line != w.line || all[i].bad != w.bad || w.bad == "" && all[i].get("text") != w.text {
			t.Errorf("row %d: %+v, want %+v", i, all[i], w)
		}
	}
	last := readAllRows(t, "id,text\n1,\"never\n2,b\n")
	if len(last) != 2 || last[0].bad != "a quote is never closed" || last[1].get("text") != "b" {
		t.Errorf("an open quote swallowed the rest: %+v", last)
	}
}

func TestDelimitersAreFound(t *testing.T) {
	for _, d := range []string{",", ";", "\t", "|"} {
		all := readAllRows(t, "a"+d+`"b,;|c"`+d+"d\r\n1"+d+"2"+d+"3\r\n")
		if len(all) != 1 || all[0].get("d") != "3" {
			t.Errorf("%q: %+v", d, all)
		}
	}
}

func TestColumnsOfARejectedFileAreLeftOut(t *testing.T) {
	all := readAllRows(t, "rejected_line,rejected_because,id,text\n17,no date,1,one\n")
	if len(all) != 1 || !slices.Equal(all[0].header, []string{"id", "text"}) || !slices.Equal(all[0].cells, []string{"1", "one"}) {
		t.Errorf("%+v", all)
	}
}

func TestJSONRows(t *testing.T) {
	lines := readAllRows(t, "{\"id\":1,\"at\":{\"lat\":15.5}}\n{broken\n\n{\"id\":\"2\",\"x\":null} {}\n{\"id\":3}\n")
	if len(lines) != 4 || lines[0].get("at.lat") != "15.5" || lines[1].bad == "" || lines[2].bad == "" || lines[3].get("id") != "3" || lines[3].line != 5 {
		t.Errorf("%+v", lines)
	}
	list := readAllRows(t, " [ {\"id\":1}, 7, {\"id\":2} ] ")
	if len(list) != 3 || list[0].get("id") != "1" || list[1].bad == "" || list[2].line != 3 {
		t.Errorf("%+v", list)
	}
}

func TestFilesOfEveryDress(t *testing.T) {
	dir := t.TempDir()
	const content = "id,text\n1,Đèn hỏng\n"
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	io.WriteString(z, "\ufeff"+content)
	z.Close()
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(content)
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{"plain": content, "bom": "\ufeff" + content, "gz without the name": zipped.String(), "utf16": wide} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(raw), 0o600); err != nil {
			t.Fatal(err)
		}
		text, file, err := openText(path, newMeter(path, nil))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := rowsOf(text)
		if err != nil {
			t.Fatal(err)
		}
		r, err := rows.next()
		if err != nil || r.get("id") != "1" || r.get("text") != "Đèn hỏng" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		file.Close()
	}
}

func TestAFileThatBreaksOffGivesNoHalfRow(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	io.WriteString(z, "id,text\n1,one\n2,tw")
	z.Flush() // no end
	path := filepath.Join(t.TempDir(), "cut.gz")
	if err := os.WriteFile(path, zipped.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var seen []row
	err := scan(t.Context(), path, newMeter(path, nil), func(r row) error { seen = append(seen, r); return nil })
	if err == nil || !strings.Contains(err.Error(), "breaks off after row 1") || len(seen) != 1 {
		t.Errorf("%v, %+v", err, seen)
	}
}

// What encoding/csv writes is read back as it was, and no bytes at all lose a line or hang.
func FuzzCSV(f *testing.F) {
	f.Add("a", "b,\"c\"\n", "1,\"2\n3")
	f.Add(";", "\"", "\"\"\"")
	f.Fuzz(func(t *testing.T, x, y, junk string) {
		// A lone \r and invalid UTF-8 are not kept by design; the header must name two columns.
		clean := func(s string) string { return strings.ToValidUTF8(strings.ReplaceAll(s, "\r", ""), "") }
		x, y = clean(x), clean(y)
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Write([]string{"one", "two"})
		w.Write([]string{x, y})
		w.Flush()
		if b.Len() < maxRecord {
			all := readAllRows(t, b.String())
			if len(all) != 1 || all[0].bad != "" || !slices.Equal(all[0].cells, []string{x, y}) {
				t.Fatalf("%q is read as %+v", b.String(), all)
			}
		}
		content := "one,two\n" + junk
		lines := strings.Split(content, "\n")
		last := 1
		for _, r := range readAllRows(t, content) {
			if r.line <= last || r.line > len(lines) {
				t.Fatalf("line %d after %d of %d in %q", r.line, last, len(lines), content)
			}
			if last = r.line; r.bad == "" && len(r.cells) != 2 {
				t.Fatalf("%+v", r)
			}
		}
	})
}
