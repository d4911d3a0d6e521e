package open311

import (
	"net/url"
	"strings"

	"github.com/google/go-cmp/cmp"

	"hotline1022/ticketing"
)

// What the lines above are written with.

func (h *house) is(status int, r reply) {
	h.Helper()
	if r.status != status {
		h.Fatalf("%d, not %d: %.300s", r.status, status, r.body)
	}
}

// refused holds the envelope: the status, one error at least, and the words.
func (h *house) refused(status int, r reply, words string) {
	h.Helper()
	h.is(status, r)
	if strings.HasPrefix(r.header.Get("Content-Type"), "text/xml") {
		v, err := fromXML(r.body)
		h.must(err)
		h.yes(len(v.([]any)) > 0, "no error in %s", r.body)
		return
	}
	all := r.list()
	h.yes(len(all) > 0 && all[0]["code"] == float64(status), "%s", r.body)
	h.has(r.words(), words)
	h.yes(!strings.Contains(r.words(), "⟦"), "%s", r.body)
}

func (h *house) yes(ok bool, format string, args ...any) {
	h.Helper()
	if !ok {
		h.Fatalf(format, args...)
	}
}

func (h *house) equal(got, want any) {
	h.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		h.Fatalf("not as wanted (-) but (+): %s", diff)
	}
}

func (h *house) has(text, part string) {
	h.Helper()
	h.yes(strings.Contains(text, part), "%q is not in %q", part, text)
}

// full: no field is empty, at any depth.
func (h *house) full(v any) {
	h.Helper()
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			h.yes(x != nil && x != "", "%s is empty", k)
			h.full(x)
		}
	case []any:
		h.yes(len(v) > 0, "an empty list")
		for _, x := range v {
			h.full(x)
		}
	}
}

func (h *house) endpoints() (out []map[string]any) {
	h.Helper()
	for _, e := range h.get("discovery.json").object()["endpoints"].([]any) {
		out = append(out, e.(map[string]any))
	}
	return out
}

func (h *house) attributes(code string) (out []map[string]any) {
	h.Helper()
	for _, a := range h.get("services/" + code + ".json").object()["attributes"].([]any) {
		out = append(out, a.(map[string]any))
	}
	return out
}

// ids holds the ids a list answers with, in order.
func (h *house) ids(path string, want ...string) {
	h.Helper()
	got := []string{}
	for _, o := range h.get(path).list() {
		got = append(got, o["service_request_id"].(string))
	}
	if want == nil {
		want = []string{}
	}
	h.equal(got, want)
}

func (h *house) triage(t ticketing.Ticket, kind ticketing.Kind, v ticketing.Visibility) {
	h.Helper()
	h.do(operator, t.Code, ticketing.Command{Verb: ticketing.Triage, Kind: kind, Visibility: v})
}

// told is an update's form.
func (h *house) told(t ticketing.Ticket, key, id, status, words string) url.Values {
	return fields("api_key", h.keys[key], "service_request_id", t.Number(), "update_id", id, "status", status,
		"updated_datetime", wire(h.clock.Now()), "description", words)
}

func fieldsWith(f url.Values, name, value string) url.Values {
	out := url.Values{}
	for k, v := range f {
		out[k] = v
	}
	out.Del(name)
	if value != "" {
		out.Set(name, value)
	}
	return out
}
