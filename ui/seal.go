package ui

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"hotline1022/ticketing"
)

var b64 = base64.RawURLEncoding

// seal makes a value that comes back only as it left: what it is for is part of the seal, so that none can be used
// for another purpose. It is not secret.
func (s *Server) seal(purpose, value string) string {
	return b64.EncodeToString([]byte(value)) + "." + b64.EncodeToString(s.mac(purpose, value))
}

func (s *Server) unseal(purpose, sealed string) (string, bool) {
	left, right, ok := strings.Cut(sealed, ".")
	value, err1 := b64.DecodeString(left)
	mac, err2 := b64.DecodeString(right)
	if !ok || err1 != nil || err2 != nil || !hmac.Equal(mac, s.mac(purpose, string(value))) {
		return "", false
	}
	return string(value), true
}

func (s *Server) mac(purpose, value string) []byte {
	h := hmac.New(sha256.New, s.Key)
	h.Write([]byte(purpose + "\x00" + value)) // never fails
	return h.Sum(nil)[:18]
}

// The token of a public form says when the form was made and names its sending: a double click and a reload carry
// the same name, so the desk takes the matter once.
const (
	formPurpose  = "form"
	fastestHuman = 3 * time.Second
	formLife     = 48 * time.Hour
)

func (s *Server) newFormToken() string {
	raw := make([]byte, 12)
	rand.Read(raw)
	return s.seal(formPurpose, b64.EncodeToString(raw)+" "+strconv.FormatInt(s.Now().Unix(), 10))
}

// formName is the name in a token; "" if it is not ours, too old, or so young that nobody can have filled the form.
func (s *Server) formName(token string) string {
	value, ok := s.unseal(formPurpose, token)
	name, at, _ := strings.Cut(value, " ")
	unix, err := strconv.ParseInt(at, 10, 64)
	age := s.Now().Sub(time.Unix(unix, 0))
	if !ok || err != nil || age < fastestHuman || age > formLife {
		return ""
	}
	return name
}

// formNameAtOnce is formName for who has shown already that she is a person: an answer may be short and quick.
func (s *Server) formNameAtOnce(token string) string {
	value, ok := s.unseal(formPurpose, token)
	name, _, _ := strings.Cut(value, " ")
	if !ok {
		return ""
	}
	return name
}

// Files already stored travel with a form that has to be mended, so that nobody chooses them again.
const filesPurpose = "files"

func (s *Server) sealFiles(files []ticketing.File) string {
	if len(files) == 0 {
		return ""
	}
	raw, err := json.Marshal(files)
	if err != nil {
		panic(err) // strings and numbers
	}
	return s.seal(filesPurpose, string(raw))
}

func (s *Server) unsealFiles(sealed string) (files []ticketing.File) {
	if value, ok := s.unseal(filesPurpose, sealed); ok {
		_ = json.Unmarshal([]byte(value), &files) // our own seal: our own JSON
	}
	return files
}

// access is what the cookie of one ticket lets its holder see.
type access string

const (
	noAccess  access = ""
	seesState access = "state" // was here before with the right code: not counted as a guess
	seesWords access = "words" // knew the last four digits, or sent it

	accessLife = 12 * time.Hour
)

func accessPurpose(code ticketing.Code) string { return "ticket " + string(code) }

func (s *Server) accessCookie(code ticketing.Code, a access) string {
	return s.seal(accessPurpose(code), string(a)+" "+strconv.FormatInt(s.Now().Add(accessLife).Unix(), 10))
}

func (s *Server) accessOf(code ticketing.Code, cookie string) access {
	value, ok := s.unseal(accessPurpose(code), cookie)
	a, until, _ := strings.Cut(value, " ")
	unix, err := strconv.ParseInt(until, 10, 64)
	if !ok || err != nil || s.Now().Unix() > unix {
		return noAccess
	}
	return access(a)
}
