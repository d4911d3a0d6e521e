//go:build !race

package webchat

const underRace = false
