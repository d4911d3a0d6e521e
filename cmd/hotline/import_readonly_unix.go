//go:build unix

package main

import (
	"errors"
	"syscall"
)

// isReadOnly says that a folder lies on something that cannot be written to.
func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }
