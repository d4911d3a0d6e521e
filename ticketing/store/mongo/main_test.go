package mongo

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/mongo/mongotest"
	"hotline1022/ticketing/store/storetest"
	"hotline1022/ticketing/testenv"
)

var server string // "" without one

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var stop func()
	var err error
	server, stop, err = mongotest.Start()
	if err != nil {
		log.Print(err)
		if testenv.Required("mongo") {
			return 1
		}
		return m.Run()
	}
	defer stop()
	return m.Run()
}

var databases atomic.Int64

// database is the address of a fresh one, dropped when the test ends.
func database(t *testing.T) string {
	t.Helper()
	if server == "" {
		testenv.Missing(t, "mongo", mongotest.How)
	}
	uri := inDatabase(server, fmt.Sprintf("hotline_%d_%d", os.Getpid(), databases.Add(1)))
	t.Cleanup(func() {
		db := look(t, uri)
		ctx, done := context.WithTimeout(context.Background(), 10*time.Second)
		defer done()
		_ = db.Drop(ctx)
		_ = db.Client().Disconnect(ctx)
	})
	return uri
}

// inDatabase puts a database's name into the address of a server.
func inDatabase(uri, name string) string {
	scheme, rest, _ := strings.Cut(uri, "://")
	address, query, asked := strings.Cut(rest, "?")
	uri = scheme + "://" + strings.TrimRight(address, "/") + "/" + name
	if asked {
		uri += "?" + query
	}
	return uri
}

// look is the database as it is, past the store.
func look(t *testing.T, uri string) *driver.Database {
	t.Helper()
	client, err := driver.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	name, err := databaseName(uri)
	if err != nil {
		t.Fatal(err)
	}
	return client.Database(name)
}

func open(t *testing.T, uri string, opt Options) *Store {
	t.Helper()
	if opt.Log == nil {
		opt.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	s, err := Open(t.Context(), uri, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// settle waits until lists show every event acknowledged so far.
func settle(t *testing.T, s *Store) {
	t.Helper()
	end, err := s.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.awaitProjected(t.Context(), end); s.trail.projected.Load() < end {
		t.Fatalf("projections stand at %d, the journal at %d", s.trail.projected.Load(), end)
	}
}

func TestContract(t *testing.T) {
	uris := map[ticketing.Store]string{}
	storetest.Run(t, func(t *testing.T) ticketing.Store {
		uri := database(t)
		s := open(t, uri, Options{})
		uris[s] = uri
		return s
	}, storetest.Options{
		Slow:   true,
		Settle: func(t *testing.T, s ticketing.Store) { settle(t, s.(*Store)) },
		Reopen: func(t *testing.T, s ticketing.Store) ticketing.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, uris[s], Options{})
		},
		Damage: func(ctx context.Context, s ticketing.Store) error { return damage(ctx, s.(*Store)) },
		Forge: func(ctx context.Context, s ticketing.Store, seq int64) error {
			return forge(ctx, s.(*Store), seq)
		},
	})
}

// damage spoils one row, loses another and invents a third.
func damage(ctx context.Context, s *Store) error {
	rows, err := s.rows(ctx, bson.D{}, options.Find().SetSort(eq("_id", 1)))
	if err != nil {
		return err
	}
	spoiled := rows[0]
	spoiled.Words, spoiled.Tally, spoiled.Status, spoiled.Send = []string{"x"}, spoiled.Tally^counted, "none", 1
	if _, err := s.tickets.ReplaceOne(ctx, eq("_id", spoiled.Code), spoiled); err != nil {
		return err
	}
	ahead := rows[1]
	ahead.Version += 7
	if _, err := s.tickets.ReplaceOne(ctx, eq("_id", ahead.Code), ahead); err != nil {
		return err
	}
	if _, err := s.tickets.DeleteOne(ctx, eq("_id", rows[2].Code)); err != nil {
		return err
	}
	stray := rows[3]
	stray.Code = "STRAY0000000"
	_, err = s.tickets.InsertOne(ctx, stray)
	return err
}

func forge(ctx context.Context, s *Store, seq int64) error {
	found, err := s.between(ctx, seq-1, seq)
	if err != nil {
		return err
	}
	event, err := found[0].event()
	if err != nil {
		return err
	}
	event.Text += " không"
	made, err := newEntry(event)
	if err != nil {
		return err
	}
	_, err = s.journal.UpdateOne(ctx, eq("_id", seq), eq("$set", bson.D{{Key: "payload", Value: made.Payload}}))
	return err
}
