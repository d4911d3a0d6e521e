package open311

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strconv"
)

// An answer is written once, as objects and lists, and comes out in both formats. XML becomes JSON as the
// specification maps it: the root is dropped, a container of repeated elements is an array however few there are, an
// empty element is null (https://wiki.open311.org/JSON_and_XML_Conversion/).

// object is named values in order.
type object []field

// field is a value: string, bool, int, float64, nil, object or list.
type field struct {
	name  string
	value any
}

// list is a container of elements of one name.
type list struct {
	item string
	of   []any
}

// document is an answer's body; root is its name in XML.
type document struct {
	root string
	body any
}

// encode writes the document in the format, xml or json.
func (d document) encode(format string) []byte {
	var b bytes.Buffer
	if format == "json" {
		writeJSON(&b, d.body)
		return b.Bytes()
	}
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?>` + "\n")
	writeXML(&b, d.root, d.body)
	b.WriteByte('\n')
	return b.Bytes()
}

func writeJSON(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case object:
		b.WriteByte('{')
		for i, f := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			writeJSON(b, f.name)
			b.WriteByte(':')
			writeJSON(b, f.value)
		}
		b.WriteByte('}')
	case list:
		b.WriteByte('[')
		for i, x := range v.of {
			if i > 0 {
				b.WriteByte(',')
			}
			writeJSON(b, x)
		}
		b.WriteByte(']')
	default:
		if v == "" {
			v = nil
		}
		raw, err := json.Marshal(v)
		if err != nil {
			panic(err) // plain values
		}
		b.Write(raw)
	}
}

func writeXML(b *bytes.Buffer, name string, v any) {
	if v == nil || v == "" {
		b.WriteString("<" + name + "/>")
		return
	}
	b.WriteString("<" + name + ">")
	switch v := v.(type) {
	case object:
		for _, f := range v {
			writeXML(b, f.name, f.value)
		}
	case list:
		for _, x := range v.of {
			writeXML(b, v.item, x)
		}
	case float64:
		b.WriteString(strconv.FormatFloat(v, 'f', -1, 64))
	default:
		// Characters that XML cannot hold become U+FFFD. A buffer takes everything.
		_ = xml.EscapeText(b, []byte(fmt.Sprint(v)))
	}
	b.WriteString("</" + name + ">")
}
