// Package text is the one place that knows how people in Vietnam write: their
// letters and the ways these are typed, their telephone numbers, the codes of
// their dossiers, what short phrases they say; and the tracking codes we give them.
//
// It promises that one thing written in two ways meets in one key: composed or
// decomposed letters, hoà or hòa, Mỹ or Mĩ, with or without marks, 0905… or
// +84 905…. Keys are for comparing only; what people wrote is kept and shown as
// they wrote it. A telephone number never leaves a [Phone] in full unless it is
// asked for by name: printing, logging and encoding mask it. Every function
// takes any input of any length and never fails on it.
//
// It does not know legacy encodings (TCVN3, VNI, VIQR), does not guess marks
// that were left out or numbers spoken in words, and does not know whether a
// number is in service or who its carrier is.
package text
