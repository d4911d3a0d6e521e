package mongo

import (
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

func TestTheAddressNamesTheDatabase(t *testing.T) {
	for uri, want := range map[string]string{
		"mongodb://h/hotline":                                  "hotline",
		"mongodb://a:1,b:2,c:3/hotline?replicaSet=rs0":         "hotline",
		"mongodb+srv://user:p%2Fw@cluster.example/hotline?w=1": "hotline",
		"mongodb://h":   "",
		"mongodb://h/":  "",
		"mongodb://h/?": "",
		"hotline":       "",
	} {
		got, err := databaseName(uri)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s names %q, %v; want %q", uri, got, err, want)
		}
	}
}

// Three processes open an empty database at once: all start, with one name for it and the indexes in place.
func TestThreeProcessesOpenAnEmptyDatabase(t *testing.T) {
	for range 5 {
		uri := database(t)
		stores := make([]*Store, 3)
		var opening sync.WaitGroup
		for i := range stores {
			opening.Go(func() {
				s, err := Open(t.Context(), uri, Options{})
				if err != nil {
					t.Error(err)
					return
				}
				stores[i] = s
			})
		}
		opening.Wait()
		epochs := map[string]bool{}
		for _, s := range stores {
			if s == nil {
				continue
			}
			epochs[s.Epoch()] = true
			if missing, err := s.missingIndexes(t.Context()); err != nil || len(missing) > 0 {
				t.Errorf("indexes are missing: %v, %v", missing, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		if len(epochs) != 1 {
			t.Fatalf("three processes name the journal %v", epochs)
		}
	}
}

func TestAnIndexThatIsNotUniqueIsRefused(t *testing.T) {
	for _, field := range []string{"tn", "key"} {
		for _, name := range []string{"", field + "_"} { // by another name, and by our own
			uri := database(t)
			opt := options.Index()
			if name != "" {
				opt.SetName(name)
			}
			model := driver.IndexModel{Keys: bson.D{{Key: field, Value: 1}}, Options: opt}
			if _, err := look(t, uri).Collection("journal").Indexes().CreateOne(t.Context(), model); err != nil {
				t.Fatal(err)
			}
			s, err := Open(t.Context(), uri, Options{})
			if err == nil {
				s.Close()
				t.Errorf("an index on %s that is not unique was taken for one that is", field)
			} else if !strings.Contains(err.Error(), "drop that index") {
				t.Errorf("the refusal does not say what to do: %v", err)
			}
		}
	}
}

// A journal with a value twice cannot get its unique index: no start.
func TestADoubledValueIsRefused(t *testing.T) {
	uri := database(t)
	journal := look(t, uri).Collection("journal")
	for i := range 2 {
		if _, err := journal.InsertOne(t.Context(), bson.M{"_id": int64(i + 1), "tn": "T:1", "key": "k"}); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := Open(t.Context(), uri, Options{}); err == nil {
		s.Close()
		t.Error("a journal with a key twice was opened")
	}
}
