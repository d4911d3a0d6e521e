package text

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// crockford is base32 without I, L, O and U, which are misread or make words.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// codeLength is eleven random characters, 55 bits, and one to check them.
const codeLength = 12

// weights are the powers 1 to 11 of the generator of GF(32) modulo x⁵+x²+1; the
// check character itself weighs 1, the power 0. None is 0, so that one wrong
// character always changes the sum; all differ, so that two swapped ones do.
var weights = [codeLength - 1]byte{2, 4, 8, 16, 5, 10, 20, 13, 26, 17, 7}

// NewCode draws a tracking code, twelve characters without dashes. rand must
// not be guessable: crypto/rand, but for tests. It fails only when rand does.
func NewCode(rand io.Reader) (string, error) {
	var c [codeLength]byte
	if _, err := io.ReadFull(rand, c[:codeLength-1]); err != nil {
		return "", fmt.Errorf("draw a tracking code: %w", err)
	}
	for i := range c {
		c[i] &= 31 // 256 is a multiple of 32: all characters are equally likely
	}
	c[codeLength-1] = check(c[:codeLength-1])
	for i, v := range c {
		c[i] = crockford[v]
	}
	return string(c[:]), nil
}

func check(values []byte) byte {
	var sum byte
	for i, v := range values {
		sum ^= product(weights[i], v)
	}
	return sum
}

// product multiplies in GF(32).
func product(a, b byte) byte {
	var p byte
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			p ^= a
		}
		if a <<= 1; a >= 32 {
			a ^= 0b100101
		}
	}
	return p
}

// ParseCode reads a tracking code as people copy it: any case, O for 0, I or L
// for 1, blanks and dashes anywhere. It notices every single wrong character
// and every two that changed places.
func ParseCode(s string) (string, bool) {
	if len(s) > 64 {
		return "", false
	}
	var values [codeLength]byte
	n := 0
	for _, r := range s {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || unicode.Is(unicode.Cf, r) {
			continue
		}
		v := codeValue(r)
		if v < 0 || n == codeLength {
			return "", false
		}
		values[n] = byte(v)
		n++
	}
	if n != codeLength || check(values[:codeLength-1]) != values[codeLength-1] {
		return "", false
	}
	for i, v := range values {
		values[i] = crockford[v]
	}
	return string(values[:]), true
}

// codeValue is negative for what is no character of a code.
func codeValue(r rune) int {
	if 'a' <= r && r <= 'z' {
		r += 'A' - 'a'
	}
	switch r {
	case 'O':
		r = '0'
	case 'I', 'L':
		r = '1'
	}
	return strings.IndexRune(crockford, r)
}

// ShowCode writes a code for the eye, XXXX-XXXX-XXXX; what is no code stays as it is.
func ShowCode(code string) string {
	if len(code) != codeLength {
		return code
	}
	return code[:4] + "-" + code[4:8] + "-" + code[8:]
}
