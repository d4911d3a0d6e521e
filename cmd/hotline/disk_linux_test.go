package main_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// The disk fills while matters come in. Then intake says when to try again, whatever was acknowledged is there, and when
// there is space again intake goes on by itself.

// A small file system of memory, filled up by a file beside the data. Needs the right to mount.
func TestTheDiskIsFull(t *testing.T) {
	small := smallDisk(t, "size=6m")
	p := newPlace(t, "HOTLINE_DATA", filepath.Join(small, "data"))
	c := p.everything("full")
	s := p.serve()
	ballast := filepath.Join(small, "ballast")
	fillsUp(t, p, c, s, func() {
		f, err := os.Create(ballast)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for err == nil {
			_, err = f.Write(make([]byte, 4<<10))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}, func() {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	})
}

// No file may grow further: what a quota does, and what can be tried without any right.
func TestFilesMayNotGrow(t *testing.T) {
	p := newPlace(t)
	c := p.everything("quota")
	s := p.serve()
	const mostBytes = 256 << 10
	fillsUp(t, p, c, s, func() { fileLimit(t, s.cmd.Process.Pid, mostBytes) }, func() { fileLimit(t, s.cmd.Process.Pid, 1<<30) })
}

// fillsUp posts until the server has no place left, looks what it says then, makes place, and looks again.
func fillsUp(t *testing.T, p *place, c *caller, s *process, fill, free func()) {
	t.Helper()
	form := openForm(t, s.url)
	var acknowledged []done
	n := 0
	next := func() (deed, error) {
		key := fmt.Sprint("full-", n)
		m := matter(key, n)
		m["text"] = key + " " + strings.Repeat("đèn đường tắt ", 400)
		d, err := c.try(s.url, deed{key: key, body: m})
		if err == nil {
			acknowledged = append(acknowledged, d)
			n++
		}
		return deed{key: key, body: m}, err
	}
	for range 20 {
		if _, err := next(); err != nil {
			t.Fatal(err)
		}
	}
	fill()
	var refused deed
	var err error
	for err == nil {
		if n > 2000 {
			t.Fatal("the disk never filled")
		}
		refused, err = next()
	}
	if !strings.HasPrefix(err.Error(), "503") { // try has looked for Retry-After
		t.Fatalf("with a full disk intake answers %v", err)
	}
	stood := len(acknowledged)
	r, err := c.call(http.MethodGet, s.url+"/readyz", "", nil)
	if err != nil || r.status != 503 || r.header.Get("Retry-After") == "" {
		t.Errorf("readyz with a full disk: %v, %d %s", err, r.status, r.body)
	}
	var one ticket
	c.get(s.url+"/api/v1/tickets/"+acknowledged[0].code, &one) // reading goes on

	if status, header, _ := form.send(citizenName, numberStart+"90001"); status != 503 || header.Get("Retry-After") == "" {
		t.Errorf("the form with a full disk: %d, Retry-After %q", status, header.Get("Retry-After"))
	}

	free()
	within(t, "intake to go on", func() bool {
		d, err := c.try(s.url, refused)
		if err == nil {
			acknowledged = append(acknowledged, d)
			n++
		}
		return err == nil
	})
	within(t, "a server that feels well", func() bool { return ready(c.http, s.url) })
	for range 5 {
		if _, err := next(); err != nil {
			t.Fatalf("with space again: %v", err)
		}
	}
	c.keeps(s.url, acknowledged)
	if status, header, body := form.send(citizenName, numberStart+"90001"); status != 303 {
		t.Errorf("the form with space again: %d %v\n%s", status, header, body)
	}
	s.stop()
	p.run("verify").wants(0)
	p.run("replay", "--check").wants(0)
	t.Logf("%d tickets until it was full, %d in all", stood, len(acknowledged))
}

// A data folder on something that cannot be written to. Permissions would not do where the tests run as root.
func TestAReadOnlyFolder(t *testing.T) {
	small := smallDisk(t, "size=16m")
	p := newPlace(t, "HOTLINE_DATA", filepath.Join(small, "data"))
	p.run("replay").wants(0)
	if err := syscall.Mount("", small, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("NOT TESTED: cannot remount: %v", err)
	}
	p.run("serve").wants(2, "hotline.db", "may this user write").oneLine()
	newPlace(t, "HOTLINE_DATA", filepath.Join(small, "other")).run("serve").wants(2, "data folder cannot be made", "--data").oneLine()
}

func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("NOT TESTED: a small disk needs the right to mount (%v). To test it: run the tests as root", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Log(err)
		}
	})
	return dir
}

// fileLimit sets how long a file of another process may become.
func fileLimit(t *testing.T, pid int, most uint64) {
	t.Helper()
	limit := syscall.Rlimit{Cur: most, Max: 1 << 40}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_FSIZE, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if errno != 0 {
		t.Skipf("NOT TESTED: cannot limit another process: %v", errno)
	}
}
