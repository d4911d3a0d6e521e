package main_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A backup is taken by a process of its own while the server takes matters in. What had been acknowledged when it began
// is in it, with the citizens' names and their pictures, and it is sound.
func TestBackupUnderLoad(t *testing.T) {
	t.Parallel() // partly waiting for the form
	p := newPlace(t)
	c := p.everything("load")
	s := p.serve()
	picture := sendPicture(t, c, s.url)

	const n = 4
	w, leave := hire(c, n)
	w.traffic(s.url, n)
	acknowledged := func(at int) (all []done) {
		within(t, "traffic", func() bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			all = slices.Clone(w.acknowledged)
			return len(all) >= at || t.Failed()
		})
		return all
	}
	write(t, filepath.Join(p.dir, "files", ".new-123"), "half a picture")
	before := acknowledged(60)
	copied := filepath.Join(t.TempDir(), "copy")
	p.run("backup", copied).wants(0, "written to "+copied, "holds the key")
	after := acknowledged(len(before) + 1) // it went on meanwhile
	p.run("backup", copied).wants(2, "not empty").oneLine()
	s.kill()
	w.idle.Wait()
	private(t, copied)
	if there, _ := filepath.Glob(filepath.Join(copied, "files", ".*")); len(there) > 0 {
		t.Errorf("the copy has files that were not finished: %q", there)
	}

	q := newPlace(t)
	q.run("restore", t.TempDir()).wants(2, "no hotline.db in").oneLine() // and the folder is still empty
	q.run("restore", copied).wants(0, "hotline verify", "hotline replay --check")
	private(t, q.dir)
	q.run("restore", copied).wants(2, "not empty", "restore into an empty data folder").oneLine()
	p.run("restore", copied).wants(2, "not empty").oneLine()
	q.run("verify").wants(0, "no hole")
	q.run("replay", "--check").wants(0, "nothing differs")

	r := q.serve()
	there := map[string]string{}
	for i, e := range c.feed(r.url, 0) {
		if e.Seq != int64(i+1) {
			t.Fatalf("event %d of the copy has seq %d", i+1, e.Seq)
		}
		if e.Event == "received" {
			there[e.External] = e.Ticket
		} else {
			there[e.Text] = e.Ticket
		}
	}
	named := ""
	for _, d := range before {
		if there[d.key] != d.code {
			t.Errorf("%s was acknowledged as %s before the backup began; the copy has %q", d.key, d.code, there[d.key])
		}
		if d.body["citizen"] != nil {
			named = d.code
		}
	}
	if raw, err := c.call(http.MethodGet, r.url+"/api/v1/tickets/"+named, "", nil); err != nil || !strings.Contains(string(raw.body), citizenName) {
		t.Errorf("the name of ticket %s is not in the copy: %v %s", named, err, raw.body)
	}
	if got, err := c.call(http.MethodGet, r.url+picture.address, "", nil); err != nil || got.status != 200 || !bytes.Equal(got.body, picture.bytes) {
		t.Errorf("the picture in the copy: %v, %d, %d bytes of %d", err, got.status, len(got.body), len(picture.bytes))
	}
	// The original goes on as if nothing had been.
	last := p.serve()
	leave(last.url)
	t.Logf("%d deeds acknowledged before the backup, %d events in the copy, %d deeds when it had ended", len(before), len(there), len(after))
}

// stored is a picture as the server gives it out.
type stored struct {
	address string // without the server's
	bytes   []byte
}

// sendPicture sends a form with a picture and reads the picture back.
func sendPicture(t *testing.T, c *caller, base string) stored {
	t.Helper()
	var raw bytes.Buffer
	if err := png.Encode(&raw, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	f := openForm(t, base)
	f.photo = raw.Bytes()
	status, header, body := f.send(citizenName, numberStart+"90002")
	if status != 303 {
		t.Fatalf("the form with a picture: %d\n%s", status, body)
	}
	code := f.code(header)
	var sent struct{ Files []struct{ ID string } }
	c.get(base+"/api/v1/tickets/"+code, &sent)
	if len(sent.Files) != 1 {
		t.Fatalf("the ticket has %d files", len(sent.Files))
	}
	p := stored{address: "/api/v1/tickets/" + code + "/files/" + sent.Files[0].ID}
	r, err := c.call(http.MethodGet, base+p.address, "", nil)
	if err != nil || r.status != 200 || len(r.body) == 0 {
		t.Fatalf("the picture: %v, %d, %d bytes", err, r.status, len(r.body))
	}
	p.bytes = r.body
	return p
}

// private holds a folder to being nobody else's to read.
func private(t *testing.T, dir string) {
	t.Helper()
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		t.Errorf("anybody may enter %s: %s", dir, info.Mode())
	}
	key, err := os.Stat(filepath.Join(dir, "keys", "vault.key"))
	if err != nil {
		t.Fatal(err)
	}
	if key.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read the vault's key: %s", key.Mode())
	}
}

// The same on a shared store: from one database into another.
func TestBackupOfASharedStore(t *testing.T) {
	t.Parallel() // mostly waiting
	p := newPlace(t, "HOTLINE_STORE", mongo(t), "HOTLINE_VAULT_KEY", vaultOf)
	c := p.everything("copy")
	s := p.serve()
	var acknowledged []done
	for i, key := range []string{"a", "b", "c"} {
		d, err := c.try(s.url, deed{key: key, body: matter(key, 3*i)})
		if err != nil {
			t.Fatal(err)
		}
		acknowledged = append(acknowledged, d)
	}
	copied := filepath.Join(t.TempDir(), "copy")
	p.run("backup", copied).wants(0, "HOTLINE_VAULT_KEY) is not in it")
	p.run("restore", copied).wants(2, "not empty").oneLine()

	q := newPlace(t, "HOTLINE_STORE", mongo(t), "HOTLINE_VAULT_KEY", vaultOf)
	q.run("restore", copied).wants(0)
	q.run("verify").wants(0)
	q.run("replay", "--check").wants(0)
	q.set("HOTLINE_VAULT_KEY", strings.Repeat("1", 64))
	q.run("serve").wants(2, "not the one this data was written with").oneLine()
	q.set("HOTLINE_VAULT_KEY", vaultOf)
	c.keeps(q.serve().url, acknowledged)
}
