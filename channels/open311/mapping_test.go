package open311

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
)

// fromXML reads any XML document the way the specification maps it to JSON, so that the two formats can be compared.
func fromXML(raw []byte) (any, error) {
	d := xml.NewDecoder(bytes.NewReader(raw))
	for {
		tok, err := d.Token()
		if err != nil {
			return nil, err
		}
		if start, ok := tok.(xml.StartElement); ok {
			return element(d, start.Name.Local)
		}
	}
}

// containers are the elements that hold repeated ones.
var containers = map[string]bool{
	"services": true, "attributes": true, "values": true, "service_requests": true, "endpoints": true, "formats": true,
	"service_request_updates": true, "errors": true,
}

func element(d *xml.Decoder, name string) (any, error) {
	children, items, text := map[string]any{}, []any{}, ""
	for {
		tok, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			v, err := element(d, tok.Name.Local)
			if err != nil {
				return nil, err
			}
			if _, twice := children[tok.Name.Local]; twice && !containers[name] {
				return nil, fmt.Errorf("%s stands twice in %s", tok.Name.Local, name)
			}
			children[tok.Name.Local] = v
			items = append(items, v)
		case xml.CharData:
			text += string(tok)
		case xml.EndElement:
			switch {
			case containers[name]:
				return items, nil
			case len(items) > 0:
				return children, nil
			case text == "":
				return nil, nil
			}
			return text, nil
		}
	}
}

// plain makes every scalar the text XML has for it.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case json.Number, bool:
		return fmt.Sprint(v)
	}
	return v
}
