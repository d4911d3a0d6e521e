//go:build race

package webchat

// underRace: the race detector makes everything ten times slower.
const underRace = true
